//! An instance whose bytes are all here: is it new, and then into the packs.

use std::sync::Arc;

use bytes::Bytes;
use sagittal_core::Uid;
use sagittal_file::encoding::Encoding;
use sagittal_store::blob::{Committed, Hash, NewInstance, Original, RecordAttributes, Spill};
use sagittal_store::index::{Change, Entry, Known};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::describe::Described;
use super::in_flight::Exclusive;
use super::source::{Chunks, Source as _};
use super::{Announced, Outcome, Stored};
use crate::archive::Inner;
use crate::events::Happened;
use crate::indexer::Pending;
use crate::options::DuplicatePolicy;
use crate::quality::{Action, Verdict, arrival, quarantine_key};
use crate::{Archive, Error, Result};

/// The bytes, wherever they are.
pub(super) enum Body {
    Memory { prefix: Bytes, data: Vec<Bytes> },
    Spill(Box<Spill>),
}

/// All that is known before the instance is written.
pub(crate) struct Candidate {
    pub(super) body: Body,
    pub(crate) hash: Hash,
    pub(crate) transfer_syntax_uid: Uid,
    pub(crate) source: String,
    pub(super) received_ms: i64,
    pub(crate) described: Described,
    /// What was received, if that is not what is kept.
    pub(super) original: Option<Box<Original>>,
    /// What was found in it, once it was judged.
    pub(super) verdict: Option<Verdict>,
    /// The turn and what is kept under the UID, if both could be had at once.
    pub(super) turn: Option<(Exclusive, Option<Known>)>,
}

/// The data set against what its sender said (PS3.4 §B.2.3, PS3.18 §10.5).
pub(super) fn check(announced: &Announced, described: &Described) -> Result<()> {
    let pairs = [
        (
            "SOP Class UID",
            &announced.sop_class_uid,
            &described.uids.sop_class,
        ),
        (
            "SOP Instance UID",
            &announced.sop_instance_uid,
            &described.uids.sop_instance,
        ),
        (
            "Study Instance UID",
            &announced.study_instance_uid,
            &described.uids.study,
        ),
    ];
    for (what, announced, found) in pairs {
        if let Some(announced) = announced
            && announced != found
        {
            return Err(Error::Mismatch {
                reason: format!("{what} is {found}, announced was {announced}"),
            });
        }
    }
    Ok(())
}

impl Inner {
    /// The turn for a UID and what is kept under it; `None` if another has the turn. Blocks.
    pub(super) fn try_turn(&self, uid: &Uid) -> Result<Option<(Exclusive, Option<Known>)>> {
        let Some(exclusive) = self.in_flight.try_enter(uid) else {
            return Ok(None);
        };
        let known = self.index.known(uid.as_str())?;
        Ok(Some((exclusive, known)))
    }

    /// As [`Inner::try_turn`], and `None` too if the index is not free to answer. Does not block.
    pub(super) fn try_turn_now(&self, uid: &Uid) -> Result<Option<(Exclusive, Option<Known>)>> {
        let Some(exclusive) = self.in_flight.try_enter(uid) else {
            return Ok(None);
        };
        let known = self.index.known_now(uid.as_str())?;
        Ok(known.map(|known| (exclusive, known)))
    }
}

impl Archive {
    async fn turn(&self, uid: &Uid) -> Result<(Exclusive, Option<Known>)> {
        // Who has it gives it back when the index knows: do not let that take its time.
        self.inner().indexer.want();
        let patience = std::time::Duration::from_secs(60);
        let exclusive = tokio::time::timeout(patience, self.inner().in_flight.enter(uid)).await;
        let Ok(exclusive) = exclusive else {
            return Err(Error::Store(sagittal_store::Error::Index {
                reason: "does not follow".to_owned(),
            }));
        };
        let (inner, uid) = (self.inner().clone(), uid.clone());
        let known = self
            .blocking(move || Ok(inner.index.known(uid.as_str())?))
            .await?;
        Ok((exclusive, known))
    }

