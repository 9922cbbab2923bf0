//! The handle that everything else holds.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sagittal_store::blob::disk::{Disk, FsDisk};
use sagittal_store::blob::{FolderLock, PackOptions, Packs, Recovery};
use sagittal_store::index::Index;
use sagittal_store::index::sqlite::{self, SqliteIndex};
use tokio::sync::Semaphore;

use crate::catch_up::{self, CatchUp};
use crate::compress::AtWork;
use crate::deid_jobs::Jobs;
use crate::deidentified::{Lens, Named, Room, View};
use crate::events::Events;
use crate::indexer::Indexer;
use crate::ingest::InFlight;
use crate::quality::{Patients, Sampling};
use crate::retrieve::{FrameTables, InflatedSets, MetadataCache, PixelCaches, VolumeMemory};
use crate::{Error, Options, Result, upkeep};

/// An open archive. Cheap to clone.
#[derive(Clone)]
pub struct Archive {
    inner: Arc<Inner>,
    /// What it is looked at through, if it is a view.
    lens: Option<Arc<Lens>>,
}

pub(crate) struct Inner {
    pub(crate) options: Options,
    pub(crate) index: Arc<dyn Index>,
    pub(crate) packs: Packs,
    pub(crate) indexer: Indexer,
    pub(crate) in_flight: InFlight,
    /// Bytes that instances being received may still take.
    pub(crate) memory: Arc<Semaphore>,
    pub(crate) events: Arc<Events>,
    pub(crate) frame_tables: FrameTables,
    pub(crate) metadata: MetadataCache,
    pub(crate) pixels: PixelCaches,
    pub(crate) volumes: VolumeMemory,
    pub(crate) inflated: InflatedSets,
    pub(crate) patients: Patients,
    pub(crate) sampling: Sampling,
    /// Encoders for compression by rule.
    pub(crate) encoding: AtWork,
    /// De-identified views.
    lenses: Vec<Arc<Lens>>,
    /// One for each policy, without a name that anybody could call.
    policies: Vec<Arc<Lens>>,
    /// Instances being de-identified.
    pub(crate) deidentifying: Room,
    /// Jobs of de-identification.
    pub(crate) deid_jobs: Jobs,
    /// Compaction and compression take turns: what one writes rests on what the other has left.
    pub(crate) rewriting: tokio::sync::Mutex<()>,
    /// Packs in which a record became superfluous lately, and when: readers may still be at it.
    pub(crate) superfluous: parking_lot::Mutex<HashMap<u64, Instant>>,
    /// When the last instance came.
    pub(crate) busy: parking_lot::Mutex<Option<Instant>>,
    pub(crate) low_on_space: AtomicBool,
    /// What the last start found and did.
    pub(crate) caught_up: CatchUp,
    running: AtomicUsize,
    closed: AtomicBool,
    lock: parking_lot::Mutex<Option<FolderLock>>,
}

impl Archive {
    /// Opens the data folder (creating it if there is none), recovers it, and lets the index catch
    /// up with the packs before it returns.
    pub async fn open(options: Options) -> Result<Archive> {
        Archive::open_on(options, Arc::new(FsDisk), |_| ()).await
    }

    /// As [`Archive::open`], with the packs on another disk, and telling how far catching up is.
    pub async fn open_on(
        options: Options,
        disk: Arc<dyn Disk>,
        progress: impl Fn(crate::Progress) + Send + 'static,
    ) -> Result<Archive> {
        let opening = tokio::task::spawn_blocking(move || Inner::open(options, disk, &progress));
        let inner = Arc::new(opening.await.map_err(|_| Error::Stopping)??);
        upkeep::start(&inner);
        crate::lifecycle::scrub::start(&inner);
        crate::compress::start(&inner);
        Ok(Archive { inner, lens: None })
    }

    /// What it was opened with.
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Archive {
        Archive { inner, lens: None }
    }

    /// The view of this name.
    pub fn through(&self, view: &str) -> Option<Archive> {
        let mut lenses = self.inner.lenses.iter();
        let lens = lenses.find(|lens| lens.view.name == view)?;
        Some(Archive {
            inner: self.inner.clone(),
            lens: Some(lens.clone()),
        })
    }

