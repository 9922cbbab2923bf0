//! Doing it: one element changed, kept or removed, and recorded.

use bytes::Bytes;
use sagittal_core::{CharacterSet, Element, Value, Vr, tags};

use super::Engine;
use super::decide::{Plan, What};
use super::level::Level;
use crate::value::{age, check, dummy, shift};
use crate::{Action, Asked, IdentifierKind, Primitive, Reason, Result, Taken};

/// An element whose value is bytes, and what is to become of it.
pub(super) struct Job<'j> {
    pub vr: Vr,
    pub bytes: &'j Bytes,
    pub charset: &'j CharacterSet,
    pub plan: Plan<'j>,
}

/// What became of it.
pub(super) struct Fate {
    pub taken: Taken,
    pub reason: Reason,
    /// `None`: removed.
    pub after: Option<Bytes>,
}

impl Fate {
    pub fn new(taken: Taken, reason: Reason, after: Option<Bytes>) -> Fate {
        Fate {
            taken,
            reason,
            after,
        }
    }
}

impl Engine<'_> {
    /// Does to a standard element what was planned.
    pub(super) fn act(
        &mut self,
        element: Element,
        plan: Plan<'_>,
        level: &Level,
    ) -> Result<Option<Element>> {
        self.act_as(element, plan, &level.charset, None)
    }

    /// Does to an element what was planned.
    pub(super) fn act_as(
        &mut self,
        element: Element,
        plan: Plan<'_>,
        charset: &CharacterSet,
        creator: Option<&str>,
    ) -> Result<Option<Element>> {
        let Element { tag, vr, value } = element;
        match value {
            Value::Bytes(bytes) => {
                if tag == tags::ENCAPSULATED_DOCUMENT && self.tags.len() == 1 {
                    return self.document(bytes, plan).map(Some);
                }
                let job = Job {
                    vr,
                    bytes: &bytes,
                    charset,
                    plan,
                };
                let fate = self.fate(&job);
                // Bulk that stays is not shown: nobody hashes pixel data for nothing.
                let bulk = vr.is_bulk() && fate.taken == Taken::Kept;
                let shown = |bytes: &Bytes| if bulk { Bytes::new() } else { bytes.clone() };
                let (before, after) = (shown(&bytes), fate.after.as_ref().map(shown));
                let done = (fate.taken, fate.reason);
                self.record(vr, creator, plan.asked, done, &before, after.as_deref());
                Ok(fate.after.map(|after| Element {
                    tag,
                    vr,
                    value: Value::Bytes(after),
                }))
            }
            Value::Sequence(items) => self.sequence(tag, items, plan, creator),
            Value::Fragments(_) | Value::BulkDataUri(_) => {
                let done = (Taken::Removed, Reason::Unreadable);
                self.record(vr, creator, plan.asked, done, &[], None);
                Ok(None)
            }
        }
    }

    fn fate(&self, job: &Job<'_>) -> Fate {
        let plan = &job.plan;
        match plan.what {
            What::Replace(text) => {
                let after = replacement(job, text);
                Fate::new(Taken::Replaced, plan.reason, Some(after))
            }
            What::Pseudonym(kind) => self.pseudonym(job, kind),
            What::Do(primitive) => self.primitive(job, primitive, plan.reason),
        }
    }

    fn primitive(&self, job: &Job<'_>, primitive: Primitive, reason: Reason) -> Fate {
        match primitive {
            Primitive::Remove => Fate::new(Taken::Removed, reason, None),
            Primitive::Zero => self.zero(job, reason),
            Primitive::Dummy => self.dummy(job, reason),
            Primitive::Keep => self.keep(job, reason),
            Primitive::Clean => self.clean(job, reason),
            Primitive::Uid if job.vr == Vr::UI => self.uids(job, reason),
            Primitive::Uid => self.cannot(job),
        }
    }

    fn zero(&self, job: &Job<'_>, reason: Reason) -> Fate {
        if is_blank(job.bytes) {
            let taken = if job.bytes.is_empty() {
                Taken::Kept
            } else {
                Taken::Emptied
            };
            return Fate::new(taken, reason, Some(Bytes::new()));
        }
        match self.stand_in(job, reason) {
            Some(fate) => fate,
            None => Fate::new(Taken::Emptied, reason, Some(Bytes::new())),
        }
    }

    fn dummy(&self, job: &Job<'_>, reason: Reason) -> Fate {
        if job.vr == Vr::UI {
            return self.uids(job, reason);
        }
        if !is_blank(job.bytes)
            && let Some(fate) = self.stand_in(job, reason)
        {
            return fate;
        }
        let value = self
            .tags
            .last()
            .and_then(|tag| dummy::of_value_set(*tag))
            .map_or_else(
                || dummy::value(job.vr, job.bytes),
                |text| text.as_bytes().to_vec(),
            );
        Fate::new(Taken::Dummied, reason, Some(padded(value, job.vr)))
    }

    /// A pseudonym for what identifies somebody or something, where the policy wants one.
    fn stand_in(&self, job: &Job<'_>, reason: Reason) -> Option<Fate> {
        let tag = *self.tags.last()?;
        let kind = match tag {
            tags::PATIENT_NAME => IdentifierKind::Patient,
            _ => dummy::identifier_kind(tag)?,
        };
        if kind != IdentifierKind::Patient && !self.session.project.policy.pseudonymous_identifiers
        {
            return None;
        }
        if !check::takes_pseudonym(job.vr) || job.vr == Vr::AE {
            return None;
        }
        let fate = self.pseudonym(job, kind);
        Some(Fate { reason, ..fate })
    }

    fn pseudonym(&self, job: &Job<'_>, kind: IdentifierKind) -> Fate {
        let pseudonyms = &self.session.project.pseudonyms;
        let name_of_patient = self.tags.last() == Some(&tags::PATIENT_NAME);
        let text = job.charset.decode(job.bytes, job.vr);
        let old = text.trim_matches([' ', '\0']);
        let new = if name_of_patient && !self.patient_id.is_empty() {
            pseudonyms.identifier(IdentifierKind::Patient, &self.patient_id)
        } else if old.is_empty() {
            return Fate::new(Taken::Kept, job.plan.reason, Some(Bytes::new()));
        } else {
            let values = old.split('\\').map(|value| match value.trim() {
                "" => String::new(),
                value => pseudonyms.identifier(kind, value),
            });
            values.collect::<Vec<_>>().join("\\")
        };
        let after = padded(job.charset.encode_lossy(&new, job.vr), job.vr);
        Fate::new(Taken::Replaced, job.plan.reason, Some(after))
    }

    fn keep(&self, job: &Job<'_>, reason: Reason) -> Fate {
        let kept = || Fate::new(Taken::Kept, reason, Some(job.bytes.clone()));
        match job.vr {
            Vr::AS => self.age(job, reason),
            Vr::UI if !is_uid_text(job.bytes) => self.uids(job, Reason::Unreadable),
            // A number that is none may be a name.
            Vr::DS | Vr::IS if !check::is_plain_number(job.bytes) => self.cannot(job),
            Vr::DA | Vr::DT | Vr::TM if !self.is_time(job) => self.cannot(job),
            _ => kept(),
        }
    }

    fn is_time(&self, job: &Job<'_>) -> bool {
        let text = job.charset.decode(job.bytes, job.vr);
        shift::readable(&text, job.vr)
    }

    pub(super) fn age(&self, job: &Job<'_>, reason: Reason) -> Fate {
        let text = job.charset.decode(job.bytes, Vr::AS);
        if is_blank(job.bytes) {
            return Fate::new(Taken::Kept, reason, Some(job.bytes.clone()));
        }
        let by_override = matches!(job.plan.asked, Asked::Policy(Action::One(Primitive::Keep)));
        match age::capped(&text) {
            _ if by_override => Fate::new(Taken::Kept, reason, Some(job.bytes.clone())),
            Some(ceiling) if ceiling != text.trim_matches([' ', '\0']) => {
                let after = padded(ceiling.as_bytes().to_vec(), Vr::AS);
                Fate::new(Taken::Cleaned, reason, Some(after))
            }
            _ if age::is_age(&text) => Fate::new(Taken::Kept, reason, Some(job.bytes.clone())),
            _ => self.cannot(job),
        }
    }

    pub(super) fn uids(&self, job: &Job<'_>, reason: Reason) -> Fate {
        let text = job.charset.decode(job.bytes, Vr::UI);
        let mut changed = false;
        let new: Vec<String> = text
            .split('\\')
            .map(|old| match old.trim_matches([' ', '\0']) {
                "" => String::new(),
                old => {
                    let new = self.session.uid(old).to_string();
                    changed |= new != old;
                    new
                }
            })
            .collect();
        if !changed {
            let reason = if is_blank(job.bytes) {
                reason
            } else {
                Reason::NotIdentifying
            };
            return Fate::new(Taken::Kept, reason, Some(job.bytes.clone()));
        }
        let after = padded(new.join("\\").into_bytes(), Vr::UI);
        Fate::new(Taken::Replaced, reason, Some(after))
    }

    /// What cannot be interpreted is not let through: removed, emptied or a dummy, as the IOD wants.
    pub(super) fn cannot(&self, job: &Job<'_>) -> Fate {
        let (primitive, _) = self.resolve(Action::RemoveZeroOrDummy);
        match primitive {
            Primitive::Zero => Fate::new(Taken::Emptied, Reason::Unreadable, Some(Bytes::new())),
            Primitive::Dummy => {
                let value = padded(dummy::value(job.vr, job.bytes), job.vr);
                Fate::new(Taken::Dummied, Reason::Unreadable, Some(value))
            }
            _ => Fate::new(Taken::Removed, Reason::Unreadable, None),
        }
    }
}

