//! `sagittal send`: files to a peer (C-STORE).

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use sagittal_dimse::scu::{self, Delivered, DeliveryOptions, Instance, Queue, deliver};
use tokio::sync::mpsc;

use super::Exit;
use super::association::Association;
use crate::files;

/// Instances that wait for an association.
const WAITING: usize = 2000;
/// Failures that are shown.
const SHOWN: usize = 20;

/// Send files and folders to a peer (C-STORE)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal send SAGITTAL@127.0.0.1:11112 image.dcm
  sagittal send --associations 4 PACS@10.0.0.5:104 studies/
  sagittal send --json PACS@10.0.0.5:104 studies/ | jq .failed

Files are sent in the transfer syntax they are in, or converted where that needs no decoding of pixels.
Exit codes: 0 all stored, 1 nothing stored, 3 some were not.")]
pub struct Arguments {
    #[command(flatten)]
    association: Association,
    /// Files, and folders with all that is in them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Associations at the same time
    #[arg(short, long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    associations: u16,
    /// How often a broken association is tried again
    #[arg(long, default_value_t = 3)]
    retries: u32,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// What was found and what became of it.
#[derive(Debug, Default)]
struct Summary {
    stored: u64,
    warnings: u64,
    bytes: u64,
    failures: Vec<(String, String)>,
    passed_over: u64,
}

/// Something that cannot be sent.
enum Unsendable {
    /// Not DICOM, or a DICOMDIR, in a folder.
    PassedOver,
    /// Named by the user, or broken.
    Failed(String, String),
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    for path in &arguments.paths {
        anyhow::ensure!(path.exists(), "there is no {}", path.display());
    }
    crate::runtime()?.block_on(send(arguments))
}

async fn send(arguments: Arguments) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let target = arguments.association.target()?;
    let queue = Arc::new(Queue::new(WAITING));
    let (unsendable, mut rest) = mpsc::unbounded_channel();
    let (paths, filled) = (arguments.paths.clone(), queue.clone());
    std::thread::spawn(move || {
        fill(&paths, &filled, &unsendable);
        filled.close();
    });
    let options = DeliveryOptions {
        associations: usize::from(arguments.associations),
        retries: arguments.retries,
        ..DeliveryOptions::default()
    };
    let cancel = options.canceled.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancel.cancel();
        }
    });
    let (outcomes, mut delivered) = mpsc::channel(256);
    let delivering = tokio::spawn(async move { deliver(&target, queue, &options, outcomes).await });

    let bar = (!arguments.quiet && std::io::stderr().is_terminal()).then(ProgressBar::new_spinner);
    let mut summary = Summary::default();
    while let Some(next) = delivered.recv().await {
        summary.add(next);
        if let Some(bar) = &bar {
            bar.set_message(summary.line(started.elapsed()));
            bar.tick();
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    while let Some(next) = rest.recv().await {
        match next {
            Unsendable::PassedOver => summary.passed_over += 1,
            Unsendable::Failed(name, reason) => summary.failures.push((name, reason)),
        }
    }
    let result = delivering.await?;
    summary.print(&arguments, started.elapsed())?;
    if let Err(error) = result {
        eprintln!("sagittal: {}", error.chain());
        return Ok(if summary.stored == 0 {
            Exit::Failed
        } else {
            Exit::Partly
        });
    }
    if summary.stored == 0 && summary.failures.is_empty() {
        eprintln!("sagittal: no DICOM instances found");
        return Ok(Exit::Failed);
    }
    Ok(Exit::of(summary.stored, summary.failures.len() as u64))
}

/// Looks for instances; ends early when nobody sends any more.
fn fill(paths: &[PathBuf], queue: &Queue, unsendable: &mpsc::UnboundedSender<Unsendable>) {
    for given in paths {
        for path in files::walk(given) {
            let instance = path
                .map_err(|error| Unsendable::Failed(given.display().to_string(), error.to_string()))
                .and_then(|path| read(&path, given.is_dir()));
            match instance {
                Ok(instance) => {
                    if !queue.push(instance) {
                        return;
                    }
                }
                Err(problem) => {
                    // The listener lives as long as this thread is of use.
                    let _ = unsendable.send(problem);
                }
            }
        }
    }
}

fn read(path: &Path, in_folder: bool) -> Result<Instance, Unsendable> {
    Instance::of_file(path).map_err(|error| match error {
        scu::Error::NotDicom { .. } | scu::Error::Directory { .. } if in_folder => {
            Unsendable::PassedOver
        }
        error => Unsendable::Failed(path.display().to_string(), error.chain()),
    })
}

impl Summary {
    fn add(&mut self, delivered: Delivered) {
        match delivered.outcome {
            Ok(stored) => {
                self.stored += 1;
                self.bytes += delivered.instance.len();
                self.warnings += u64::from(stored.is_warning());
            }
            Err(error) => self
                .failures
                .push((delivered.instance.name(), error.chain())),
        }
    }

    fn line(&self, took: Duration) -> String {
        let seconds = took.as_secs_f64().max(0.001);
        format!(
            "{} stored in {seconds:.1} s: {:.0} instances/s, {:.1} MB/s",
            self.stored,
            self.stored as f64 / seconds,
            self.bytes as f64 / seconds / 1e6
        )
    }

    fn print(&self, arguments: &Arguments, took: Duration) -> anyhow::Result<()> {
        if arguments.json {
            let failures: Vec<_> = self
                .failures
                .iter()
                .map(|(file, reason)| serde_json::json!({"file": file, "reason": reason}))
                .collect();
            let value = serde_json::json!({
                "stored": self.stored,
                "warnings": self.warnings,
                "failed": self.failures.len(),
                "not_dicom": self.passed_over,
                "bytes": self.bytes,
                "seconds": took.as_secs_f64(),
                "failures": failures,
            });
            println!("{}", serde_json::to_string_pretty(&value)?);
            return Ok(());
        }
        println!("{}", self.line(took));
        for (count, what) in [
            (self.warnings, "stored with a warning of the peer"),
            (self.passed_over, "not DICOM"),
            (self.failures.len() as u64, "failed"),
        ] {
            if count > 0 {
                println!("{count} {what}");
            }
        }
        for (file, reason) in self.failures.iter().take(SHOWN) {
            eprintln!("{file}: {reason}");
        }
        Ok(())
    }
}
