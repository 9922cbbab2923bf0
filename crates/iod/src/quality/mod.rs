//! Data quality of an instance as it arrives: cheap checks on the attributes of its header, without
//! a tree of it and without its tables (PS3.5 §6.1, §6.2, §9; PS3.3 §C.7).
//!
//! A [`Checker`] sees the elements of the data set's root on a walk that is made anyway. It knows
//! nothing of other instances; [`patient`] compares what a study is known by.

pub mod coercion;
mod dates;
mod gaps;
mod names;
pub mod patient;
mod sides;
mod watched;

#[cfg(test)]
mod tests;

pub use gaps::gap;

use sagittal_core::{CharacterSet, Tag, TagPath, Vr, sop_class, tags};

use crate::attribute_type::{AttributeType, attribute_type};
use crate::finding::{Finding, Kind, Severity};
use crate::validate::collector::{Collector, Draft};
use crate::validate::{Options, text, uid, value};
use watched::{WATCHED, Watched};

/// Findings kept of one instance.
const MOST: usize = 16;

/// What cannot be read from the instance itself.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// The latest day that can be meant, `YYYYMMDD`: tomorrow, for clocks and time zones differ.
    pub latest_day: u32,
    /// The mildest severity that is of interest.
    pub least: Severity,
}

/// Looks at the elements of a data set's root, in whatever order they come.
#[derive(Debug)]
pub struct Checker {
    collector: Collector,
    explicit: bool,
    /// Where in [`WATCHED`] the next element is sought first.
    next: usize,
    seen: Seen,
    latest_day: u32,
}

/// Values that are compared with each other at the end.
#[derive(Debug, Default)]
struct Seen {
    uids: [Vec<u8>; 4],
    sop_class: Vec<u8>,
    modality: Option<bool>,
    laterality: Vec<u8>,
    image_laterality: Option<Vec<u8>>,
    study_day: Option<u32>,
    birth_day: Option<u32>,
    patient_name: bool,
    patient_id: bool,
    has_character_set: bool,
}

/// Attributes whose UIDs never name the same thing, as [`Seen::uids`] holds them.
const UIDS: [Tag; 4] = [
    tags::SOP_INSTANCE_UID,
    tags::SERIES_INSTANCE_UID,
    tags::STUDY_INSTANCE_UID,
    tags::FRAME_OF_REFERENCE_UID,
];

impl Checker {
    /// For a data set whose VRs are written (`explicit`), or come from the dictionary.
    pub fn new(explicit: bool, surroundings: Surroundings) -> Checker {
        Checker {
            collector: Collector::new(Options {
                least: surroundings.least,
                most: MOST,
            }),
            explicit,
            next: 0,
            seen: Seen::default(),
            latest_day: surroundings.latest_day,
        }
    }

    /// Sees an element of the root: its VR as it is written, its value as it came.
    pub fn element(&mut self, tag: Tag, vr: Vr, bytes: &[u8], set: &CharacterSet) {
        if let Some(watched) = self.watched(tag) {
            self.check(watched, vr, bytes, set);
        }
    }

