//! `sagittal index`: the index of an archive.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use sagittal_archive::{Archive, Options};

use super::Exit;
use crate::meter::Meter;

/// The index of an archive
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Make the index anew from the packs alone
    #[command(after_help = "\
Examples:
  sagittal index rebuild
  sagittal index rebuild --data /srv/archive

Not while a server runs on the folder. The packs are not changed.
Exit codes: 0 done, 1 failed, 3 done, but some instances could not be read (they are kept).")]
    Rebuild {
        /// Data folder of the archive
        #[arg(long, default_value = "sagittal-data", env = "SAGITTAL_DATA")]
        data: PathBuf,
        /// Print what was done as JSON
        #[arg(long)]
        json: bool,
        /// No progress
        #[arg(short, long)]
        quiet: bool,
    },
}

/// Runs the subcommand.
pub fn run(action: Action) -> anyhow::Result<Exit> {
    let Action::Rebuild { data, json, quiet } = action;
    super::must_exist(&data)?;
    let meter = Meter::new("read", quiet);
    let rebuilding = Archive::rebuild_index(Options::new(&data), meter.callback());
    let done = match crate::runtime()?.block_on(rebuilding) {
        Ok(done) => done,
        Err(error) if crate::is_locked(&error) => bail!("{error}"),
        Err(error) => return Err(error).context("cannot rebuild the index"),
    };
    meter.finish();
    if json {
        let value = serde_json::json!({
            "instances": done.instances,
            "deletions": done.deletions,
            "problems": done.problems,
        });
        crate::say!("{}", serde_json::to_string_pretty(&value)?);
    } else {
        crate::say!(
            "{} instance(s) indexed, {} deletion(s)",
            done.instances,
            done.deletions
        );
        for problem in &done.problems {
            crate::say!("{problem}");
        }
    }
    Ok(if done.problems.is_empty() {
        Exit::Done
    } else {
        Exit::Partly
    })
}
