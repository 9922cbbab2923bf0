//! `sagittal transcode`: files to another transfer syntax.

use std::path::PathBuf;

use anyhow::bail;
use sagittal_pixel::codec::EncodeOptions;
use sagittal_pixel::transcode::Options;

use super::Exit;
use crate::convert::{self, Plan, parse_syntax};

/// Convert DICOM files to another transfer syntax: compress, decompress, change byte order
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal transcode --to explicit --output plain.dcm compressed.dcm
  sagittal transcode --to htj2k --output small/ studies/
  sagittal transcode --to jpeg --quality 85 --output preview/ studies/
  sagittal transcode --to j2k-lossy --ratio 10 --json --output lossy/ studies/

Transfer syntaxes, by short name, keyword or UID: explicit, implicit, big-endian, deflated,
deflated-frames, rle, jpeg, jpeg-lossless, jpeg-ls, jpeg-ls-lossy, j2k, j2k-lossy, htj2k,
htj2k-rpcl, htj2k-lossy, jxl.
Every result is decoded again and compared before it appears. A lossy one is another instance: it
gets a SOP Instance UID of its own, the same each time, and says what it was made of.
Exit codes: 0 all converted, 1 nothing converted, 3 something was not converted.")]
pub struct Arguments {
    /// Files, and folders with all that is in them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The transfer syntax
    #[arg(long, value_name = "SYNTAX", value_parser = parse_syntax)]
    to: &'static str,
    /// File, or folder for several
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
    /// Quality of lossy JPEG
    #[arg(long, value_name = "1-100", default_value_t = EncodeOptions::default().quality, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// By how much samples of lossy JPEG-LS may differ
    #[arg(long, value_name = "N", default_value_t = EncodeOptions::default().near, value_parser = clap::value_parser!(u8).range(1..=255))]
    near: u8,
    /// How much smaller lossy JPEG 2000 and HTJ2K shall be
    #[arg(long, value_name = "N", default_value_t = EncodeOptions::default().ratio)]
    ratio: f32,
    /// Files at the same time; all cores if not given
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Do not decode the result again
    #[arg(long)]
    no_verify: bool,
    /// Write over files that exist
    #[arg(long)]
    overwrite: bool,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    for path in &arguments.paths {
        if !path.exists() {
            bail!("there is no {}", path.display());
        }
    }
    if !(1.0..=1000.0).contains(&arguments.ratio) {
        bail!("--ratio goes from 1 to 1000");
    }
    let plan = Plan {
        to: arguments.to,
        options: Options {
            encode: EncodeOptions {
                quality: arguments.quality,
                near: arguments.near,
                ratio: arguments.ratio,
                ..EncodeOptions::default()
            },
            ..Options::default()
        },
        verify: !arguments.no_verify,
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let summary = convert::run(
        &plan,
        &arguments.paths,
        &arguments.output,
        arguments.jobs.map_or(cores, usize::from),
        arguments.overwrite,
        arguments.quiet || arguments.json,
    )?;
    if arguments.json {
        crate::say!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        crate::show!("{}", summary.show());
    }
    if summary.written() + summary.failed == 0 {
        eprintln!("sagittal: no DICOM files found");
        return Ok(Exit::Failed);
    }
    Ok(Exit::of(summary.written(), summary.failed))
}
