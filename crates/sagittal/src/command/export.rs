//! `sagittal export`: instances of an archive as files, ZIP or media folder.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::TryStreamExt as _;
use sagittal_archive::Archive;
use sagittal_archive::query::{Level, Query};
use sagittal_archive::retrieve::Selector;
use sagittal_core::{DataSet, Uid, dictionary, tags};

use super::Exit;
use crate::client::{Access, HttpClient, Remote, ServerUrl};
use crate::config::DeidPolicy;
use crate::export::{self, Destination, Origin};

/// The name of the policy of `--deid`.
const POLICY: &str = "export";

/// Write studies, series or instances as files
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("to").required(true).args(["out", "zip", "media"]),
    group = clap::ArgGroup::new("what").required(true).multiple(true).args(["study", "series", "instance", "query", "all"]),
    after_help = "\
Examples:
  sagittal export --study 1.2.3 --out folder/
  sagittal export --query PatientID=DEMO-0001 --query Modality=CT --zip ct.zip
  sagittal export --all --media /media/usb        with DICOMDIR (PS3.10, PS3.11)
  sagittal export --server http://127.0.0.1:8080/dicom-web --study 1.2.3 --out folder/
  sagittal export --all --deid trial.toml --key project.key --out folder/

With --deid nothing is written that the policy does not let through, and files have their new UIDs; for a log and
reports run `sagittal deid`, or a job of the server. Files are Part 10 files in the stored transfer syntax, byte for byte as they came in if they came as files.
Exit codes: 0 all written, 1 nothing, 3 something could not be read."
)]
pub struct Arguments {
    /// A study, by its UID
    #[arg(long, value_name = "UID", value_parser = uid)]
    study: Vec<Uid>,
    /// A series
    #[arg(long, value_name = "UID", value_parser = uid)]
    series: Vec<Uid>,
    /// An instance
    #[arg(long, value_name = "UID", value_parser = uid)]
    instance: Vec<Uid>,
    /// What matches, as KEYWORD=VALUE with wildcards and ranges as in a query; all must match
    #[arg(long, value_name = "KEY=VALUE")]
    query: Vec<String>,
    /// Everything
    #[arg(long, conflicts_with_all = ["study", "series", "instance", "query"])]
    all: bool,
    /// Write to this folder: study, series, instance.dcm by UID
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Write this ZIP file
    #[arg(long, value_name = "FILE")]
    zip: Option<PathBuf>,
    /// Write a media folder with DICOMDIR
    #[arg(long, value_name = "FOLDER")]
    media: Option<PathBuf>,
    /// File-set ID of the media
    #[arg(long, value_name = "ID", default_value = "", requires = "media")]
    file_set_id: String,
    /// De-identify by this policy (TOML) on the way; needs --key
    #[arg(
        long,
        value_name = "POLICY",
        requires = "key",
        conflicts_with = "server"
    )]
    deid: Option<PathBuf>,
    /// The project key, made by `sagittal deid key`
    #[arg(long, value_name = "FILE", requires = "deid")]
    key: Option<PathBuf>,
    /// Data folder of the archive
    #[arg(
        long,
        default_value = "sagittal-data",
        env = "SAGITTAL_DATA",
        conflicts_with = "server"
    )]
    data: PathBuf,
    /// Retrieve from a running server instead (QIDO-RS, WADO-RS)
    #[arg(long, value_name = "URL")]
    server: Option<ServerUrl>,
    #[command(flatten)]
    access: Access,
    /// Write over what is there
    #[arg(long)]
    force: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

fn uid(text: &str) -> Result<Uid, String> {
    Uid::tolerant(text).map_err(|error| error.to_string())
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    crate::runtime()?.block_on(run_async(arguments))
}

async fn run_async(arguments: Arguments) -> anyhow::Result<Exit> {
    let mut origin = origin(&arguments).await?;
    if origin.is_empty() {
        bail!("nothing in the archive is selected by this");
    }
    let mut destination = destination(&arguments)?;
    let mut failures = Vec::new();
    let (mut written, mut bytes) = (0u64, 0u64);
    while let Some((name, result)) = origin.write_next(&mut destination).await {
        match result {
            Ok(length) => {
                written += 1;
                bytes += length;
            }
            Err(error) if export::is_about_destination(&error) => return Err(error),
            Err(error) => failures.push((name, format!("{error:#}"))),
        }
    }
    destination.finish()?;
    origin.close().await?;
    let failed = failures.len() as u64;
    if arguments.json {
        let failures: Vec<_> = failures
            .iter()
            .map(|(uid, reason)| serde_json::json!({"sop_instance_uid": uid.as_str(), "reason": reason}))
            .collect();
        let value = serde_json::json!({"written": written, "bytes": bytes, "failed": failed, "failures": failures});
        crate::say!("{}", serde_json::to_string_pretty(&value)?);
    } else {
        crate::say!(
            "{written} instance(s) written, {:.1} MB",
            bytes as f64 / 1e6
        );
        for (uid, reason) in &failures {
            eprintln!("sagittal: {uid}: {reason}");
        }
    }
    Ok(Exit::of(written, failed))
}

