//! `sagittal conformance probe`: what does a peer do?

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use sagittal_conform::document::{SopClasses, TransferSyntaxes};
use sagittal_conform::probe::web::Fetch as _;
use sagittal_conform::probe::{self, Options, Outcome, Stored};
use sagittal_core::Uid;
use sagittal_dimse::scu::Address;

use super::fetch::Paced;
use super::{Exit, Format, summary};
use crate::client::{Access, HttpClient, ServerUrl};
use crate::command::peer::Connection;

/// Find out what a peer does, by asking it (read-only)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal conformance probe PACS@10.0.0.1:104
  sagittal conformance probe PACS@10.0.0.1:104 --json pacs.json --toml pacs.toml
  sagittal conformance probe PACS@10.0.0.1:104 --calling CT2 --dicomweb https://pacs.example/dicom-web
  sagittal conformance probe TEST@10.0.0.2:104 --allow-store --rate 5 --associations 1

Nothing is stored or changed unless --allow-store is given; queries are asked on the peer's own data.
The probe keeps to --rate, holds few associations, and stops when the peer seems to be in trouble.
Exit codes: 0 everything was found out, 1 nothing, 3 something was not.")]
pub struct Arguments {
    /// The peer
    #[arg(value_name = "AE@HOST:PORT")]
    peer: Address,
    /// Also explore the DICOMweb services below this URL
    #[arg(long, value_name = "URL")]
    dicomweb: Option<ServerUrl>,
    /// Send synthetic instances, sound ones and some with faults; they are deleted again over DICOMweb where that is offered
    #[arg(long)]
    allow_store: bool,
    /// Do not ask about the keys of C-FIND
    #[arg(long)]
    no_query: bool,
    /// Write what was observed as JSON; - is the standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write what was observed as TOML; - is the standard output
    #[arg(long, value_name = "FILE")]
    toml: Option<PathBuf>,
    /// Only these SOP classes: UIDs, keywords, names, or groups such as "all storage"
    #[arg(long, value_name = "NAME", value_parser = sop_classes)]
    sop_class: Vec<SopClasses>,
    /// Only these transfer syntaxes: UIDs, keywords, names, or groups such as "native"
    #[arg(long, value_name = "NAME", value_parser = transfer_syntaxes)]
    transfer_syntax: Vec<TransferSyntaxes>,
    /// Connections, queries and web requests a second, at most
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Associations at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    associations: u8,
    /// Presentation contexts of one association
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u8).range(2..=128))]
    contexts: u8,
    /// Seconds to wait in all for a peer that rejects for a while
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
    /// Associations held open at most to find the limit of the peer; 0 does not try
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(0..=64))]
    hold: u32,
    /// API token for --dicomweb; better in the environment variable SAGITTAL_TOKEN
    #[arg(
        long,
        value_name = "TOKEN",
        env = "SAGITTAL_TOKEN",
        hide_env_values = true
    )]
    web_token: Option<String>,
    /// User and password for --dicomweb, as NAME:PASSWORD; better in SAGITTAL_USER
    #[arg(
        long,
        value_name = "NAME:PASSWORD",
        env = "SAGITTAL_USER",
        hide_env_values = true,
        conflicts_with = "web_token"
    )]
    web_user: Option<String>,
    /// PEM file with the authorities to trust for https
    #[arg(long, value_name = "FILE")]
    web_ca: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

fn sop_classes(word: &str) -> Result<SopClasses, String> {
    SopClasses::named(word)
}

fn transfer_syntaxes(word: &str) -> Result<TransferSyntaxes, String> {
    TransferSyntaxes::named(word)
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let options = options(&arguments)?;
    let to_stdout = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
    if to_stdout(&arguments.json) && to_stdout(&arguments.toml) {
        bail!("only one of --json and --toml can go to the standard output");
    }
    let quiet = to_stdout(&arguments.json) || to_stdout(&arguments.toml);
    let (mut outcome, removal) = crate::runtime()?.block_on(explore(&arguments, options))?;
    outcome.document.remarks.extend(removal.iter().cloned());
    write(&arguments.json, Format::Json, &outcome)?;
    write(&arguments.toml, Format::Toml, &outcome)?;
    if !quiet {
        crate::show!("{}", summary::text(&outcome));
    }
    removal.iter().for_each(|line| eprintln!("{line}"));
    if let Some(why) = &outcome.stopped {
        eprintln!("sagittal: the probe stopped early: {why}");
    }
    let [.., unknown] = outcome.counts();
    Ok(if unknown > 0 || outcome.stopped.is_some() {
        Exit::Partly
    } else {
        Exit::Done
    })
}

