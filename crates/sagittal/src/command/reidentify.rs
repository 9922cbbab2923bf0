//! `sagittal reidentify`: originals back, for those whose certificate they were encrypted for.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use sagittal_core::{Limits, Uid, tags};
use sagittal_deid::reidentify::{Certificate, PrivateKey, restore};
use sagittal_file::part10;

use super::Exit;
use crate::files;

/// Restore the original attributes of de-identified files from their encrypted attributes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal reidentify --private-key steward.key --output restored.dcm given.dcm
  sagittal reidentify --private-key steward.key --certificate steward.pem --output restored/ given/

Pixels that were blanked stay blanked. Exit codes: 0 all restored, 1 nothing restored, 3 some.")]
pub struct Arguments {
    /// Files, and folders with all that is in them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Private key (PEM or DER) of one of the recipients
    #[arg(long, value_name = "FILE")]
    private_key: PathBuf,
    /// The recipient's certificate, if several keys were used
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// File, or folder for several
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let read = |path: &PathBuf| {
        std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let key = PrivateKey::read(&read(&arguments.private_key)?)?;
    let certificate = match &arguments.certificate {
        Some(path) => Some(Certificate::read(&read(path)?)?),
        None => None,
    };
    let several = arguments.paths.len() > 1 || arguments.paths.iter().any(|path| path.is_dir());
    let (mut done, mut failed) = (0, 0);
    for given in &arguments.paths {
        for path in files::walk(given) {
            let path = path?;
            let target = match several {
                true => {
                    let name = path.strip_prefix(given).unwrap_or(&path);
                    let name = match name.as_os_str().is_empty() {
                        true => PathBuf::from(path.file_name().unwrap_or_default()),
                        false => name.to_owned(),
                    };
                    arguments.output.join(name)
                }
                false => arguments.output.clone(),
            };
            match one(&read(&path)?, &key, certificate.as_ref()) {
                Ok(bytes) => {
                    if target.exists() {
                        bail!("{} exists", target.display());
                    }
                    if let Some(parent) = target.parent() {
                        std::fs::create_dir_all(parent)?;
                    }
                    std::fs::write(&target, bytes)
                        .with_context(|| format!("cannot write {}", target.display()))?;
                    done += 1;
                }
                Err(error) => {
                    eprintln!("{}: {error:#}", path.display());
                    failed += 1;
                }
            }
        }
    }
    crate::say!("{done} restored, {failed} not");
    Ok(Exit::of(done, failed))
}

fn one(
    bytes: &[u8],
    key: &PrivateKey,
    certificate: Option<&Certificate>,
) -> anyhow::Result<Vec<u8>> {
    let mut file = part10::read(&Bytes::copy_from_slice(bytes), Limits::default())?;
    restore(&mut file.data_set, key, certificate)?;
    let uid = |tag, name: &str| -> anyhow::Result<Uid> {
        file.data_set
            .uid(tag)?
            .with_context(|| format!("it has no {name}"))
    };
    let meta = part10::Meta {
        sop_class_uid: uid(tags::SOP_CLASS_UID, "SOP Class UID")?,
        sop_instance_uid: uid(tags::SOP_INSTANCE_UID, "SOP Instance UID")?,
        transfer_syntax_uid: file.opening.transfer_syntax_uid.clone(),
        source_ae_title: None,
    };
    Ok(part10::write(&meta, &file.data_set)?)
}
