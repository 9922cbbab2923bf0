//! Instances that are held back: listing, releasing, deleting.
//!
//! In the index each has a key of its own in place of its UID, and studies and series whose keys
//! are no UIDs, so that nothing of it shows among the studies. Releasing writes a new record that
//! takes the old one's place: whenever a crash comes, exactly one of the two counts.

use std::time::Instant;

use bytes::Bytes;
use sagittal_core::Uid;
use sagittal_store::blob::{Committed, Hash, NewInstance, RecordAttributes, Spill};
use sagittal_store::index::{Change, FlawedFilter, Known, Record, Standing};

use super::report::Instance;
use crate::archive::Inner;
use crate::events::Happened;
use crate::indexer::Pending;
use crate::ingest::{Described, Exclusive, StoredSource, changes, describe};
use crate::{Archive, Error, Result};

/// Read and written at a time of a large instance.
const STEP: usize = 1 << 20;
/// Most that one answer lists.
const MOST: u64 = 10_000;

/// What the index calls a quarantined instance.
pub(crate) fn key(sop_instance_uid: &Uid, hash: &Hash) -> Uid {
    let mut hasher = blake3::Hasher::new();
    hasher.update(sop_instance_uid.as_str().as_bytes());
    hasher.update(hash);
    let hex = hasher.finalize().to_hex();
    let key = format!("quarantined.{}", hex.as_str().get(..40).unwrap_or_default());
    Uid::tolerant(&key).unwrap_or_else(|_| sop_instance_uid.clone())
}

/// Which instances with findings.
pub type Filter = FlawedFilter;

/// What releasing came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The instance.
    pub sop_instance_uid: String,
    /// Its study.
    pub study_instance_uid: String,
    /// It is shown now; if not, another instance with its UID is, and it is kept hidden.
    pub shown: bool,
}

impl Archive {
    /// Instances with findings, the last ones first.
    pub async fn flawed(&self, filter: Filter) -> Result<Vec<Instance>> {
        self.must_be_no_view()?;
        self.wait_indexed().await?;
        let inner = self.inner().clone();
        let filter = Filter {
            limit: filter.limit.min(MOST),
            ..filter
        };
        self.blocking(move || {
            let found = inner.index.flawed(&filter)?;
            Ok(found.into_iter().map(Instance::from).collect())
        })
        .await
    }

    /// Lets everybody see an instance that was held back; durable when it returns.
    pub async fn release(&self, id: i64) -> Result<Release> {
        self.must_be_no_view()?;
        let inner = self.inner().clone();
        let _turn = inner.rewriting.lock().await;
        let (instance, record, exclusive, known) = self.take_turn(id).await?;
        let release = |shown| Release {
            sop_instance_uid: instance.sop_instance_uid.clone(),
            study_instance_uid: instance.study_instance_uid.clone(),
            shown,
        };
        if known
            .as_ref()
            .is_some_and(|known| known.hash == record.hash)
        {
            // The same bytes came again and were let in.
            self.drop_held(&record, exclusive).await?;
            return Ok(release(true));
        }
        let shown = known.is_none();
        let copied = {
            let inner = inner.clone();
            let record = record.clone();
            self.blocking(move || inner.copy_held(&record, shown))
                .await?
        };
        let Copied {
            body,
            attributes,
            described,
        } = copied;
        let room = inner.indexer.room(described.header.len()).await?;
        let (hash, told, index) = (record.hash, attributes.clone(), inner.clone());
        let then = move |committed: &Committed| {
            let happened = shown.then(|| Happened::Stored {
                study: told.study_instance_uid.to_string(),
                series: told.series_instance_uid.to_string(),
                source: told.source.clone(),
            });
            index.indexer.push(Pending {
                changes: changes(&told, *described, hash, committed),
                sequence: committed.sequence,
                pack: committed.locator.pack,
                end: committed.end,
                happened,
                _exclusive: vec![exclusive],
                _room: Some(room),
            });
        };
        match body {
            Body::Memory { prefix, data } => {
                let instance = NewInstance {
                    attributes,
                    prefix,
                    data: vec![data],
                    hash,
                };
                inner.packs.append(instance, then).await?;
            }
            Body::Spill(spill) => {
                inner.packs.commit(*spill, attributes, hash, then).await?;
            }
        }
        let pack = record.locator.pack;
        inner.superfluous.lock().insert(pack, Instant::now());
        self.wait_indexed().await?;
        metrics::counter!("sagittal_quality_released_total").increment(1);
        Ok(release(shown))
    }

