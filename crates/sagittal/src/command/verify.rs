//! `sagittal verify`: every record of an archive is read again.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use super::Exit;
use crate::meter::Meter;

/// Listed without --json.
const SHOWN: usize = 50;

/// Read everything in the archive again and compare: checksums, content hashes, index against packs,
/// and what was compressed against the digest of what was received
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal verify
  sagittal verify --data /srv/archive --json | jq .problem_count

Not while a server runs on the folder. Exit codes: 0 nothing is wrong, 1 something is.")]
pub struct Arguments {
    /// Data folder of the archive
    #[arg(long, default_value = "sagittal-data", env = "SAGITTAL_DATA")]
    data: PathBuf,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    super::must_exist(&arguments.data)?;
    crate::runtime()?.block_on(verify(arguments))
}

async fn verify(arguments: Arguments) -> anyhow::Result<Exit> {
    let archive = super::open(&arguments.data).await?;
    let meter = Meter::new("verified", arguments.quiet);
    let found = archive
        .verify(meter.callback())
        .await
        .context("cannot verify")?;
    meter.finish();
    archive.close(Duration::from_secs(60)).await?;
    if arguments.json {
        let problems: Vec<_> = found
            .problems
            .iter()
            .map(|problem| {
                serde_json::json!({
                    "pack": problem.pack,
                    "offset": problem.offset,
                    "sop_instance_uid": problem.sop_instance_uid,
                    "reason": problem.reason,
                })
            })
            .collect();
        let value = serde_json::json!({
            "packs": found.packs,
            "bytes": found.bytes,
            "records": found.records,
            "indexed": found.indexed,
            "restored": found.restored,
            "unused": found.unused,
            "problem_count": found.problem_count,
            "problems": problems,
        });
        crate::say!("{}", serde_json::to_string_pretty(&value)?);
    } else {
        crate::say!(
            "{} record(s) in {} pack(s), {:.1} MB; {} in the index, {} no longer used",
            found.records,
            found.packs,
            found.bytes as f64 / 1e6,
            found.indexed,
            found.unused
        );
        if found.restored > 0 {
            crate::say!(
                "{} record(s) are compressed, and what was received came back byte for byte",
                found.restored
            );
        }
        for problem in found.problems.iter().take(SHOWN) {
            let instance = problem
                .sop_instance_uid
                .as_deref()
                .unwrap_or("unknown instance");
            crate::say!(
                "pack {} at byte {}: {instance}: {}",
                problem.pack,
                problem.offset,
                problem.reason
            );
        }
        match found.problem_count {
            0 => crate::say!("nothing is wrong"),
            count => crate::say!("{count} problem(s)"),
        }
    }
    Ok(if found.problem_count == 0 {
        Exit::Done
    } else {
        Exit::Failed
    })
}
