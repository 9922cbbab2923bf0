//! Deleting: recorded in the packs, as durable as a store when it is acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sagittal_core::Uid;
use sagittal_store::blob::Committed;
use sagittal_store::index::{Change, Row, Selection};

use crate::events::Happened;
use crate::indexer::Pending;
use crate::ingest::Exclusive;
use crate::retrieve::Selector;
use crate::{Archive, Error, Result};

/// UIDs in one record.
const BATCH: usize = 5000;

/// What a deletion did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Instances deleted.
    pub instances: u64,
    /// Studies they were in.
    pub study_instance_uids: Vec<Uid>,
}

/// Instances to be deleted, by SOP Instance UID, and their studies.
type Doomed = BTreeMap<Uid, String>;

impl Archive {
    /// Deletes what is selected; durable when it returns. `NotFound` if nothing is, and if nothing
    /// restricts the selection: nobody deletes an archive by leaving out a key.
    pub async fn delete(&self, selector: &Selector) -> Result<Deleted> {
        self.must_be_no_view()?;
        self.wait_indexed().await?;
        let doomed = self.doomed(selector).await?;
        if doomed.is_empty() {
            return Err(not_found(selector));
        }
        let studies: BTreeSet<String> = doomed.values().cloned().collect();
        let deleted = Deleted {
            instances: doomed.len() as u64,
            study_instance_uids: studies
                .iter()
                .filter_map(|uid| Uid::tolerant(uid).ok())
                .collect(),
        };
        let all: Vec<(Uid, String)> = doomed.into_iter().collect();
        for batch in all.chunks(BATCH) {
            self.delete_batch(batch).await?;
        }
        // Who asks next finds them gone.
        self.wait_indexed().await?;
        Ok(deleted)
    }

    async fn doomed(&self, selector: &Selector) -> Result<Doomed> {
        let strings = |uids: &[Uid]| uids.iter().map(Uid::to_string).collect::<Vec<_>>();
        let selection = Selection {
            patient_ids: selector.patient_ids.clone(),
            study_instance_uids: strings(&selector.study_instance_uids),
            series_instance_uids: strings(&selector.series_instance_uids),
            sop_instance_uids: strings(&selector.sop_instance_uids),
        };
        if selection == Selection::default() {
            return Ok(Doomed::new());
        }
        let inner = self.inner().clone();
        self.blocking(move || {
            let mut doomed = Doomed::new();
            inner.index.instances(&selection, &mut |row| {
                if let Row::Instance(study, _, instance) = row
                    && let Ok(uid) = Uid::tolerant(&instance.attributes.sop_instance_uid)
                {
                    doomed.insert(uid, study.attributes.study_instance_uid.clone());
                }
                ControlFlow::Continue(())
            })?;
            Ok(doomed)
        })
        .await
    }

    async fn delete_batch(&self, batch: &[(Uid, String)]) -> Result<()> {
        // In one order everywhere, so that two deletions do not wait for each other; a store holds
        // only one. Until the index knows, a sender of the same bytes must not be told that they
        // are kept.
        self.inner().indexer.want();
        let mut exclusive: Vec<Exclusive> = Vec::with_capacity(batch.len());
        for (uid, _) in batch {
            exclusive.push(self.inner().in_flight.enter(uid).await);
        }
        let uids: Vec<Uid> = batch.iter().map(|(uid, _)| uid.clone()).collect();
        let mut studies = BTreeMap::new();
        for (_, study) in batch {
            *studies.entry(study.clone()).or_insert(0) += 1;
        }
        let room = self.inner().indexer.room(uids.len() * 64).await?;
        let (inner, gone) = (self.inner().clone(), uids.clone());
        let then = move |committed: &Committed| {
            inner.indexer.push(Pending {
                changes: vec![Change::Delete {
                    sop_instance_uids: gone,
                    sequence: committed.sequence,
                }],
                sequence: committed.sequence,
                pack: committed.locator.pack,
                end: committed.end,
                happened: Some(Happened::Deleted { studies }),
                _exclusive: exclusive,
                _room: Some(room),
            });
        };
        self.inner().patients.forget();
        let count = uids.len() as u64;
        self.inner().packs.delete(uids, then).await?;
        metrics::counter!("sagittal_deleted_total").increment(count);
        Ok(())
    }
}

fn not_found(selector: &Selector) -> Error {
    let levels = [
        ("instance", &selector.sop_instance_uids),
        ("series", &selector.series_instance_uids),
        ("study", &selector.study_instance_uids),
    ];
    for (what, uids) in levels {
        if let Some(uid) = uids.first() {
            return Error::NotFound {
                what,
                uid: uid.to_string(),
            };
        }
    }
    Error::NotFound {
        what: "instance",
        uid: "without a key".to_owned(),
    }
}
