//! Verifying: every record's checksum and hash, and the index against the packs, both ways.

use std::collections::HashMap;
use std::ops::ControlFlow;

use sagittal_store::blob::Surveyed;

use crate::quality::quarantine_key;
use crate::{Archive, Progress, Result};

/// Problems that are listed; beyond, they are only counted.
const LISTED: usize = 10_000;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The pack.
    pub pack: u64,
    /// Where in it.
    pub offset: u64,
    /// The instance, if known.
    pub sop_instance_uid: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// What verifying found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Packs read.
    pub packs: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Records read.
    pub records: u64,
    /// Instances in the index.
    pub indexed: u64,
    /// Records of which it was proved that what was received can be made again of them.
    pub restored: u64,
    /// Records that nothing refers to any more: of deleted instances, or replaced.
    pub unused: u64,
    /// Problems in all.
    pub problem_count: u64,
    /// The first of them.
    pub problems: Vec<Problem>,
}

impl Verification {
    fn problem(&mut self, problem: Problem) {
        self.problem_count += 1;
        if self.problems.len() < LISTED {
            self.problems.push(problem);
        }
    }
}

/// What the index says of a place.
struct Expected {
    sop_instance_uid: String,
    hash: [u8; 32],
    length: u64,
}

impl Archive {
    /// Rereads everything. Storing goes on meanwhile; what comes after the beginning is left out.
    pub async fn verify(
        &self,
        progress: impl Fn(Progress) + Send + 'static,
    ) -> Result<Verification> {
        self.wait_indexed().await?;
        let inner = self.inner().clone();
        self.blocking(move || {
            let mut expected: HashMap<(u64, u64), Expected> = HashMap::new();
            let mut last_sequence = 0;
            inner.index.records(&mut |record| {
                last_sequence = record.sequence.max(last_sequence);
                let place = (record.locator.pack, record.locator.offset);
                expected.insert(
                    place,
                    Expected {
                        sop_instance_uid: record.sop_instance_uid,
                        hash: record.hash,
                        length: record.locator.length,
                    },
                );
                ControlFlow::Continue(())
            })?;
            let mut found = Verification {
                indexed: expected.len() as u64,
                ..Default::default()
            };
            let total_bytes = inner.packs.bytes();
            inner.packs.survey(&mut |surveyed| {
                inner.take(surveyed, last_sequence, &mut expected, &mut found)?;
                if found.records.is_multiple_of(100) {
                    let (bytes, records) = (found.bytes, found.records);
                    progress(Progress {
                        bytes,
                        total_bytes,
                        records,
                    });
                }
                Ok(())
            })?;
            for ((pack, offset), expected) in expected {
                found.problem(Problem {
                    pack,
                    offset,
                    sop_instance_uid: Some(expected.sop_instance_uid),
                    reason: "the index refers to a record that is not there".to_owned(),
                });
            }
            found
                .problems
                .sort_by_key(|problem| (problem.pack, problem.offset));
            Ok(found)
        })
        .await
    }
}

impl crate::archive::Inner {
    fn take(
        &self,
        surveyed: Surveyed,
        last_sequence: u64,
        expected: &mut HashMap<(u64, u64), Expected>,
        found: &mut Verification,
    ) -> sagittal_store::Result<()> {
        match surveyed {
            Surveyed::Pack { length, .. } => {
                found.packs += 1;
                found.bytes += length;
            }
            Surveyed::Damage(damage) => {
                let within = |(pack, offset): &(u64, u64)| {
                    *pack == damage.pack && damage.range.contains(offset)
                };
                let lost: Vec<_> = expected
                    .keys()
                    .filter(|place| within(place))
                    .copied()
                    .collect();
                let mut report = |offset, sop_instance_uid| {
                    found.problem(Problem {
                        pack: damage.pack,
                        offset,
                        sop_instance_uid,
                        reason: damage.reason.clone(),
                    });
                };
                if lost.is_empty() {
                    report(damage.range.start, None);
                }
                for place in lost {
                    let uid = expected
                        .remove(&place)
                        .map(|expected| expected.sop_instance_uid);
                    report(place.1, uid);
                }
            }
            Surveyed::Record {
                locator,
                sequence,
                hash,
                attributes,
            } => {
                found.records += 1;
                let Some(attributes) = attributes else {
                    return Ok(());
                };
                let uid = attributes.sop_instance_uid.to_string();
                // By which the index knows it, while it is held back.
                let key = match attributes.quarantined {
                    true => quarantine_key(&attributes.sop_instance_uid, &hash).to_string(),
                    false => uid.clone(),
                };
                match expected.remove(&(locator.pack, locator.offset)) {
                    Some(expected)
                        if expected.sop_instance_uid != key
                            || expected.hash != hash
                            || expected.length != locator.length =>
                    {
                        found.problem(Problem {
                            pack: locator.pack,
                            offset: locator.offset,
                            sop_instance_uid: Some(uid),
                            reason: "the index says otherwise than the record".to_owned(),
                        });
                    }
                    Some(_) if attributes.original.is_some() => {
                        match self.prove(locator, &attributes) {
                            Ok(()) => found.restored += 1,
                            Err(error) => found.problem(Problem {
                                pack: locator.pack,
                                offset: locator.offset,
                                sop_instance_uid: Some(uid),
                                reason: error.to_string(),
                            }),
                        }
                    }
                    Some(_) => {}
                    None if sequence > last_sequence => {}
                    None if self.index.was_deleted(&key)?
                        || self.index.was_deleted(&uid)?
                        || self.index.known(&uid)?.is_some() =>
                    {
                        found.unused += 1;
                    }
                    None => found.problem(Problem {
                        pack: locator.pack,
                        offset: locator.offset,
                        sop_instance_uid: Some(uid),
                        reason: "the index does not know of the record".to_owned(),
                    }),
                }
            }
        }
        Ok(())
    }
}