/// Nothing but padding.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | 0))
}

fn is_uid_text(bytes: &[u8]) -> bool {
    let ok = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'\\' | b' ' | 0);
    bytes.iter().all(ok)
}

/// Padded to even length, as values in a data set are held.
pub(super) fn padded(mut value: Vec<u8>, vr: Vr) -> Bytes {
    if value.len() % 2 == 1 {
        value.push(vr.padding());
    }
    value.into()
}

/// The bytes of a value that a policy gives; it was checked against the VR when it was read.
fn replacement(job: &Job<'_>, text: &str) -> Bytes {
    let numbers = || {
        text.split('\\')
            .filter_map(|value| value.trim().parse::<i64>().ok())
    };
    let floats = || {
        text.split('\\')
            .filter_map(|value| value.trim().parse::<f64>().ok())
    };
    let bytes: Vec<u8> = match job.vr {
        // Two's complement: signed and unsigned have the same bytes.
        Vr::US | Vr::SS => numbers()
            .flat_map(|n| n.to_le_bytes().into_iter().take(2))
            .collect(),
        Vr::UL | Vr::SL => numbers()
            .flat_map(|n| n.to_le_bytes().into_iter().take(4))
            .collect(),
        Vr::UV | Vr::SV => numbers().flat_map(i64::to_le_bytes).collect(),
        Vr::FL => floats()
            .flat_map(|value| (value as f32).to_le_bytes())
            .collect(),
        Vr::FD => floats().flat_map(f64::to_le_bytes).collect(),
        _ => job.charset.encode_lossy(text, job.vr),
    };
    padded(bytes, job.vr)
}
