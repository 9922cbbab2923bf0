//! Compression of what is stored already: in the background by rule, or by hand.
//!
//! The smaller record is written first, and says itself that it takes the place of the other:
//! whenever a crash comes, exactly one of the two counts, and both can be read. Compaction gives
//! the space back. Nothing is remembered of how far it has come: what is done shows in the index.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sagittal_core::Uid;
use sagittal_store::blob::{Committed, NewInstance, RecordAttributes};
use sagittal_store::index::{InstanceRow, Row, Selection};

use super::arrival::tell;
use super::recode::{Body, Kept, Received, Recoded, recode};
use super::rule::is_restorable;
use super::{At, Rule, Subject, request};
use crate::archive::Inner;
use crate::events::now_ms;
use crate::indexer::Pending;
use crate::ingest::{Chunks, Described, Spilled, changes, describe};
use crate::retrieve::PackAt;
use crate::{Archive, Error, Progress, Result};

/// Between looks for requests, and whether the archive is still open.
const LOOK: Duration = Duration::from_secs(1);
/// The first round begins so long after the start at the latest.
const FIRST: Duration = Duration::from_secs(10);
/// Instances gathered at a time.
const BATCH: usize = 20_000;
/// Instances of which it is remembered that they stay as they are, until the next start.
const REMEMBERED: usize = 1 << 20;
/// While instances arrive, there is nothing done in the background for so long after each...
const QUIET: Duration = Duration::from_secs(1);
/// ...but not for longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is to be compressed by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// One study; else all of them.
    pub study_instance_uid: Option<Uid>,
    /// To what.
    pub to: Uid,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compressed {
    /// Instances that are smaller now.
    pub instances: u64,
    /// Bytes of their data sets before.
    pub bytes_before: u64,
    /// Bytes less.
    pub saved: u64,
    /// Instances that stay as they are, by reason.
    pub kept: BTreeMap<&'static str, u64>,
    /// Instances that could not be read or written.
    pub failed: u64,
}

/// An instance whose turn has come.
struct Due {
    sop_instance_uid: String,
    sequence: u64,
    length: u64,
    rule: usize,
}

/// Starts it; it ends with the archive.
pub(crate) fn start(inner: &Arc<Inner>) {
    tokio::spawn(run(Arc::downgrade(inner)));
}

async fn run(weak: Weak<Inner>) {
    let Some(options) = weak.upgrade().map(|inner| inner.options.clone()) else {
        return;
    };
    let settings = &options.compression;
    let mut since = settings.every.saturating_sub(FIRST);
    let mut kept = HashSet::new();
    request::tidy(&options.data);
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(inner) = weak.upgrade().filter(|inner| !inner.is_closed()) else {
            return;
        };
        let archive = Archive::from_inner(inner);
        request::serve(&archive).await;
        since += LOOK;
        if since < settings.every || settings.rules.is_empty() {
            continue;
        }
        since = Duration::ZERO;
        match archive.compress_due(&mut kept).await {
            Ok(done) if done.instances + done.failed > 0 => {
                let (instances, saved, failed) = (done.instances, done.saved, done.failed);
                tracing::info!(instances, saved, failed, "compressed in the background");
            }
            Ok(_) | Err(Error::Stopping) => {}
            Err(error) => tracing::warn!(%error, "compression failed; it goes on later"),
        }
    }
}

impl Archive {
    /// Compresses what is selected now, whatever the rules say of it.
    pub async fn compress(
        &self,
        wanted: &Wanted,
        progress: impl Fn(Progress) + Send,
    ) -> Result<Compressed> {
        let rules = [Rule::new("by hand", wanted.to.clone(), At::Later)];
        let study = wanted.study_instance_uid.iter().map(Uid::to_string);
        let selection = Selection {
            study_instance_uids: study.collect(),
            ..Selection::default()
        };
        let mut kept = HashSet::new();
        let mut done = Compressed::default();
        let mut so_far = Progress::default();
        loop {
            let due = self.due(&rules, selection.clone(), &kept).await?;
            if due.is_empty() {
                return Ok(done);
            }
            so_far.total_bytes += due.iter().map(|due| due.length).sum::<u64>();
            for due in due {
                self.compress_one(&due, &rules, &mut done).await?;
                kept.insert(due.sequence);
                so_far.records += 1;
                so_far.bytes += due.length;
                progress(so_far);
            }
        }
    }