    /// Deletes an instance that is held back; durable when it returns.
    pub async fn delete_quarantined(&self, id: i64) -> Result<Instance> {
        self.must_be_no_view()?;
        let (instance, record, exclusive, _) = self.take_turn(id).await?;
        self.drop_held(&record, exclusive).await?;
        metrics::counter!("sagittal_deleted_total").increment(1);
        Ok(instance)
    }

    /// The instance, its record, the turn for its UID, and what is shown under that.
    async fn take_turn(&self, id: i64) -> Result<(Instance, Record, Exclusive, Option<Known>)> {
        let (instance, _) = self.held(id).await?;
        let uid = Uid::tolerant(&instance.sop_instance_uid).map_err(|_| not_found(id))?;
        self.inner().indexer.want();
        let exclusive = self.inner().in_flight.enter(&uid).await;
        // Another may have been faster.
        let (instance, record) = self.held(id).await?;
        let inner = self.inner().clone();
        let known = self
            .blocking(move || Ok(inner.index.known(uid.as_str())?))
            .await?;
        Ok((instance, record, exclusive, known))
    }

    async fn held(&self, id: i64) -> Result<(Instance, Record)> {
        self.wait_indexed().await?;
        let inner = self.inner().clone();
        self.blocking(move || {
            let filter = Filter {
                id: Some(id),
                standing: Some(Standing::Quarantined),
                limit: 1,
                ..Filter::default()
            };
            let found = inner.index.flawed(&filter)?.pop();
            let record = match u64::try_from(id) {
                Ok(sequence) => inner.index.record(sequence)?,
                Err(_) => None,
            };
            match (found, record) {
                (Some(found), Some(record)) => Ok((Instance::from(found), record)),
                _ => Err(not_found(id)),
            }
        })
        .await
    }

    async fn drop_held(&self, record: &Record, exclusive: Exclusive) -> Result<()> {
        let key = Uid::tolerant(&record.sop_instance_uid).map_err(|_| Error::Unreadable {
            reason: "a record without a key".to_owned(),
        })?;
        let room = self.inner().indexer.room(64).await?;
        let (inner, gone) = (self.inner().clone(), key.clone());
        let then = move |committed: &Committed| {
            inner.indexer.push(Pending {
                changes: vec![Change::Delete {
                    sop_instance_uids: vec![gone],
                    sequence: committed.sequence,
                }],
                sequence: committed.sequence,
                pack: committed.locator.pack,
                end: committed.end,
                happened: None,
                _exclusive: vec![exclusive],
                _room: Some(room),
            });
        };
        self.inner().packs.delete(vec![key], then).await?;
        self.wait_indexed().await
    }
}

fn not_found(id: i64) -> Error {
    Error::NotFound {
        what: "quarantined instance",
        uid: id.to_string(),
    }
}

enum Body {
    Memory { prefix: Bytes, data: Bytes },
    Spill(Box<Spill>),
}

struct Copied {
    body: Body,
    attributes: RecordAttributes,
    described: Box<Described>,
}

impl Inner {
    /// What the new record of a released instance holds. Blocks.
    fn copy_held(&self, record: &Record, shown: bool) -> Result<Copied> {
        let locator = record.locator;
        let before = self.packs.attributes(&locator)?;
        let class = before.sop_class_uid.clone();
        let mut source = StoredSource {
            packs: &self.packs,
            locator,
        };
        let ts = before.transfer_syntax_uid.to_string();
        let described = Box::new(describe(&mut source, &ts, Some(&class))?);
        let prefix = match locator.prefix_length {
            0 => Bytes::new(),
            _ => self.packs.read_prefix(&locator)?,
        };
        let mut hasher = blake3::Hasher::new();
        let body = if locator.length <= self.options.large_instance {
            let length = usize::try_from(locator.length).unwrap_or(usize::MAX);
            let data = self.packs.read(&locator, 0, length)?;
            hasher.update(&data);
            Body::Memory { prefix, data }
        } else {
            let mut spill = self.packs.spill(prefix)?;
            let mut offset = 0;
            while offset < locator.length {
                let length = (locator.length - offset).min(STEP as u64);
                let length = usize::try_from(length).unwrap_or(STEP);
                let bytes = self.packs.read(&locator, offset, length)?;
                if bytes.is_empty() {
                    break;
                }
                offset += bytes.len() as u64;
                hasher.update(&bytes);
                spill.write(bytes)?;
            }
            Body::Spill(Box::new(spill))
        };
        if *hasher.finalize().as_bytes() != record.hash {
            return Err(Error::Unrestorable {
                reason: format!("pack {} is damaged", locator.pack),
            });
        }
        let attributes = RecordAttributes {
            quarantined: false,
            hidden: !shown,
            replaces: false,
            recodes: Some(record.sequence),
            ..before
        };
        Ok(Copied {
            body,
            attributes,
            described,
        })
    }
}
