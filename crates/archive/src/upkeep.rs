//! What goes on in the background: quiet studies, free space, gauges, compaction.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::Archive;
use crate::archive::Inner;
use crate::events::Event;
use crate::quality;

/// Between looks at the free space.
const SPACE: Duration = Duration::from_secs(2);
/// How long the index is tidied at a time.
const TIDY: Duration = Duration::from_millis(100);

/// Starts it; it ends with the archive.
pub(crate) fn start(inner: &Arc<Inner>) {
    let weak = Arc::downgrade(inner);
    tokio::spawn(run(weak));
}

async fn run(inner: Weak<Inner>) {
    let Some(quiet) = inner.upgrade().map(|inner| inner.options.study_quiet) else {
        return;
    };
    let step = (quiet / 4).clamp(Duration::from_millis(10), SPACE);
    let (mut since_space, mut since_compaction) = (SPACE, Duration::ZERO);
    loop {
        tokio::time::sleep(step).await;
        let Some(inner) = inner.upgrade().filter(|inner| !inner.is_closed()) else {
            return;
        };
        let complete = inner.events.announce_quiet(quiet);
        quality::look_for_gaps(&inner, complete).await;
        tidy_index(&inner).await;
        inner.volumes.forget_idle();
        since_space += step;
        since_compaction += step;
        if since_space >= SPACE {
            since_space = Duration::ZERO;
            watch_space(&inner).await;
        }
        let (share, every) = (inner.options.compact_below, inner.options.compact_every);
        if since_compaction >= every && share > 0.0 {
            since_compaction = Duration::ZERO;
            compact(Archive::from_inner(inner), share).await;
        }
    }
}

/// Gives back the space of deleted instances.
async fn compact(archive: Archive, share: f64) {
    match archive.compact(share).await {
        Ok(done) if done.packs > 0 => {
            let (packs, instances, freed) = (done.packs, done.instances, done.freed);
            tracing::info!(packs, instances, freed, "compacted");
            metrics::counter!("sagittal_compaction_freed_bytes_total").increment(freed);
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "compaction failed"),
    }
}

/// Merges headers that came in small portions, while nothing waits to be indexed.
async fn tidy_index(inner: &Arc<Inner>) {
    if inner.indexer.depth() > 0 {
        return;
    }
    let index = inner.index.clone();
    let tidied = tokio::task::spawn_blocking(move || index.maintain(TIDY)).await;
    if let Ok(Err(error)) = tidied {
        tracing::warn!(%error, "the index cannot be tidied");
    }
}

async fn watch_space(inner: &Arc<Inner>) {
    let packs = inner.packs.clone();
    let Ok(Ok(space)) = tokio::task::spawn_blocking(move || packs.space()).await else {
        return;
    };
    metrics::gauge!("sagittal_free_bytes").set(space.free as f64);
    metrics::gauge!("sagittal_pack_bytes").set(inner.packs.bytes() as f64);
    metrics::gauge!("sagittal_commit_queue_records").set(inner.packs.queue_depth() as f64);
    metrics::gauge!("sagittal_index_queue_records").set(inner.indexer.depth() as f64);
    let low = space.free < inner.options.warn_below;
    if inner.low_on_space.swap(low, Ordering::Relaxed) != low {
        tracing::warn!(free_bytes = space.free, low, "free space");
        inner.events.send(Event::Space {
            free_bytes: space.free,
            low,
        });
    }
}
