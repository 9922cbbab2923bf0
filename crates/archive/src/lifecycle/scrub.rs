//! Scrubbing: all packs are read again, slowly, and compared with their checksums and hashes.
//! What has rotted is told in log, metrics and events (and so in the audit trail), while there may
//! still be another copy of it somewhere.
//!
//! How far it has come is kept in the data folder, so that a restart does not begin anew.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sagittal_store::blob::{Damage, Surveyed};
use serde::{Deserialize, Serialize};

use crate::archive::Inner;
use crate::events::{Event, now_ms};
use crate::{Error, Result};

/// Read at a time.
const STEP: u64 = 4 << 20;
/// However little there is: so many bytes a second, and then a rest until the next round is due.
const SLOWEST: f64 = (1 << 20) as f64;
/// Longest wait between looks whether the archive is still open.
const LOOK: Duration = Duration::from_secs(60);
/// Instances named in an event.
const NAMED: usize = 100;
/// In the data folder.
const FILE: &str = "scrub.json";

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// When the round began.
    begun_ms: i64,
    /// The pack that was read last or is being read; 0 at the beginning.
    pack: u64,
    /// Where to go on in it; 0 if it is done.
    offset: u64,
    /// The round is complete.
    done: bool,
    /// Stretches that could not be read in it.
    damaged: u64,
}

/// Starts it; it ends with the archive.
pub(crate) fn start(inner: &Arc<Inner>) {
    let every = inner.options.scrub_every;
    if !every.is_zero() {
        tokio::spawn(run(Arc::downgrade(inner), every));
    }
}

async fn run(inner: Weak<Inner>, every: Duration) {
    let Some(path) = inner.upgrade().map(|inner| path(&inner)) else {
        return;
    };
    let mut progress = load(&path);
    loop {
        let mut pause = rest(&progress, every, now_ms());
        if pause.is_zero() {
            if progress.done || progress.begun_ms == 0 {
                progress = Progress {
                    begun_ms: now_ms(),
                    ..Progress::default()
                };
            }
            let Some(strong) = inner.upgrade().filter(|inner| !inner.is_closed()) else {
                return;
            };
            let at = progress.clone();
            // Not counted among what a closing archive waits for: it only reads.
            let step = tokio::task::spawn_blocking(move || strong.scrub_some(at, every));
            match step.await {
                Ok(Ok((next, wait))) => {
                    let told = next.pack != progress.pack || next.done;
                    progress = next;
                    pause = wait;
                    if told {
                        save(&path, &progress);
                    }
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "scrubbing failed; it goes on later");
                    pause = LOOK;
                }
                Err(_) => return,
            }
        }
        tokio::time::sleep(pause.min(LOOK)).await;
        if inner.upgrade().is_none_or(|inner| inner.is_closed()) {
            return;
        }
    }
}

/// How long until there is something to do.
fn rest(progress: &Progress, every: Duration, now_ms: i64) -> Duration {
    if !progress.done {
        return Duration::ZERO;
    }
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
    let due = progress.begun_ms.saturating_add(every);
    // A clock that was set back does not stop it for longer than a round.
    let left = due.saturating_sub(now_ms).clamp(0, every);
    Duration::from_millis(u64::try_from(left).unwrap_or(0))
}

/// How long reading so many bytes should take, if all is to be read once in `every`.
fn pace(bytes: u64, total: u64, every: Duration) -> Duration {
    let rate = (total as f64 / every.as_secs_f64().max(0.001)).max(SLOWEST);
    Duration::from_secs_f64(bytes as f64 / rate)
}