    /// Decides about a candidate, writes it, and returns when it is durable.
    pub(super) async fn store(&self, mut candidate: Candidate) -> Result<Stored> {
        let (exclusive, known) = match candidate.turn.take() {
            Some(turn) => turn,
            None => self.turn(&candidate.described.uids.sop_instance).await?,
        };
        let policy = self.options().duplicates;
        let outcome = match &known {
            None => Outcome::New,
            Some(known) if known.hash == candidate.hash => Outcome::Identical,
            Some(known) if self.was_received_so(known, candidate.hash).await? => Outcome::Identical,
            Some(_) => match policy {
                DuplicatePolicy::KeepBoth => Outcome::KeptHidden,
                DuplicatePolicy::Replace => Outcome::Replaced,
                DuplicatePolicy::KeepFirst => {
                    metrics::counter!("sagittal_ingest_total", "outcome" => "refused").increment(1);
                    return Err(Error::Duplicate {
                        sop_instance_uid: candidate.described.uids.sop_instance.clone(),
                    });
                }
            },
        };
        let mut outcome = outcome;
        let mut kept_already = match outcome {
            Outcome::Identical => true,
            Outcome::KeptHidden => {
                self.is_hidden(&candidate.described.uids.sop_instance, candidate.hash)
                    .await?
            }
            _ => false,
        };
        if !kept_already && self.options().quality.enabled {
            let (judged, verdict) = self.judge(candidate, known.is_some()).await?;
            candidate = judged;
            match verdict.action {
                Action::Refuse => {
                    metrics::counter!("sagittal_ingest_total", "outcome" => "refused").increment(1);
                    return Err(self.refuse(&candidate, &verdict).await?);
                }
                Action::Quarantine => {
                    outcome = Outcome::Quarantined;
                    let key =
                        quarantine_key(&candidate.described.uids.sop_instance, &candidate.hash);
                    kept_already = self.is_hidden(&key, candidate.hash).await?;
                }
                Action::Accept | Action::Tag => {}
            }
            candidate.verdict = Some(verdict);
        }
        if matches!(outcome, Outcome::New | Outcome::Replaced)
            && self.inner().compresses_on_arrival()
        {
            let inner = self.inner().clone();
            let work = move || {
                inner.compress_arriving(&mut candidate);
                Ok(candidate)
            };
            candidate = self.blocking(work).await?;
        }
        let stored = candidate.stored(outcome);
        if !kept_already {
            self.write(candidate, outcome, exclusive).await?;
        }
        let label = match outcome {
            Outcome::New => "new",
            Outcome::Identical => "identical",
            Outcome::KeptHidden if kept_already => "identical_hidden",
            Outcome::KeptHidden => "hidden",
            Outcome::Replaced => "replaced",
            Outcome::Quarantined => "quarantined",
        };
        metrics::counter!("sagittal_ingest_total", "outcome" => label).increment(1);
        Ok(stored)
    }

    /// Was the known instance received with these bytes, and is kept in another encoding?
    async fn was_received_so(&self, known: &Known, hash: Hash) -> Result<bool> {
        if !Encoding::of(&known.transfer_syntax_uid).encapsulated {
            return Ok(false);
        }
        let (inner, locator) = (self.inner().clone(), known.locator);
        self.blocking(move || {
            let original = inner.packs.attributes(&locator)?.original;
            Ok(original.is_some_and(|original| original.hash == hash))
        })
        .await
    }

    /// Are these bytes kept hidden under this UID? To be asked by who has its turn.
    async fn is_hidden(&self, uid: &Uid, hash: Hash) -> Result<bool> {
        let (inner, uid) = (self.inner().clone(), uid.clone());
        self.blocking(move || Ok(inner.index.is_hidden(uid.as_str(), &hash)?))
            .await
    }

    async fn write(
        &self,
        candidate: Candidate,
        outcome: Outcome,
        exclusive: Exclusive,
    ) -> Result<()> {
        let room = self.inner().indexer.room(candidate.indexed()).await?;
        let inner = self.inner().clone();
        let packs = &self.inner().packs;
        let (body, record, then) = candidate.into_record(inner, outcome, exclusive, room);
        match body {
            Body::Memory { prefix, data } => {
                let instance = NewInstance {
                    attributes: record.attributes,
                    prefix,
                    data,
                    hash: record.hash,
                };
                packs.append(instance, then).await?;
            }
            Body::Spill(spill) => {
                packs
                    .commit(*spill, record.attributes, record.hash, then)
                    .await?;
            }
        }
        Ok(())
    }
}