    /// Compresses what rules say, a little at a time.
    async fn compress_due(&self, kept: &mut HashSet<u64>) -> Result<Compressed> {
        let settings = &self.options().compression;
        let mut done = Compressed::default();
        loop {
            let due = self
                .due(&settings.rules, Selection::default(), kept)
                .await?;
            if due.is_empty() {
                return Ok(done);
            }
            for due in due {
                self.wait_quiet().await?;
                let before = done.instances;
                self.compress_one(&due, &settings.rules, &mut done).await?;
                if done.instances == before && kept.len() < REMEMBERED {
                    kept.insert(due.sequence);
                } else if done.instances == before {
                    return Ok(done);
                }
                if settings.rate > 0 {
                    let seconds = due.length as f64 / settings.rate as f64;
                    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
                }
            }
        }
    }

    /// Lets those go first who send.
    async fn wait_quiet(&self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            if self.inner().is_closed() {
                return Err(Error::Stopping);
            }
            let last = *self.inner().busy.lock();
            if last.is_none_or(|last| last.elapsed() >= QUIET) || Instant::now() >= until {
                return Ok(());
            }
            tokio::time::sleep(QUIET / 4).await;
        }
    }

    /// The first instances to which a rule applies.
    async fn due(
        &self,
        rules: &[Rule],
        selection: Selection,
        kept: &HashSet<u64>,
    ) -> Result<Vec<Due>> {
        self.wait_indexed().await?;
        let (inner, rules, kept) = (self.inner().clone(), rules.to_vec(), kept.clone());
        self.blocking(move || {
            let mut found = Vec::new();
            let now = now_ms();
            inner.index.instances(&selection, &mut |row| {
                if let Row::Instance(_, series, instance) = row
                    && !kept.contains(&instance.sequence)
                    && let Some(rule) =
                        rule_for(&rules, &series.attributes.modality, &instance, now, &inner)
                {
                    found.push(Due {
                        sop_instance_uid: instance.attributes.sop_instance_uid.clone(),
                        sequence: instance.sequence,
                        length: instance.locator.length,
                        rule,
                    });
                }
                match found.len() < BATCH && !inner.is_closed() {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            })?;
            Ok(found)
        })
        .await
    }

    async fn compress_one(&self, due: &Due, rules: &[Rule], done: &mut Compressed) -> Result<()> {
        let Some(rule) = rules.get(due.rule) else {
            return Ok(());
        };
        let outcome = self.replace(due, rule).await;
        tell(rule, "later", due.length, &outcome);
        match outcome {
            Ok(Ok(saved)) => {
                done.instances += 1;
                done.bytes_before += due.length;
                done.saved += saved;
            }
            Ok(Err(kept)) => *done.kept.entry(kept.label()).or_default() += 1,
            Err(Error::Stopping) => return Err(Error::Stopping),
            // There will not be more room for the next one.
            Err(error @ Error::Store(sagittal_store::Error::Full { .. })) => return Err(error),
            Err(_) => done.failed += 1,
        }
        Ok(())
    }

    /// Bytes less, or why it stays.
    async fn replace(&self, due: &Due, rule: &Rule) -> Result<std::result::Result<u64, Kept>> {
        let Some(instance) = self.current(due).await? else {
            return Ok(Err(Kept::Unsuited));
        };
        let (inner, to) = (self.inner().clone(), rule.to.clone());
        let row = instance.clone();
        let made = self.blocking(move || inner.smaller(&row, &to)).await?;
        let Smaller {
            recoded,
            described,
            attributes,
        } = match made {
            Ok(made) => made,
            Err(kept) => return Ok(Err(kept)),
        };
        let inner = self.inner().clone();
        let _turn = inner.rewriting.lock().await;
        inner.indexer.want();
        let uid = attributes.sop_instance_uid.clone();
        let exclusive = inner.in_flight.enter(&uid).await;
        // Deleted or replaced meanwhile? Who does so has had the turn before.
        let Some(now) = self.current(due).await? else {
            return Ok(Err(Kept::Unsuited));
        };
        let saved = now.locator.length.saturating_sub(recoded.length);
        let room = inner.indexer.room(described.header.len()).await?;
        let (hash, record) = (recoded.hash, attributes.clone());
        let index = inner.clone();
        let then = move |committed: &Committed| {
            index.indexer.push(Pending {
                changes: changes(&record, *described, hash, committed),
                sequence: committed.sequence,
                pack: committed.locator.pack,
                end: committed.end,
                happened: None,
                _exclusive: vec![exclusive],
                _room: Some(room),
            });
        };
        match recoded.body {
            Body::Memory(data) => {
                let instance = NewInstance {
                    attributes,
                    prefix: Bytes::new(),
                    data: vec![data.into()],
                    hash,
                };
                inner.packs.append(instance, then).await?;
            }
            Body::Spill(spill) => {
                inner.packs.commit(*spill, attributes, hash, then).await?;
            }
        }
        let pack = now.locator.pack;
        inner.superfluous.lock().insert(pack, Instant::now());
        self.wait_indexed().await?;
        Ok(Ok(saved))
    }

    /// The instance, if it is still what it was when it was found.
    async fn current(&self, due: &Due) -> Result<Option<InstanceRow>> {
        self.wait_indexed().await?;
        let (inner, uid) = (self.inner().clone(), due.sop_instance_uid.clone());
        let row = self
            .blocking(move || Ok(inner.index.instance(&uid)?))
            .await?;
        Ok(match row {
            Some(Row::Instance(_, _, row)) if row.sequence == due.sequence => Some(*row),
            _ => None,
        })
    }
}