    /// As the policy of this name lets it be given away: for peers that get nothing else.
    pub fn by_policy(&self, policy: &str) -> Option<Archive> {
        let mut lenses = self.inner.policies.iter();
        let lens = lenses.find(|lens| lens.view.policy.name == policy)?;
        Some(Archive {
            inner: self.inner.clone(),
            lens: Some(lens.clone()),
        })
    }

    /// What it is a view by, if it is one: all that finds and gives back speaks of pseudonyms then.
    pub fn view(&self) -> Option<&View> {
        self.lens.as_ref().map(|lens| &lens.view)
    }

    pub(crate) fn lens(&self) -> Option<&Arc<Lens>> {
        self.lens.as_ref()
    }

    /// Refuses what writes, or shows originals, in a view.
    pub(crate) fn must_be_no_view(&self) -> Result<()> {
        match self.lens {
            None => Ok(()),
            Some(_) => Err(Error::ReadOnly),
        }
    }

    /// The index. Call [`Archive::wait_indexed`] before asking it on behalf of a client.
    pub(crate) fn index(&self) -> &Arc<dyn Index> {
        &self.inner.index
    }

    /// Returns when the index knows everything that was acknowledged before the call.
    pub async fn wait_indexed(&self) -> Result<()> {
        self.inner.indexer.wait().await
    }

    /// Runs blocking work on its pool.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let work = self.begin_blocking(work)?;
        work.await.map_err(|_| Error::Stopping)?
    }

    /// As [`Archive::blocking`], for the caller to wait or not.
    pub(crate) fn begin_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<tokio::task::JoinHandle<T>> {
        if self.inner.closed.load(Ordering::Acquire) {
            return Err(Error::Stopping);
        }
        self.inner.running.fetch_add(1, Ordering::AcqRel);
        let inner = self.inner.clone();
        Ok(tokio::task::spawn_blocking(move || {
            let result = work();
            inner.running.fetch_sub(1, Ordering::AcqRel);
            result
        }))
    }

    /// Runs work that takes less time than a change of thread does.
    pub(crate) fn at_once<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.inner.closed.load(Ordering::Acquire) {
            return Err(Error::Stopping);
        }
        work()
    }

    /// What keeps the archive from working as it should, if anything does: for `/healthz`.
    pub fn health(&self) -> Option<String> {
        let index = self
            .inner
            .indexer
            .health()
            .map(|reason| format!("index: {reason}"));
        index.or_else(|| {
            let low = self.inner.low_on_space.load(Ordering::Relaxed);
            low.then(|| "space runs low".to_owned())
        })
    }

    /// What the last start found and repaired.
    pub fn caught_up(&self) -> &CatchUp {
        &self.inner.caught_up
    }

    /// Ends what is running within `deadline`, closes packs and index.
    pub async fn close(&self, deadline: Duration) -> Result<()> {
        let inner = self.inner.clone();
        let until = tokio::time::Instant::now() + deadline;
        while inner.running.load(Ordering::Acquire) > 0 && tokio::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        inner.closed.store(true, Ordering::Release);
        inner.memory.close();
        let closing = tokio::task::spawn_blocking(move || inner.close());
        let left = until.saturating_duration_since(tokio::time::Instant::now());
        // What was submitted is finished in any case; the deadline is for the caller.
        match tokio::time::timeout(left.max(Duration::from_secs(1)), closing).await {
            Ok(done) => done.map_err(|_| Error::Stopping),
            Err(_) => Err(Error::Stopping),
        }
    }
}