    fn watched(&mut self, tag: Tag) -> Option<&'static Watched> {
        // Elements come in ascending order, but for broken data sets.
        let out_of_order = self
            .next
            .checked_sub(1)
            .and_then(|before| WATCHED.get(before))
            .is_some_and(|before| before.tag >= tag);
        if out_of_order {
            self.next = WATCHED.partition_point(|watched| watched.tag < tag);
        }
        while let Some(watched) = WATCHED.get(self.next) {
            if watched.tag >= tag {
                let found = (watched.tag == tag).then_some(watched);
                self.next += usize::from(found.is_some());
                return found;
            }
            self.next += 1;
        }
        None
    }

    fn check(&mut self, watched: &Watched, vr: Vr, bytes: &[u8], set: &CharacterSet) {
        let tag = watched.tag;
        if self.explicit && vr != watched.vr {
            self.wrong_vr(watched, vr);
        }
        let vr = watched.vr;
        let trimmed = trim(bytes);
        self.remember(tag, trimmed);
        if trimmed.is_empty() {
            return;
        }
        // Common, and it does no harm to whoever reads.
        if let Some(problem) = value::check_padding(vr, bytes) {
            self.value(tag, Severity::Information, problem);
        }
        if vr.uses_character_set() {
            text::check(text::Of { tag, vr }, set, trimmed, &mut self.collector);
            if vr == Vr::PN {
                names::check(tag, bytes, set, &mut self.collector);
            }
            return;
        }
        if tag == tags::SPECIFIC_CHARACTER_SET {
            self.seen.has_character_set = true;
            unknown_terms(set, &mut self.collector);
            return;
        }
        if let Some(problem) = value::check(vr, bytes) {
            self.value(tag, Severity::Error, problem);
        }
        if vr == Vr::DA {
            self.day(tag, trimmed);
        }
    }

    fn value(&mut self, tag: Tag, severity: Severity, problem: value::Problem) {
        let clause = match problem.kind {
            Kind::Uid => "PS3.5 §9.1",
            _ => "PS3.5 §6.2",
        };
        self.add(
            tag,
            Draft {
                kind: problem.kind,
                severity,
                clause,
                found: problem.found.into(),
                fix: problem.fix.into(),
                ..Draft::default()
            },
        );
    }

    fn wrong_vr(&mut self, watched: &Watched, vr: Vr) {
        let expected = watched.vr;
        let severity = match vr {
            Vr::UN => Severity::Warning,
            _ => Severity::Error,
        };
        self.add(
            watched.tag,
            Draft {
                kind: Kind::Vr,
                severity,
                clause: "PS3.6 §6",
                found: format!("VR {vr}, the dictionary says {expected}").into(),
                fix: format!("write it with VR {expected}").into(),
                ..Draft::default()
            },
        );
    }

    fn remember(&mut self, tag: Tag, value: &[u8]) {
        if let Some(at) = UIDS.iter().position(|uid| *uid == tag) {
            if let Some(slot) = self.seen.uids.get_mut(at) {
                *slot = first(value).to_vec();
            }
            return;
        }
        let seen = &mut self.seen;
        match tag {
            tags::SOP_CLASS_UID => seen.sop_class = first(value).to_vec(),
            tags::MODALITY => seen.modality = Some(!value.is_empty()),
            tags::PATIENT_NAME => {
                seen.patient_name = value.iter().any(|byte| !matches!(byte, b'^' | b'=' | b' '));
            }
            tags::PATIENT_ID => seen.patient_id = !value.is_empty(),
            tags::LATERALITY => seen.laterality = value.to_vec(),
            tags::IMAGE_LATERALITY => seen.image_laterality = Some(value.to_vec()),
            _ => {}
        }
    }

    fn day(&mut self, tag: Tag, value: &[u8]) {
        let Some(day) = dates::day(value) else { return };
        match tag {
            tags::STUDY_DATE => self.seen.study_day = Some(day),
            tags::PATIENT_BIRTH_DATE => self.seen.birth_day = Some(day),
            _ => {}
        }
        dates::check(tag, day, self.latest_day, &mut self.collector);
    }

    fn add(&mut self, tag: Tag, draft: Draft) {
        if self.collector.wants(draft.severity) {
            self.collector.add_at(tag, draft);
        }
    }

    /// What was found, once all elements were seen.
    pub fn finish(mut self) -> Vec<Finding> {
        self.same_uids();
        self.required();
        self.identity();
        let seen = &self.seen;
        dates::compare(seen.birth_day, seen.study_day, &mut self.collector);
        sides::check(
            &seen.sop_class,
            &seen.laterality,
            seen.image_laterality.as_deref(),
            &mut self.collector,
        );
        self.collector.finish()
    }

    fn same_uids(&mut self) {
        let uids = std::mem::take(&mut self.seen.uids);
        for (at, (tag, value)) in UIDS.iter().zip(&uids).enumerate() {
            let mut others = UIDS.iter().zip(&uids).skip(at + 1);
            let same = others.find(|(_, other)| !value.is_empty() && *other == value);
            if let Some((other, _)) = same {
                self.add(*tag, uid::same_as(*other));
            }
        }
    }

    /// Modality is of type 1 in every series of a patient (PS3.3 §C.7.3.1).
    fn required(&mut self) {
        if self.seen.modality == Some(true) {
            return;
        }
        let class = std::str::from_utf8(&self.seen.sop_class).unwrap_or_default();
        let is_storage = sop_class::storage(class).is_some();
        let kind = is_storage.then(|| attribute_type(class, &[tags::MODALITY]));
        if kind.flatten() != Some(AttributeType::Type1) {
            return;
        }
        let (kind, found) = match self.seen.modality {
            Some(_) => (Kind::Empty, "no value, and the attribute must have one"),
            None => (Kind::Missing, "the attribute must be there"),
        };
        self.add(
            tags::MODALITY,
            Draft {
                kind,
                clause: "PS3.3 §C.7.3.1",
                found: found.into(),
                fix: "give it its value".into(),
                ..Draft::default()
            },
        );
    }

    fn identity(&mut self) {
        let of_a_patient = self.seen.modality.is_some();
        if of_a_patient && !self.seen.patient_id && !self.seen.patient_name {
            self.add(
                tags::PATIENT_ID,
                Draft {
                    kind: Kind::Empty,
                    severity: Severity::Warning,
                    clause: "PS3.3 §C.7.1.1",
                    found: "neither Patient ID nor Patient's Name".into(),
                    fix: "identify the patient, if only by a pseudonym".into(),
                    ..Draft::default()
                },
            );
        }
    }
}

fn unknown_terms(set: &CharacterSet, collector: &mut Collector) {
    if let Some(draft) = crate::validate::element::unknown_term(set) {
        collector.add_at(tags::SPECIFIC_CHARACTER_SET, draft);
    }
}

/// Without padding.
fn trim(mut value: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | 0] = value {
        value = rest;
    }
    while let [b' ', rest @ ..] = value {
        value = rest;
    }
    value
}

fn first(value: &[u8]) -> &[u8] {
    value.split(|byte| *byte == b'\\').next().unwrap_or(value)
}

/// A finding about the instance as a whole or one of its attributes, made by who knows more than
/// the instance: other content under its UID, instances missing in its series.
pub fn finding(
    tag: Option<Tag>,
    kind: Kind,
    severity: Severity,
    clause: &'static str,
    found: impl Into<std::borrow::Cow<'static, str>>,
    fix: &'static str,
) -> Finding {
    Finding {
        path: tag.map_or_else(TagPath::default, |tag| TagPath::default().element(tag)),
        kind,
        severity,
        clause,
        module: None,
        found: found.into(),
        fix: fix.into(),
    }
}
