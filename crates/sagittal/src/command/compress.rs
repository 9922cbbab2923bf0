//! `sagittal compress`: compresses what is stored, beside a running server or without one.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use sagittal_archive::compress::{Compressed, Request, Status, Wanted};
use sagittal_archive::{Archive, Options, Progress};
use sagittal_core::Uid;

use super::Exit;
use crate::audited;
use crate::config::compression::target;
use crate::meter::Meter;

/// A running server looks for requests every second.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nothing heard for so long of work that was begun.
const STALLED: Duration = Duration::from_secs(600);
const LOOK: Duration = Duration::from_millis(100);

/// Compress what is stored, so that what was received can be restored byte for byte
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal compress --all
  sagittal compress --study 1.2.840.113619.2.1 --to jpeg-ls-lossless
  sagittal compress --data /srv/archive --all --json

Each instance is compressed, restored, and compared by its digest before it takes the place of what
was received; one that would not come back byte for byte, or not become smaller, stays as it is.
Beside a running server the server does the work. The space comes back by compaction.
Exit codes: 0 done, 1 failed, 3 done, but some instances could not be read or written.")]
pub struct Arguments {
    /// Data folder of the archive
    #[arg(long, default_value = "sagittal-data", env = "SAGITTAL_DATA")]
    data: PathBuf,
    /// The study with this Study Instance UID
    #[arg(long, value_name = "UID", required_unless_present = "all")]
    study: Option<String>,
    /// All studies
    #[arg(long, conflicts_with = "study")]
    all: bool,
    /// To what: a name (see [[compression.rule]]) or the UID of a transfer syntax
    #[arg(long, value_name = "NAME", default_value = "htj2k-lossless", value_parser = target)]
    to: Uid,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    super::must_exist(&arguments.data)?;
    let study = arguments.study.as_deref().map(Uid::tolerant).transpose();
    let wanted = Wanted {
        study_instance_uid: study.context("--study is no UID")?,
        to: arguments.to.clone(),
    };
    let meter = Meter::new("compressed", arguments.quiet);
    let status = crate::runtime()?.block_on(compress(&arguments.data, &wanted, &meter))?;
    meter.finish();
    if arguments.json {
        let value = serde_json::json!({
            "instances": status.instances,
            "bytes_before": status.bytes_before,
            "saved_bytes": status.saved,
            "kept": status.kept,
            "failed": status.failed,
        });
        crate::say!("{}", serde_json::to_string_pretty(&value)?);
    } else {
        crate::say!(
            "{} instance(s) compressed, {:.1} MB of {:.1} MB less",
            status.instances,
            status.saved as f64 / 1e6,
            status.bytes_before as f64 / 1e6
        );
        for (reason, count) in &status.kept {
            crate::say!("{count} stay(s) as received: {}", reason.replace('_', " "));
        }
        if status.failed > 0 {
            crate::say!(
                "{} could not be read or written, see the log",
                status.failed
            );
        }
    }
    Ok(match status.failed {
        0 => Exit::Done,
        _ => Exit::Partly,
    })
}

async fn compress(data: &Path, wanted: &Wanted, meter: &Meter) -> anyhow::Result<Status> {
    match Archive::open(Options::new(data)).await {
        Ok(archive) => {
            let done: Compressed = archive
                .compress(wanted, meter.callback())
                .await
                .context("cannot compress")?;
            archive.close(Duration::from_secs(60)).await?;
            let study = wanted.study_instance_uid.as_ref().map(Uid::as_str);
            let event = audited::compressed(&audited::Compression {
                study_instance_uid: study,
                transfer_syntax_uid: wanted.to.as_str(),
                instances: done.instances,
                saved: done.saved,
                failed: done.failed,
                error: None,
            });
            audited::record(data, event);
            Ok(Status::of(&done))
        }
        Err(error) if crate::is_locked(&error) => ask(data, wanted, meter).await,
        Err(error) => Err(error).with_context(|| format!("cannot open {}", data.display())),
    }
}

/// A server has the folder: it does the work.
async fn ask(data: &Path, wanted: &Wanted, meter: &Meter) -> anyhow::Result<Status> {
    let request = Request {
        study: wanted.study_instance_uid.as_ref().map(Uid::to_string),
        to: wanted.to.to_string(),
    };
    let path = request.leave(data).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::PermissionDenied => "; run it as the user that the server runs as",
            _ => "",
        };
        anyhow::anyhow!("cannot leave a request for the server: {error}{hint}")
    })?;
    let tell = meter.callback();
    let mut heard = Instant::now();
    let mut last = None;
    let status = loop {
        tokio::time::sleep(LOOK).await;
        let status = Request::status(&path);
        if status != last {
            heard = Instant::now();
            last.clone_from(&status);
        }
        match status {
            Some(status) if status.done => break status,
            Some(_) if heard.elapsed() > STALLED => {
                bail!("the server has not gone on for ten minutes; its log may tell why")
            }
            Some(status) => tell(Progress {
                bytes: status.bytes,
                total_bytes: status.total_bytes,
                records: status.records,
            }),
            None if heard.elapsed() > PATIENCE => {
                Request::withdraw(&path);
                bail!("something holds {} but does not answer", data.display());
            }
            None => {}
        }
    };
    Request::withdraw(&path);
    match &status.error {
        Some(error) => bail!("the server says: {error}"),
        None => Ok(status),
    }
}