impl Inner {
    fn open(
        options: Options,
        disk: Arc<dyn Disk>,
        progress: &dyn Fn(crate::Progress),
    ) -> Result<Inner> {
        let lock = prepare_folder(&options.data)?;
        let (index, emptied) = open_index(&options.data.join("index"))?;
        let watermarks = index.watermarks()?;
        let (packs, recovery) = Packs::open(disk, pack_options(&options), &watermarks)?;
        let caught_up = catch_up::run(&*index, &packs, &recovery, progress)?;
        report(&recovery, &caught_up, emptied);
        let events = Events::new();
        let memory = usize::try_from(options.ingest_memory).unwrap_or(usize::MAX);
        Ok(Inner {
            indexer: Indexer::start(index.clone(), events.clone())?,
            index,
            packs,
            in_flight: InFlight::default(),
            memory: Arc::new(Semaphore::new(
                memory.clamp(1 << 20, Semaphore::MAX_PERMITS),
            )),
            events,
            frame_tables: FrameTables::default(),
            metadata: MetadataCache::default(),
            pixels: PixelCaches::default(),
            volumes: VolumeMemory::default(),
            inflated: InflatedSets::default(),
            patients: Patients::default(),
            sampling: Sampling::default(),
            encoding: AtWork::default(),
            lenses: lenses(&options, &options.policies.views),
            policies: lenses(&options, &unnamed(&options)),
            deid_jobs: Jobs::default(),
            deidentifying: Room::new(options.deidentification_memory),
            rewriting: tokio::sync::Mutex::default(),
            superfluous: parking_lot::Mutex::default(),
            busy: parking_lot::Mutex::default(),
            low_on_space: AtomicBool::new(false),
            caught_up,
            running: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            lock: parking_lot::Mutex::new(Some(lock)),
            options,
        })
    }

    /// Packs first: what they acknowledge is then taken in by the index.
    fn close(&self) {
        self.packs.close();
        self.indexer.close();
        self.events.close();
        // Another may open the folder now.
        *self.lock.lock() = None;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Opened instances of all views together have a third of the memory for de-identification.
fn lenses(options: &Options, views: &[View]) -> Vec<Arc<Lens>> {
    let policies = &options.policies;
    let all = policies.views.len() + policies.named.len();
    let memory = options.deidentification_memory / 3 / (all as u64).max(1);
    let lens = |view: &View| Arc::new(Lens::new(view.clone(), memory));
    views.iter().map(lens).collect()
}

/// A view by each policy.
fn unnamed(options: &Options) -> Vec<View> {
    let view = |policy: &Arc<Named>| View {
        name: format!("to peers by {}", policy.name),
        ae_title: None,
        policy: policy.clone(),
    };
    options.policies.named.iter().map(view).collect()
}

pub(crate) fn pack_options(options: &Options) -> PackOptions {
    PackOptions {
        pack_size: options.pack_size,
        reserve: options.reserve,
        ..PackOptions::new(options.data.join("packs"))
    }
}

pub(crate) fn prepare_folder(data: &Path) -> Result<FolderLock> {
    let create = |path: &Path| {
        FsDisk
            .create_folder(path)
            .map_err(|source| sagittal_store::Error::Io {
                operation: "create",
                path: path.to_owned(),
                source,
            })
    };
    create(data)?;
    let lock = FolderLock::take(data)?;
    create(&data.join("packs"))?;
    create(&data.join("index"))?;
    Ok(lock)
}

/// The index; a new one if the old cannot be read, for it is only derived.
fn open_index(folder: &Path) -> Result<(Arc<dyn Index>, bool)> {
    let open = || SqliteIndex::open(folder, sqlite::Options::default());
    match open() {
        Ok(index) => Ok((Arc::new(index), false)),
        Err(error) => {
            tracing::error!(%error, "the index cannot be opened and is made anew from the packs");
            SqliteIndex::remove(folder)?;
            Ok((Arc::new(open()?), true))
        }
    }
}

fn report(recovery: &Recovery, caught_up: &CatchUp, emptied: bool) {
    let (packs, bytes, cut, removed) = (
        recovery.packs,
        recovery.bytes,
        recovery.cut,
        recovery.removed,
    );
    tracing::info!(packs, bytes, "packs opened");
    if cut > 0 || removed > 0 || caught_up.instances > 0 || emptied {
        let (instances, deletions) = (caught_up.instances, caught_up.deletions);
        tracing::info!(
            cut,
            removed,
            instances,
            deletions,
            "caught up after an unclean stop"
        );
    }
}
