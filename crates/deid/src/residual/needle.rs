//! What is looked for.

use std::collections::{HashMap, HashSet};
use std::fmt;

use sagittal_core::{CharacterSet, Date, PersonName, Tag, TagPath};

use super::matcher::{Fit, Matcher, Pattern};
use super::search::Searcher;
use super::{spelling, words};

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

/// One identifier.
#[derive(Clone)]
pub(super) struct Needle {
    pub kind: Kind,
    pub origin: TagPath,
}

/// The identifiers of an input, and of lists.
pub struct Needles {
    pub(super) retained: Retained,
    pub(super) character_set: CharacterSet,
    needles: Vec<Needle>,
    patterns: Vec<Pattern>,
    seen: HashSet<(Kind, String)>,
    /// Values that must not be the same at the same place.
    same: HashMap<TagPath, (u32, Vec<u8>)>,
    dates: HashMap<i32, TagPath>,
}

impl Needles {
    pub(super) fn new(retained: &Retained) -> Needles {
        Needles {
            retained: retained.clone(),
            character_set: CharacterSet::default(),
            needles: Vec::new(),
            patterns: Vec::new(),
            seen: HashSet::new(),
            same: HashMap::new(),
            dates: HashMap::new(),
        }
    }

    /// Adds an identifier that is known from elsewhere: a patient list, staff.
    pub fn add(&mut self, kind: Kind, text: &str) {
        self.put(kind, text, &TagPath::default());
    }

    /// How many identifiers there are.
    pub fn len(&self) -> usize {
        self.needles.len() + self.dates.len()
    }

    /// None at all: nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ready to search. Dates that a shifted date of the input coincides with are left out.
    pub fn searcher(mut self) -> Searcher {
        let dates = std::mem::take(&mut self.dates);
        let shift = match self.retained.dates {
            Dates::Shifted(days) => days,
            _ => 0,
        };
        for (day, origin) in &dates {
            let coincides = i32::try_from(i64::from(*day) - shift).ok();
            if shift != 0 && coincides.is_some_and(|before| dates.contains_key(&before)) {
                continue;
            }
            let Some(date) = Date::from_days(*day) else {
                continue;
            };
            let needle = self.needle(Kind::Date, origin);
            for text in spelling::dates(date) {
                self.pattern(&text, Fit::Word, needle, false);
            }
        }
        let tags = self.same.keys().filter_map(last_tag).collect();
        Searcher {
            matcher: Matcher::new(self.patterns),
            needles: self.needles,
            same: self.same,
            same_tags: tags,
        }
    }

    /// Adds one value, spelled as its kind demands.
    pub(super) fn put(&mut self, kind: Kind, text: &str, origin: &TagPath) {
        let text = text.trim_matches([' ', '\0']);
        let is_dummy = self.retained.dummies.iter().any(|dummy| dummy == text);
        if text.is_empty() || is_dummy || !self.seen.insert((kind, text.to_owned())) {
            return;
        }
        match kind {
            Kind::Name => self.put_name(text, origin),
            Kind::Date => {
                let digits = text.get(..8).unwrap_or(text);
                if let Ok(date) = Date::parse(digits).or_else(|_| Date::parse(text)) {
                    self.dates
                        .entry(date.to_days())
                        .or_insert_with(|| origin.clone());
                }
            }
            Kind::Time | Kind::Unreadable => {}
            Kind::Phone => {
                let needle = self.needle(kind, origin);
                for text in spelling::phones(text) {
                    if text.len() >= 6 {
                        self.pattern(&text, Fit::Word, needle, false);
                    }
                }
            }
            Kind::Identifier => {
                let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
                if text.chars().count() < 4 || words::is_harmless(text) {
                    return;
                }
                let is_long = text.len() >= if is_number { 12 } else { 6 };
                let fit = if is_long { Fit::Anywhere } else { Fit::Word };
                let needle = self.needle(kind, origin);
                self.pattern(text, fit, needle, true);
                let bare: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
                if bare != text && bare.len() >= 6 {
                    self.pattern(&bare, Fit::Word, needle, false);
                }
                let significant = text.trim_start_matches('0');
                if is_number && significant != text && significant.len() >= 5 {
                    self.pattern(significant, Fit::Word, needle, false);
                }
            }
            Kind::Uid => {
                if text.len() >= 8 {
                    let needle = self.needle(kind, origin);
                    self.pattern(text, Fit::Word, needle, false);
                }
            }
            _ => {
                if text.chars().count() >= 4 && !words::is_harmless(text) {
                    let needle = self.needle(kind, origin);
                    self.pattern(text, Fit::Word, needle, false);
                }
            }
        }
    }

    fn put_name(&mut self, text: &str, origin: &TagPath) {
        let name = PersonName::tolerant(text);
        let needle = self.needle(Kind::Name, origin);
        if text.contains(['^', ' ', ',']) && text.chars().count() >= 5 {
            self.pattern(text, Fit::Word, needle, true);
        }
        for whole in spelling::whole_names(&name) {
            self.pattern(&whole, Fit::Word, needle, true);
        }
        for part in spelling::name_parts(&name) {
            let letters = part.chars().count();
            let is_ideographic = part.chars().all(|c| c >= '\u{2E80}');
            if letters < if is_ideographic { 2 } else { 3 } || words::is_harmless(&part) {
                continue;
            }
            let is_long = is_ideographic || letters >= 8;
            let fit = if is_long { Fit::Anywhere } else { Fit::Word };
            self.pattern(&part, fit, needle, false);
        }
    }

    /// The value must not be the same at the same place.
    pub(super) fn put_same(&mut self, kind: Kind, bytes: &[u8], origin: &TagPath) {
        let trimmed = trim(bytes);
        let is_dummy = self
            .retained
            .dummies
            .iter()
            .any(|dummy| dummy.as_bytes() == trimmed);
        if trimmed.is_empty() || is_dummy {
            return;
        }
        let needle = self.needle(kind, origin);
        self.same.insert(origin.clone(), (needle, trimmed.to_vec()));
    }

    fn needle(&mut self, kind: Kind, origin: &TagPath) -> u32 {
        let number = u32::try_from(self.needles.len()).unwrap_or(u32::MAX);
        self.needles.push(Needle {
            kind,
            origin: origin.clone(),
        });
        number
    }

    fn pattern(&mut self, text: &str, fit: Fit, needle: u32, is_inline: bool) {
        let set = self.character_set.clone();
        spelling::encode(text, fit, needle, &set, is_inline, &mut self.patterns);
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