/// What came of trying to store without waiting.
pub(super) enum Attempt {
    /// It is durable, or refused.
    Done(Result<Stored>),
    /// Not now, or not so simple: [`Archive::store`] does it.
    Not(Box<Candidate>),
}

impl Inner {
    /// Stores a candidate that is new, on a thread that may block and without another's help. The
    /// answer comes through `answer`, when it is durable; the call may last longer, for it does the
    /// work of others as well.
    pub(super) fn store_here(
        self: &Arc<Self>,
        mut candidate: Candidate,
        answer: oneshot::Sender<Result<Attempt>>,
    ) {
        let give_back = |answer: oneshot::Sender<_>, candidate| {
            let _ = answer.send(Ok(Attempt::Not(Box::new(candidate))));
        };
        if !matches!(
            (&candidate.turn, &candidate.body),
            (Some((_, None)), Body::Memory { .. })
        ) {
            return give_back(answer, candidate);
        }
        let Some(room) = self.indexer.try_room(candidate.indexed()) else {
            return give_back(answer, candidate);
        };
        let bytes = candidate.body.bytes();
        let Some(place) = self.packs.try_room(bytes) else {
            return give_back(answer, candidate);
        };
        if self.options.quality.enabled {
            let verdict = match self.judge(&candidate, false) {
                Ok(verdict) => verdict,
                Err(error) => {
                    let _ = answer.send(Err(error));
                    return;
                }
            };
            // Not so simple, and rare.
            if verdict.action > Action::Tag {
                return give_back(answer, candidate);
            }
            candidate.verdict = Some(verdict);
        }
        if self.compresses_on_arrival() {
            self.compress_arriving(&mut candidate);
        }
        let Some((exclusive, None)) = candidate.turn.take() else {
            return give_back(answer, candidate);
        };
        let stored = candidate.stored(Outcome::New);
        let (body, record, then) =
            candidate.into_record(self.clone(), Outcome::New, exclusive, room);
        let Body::Memory { prefix, data } = body else {
            return;
        };
        let instance = NewInstance {
            attributes: record.attributes,
            prefix,
            data,
            hash: record.hash,
        };
        self.packs.append_here(instance, place, move |result| {
            let result = result.map_err(Error::Store).map(|committed| {
                then(&committed);
                metrics::counter!("sagittal_ingest_total", "outcome" => "new").increment(1);
                stored
            });
            let _ = answer.send(Ok(Attempt::Done(result)));
        });
    }
}

/// What goes into the record besides the bytes.
struct Record {
    attributes: RecordAttributes,
    hash: Hash,
}

impl Body {
    /// Bytes of the data set.
    pub(super) fn length(&self) -> u64 {
        match self {
            Body::Memory { data, .. } => data.iter().map(|chunk| chunk.len() as u64).sum(),
            Body::Spill(spill) => spill.length(),
        }
    }

    /// The data set in one piece. Blocks.
    pub(super) fn whole(&mut self) -> Result<Bytes> {
        let length = usize::try_from(self.length()).unwrap_or(usize::MAX);
        match self {
            Body::Memory { data, .. } => Chunks::new(data).read(0, length),
            Body::Spill(spill) => Ok(spill.read(0, length)?),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Body::Memory { prefix, data } => {
                prefix.len() + data.iter().map(Bytes::len).sum::<usize>()
            }
            Body::Spill(_) => 0,
        }
    }
}

impl Candidate {
    /// Preamble and meta, and data set, if they are in memory.
    pub(crate) fn in_memory(&self) -> Option<(&Bytes, &[Bytes])> {
        match &self.body {
            Body::Memory { prefix, data } if self.original.is_none() => Some((prefix, data)),
            _ => None,
        }
    }