fn rule_for(
    rules: &[Rule],
    modality: &str,
    instance: &InstanceRow,
    now_ms: i64,
    inner: &Inner,
) -> Option<usize> {
    if !instance.has_frames || !is_restorable(&instance.transfer_syntax_uid) {
        return None;
    }
    let age = now_ms.saturating_sub(instance.received_ms);
    let subject = Subject {
        modality,
        sop_class_uid: &instance.attributes.sop_class_uid,
        transfer_syntax_uid: &instance.transfer_syntax_uid,
        source: &instance.source,
        length: instance.locator.length,
        frames: instance.attributes.number_of_frames.unwrap_or(1),
        age: Duration::from_millis(u64::try_from(age).unwrap_or(0)),
    };
    let found = rules.iter().position(|rule| rule.fits(&subject))?;
    let is_large = instance.locator.length > inner.options.large_instance;
    let at = rules.get(found)?.at;
    // What is large has not been looked at when it arrived.
    (at == At::Later || is_large).then_some(found)
}

struct Smaller {
    recoded: Recoded,
    described: Box<Described>,
    attributes: RecordAttributes,
}

impl Inner {
    /// A stored instance in a smaller encoding. Blocks.
    fn smaller(&self, row: &InstanceRow, to: &Uid) -> Result<std::result::Result<Smaller, Kept>> {
        let locator = row.locator;
        let before = self.packs.attributes(&locator)?;
        let prefix = match locator.prefix_length {
            0 => Bytes::new(),
            _ => self.packs.read_prefix(&locator)?,
        };
        let received = Received {
            source: &PackAt::new(&self.packs, locator),
            transfer_syntax_uid: &before.transfer_syntax_uid,
            prefix: &prefix,
            hash: row.hash,
        };
        let in_memory = self.options.large_instance;
        let work = || recode(&self.packs, &received, to, in_memory);
        let mut recoded = match self.encoding.run(work)? {
            Ok(recoded) => recoded,
            Err(kept) => return Ok(Err(kept)),
        };
        let class = Some(&before.sop_class_uid);
        let described = match &mut recoded.body {
            Body::Memory(bytes) => {
                let chunks = [Bytes::from(std::mem::take(bytes))];
                let described = describe(&mut Chunks::new(&chunks), to.as_str(), class)?;
                let [whole] = chunks;
                *bytes = whole.into();
                described
            }
            Body::Spill(spill) => describe(&mut Spilled(spill), to.as_str(), class)?,
        };
        let attributes = RecordAttributes {
            transfer_syntax_uid: to.clone(),
            hidden: false,
            quarantined: false,
            replaces: false,
            original: Some(Box::new(recoded.original.clone())),
            recodes: Some(row.sequence),
            ..before
        };
        Ok(Ok(Smaller {
            recoded,
            described: Box::new(described),
            attributes,
        }))
    }

    /// A stored record whose original can be restored: is it what was received? Blocks.
    pub(crate) fn prove(
        &self,
        locator: sagittal_store::blob::Locator,
        attributes: &RecordAttributes,
    ) -> Result<()> {
        let Some(original) = &attributes.original else {
            return Ok(());
        };
        let source = PackAt::new(&self.packs, locator);
        let ts = attributes.transfer_syntax_uid.as_str();
        super::restore(&source, ts, original, &mut std::io::sink())
    }
}
