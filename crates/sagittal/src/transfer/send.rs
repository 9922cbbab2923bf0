//! Sends all instances of files and folders to a peer.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use sagittal_dimse::scu::{DeliveryOptions, Queue, Target, deliver};
use tokio::sync::mpsc;

use super::feed::{Passed, Totals, count, feed};
use super::progress::{Meter, of};
use super::summary::Summary;

/// Instances that are known before their turn comes: enough to negotiate for what is in a folder.
const LOOK_AHEAD: usize = 4096;
const TEMPLATE: &str = "{bar:32} {msg}";

/// How it is done.
#[derive(Clone, Debug)]
pub struct SendOptions {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// No progress.
    pub quiet: bool,
    /// Associations and retries; canceled by Ctrl-C.
    pub delivery: DeliveryOptions,
}

/// Sends everything. A first Ctrl-C ends it after what is on its way.
pub async fn send(target: &Target, options: SendOptions) -> Summary {
    let started = Instant::now();
    let totals = Arc::new(Totals::default());
    let queue = Arc::new(Queue::new(LOOK_AHEAD));
    let (outcome_send, mut outcomes) = mpsc::channel(256);
    let (passed_send, mut passed) = mpsc::channel(256);
    let (paths, sums) = (options.paths.clone(), totals.clone());
    std::thread::spawn(move || count(&paths, &sums));
    let (paths, fed) = (options.paths.clone(), queue.clone());
    std::thread::spawn(move || feed(paths, &fed, &passed_send));
    let delivery = DeliveryOptions {
        canceled: super::interrupt(),
        ..options.delivery
    };
    let canceled = delivery.canceled.clone();
    let (to, taken) = (target.clone(), queue.clone());
    let running = tokio::spawn(async move { deliver(&to, taken, &delivery, outcome_send).await });

    let mut summary = Summary::default();
    let mut show = Show {
        meter: Meter::new(options.quiet, TEMPLATE),
        totals,
        files: 0,
        bytes: 0,
    };
    let (mut delivers, mut feeds) = (true, true);
    while delivers || feeds {
        tokio::select! {
            outcome = outcomes.recv(), if delivers => match outcome {
                Some(delivered) => {
                    show.advance(delivered.instance.len());
                    summary.delivered(delivered);
                }
                None => delivers = false,
            },
            what = passed.recv(), if feeds => match what {
                Some(what) => {
                    show.advance(match what {
                        Passed::NotDicom { bytes } | Passed::Directory { bytes } => bytes,
                        Passed::Unreadable { .. } => 0,
                    });
                    summary.passed(what);
                }
                None => feeds = false,
            },
        }
    }
    show.meter.finish();
    summary.seconds = started.elapsed().as_secs_f64();
    summary.stopped = match running.await {
        _ if canceled.is_cancelled() => Some("interrupted".to_owned()),
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.chain()),
        Err(error) => Some(error.to_string()),
    };
    summary
}

struct Show {
    meter: Meter,
    totals: Arc<Totals>,
    files: u64,
    bytes: u64,
}

impl Show {
    fn advance(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
        let (files, done) = (self.files, self.bytes);
        let all = self.totals.files.load(Ordering::Relaxed);
        let total = self.totals.bytes.load(Ordering::Relaxed).max(done);
        let is_complete = self.totals.complete.load(Ordering::Relaxed);
        let rate = self.meter.rate(done, is_complete.then_some(total));
        self.meter.set(done, Some(total), || {
            format!("{} files, {rate}", of(files, all))
        });
    }
}