    /// Takes the form in which it is kept.
    pub(crate) fn become_recoded(
        &mut self,
        data: Vec<Bytes>,
        hash: Hash,
        transfer_syntax_uid: Uid,
        original: Original,
    ) {
        let prefix = Bytes::new();
        self.body = Body::Memory { prefix, data };
        self.hash = hash;
        self.transfer_syntax_uid = transfer_syntax_uid;
        self.original = Some(Box::new(original));
    }

    /// Bytes that wait for the index.
    fn indexed(&self) -> usize {
        self.described.header.len() + self.described.frames.len()
    }

    /// What its sender is told.
    fn stored(&mut self, outcome: Outcome) -> Stored {
        let uids = self.described.uids.clone();
        Stored {
            sop_class_uid: uids.sop_class,
            sop_instance_uid: uids.sop_instance,
            study_instance_uid: uids.study,
            series_instance_uid: uids.series,
            outcome,
            findings: std::mem::take(&mut self.described.findings),
        }
    }

    /// The record to be written, and what is to be done when it is durable.
    fn into_record(
        self,
        inner: Arc<Inner>,
        outcome: Outcome,
        exclusive: Exclusive,
        room: OwnedSemaphorePermit,
    ) -> (Body, Record, impl FnOnce(&Committed) + Send + 'static) {
        let Candidate {
            body,
            hash,
            transfer_syntax_uid,
            source,
            received_ms,
            described,
            original,
            verdict,
            ..
        } = self;
        let quarantined = outcome == Outcome::Quarantined;
        let attributes = RecordAttributes {
            sop_class_uid: described.uids.sop_class.clone(),
            sop_instance_uid: described.uids.sop_instance.clone(),
            study_instance_uid: described.uids.study.clone(),
            series_instance_uid: described.uids.series.clone(),
            transfer_syntax_uid,
            source,
            received_ms,
            hidden: quarantined || outcome == Outcome::KeptHidden,
            replaces: outcome == Outcome::Replaced,
            original,
            recodes: None,
            quarantined,
            quality: verdict
                .map(|verdict| verdict.to_bytes())
                .unwrap_or_default(),
        };
        let record = attributes.clone();
        let then = move |committed: &Committed| {
            let happened = (!record.hidden).then(|| Happened::Stored {
                study: record.study_instance_uid.to_string(),
                series: record.series_instance_uid.to_string(),
                source: record.source.clone(),
            });
            inner.indexer.push(Pending {
                changes: changes(&record, described, hash, committed),
                sequence: committed.sequence,
                pack: committed.locator.pack,
                end: committed.end,
                happened,
                _exclusive: vec![exclusive],
                _room: Some(room),
            });
        };
        (body, Record { attributes, hash }, then)
    }
}

/// What a record of an instance means to the index.
pub(crate) fn changes(
    record: &RecordAttributes,
    mut described: Described,
    hash: Hash,
    committed: &Committed,
) -> Vec<Change> {
    let arrival = arrival(record, &described.series.modality);
    let key = quarantine_key(&record.sop_instance_uid, &hash);
    let mut changes = Vec::with_capacity(2);
    if record.replaces {
        changes.push(Change::Supersede {
            sop_instance_uid: record.sop_instance_uid.clone(),
            sequence: committed.sequence,
        });
    }
    if let Some(recoded) = record.recodes {
        // By whichever name the index knows it: it may have been held back.
        for sop_instance_uid in [record.sop_instance_uid.clone(), key.clone()] {
            changes.push(Change::Recode {
                sop_instance_uid,
                record: recoded,
                sequence: committed.sequence,
            });
        }
    }
    if record.quarantined {
        described.hide(&key);
    }
    changes.push(Change::Store(Box::new(Entry {
        study: described.study,
        series: described.series,
        instance: described.instance,
        locator: committed.locator,
        sequence: committed.sequence,
        hash,
        transfer_syntax_uid: record.transfer_syntax_uid.to_string(),
        frames: described.frames,
        header: described.header,
        source: record.source.clone(),
        received_ms: record.received_ms,
        hidden: record.hidden,
        arrival,
    })));
    changes
}
