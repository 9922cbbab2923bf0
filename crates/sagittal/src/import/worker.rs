//! Imports many things at a time.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use sagittal_core::{sop_class, tags};
use sagittal_file::part10;
use tokio::sync::{Mutex, mpsc};

use super::feed::{Found, Totals, feed, totals};
use super::item::Item;
use super::journal::Journal;
use super::progress::Progress;
use super::summary::{Fate, Summary};
use super::target::{Fatal, Target};

/// How an import is done.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folders, files and ZIP files.
    pub paths: Vec<PathBuf>,
    /// Instances on their way at the same time.
    pub jobs: usize,
    /// Recorded as the sender.
    pub source: String,
    /// No progress.
    pub quiet: bool,
}

/// What a worker reports.
struct Report {
    name: String,
    size: u64,
    fate: Fate,
}

/// Imports everything; returns when all of it is durable, or with the reason to stop early. A
/// first Ctrl-C ends it after what is on its way.
pub async fn run(options: &Options, target: &Target, journal: Option<Arc<Journal>>) -> Summary {
    let started = Instant::now();
    let sums = Arc::new(Totals::default());
    let stop = Arc::new(AtomicBool::new(false));
    let (found_send, found) = mpsc::channel(options.jobs.max(1));
    let (report_send, mut reports) = mpsc::channel::<Result<Report, Fatal>>(64);

    let (paths, shared) = (options.paths.clone(), sums.clone());
    std::thread::spawn(move || totals(&paths, &shared));
    let (paths, known) = (options.paths.clone(), journal.clone());
    std::thread::spawn(move || feed(&paths, known.as_deref(), &found_send));

    let found = Arc::new(Mutex::new(found));
    for _ in 0..options.jobs.max(1) {
        let worker = Worker {
            found: found.clone(),
            reports: report_send.clone(),
            target: target.clone(),
            source: options.source.clone(),
            journal: journal.clone(),
            stop: stop.clone(),
        };
        tokio::spawn(worker.run());
    }
    drop((report_send, found));

    let mut summary = Summary::default();
    let mut progress = Progress::new(options.quiet);
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    loop {
        tokio::select! {
            report = reports.recv() => match report {
                Some(Ok(report)) => {
                    summary.add(&report.name, report.size, report.fate);
                    progress.advance(report.size, &sums);
                }
                Some(Err(Fatal(reason))) => {
                    stop.store(true, Ordering::Relaxed);
                    summary.interrupted.get_or_insert(reason);
                }
                None => break,
            },
            Ok(()) = &mut interrupt, if !stop.load(Ordering::Relaxed) => {
                stop.store(true, Ordering::Relaxed);
                summary.interrupted = Some("interrupted".into());
            }
        }
    }
    progress.finish();
    summary.seconds = started.elapsed().as_secs_f64();
    summary
}

struct Worker {
    found: Arc<Mutex<mpsc::Receiver<Found>>>,
    reports: mpsc::Sender<Result<Report, Fatal>>,
    target: Target,
    source: String,
    journal: Option<Arc<Journal>>,
    stop: Arc<AtomicBool>,
}

impl Worker {
    async fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            let next = self.found.lock().await.recv().await;
            let Some(found) = next else { return };
            let report = match found {
                Found::Item(item) => self.import(item).await,
                Found::Done(size) => Ok(Report {
                    name: String::new(),
                    size,
                    fate: Fate::DoneBefore,
                }),
                Found::NotDicom(size) => Ok(Report {
                    name: String::new(),
                    size,
                    fate: Fate::NotDicom,
                }),
                Found::Error { name, reason } => Ok(Report {
                    name,
                    size: 0,
                    fate: Fate::Unreadable(reason),
                }),
            };
            if self.reports.send(report).await.is_err() {
                return;
            }
        }
    }

    async fn import(&mut self, mut item: Item) -> Result<Report, Fatal> {
        let fate = match item.body.next().await {
            Err(error) => Fate::Unreadable(format!("cannot be read: {error}")),
            Ok(None) => Fate::NotDicom,
            Ok(Some(first)) => match kind(&first) {
                Kind::NotDicom => Fate::NotDicom,
                Kind::Directory => Fate::Directory,
                Kind::Instance => self.target.store(&self.source, first, item.body).await?,
            },
        };
        let is_done = !matches!(fate, Fate::Refused(_) | Fate::Unreadable(_));
        if let (Some(journal), true) = (&self.journal, is_done) {
            journal.note(item.mark);
        }
        Ok(Report {
            name: item.name,
            size: item.size,
            fate,
        })
    }
}

enum Kind {
    Instance,
    Directory,
    NotDicom,
}

fn kind(first: &[u8]) -> Kind {
    match part10::open(first) {
        Err(_) => Kind::NotDicom,
        Ok(opening) => {
            let class = opening.meta.first_text(tags::MEDIA_STORAGE_SOP_CLASS_UID);
            if class.as_deref() == Some(sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE) {
                Kind::Directory
            } else {
                Kind::Instance
            }
        }
    }
}
