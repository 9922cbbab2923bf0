//! `sagittal send`: files and folders to a peer.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::builder::PossibleValuesParser;
use sagittal_dimse::scu::{Address, DeliveryOptions};
use sagittal_dimse::{LOSSY_CODINGS, Lossy};
use sagittal_pixel::codec::EncodeOptions;

use super::Exit;
use super::peer::Connection;
use crate::deid;
use crate::transfer::{self, SendOptions};

/// Send files and folders to a DICOM peer (C-STORE)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal send PACS@10.0.0.1:104 studies/
  sagittal send --associations 4 PACS@10.0.0.1:104 studies/ image.dcm
  sagittal send --deid trial.toml --key project.key --work work/ LAB@10.0.0.2:104 studies/
  sagittal send --lossy jpeg,j2k-lossy --ratio 8 VIEWER@10.0.0.2:104 studies/
  sagittal send --json PACS@10.0.0.1:104 studies/ | jq '.failures[].reason'

Files go as they are; where the peer does not take their transfer syntax, they are converted to one
that it takes, never with loss unless --lossy allows it: then a peer that takes nothing lossless gets
copies that have lost something, as instances of their own. What is not DICOM is passed over and counted.
Exit codes: 0 all stored, 1 nothing stored, 3 something was not stored.")]
pub struct Arguments {
    /// The peer
    #[arg(value_name = "AE@HOST:PORT")]
    peer: Address,
    /// Files, and folders with all that is in them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Associations at the same time
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    associations: u16,
    /// Propose so many operations under way on one association (asynchronous operations window)
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    window: u16,
    /// How often a broken association is tried again
    #[arg(long, value_name = "N", default_value_t = 3)]
    retries: u32,
    /// De-identify by this policy (TOML) first; needs --key and --work
    #[arg(long, value_name = "POLICY", requires_all = ["key", "work"])]
    deid: Option<PathBuf>,
    /// The project key, made by `sagittal deid key`
    #[arg(long, value_name = "FILE", requires = "deid")]
    key: Option<PathBuf>,
    /// Folder for logs, maps, report, quarantine and outputs of --deid
    #[arg(long, value_name = "FOLDER", requires = "deid")]
    work: Option<PathBuf>,
    /// What a peer that takes nothing lossless may be given: jpeg, jpeg-ls-lossy, j2k-lossy, htj2k-lossy;
    /// the first that it takes and that can be made counts
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = PossibleValuesParser::new(LOSSY_CODINGS.iter().map(|(name, _)| *name)))]
    lossy: Vec<String>,
    /// Quality of lossy JPEG
    #[arg(long, value_name = "1-100", default_value_t = 90, requires = "lossy", value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// By how much samples of lossy JPEG-LS may differ
    #[arg(long, value_name = "N", default_value_t = 2, requires = "lossy", value_parser = clap::value_parser!(u8).range(1..=255))]
    near: u8,
    /// How much smaller lossy JPEG 2000 and HTJ2K shall be
    #[arg(long, value_name = "N", default_value_t = 10, requires = "lossy", value_parser = clap::value_parser!(u16).range(2..=1000))]
    ratio: u16,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    for path in &arguments.paths {
        if !path.exists() {
            bail!("there is no {}", path.display());
        }
    }
    let (paths, withheld) = match &arguments.deid {
        Some(policy) => deidentified(&arguments, policy)?,
        None => (arguments.paths.clone(), 0),
    };
    let mut target = arguments.connection.target(&arguments.peer)?;
    target.window = arguments.window;
    let encode = EncodeOptions {
        quality: arguments.quality,
        ratio: f32::from(arguments.ratio),
        near: arguments.near,
        ..EncodeOptions::default()
    };
    let lossy = arguments.lossy.iter();
    target.lossy = lossy
        .filter_map(|name| Lossy::by_name(name, encode))
        .collect();
    let options = SendOptions {
        paths,
        quiet: arguments.quiet,
        delivery: DeliveryOptions {
            associations: usize::from(arguments.associations),
            retries: arguments.retries,
            ..DeliveryOptions::default()
        },
    };
    let summary = crate::runtime()?.block_on(transfer::send(&target, options));
    if arguments.json {
        crate::say!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        crate::show!("{}", summary.show());
    }
    if let Some(reason) = &summary.stopped {
        eprintln!("sagittal: stopped: {reason}");
        return Ok(match summary.stored {
            0 => Exit::Failed,
            _ => Exit::Partly,
        });
    }
    if summary.stored + summary.failed == 0 {
        eprintln!("sagittal: no DICOM instances found");
        return Ok(Exit::Failed);
    }
    Ok(Exit::of(summary.stored, summary.failed + withheld))
}

/// What is sent in the place of the files, and how many of these cannot be given away.
fn deidentified(arguments: &Arguments, policy: &Path) -> anyhow::Result<(Vec<PathBuf>, u64)> {
    let (Some(key), Some(work)) = (&arguments.key, &arguments.work) else {
        bail!("--deid needs --key and --work");
    };
    let out = work.join("sent");
    let settings = deid::Settings {
        dicomdir: false,
        paths: arguments.paths.clone(),
        out: out.clone(),
        work: work.join("proof"),
        profile: Some(policy.to_owned()),
        key: key.clone(),
        score: None,
        jobs: std::thread::available_parallelism().map_or(1, usize::from),
        quiet: arguments.quiet || arguments.json,
    };
    let done = deid::run(&settings)?;
    let withheld = done.refused + done.quarantined;
    if withheld > 0 {
        eprintln!(
            "sagittal: {withheld} file(s) cannot be given away by the policy and are not sent"
        );
    }
    if done.written + done.done_before == 0 {
        bail!("nothing can be sent: see {}", settings.work.display());
    }
    Ok((vec![out], withheld))
}