fn options(arguments: &Arguments) -> anyhow::Result<Options> {
    let target = arguments.connection.target(&arguments.peer)?;
    let timeout = target.association.artim;
    let mut options = Options::new(target);
    let chosen = |list: Vec<Uid>, all: Vec<Uid>| if list.is_empty() { all } else { list };
    options.sop_classes = chosen(
        arguments.sop_class.iter().flatten().cloned().collect(),
        options.sop_classes,
    );
    options.transfer_syntaxes = chosen(
        arguments
            .transfer_syntax
            .iter()
            .flatten()
            .cloned()
            .collect(),
        options.transfer_syntaxes,
    );
    options.associations = usize::from(arguments.associations);
    options.contexts = usize::from(arguments.contexts);
    options.rate = arguments.rate;
    options.timeout = timeout;
    options.patience = Duration::from_secs(arguments.patience);
    options.hold = arguments.hold;
    options.query = !arguments.no_query;
    options.store = arguments.allow_store;
    options.progress = |what| eprintln!("probing: {what}");
    Ok(options)
}

async fn explore(
    arguments: &Arguments,
    options: Options,
) -> anyhow::Result<(Outcome, Vec<String>)> {
    let peer = &arguments.peer;
    let mut outcome = match probe::probe(options).await {
        Ok(outcome) => outcome,
        Err(why) => bail!("{peer} cannot be probed: {why}"),
    };
    let mut client = match &arguments.dicomweb {
        Some(url) => {
            let access = Access {
                token: arguments.web_token.clone(),
                user: arguments.web_user.clone(),
                ca: arguments.web_ca.clone(),
            };
            Some(Paced::new(HttpClient::new(url, &access)?, arguments.rate))
        }
        None => None,
    };
    if let (Some(client), Some(url)) = (&mut client, &arguments.dicomweb) {
        eprintln!("probing: DICOMweb");
        match probe::web::probe(client, &url.to_string()).await {
            Ok(web) => outcome.document.web.push(web),
            Err(why) => outcome
                .document
                .remarks
                .push(format!("DICOMweb at {url} was not explored: {why}")),
        }
    }
    let removal = remove(&outcome.stored, client.as_mut()).await;
    Ok((outcome, removal))
}

/// Takes away what was stored, study by study; says what stays.
async fn remove(stored: &[Stored], client: Option<&mut Paced>) -> Vec<String> {
    if stored.is_empty() {
        return Vec::new();
    }
    let mut studies: Vec<&Uid> = stored.iter().map(|one| &one.study_instance_uid).collect();
    studies.sort();
    studies.dedup();
    let mut left = Vec::new();
    let count = studies.len();
    match client {
        None => left.extend(studies),
        Some(client) => {
            for study in studies {
                let path = format!("/studies/{study}");
                let answer = client.fetch("DELETE", &path, "*/*", 1 << 16).await;
                let gone = answer.is_ok_and(|answer| {
                    (200..300).contains(&answer.status) || matches!(answer.status, 404 | 410)
                });
                if !gone {
                    left.push(study);
                }
            }
        }
    }
    if left.is_empty() {
        return vec![format!("{count} studies were stored and deleted again")];
    }
    let list: Vec<String> = left.iter().map(ToString::to_string).collect();
    vec![format!(
        "stored by the probe and still there (Patient ID SAGITTAL-PROBE): {}",
        list.join(", ")
    )]
}

fn write(path: &Option<PathBuf>, format: Format, outcome: &Outcome) -> anyhow::Result<()> {
    let Some(path) = path else {
        return Ok(());
    };
    let text = format.write(&outcome.document)?;
    if path == Path::new("-") {
        crate::show!("{text}");
        return Ok(());
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