impl Inner {
    /// Reads a little. Where to go on, and after how long. Blocks.
    fn scrub_some(&self, mut at: Progress, every: Duration) -> Result<(Progress, Duration)> {
        if at.offset == 0 {
            let Some((pack, _)) = self.packs.next_pack(at.pack)? else {
                at.done = true;
                tracing::info!(damaged = at.damaged, "scrubbing has read everything");
                let took = now_ms().saturating_sub(at.begun_ms);
                metrics::gauge!("sagittal_scrub_round_seconds").set(took as f64 / 1e3);
                metrics::gauge!("sagittal_scrub_round_damaged").set(at.damaged as f64);
                return Ok((at, Duration::ZERO));
            };
            at.pack = pack;
        }
        let mut damaged = Vec::new();
        let mut bytes = 0;
        let next = self
            .packs
            .survey_pack(at.pack, at.offset, STEP, &mut |surveyed| {
                match surveyed {
                    Surveyed::Damage(damage) => damaged.push(damage),
                    Surveyed::Record { locator, .. } => {
                        bytes += u64::from(locator.header_length) + locator.length;
                    }
                    Surveyed::Pack { .. } => {}
                }
                Ok(())
            })?;
        metrics::counter!("sagittal_scrub_bytes_total").increment(bytes);
        for damage in damaged {
            bytes += damage.range.end - damage.range.start;
            // A pack that was compacted while it was read has nothing to tell.
            if self.packs.next_pack(damage.pack - 1)?.map(|(pack, _)| pack) == Some(damage.pack) {
                at.damaged += 1;
                self.report(damage)?;
            }
        }
        at.offset = next.unwrap_or(0);
        Ok((at, pace(bytes, self.packs.bytes(), every)))
    }

    fn report(&self, damage: Damage) -> Result<()> {
        let (mut uids, mut instances) = (Vec::new(), 0);
        self.index.records(&mut |record| {
            let locator = &record.locator;
            let end = locator.offset + u64::from(locator.header_length) + locator.length;
            let is_hit = locator.pack == damage.pack
                && locator.offset < damage.range.end
                && end > damage.range.start;
            if is_hit {
                instances += 1;
                if uids.len() < NAMED {
                    uids.push(record.sop_instance_uid);
                }
            }
            ControlFlow::Continue(())
        })?;
        tracing::error!(
            pack = damage.pack,
            offset = damage.range.start,
            reason = damage.reason,
            instances,
            uids = uids.join(" "),
            "what was stored cannot be read any more"
        );
        metrics::counter!("sagittal_scrub_damaged_total").increment(1);
        self.events.send(Event::Damaged {
            pack: damage.pack,
            offset: damage.range.start,
            sop_instance_uids: uids,
            instances,
            reason: damage.reason,
        });
        Ok(())
    }
}

fn path(inner: &Inner) -> PathBuf {
    inner.options.data.join(FILE)
}

/// A file that is not there or not understood is a round not begun.
fn load(path: &std::path::Path) -> Progress {
    let text = std::fs::read(path).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Not synced: what a power cut takes is only read again.
fn save(path: &std::path::Path, progress: &Progress) {
    let temporary = path.with_extension("tmp");
    let saved = serde_json::to_vec(progress)
        .map_err(std::io::Error::from)
        .and_then(|text| std::fs::write(&temporary, text))
        .and_then(|()| std::fs::rename(&temporary, path));
    if let Err(source) = saved {
        let error = Error::Store(sagittal_store::Error::Io {
            operation: "write",
            path: path.to_owned(),
            source,
        });
        tracing::warn!(%error, "the progress of scrubbing is not kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_rests_until_it_is_due_and_is_paced_by_what_there_is() {
        let day = Duration::from_secs(86_400);
        let mut progress = Progress {
            begun_ms: 1_000,
            ..Progress::default()
        };
        assert_eq!(rest(&progress, day, 2_000), Duration::ZERO);
        progress.done = true;
        assert_eq!(rest(&progress, day, 2_000), day - Duration::from_secs(1));
        assert_eq!(rest(&progress, day, 90_000_000), Duration::ZERO);
        assert_eq!(rest(&progress, day, -90_000_000), day);
        // 86.4 TB in a day are 1 GB a second; of little, a mebibyte a second.
        assert_eq!(pace(1_000_000_000, 86_400_000_000_000, day).as_secs(), 1);
        assert_eq!(pace(4 << 20, 10 << 20, day).as_secs(), 4);
    }
}
