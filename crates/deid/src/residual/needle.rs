//! What is looked for.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use sagittal_core::{CharacterSet, Date, Tag, TagPath};

use super::exemption::{Exempt, Exemption};
use super::layer::Layer;
use super::search::Searcher;

/// What kind of identifier it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A person's name.
    Name,
    /// Patient ID, accession number and the like.
    Identifier,
    /// A date.
    Date,
    /// A time.
    Time,
    /// A telephone number.
    Phone,
    /// An e-mail address or URL.
    Address,
    /// Street, town, country.
    Place,
    /// Hospital, department.
    Institution,
    /// A device's serial number or network name.
    Device,
    /// A UID.
    Uid,
    /// Text of a private element.
    Private,
    /// Not an identifier: an output that cannot be read to its end.
    Unreadable,
}

impl Kind {
    /// The word used in logs and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Name => "name",
            Kind::Identifier => "identifier",
            Kind::Date => "date",
            Kind::Time => "time",
            Kind::Phone => "telephone number",
            Kind::Address => "network address",
            Kind::Place => "place",
            Kind::Institution => "institution",
            Kind::Device => "device",
            Kind::Uid => "UID",
            Kind::Private => "private text",
            Kind::Unreadable => "unreadable",
        }
    }
}

/// What becomes of dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// None is kept.
    #[default]
    Removed,
    /// Moved by so many days; times stay.
    Shifted(i64),
    /// Kept.
    Full,
}

/// What the policy keeps, and so is no residue.
#[derive(Clone, Debug, Default)]
pub struct Retained {
    /// Dates and times.
    pub dates: Dates,
    /// UIDs.
    pub uids: bool,
    /// Institutions.
    pub institutions: bool,
    /// Devices.
    pub devices: bool,
    /// Safe private attributes: text of private elements does not count.
    pub safe_private: bool,
    /// Dummy values that are put in the place of others.
    pub dummies: Vec<String>,
}

/// An identifier: its kind and value; of a date, its day.
pub(super) type Term = (Kind, String);

/// The identifiers of an input, and of lists.
pub struct Needles {
    pub(super) retained: Retained,
    pub(super) character_set: CharacterSet,
    /// Each with the place where it was found first.
    pub(super) terms: HashMap<Term, TagPath>,
    /// Values that must not be the same at the same place.
    pub(super) same: HashMap<TagPath, (Kind, Vec<u8>)>,
    /// What is not looked for at all.
    pub(super) exempt: Vec<Exempt>,
    /// Values in which single words of names are passed over.
    pub(super) kept: HashMap<Vec<u8>, Exemption>,
}

impl Needles {
    pub(super) fn new(retained: &Retained) -> Needles {
        Needles {
            retained: retained.clone(),
            character_set: CharacterSet::default(),
            terms: HashMap::new(),
            same: HashMap::new(),
            exempt: Vec::new(),
            kept: HashMap::new(),
        }
    }

    /// Adds an identifier that is known from elsewhere: a patient list, staff.
    pub fn add(&mut self, kind: Kind, text: &str) {
        self.put(kind, text, &TagPath::default());
    }

    /// How many identifiers there are.
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// None at all: nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.same.is_empty()
    }

    /// Ready to search. For many instances of a study use a [`super::Cache`].
    pub fn searcher(mut self) -> Searcher {
        self.leave_coincidences();
        let terms: Vec<Term> = self.terms.keys().cloned().collect();
        let layer = Layer::new(terms, &self.character_set);
        self.with(vec![Arc::new(layer)])
    }

    /// Searches for the terms of `layers`, all of which the needles have.
    pub(super) fn with(self, layers: Vec<Arc<Layer>>) -> Searcher {
        let origin = |term: &Term| self.terms.get(term).cloned().unwrap_or_default();
        let layers: Vec<(Arc<Layer>, Vec<TagPath>)> = layers
            .into_iter()
            .map(|layer| {
                let origins = layer.terms.iter().map(origin).collect();
                (layer, origins)
            })
            .collect();
        let mut exempt = self.exempt;
        for (layer, origins) in &layers {
            exempt.extend(layer.exempt(origins));
        }
        Searcher {
            layers,
            exempt,
            kept: self.kept,
            retained_uids: self.retained.uids,
            same_tags: self.same.keys().filter_map(last_tag).collect(),
            same: self.same,
        }
    }

    /// Leaves dates out that a shifted date of the input coincides with: they may stand in the
    /// output by right.
    pub(super) fn leave_coincidences(&mut self) {
        let Dates::Shifted(shift) = self.retained.dates else {
            return;
        };
        let days = self.terms.keys().filter(|term| term.0 == Kind::Date);
        let shifted: HashSet<String> = days
            .filter_map(|(_, day)| day.parse::<i64>().ok())
            .map(|day| day.saturating_add(shift).to_string())
            .collect();
        self.terms
            .retain(|(kind, day), _| *kind != Kind::Date || !shifted.contains(day));
    }

    /// Adds one value.
    pub(super) fn put(&mut self, kind: Kind, text: &str, origin: &TagPath) {
        let text = text.trim_matches([' ', '\0']);
        if text.is_empty() || self.is_dummy(text.as_bytes()) {
            return;
        }
        let term = if kind == Kind::Date {
            let digits = text.get(..8).unwrap_or(text);
            match Date::parse(digits).or_else(|_| Date::parse(text)) {
                Ok(date) => (kind, date.to_days().to_string()),
                Err(_) => return,
            }
        } else {
            (kind, text.to_owned())
        };
        self.terms.entry(term).or_insert_with(|| origin.clone());
    }

    /// Leaves out what was put under `kind` with this text.
    pub(super) fn leave_out(&mut self, kind: Kind, text: &str, exemption: Exemption) {
        if let Some(origin) = self.terms.remove(&(kind, text.to_owned())) {
            self.exempt.push(Exempt {
                exemption,
                kind,
                origin,
                place: None,
            });
        }
    }

    /// The value must not be the same at the same place.
    pub(super) fn put_same(&mut self, kind: Kind, bytes: &[u8], origin: &TagPath) {
        let trimmed = trim(bytes);
        if !trimmed.is_empty() && !self.is_dummy(trimmed) {
            self.same.insert(origin.clone(), (kind, trimmed.to_vec()));
        }
    }

    fn is_dummy(&self, value: &[u8]) -> bool {
        self.retained
            .dummies
            .iter()
            .any(|dummy| dummy.as_bytes() == value)
    }
}

/// Never the values.
impl fmt::Debug for Needles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Needles({})", self.len())
    }
}

pub(super) fn last_tag(path: &TagPath) -> Option<Tag> {
    path.0.iter().rev().find_map(|step| match step {
        sagittal_core::PathStep::Element(tag) => Some(*tag),
        sagittal_core::PathStep::Item(_) => None,
    })
}

/// Without padding.
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let is_padding = |byte: &u8| matches!(byte, b' ' | 0);
    let from = bytes.iter().position(|byte| !is_padding(byte));
    let to = bytes.iter().rposition(|byte| !is_padding(byte));
    match (from, to) {
        (Some(from), Some(to)) => bytes.get(from..=to).unwrap_or(&[]),
        _ => &[],
    }
}