fn destination(arguments: &Arguments) -> anyhow::Result<Destination> {
    match (&arguments.out, &arguments.zip, &arguments.media) {
        (Some(folder), ..) => Destination::folder(folder, arguments.force),
        (_, Some(file), _) => Destination::zip(file, arguments.force),
        (_, _, Some(folder)) => Destination::media(folder, &arguments.file_set_id, arguments.force),
        _ => bail!("one of --out, --zip, --media must be given"),
    }
}

async fn origin(arguments: &Arguments) -> anyhow::Result<Origin> {
    if let Some(url) = &arguments.server {
        let mut remote = Remote::new(HttpClient::new(url, &arguments.access)?);
        let mut parameters = arguments.query.clone();
        for (keyword, uids) in [
            ("StudyInstanceUID", &arguments.study),
            ("SeriesInstanceUID", &arguments.series),
            ("SOPInstanceUID", &arguments.instance),
        ] {
            if !uids.is_empty() {
                let uids: Vec<&str> = uids.iter().map(Uid::as_str).collect();
                parameters.push(format!("{keyword}={}", uids.join(",")));
            }
        }
        let found = remote.find(&parameters).await?;
        return Ok(Origin::server(remote, found));
    }
    super::must_exist(&arguments.data)?;
    let archive = super::open_with(options(arguments)?).await?;
    let mut selector = Selector {
        study_instance_uids: arguments.study.clone(),
        series_instance_uids: arguments.series.clone(),
        sop_instance_uids: arguments.instance.clone(),
        ..Selector::default()
    };
    if !arguments.query.is_empty() {
        selector.sop_instance_uids = matching(&archive, &arguments.query, &selector).await?;
        if selector.sop_instance_uids.is_empty() {
            return Ok(Origin::archive(archive, Vec::new()));
        }
    }
    let instances = archive.instances(&selector).await?;
    let Some(shown) = archive.by_policy(POLICY) else {
        return Ok(Origin::archive(archive, instances));
    };
    let mut given = Vec::with_capacity(instances.len());
    for instance in instances {
        given.push(shown.seen(instance).await?);
    }
    Ok(Origin::archive(shown, given))
}

/// With the policy of `--deid`.
fn options(arguments: &Arguments) -> anyhow::Result<sagittal_archive::Options> {
    let mut options = sagittal_archive::Options::new(&arguments.data);
    if let (Some(file), Some(key)) = (&arguments.deid, &arguments.key) {
        let policy = DeidPolicy {
            name: POLICY.to_owned(),
            file: Some(file.clone()),
            key_file: key.clone(),
        };
        let policy = crate::deid::policy(&policy)?;
        options.policies.named.push(std::sync::Arc::new(policy));
    }
    Ok(options)
}

/// SOP Instance UIDs that match keys, within what is selected otherwise.
async fn matching(
    archive: &Archive,
    query: &[String],
    selector: &Selector,
) -> anyhow::Result<Vec<Uid>> {
    let mut keys = DataSet::utf8();
    for parameter in query {
        let (key, value) = parameter
            .split_once('=')
            .with_context(|| format!("{parameter:?} is not KEYWORD=VALUE"))?;
        let tag = dictionary::parse(key.trim())
            .with_context(|| format!("{key:?} is no keyword and no tag"))?;
        keys.put_text(tag, value.trim());
    }
    for (tag, uids) in [
        (tags::STUDY_INSTANCE_UID, &selector.study_instance_uids),
        (tags::SERIES_INSTANCE_UID, &selector.series_instance_uids),
        (tags::SOP_INSTANCE_UID, &selector.sop_instance_uids),
    ] {
        if !uids.is_empty() {
            let uids: Vec<&str> = uids.iter().map(Uid::as_str).collect();
            keys.put_text(tag, &uids.join("\\"));
        } else if !keys.contains(tag) {
            keys.put_empty(tag);
        }
    }
    let answers = archive.query(Query::new(Level::Instance, keys)).await?;
    if !answers.unsupported.is_empty() {
        let tags: Vec<String> = answers
            .unsupported
            .iter()
            .map(ToString::to_string)
            .collect();
        bail!("these keys cannot be matched: {}", tags.join(", "));
    }
    let found: Vec<DataSet> = answers.answers.try_collect().await?;
    let uids: Result<Vec<Option<Uid>>, _> = found
        .iter()
        .map(|answer| answer.uid(tags::SOP_INSTANCE_UID))
        .collect();
    Ok(uids?.into_iter().flatten().collect())
}

impl Origin {
    async fn close(self) -> anyhow::Result<()> {
        if let Some(archive) = self.into_archive() {
            archive.close(Duration::from_secs(30)).await?;
        }
        Ok(())
    }
}
