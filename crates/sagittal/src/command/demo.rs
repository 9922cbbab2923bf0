//! `sagittal demo`: the generated studies as files.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use super::Exit;
use crate::demo;

/// Write generated studies of patients who do not exist, to try things with
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal demo demo-files/
  sagittal demo demo-files/ && sagittal import demo-files/

The same files each time: CT with a measurement report, MR, ultrasound clip, CR, ECG.")]
pub struct Arguments {
    /// The folder to write to; made if it is not there
    folder: PathBuf,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let folder = &arguments.folder;
    if folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
    {
        bail!("{} is not empty", folder.display());
    }
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make folder {}", folder.display()))?;
    let (mut files, mut bytes) = (0u64, 0u64);
    for object in demo::objects() {
        let modality = object.data_set.first_text(sagittal_core::tags::MODALITY);
        let name = format!(
            "{}-{:03}.dcm",
            modality.unwrap_or_default().to_lowercase(),
            files + 1
        );
        let path = folder.join(name);
        let file = object.part10()?;
        std::fs::write(&path, &file).with_context(|| format!("cannot write {}", path.display()))?;
        files += 1;
        bytes += file.len() as u64;
    }
    crate::say!(
        "{files} files, {:.1} MB, in {}",
        bytes as f64 / 1e6,
        folder.display()
    );
    Ok(Exit::Done)
}
