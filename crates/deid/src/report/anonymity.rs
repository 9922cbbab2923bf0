//! k-anonymity over quasi-identifiers of the outputs (for Expert Determination, 45 CFR
//! §164.514(b)(1)): how many patients share each combination, and what to suppress.

use std::collections::{BTreeMap, BTreeSet};

use sagittal_core::{DataSet, Tag, Vr, dictionary, tags};
use serde::{Deserialize, Serialize};

use super::document::{Block, Table};

/// Combinations that are listed.
const LISTED: usize = 50;

/// A quasi-identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quasi {
    /// Patient's Age in bands of ten years.
    AgeBand,
    /// Patient's Sex.
    Sex,
    /// Year and month of Study Date.
    StudyMonth,
    /// Modality.
    Modality,
    /// Institution Name.
    Institution,
    /// Body Part Examined.
    BodyPart,
    /// Ethnic Group.
    EthnicGroup,
    /// Patient's Size, in bands of ten centimeters.
    SizeBand,
    /// Patient's Weight, in bands of ten kilograms.
    WeightBand,
    /// Another attribute, its value as it stands.
    Attribute(Tag),
}

/// Attributes whose values are put into bands, or counted under a name of their own.
const KNOWN: [(Tag, Quasi); 9] = [
    (tags::PATIENT_AGE, Quasi::AgeBand),
    (tags::PATIENT_SEX, Quasi::Sex),
    (tags::STUDY_DATE, Quasi::StudyMonth),
    (tags::MODALITY, Quasi::Modality),
    (tags::INSTITUTION_NAME, Quasi::Institution),
    (tags::BODY_PART_EXAMINED, Quasi::BodyPart),
    (tags::ETHNIC_GROUP, Quasi::EthnicGroup),
    (tags::PATIENT_SIZE, Quasi::SizeBand),
    (tags::PATIENT_WEIGHT, Quasi::WeightBand),
];

impl Quasi {
    /// By an attribute of the standard with short text or numbers as text; `None` for others.
    pub fn of_attribute(tag: Tag) -> Option<Quasi> {
        if let Some((_, quasi)) = KNOWN.iter().find(|(known, _)| *known == tag) {
            return Some(*quasi);
        }
        let is_short = match dictionary::vr(tag) {
            Vr::LT | Vr::ST | Vr::UT | Vr::UR | Vr::UI | Vr::UN => false,
            vr => vr.is_text(),
        };
        (is_short && !tag.is_private() && dictionary::entry(tag).is_some())
            .then_some(Quasi::Attribute(tag))
    }

    /// The keyword of its attribute.
    pub fn keyword(self) -> &'static str {
        let known = KNOWN.iter().find(|(_, quasi)| *quasi == self);
        let tag = match self {
            Quasi::Attribute(tag) => Some(tag),
            _ => known.map(|(tag, _)| *tag),
        };
        let entry = tag.and_then(dictionary::entry);
        entry.map_or("", |entry| entry.keyword)
    }

    /// Its name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Quasi::AgeBand => "age band",
            Quasi::Sex => "sex",
            Quasi::StudyMonth => "study month",
            Quasi::Modality => "modality",
            Quasi::Institution => "institution",
            Quasi::BodyPart => "body part",
            Quasi::EthnicGroup => "ethnic group",
            Quasi::SizeBand => "size band",
            Quasi::WeightBand => "weight band",
            Quasi::Attribute(_) => self.keyword(),
        }
    }

    fn of(self, data_set: &DataSet) -> String {
        let text = |tag| data_set.first_text(tag).unwrap_or_default();
        let band = |value: f64| {
            format!(
                "{:.0}–{:.0}",
                (value / 10.0).floor() * 10.0,
                (value / 10.0).floor() * 10.0 + 9.0
            )
        };
        match self {
            Quasi::AgeBand => years(&text(tags::PATIENT_AGE))
                .map(band)
                .unwrap_or_default(),
            Quasi::Sex => text(tags::PATIENT_SEX),
            Quasi::StudyMonth => {
                let date = text(tags::STUDY_DATE);
                match (date.get(..4), date.get(4..6)) {
                    (Some(year), Some(month)) => format!("{year}-{month}"),
                    _ => String::new(),
                }
            }
            Quasi::Modality => text(tags::MODALITY),
            Quasi::Institution => text(tags::INSTITUTION_NAME),
            Quasi::BodyPart => text(tags::BODY_PART_EXAMINED),
            Quasi::EthnicGroup => text(tags::ETHNIC_GROUP),
            Quasi::SizeBand => data_set
                .float(tags::PATIENT_SIZE)
                .map(|m| band(m * 100.0))
                .unwrap_or_default(),
            Quasi::WeightBand => data_set
                .float(tags::PATIENT_WEIGHT)
                .map(band)
                .unwrap_or_default(),
            Quasi::Attribute(tag) => text(tag).trim().to_owned(),
        }
    }
}

/// An age string in whole years.
fn years(text: &str) -> Option<f64> {
    let (digits, unit) = text.split_at_checked(3)?;
    let number: f64 = digits.parse().ok()?;
    Some(match unit {
        "Y" => number,
        "M" => number / 12.0,
        "W" => number / 52.0,
        "D" => number / 365.0,
        _ => return None,
    })
}

/// What one output says.
#[derive(Serialize, Deserialize)]
struct Seen {
    patient: String,
    values: Vec<String>,
}

/// Patients and what is known of them. A patient's values are the sets of all that occur.
#[derive(Clone, Debug)]
pub struct Anonymity {
    quasi: Vec<Quasi>,
    /// The k that is wanted.
    wanted: usize,
    patients: BTreeMap<String, Vec<BTreeSet<String>>>,
}

impl Anonymity {
    /// Over these quasi-identifiers; combinations shared by fewer than `wanted` patients are listed.
    pub fn new(quasi: &[Quasi], wanted: usize) -> Anonymity {
        Anonymity {
            quasi: quasi.to_vec(),
            wanted,
            patients: BTreeMap::new(),
        }
    }

    /// Adds one output. Returns whether anything about its patient was new.
    pub fn add(&mut self, data_set: &DataSet) -> bool {
        let patient = data_set.first_text(tags::PATIENT_ID).unwrap_or_default();
        let values = self.quasi.iter().map(|quasi| quasi.of(data_set)).collect();
        self.learn(Seen { patient, values })
    }

    /// As [`Anonymity::add`]; if anything was new, a line of JSON for [`Anonymity::read_line`].
    pub fn add_noted(&mut self, data_set: &DataSet) -> Option<String> {
        let patient = data_set.first_text(tags::PATIENT_ID).unwrap_or_default();
        let values = self.quasi.iter().map(|quasi| quasi.of(data_set)).collect();
        let seen = Seen { patient, values };
        let line = serde_json::to_string(&seen).ok()?;
        self.learn(seen).then_some(line)
    }

    /// Takes in what [`Anonymity::add_noted`] wrote, maybe with other quasi-identifiers or cut:
    /// `false` then.
    pub fn read_line(&mut self, line: &str) -> bool {
        match serde_json::from_str::<Seen>(line) {
            Ok(seen) if seen.values.len() == self.quasi.len() => {
                self.learn(seen);
                true
            }
            _ => false,
        }
    }

    fn learn(&mut self, seen: Seen) -> bool {
        let empty = || vec![BTreeSet::new(); self.quasi.len()];
        let mut is_new = !self.patients.contains_key(&seen.patient);
        let known = self.patients.entry(seen.patient).or_insert_with(empty);
        for (value, known) in seen.values.into_iter().zip(known) {
            if !value.is_empty() {
                is_new |= known.insert(value);
            }
        }
        is_new
    }

    /// How many patients there are.
    pub fn patients(&self) -> usize {
        self.patients.len()
    }

    /// The smallest number of patients that share a combination; 0 without patients.
    pub fn k(&self) -> usize {
        self.classes(&[]).values().min().copied().unwrap_or(0)
    }

    /// Combinations with the number of patients who share them, but for the quasi-identifiers at
    /// the positions in `without`.
    fn classes(&self, without: &[usize]) -> BTreeMap<Vec<String>, usize> {
        let mut classes = BTreeMap::new();
        for values in self.patients.values() {
            let kept = values
                .iter()
                .enumerate()
                .filter(|(at, _)| !without.contains(at));
            let class: Vec<String> = kept.map(|(_, values)| joined(values)).collect();
            *classes.entry(class).or_insert(0) += 1;
        }
        classes
    }

    /// Patients whose combination fewer than the wanted number share.
    fn exposed(&self, without: &[usize]) -> usize {
        let classes = self.classes(without);
        classes.values().filter(|count| **count < self.wanted).sum()
    }

    /// What to suppress, one after the other, each time what helps most, until `k` is as wanted;
    /// with the patients still exposed after each.
    pub fn advice(&self) -> Vec<(Quasi, usize)> {
        let mut without: Vec<usize> = Vec::new();
        let mut advice = Vec::new();
        let mut exposed = self.exposed(&without);
        while exposed > 0 && without.len() < self.quasi.len() {
            let candidates = (0..self.quasi.len()).filter(|at| !without.contains(at));
            let with = |at: usize| [without.as_slice(), &[at]].concat();
            let best = candidates.map(|at| (self.exposed(&with(at)), at)).min();
            let Some((left, at)) = best else { break };
            without.push(at);
            exposed = left;
            advice.extend(self.quasi.get(at).map(|quasi| (*quasi, left)));
        }
        advice
    }

    /// As parts of a report.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let names: Vec<&str> = self.quasi.iter().map(|quasi| quasi.as_str()).collect();
        let classes = self.classes(&[]);
        let exposed = self.exposed(&[]);
        let mut blocks = vec![Block::Facts(vec![
            ("Quasi-identifiers".into(), names.join(", ")),
            ("Patients".into(), self.patients.len().to_string()),
            ("Combinations".into(), classes.len().to_string()),
            (
                "k (fewest patients that share one)".into(),
                self.k().to_string(),
            ),
            (
                format!(
                    "Patients in combinations shared by fewer than {}",
                    self.wanted
                ),
                exposed.to_string(),
            ),
        ])];
        let mut sizes: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for count in classes.values() {
            let size = sizes.entry(*count).or_default();
            *size = (size.0 + 1, size.1 + count);
        }
        let mut table = Table::new(
            "Combinations by how many patients share them",
            &[
                ("#Patients who share it", 2),
                ("#Combinations", 2),
                ("#Patients in all", 2),
            ],
        );
        for (size, (combinations, patients)) in sizes.into_iter().take(LISTED) {
            table.row([size, combinations, patients].map(|number| number.to_string()));
        }
        blocks.push(Block::Table(table));
        if exposed > 0 {
            let mut table = Table::new(
                &format!(
                    "Combinations shared by fewer than {} (at most {LISTED} are listed)",
                    self.wanted
                ),
                &[("Combination", 6), ("#Patients", 1)],
            );
            let few = classes
                .into_iter()
                .filter(|(_, count)| *count < self.wanted);
            for (values, count) in few.take(LISTED) {
                let pairs = names
                    .iter()
                    .zip(values)
                    .map(|(name, value)| match value.is_empty() {
                        true => format!("{name}: none"),
                        false => format!("{name}: {value}"),
                    });
                table.row([pairs.collect::<Vec<_>>().join("; "), count.to_string()]);
            }
            blocks.push(Block::Table(table));
            let mut table = Table::new(
                "What to suppress or generalize, in this order",
                &[("Quasi-identifier", 3), ("#Patients exposed then", 2)],
            );
            for (quasi, left) in self.advice() {
                table.row([quasi.as_str().to_owned(), left.to_string()]);
            }
            blocks.push(Block::Table(table));
        }
        blocks
    }
}

fn joined(values: &BTreeSet<String>) -> String {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    values.join(" + ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn quasi_identifiers_are_chosen_by_attribute() {
        assert_eq!(Quasi::of_attribute(tags::PATIENT_AGE), Some(Quasi::AgeBand));
        let manufacturer = Quasi::of_attribute(tags::MANUFACTURER).unwrap();
        assert_eq!(manufacturer.keyword(), "Manufacturer");
        assert_eq!(Quasi::StudyMonth.keyword(), "StudyDate");
        assert_eq!(Quasi::of_attribute(tags::PIXEL_DATA), None);
        assert_eq!(Quasi::of_attribute(tags::TEXT_VALUE), None);
    }

    #[test]
    fn k_is_counted_by_patients_and_advice_reaches_it() {
        let quasi = [Quasi::AgeBand, Quasi::Sex, Quasi::Modality];
        let mut anonymity = Anonymity::new(&quasi, 2);
        for (patient, age, sex) in [
            ("a", "034Y", "F"),
            ("b", "036Y", "F"),
            ("c", "071Y", "F"),
            ("c", "071Y", "F"),
        ] {
            let mut data_set = DataSet::new();
            data_set.put_text(tags::PATIENT_ID, patient);
            data_set.put_text(tags::PATIENT_AGE, age);
            data_set.put_text(tags::PATIENT_SEX, sex);
            data_set.put_text(tags::MODALITY, "CT");
            anonymity.add(&data_set);
        }
        assert_eq!((anonymity.patients(), anonymity.k()), (3, 1));
        assert_eq!(anonymity.advice(), [(Quasi::AgeBand, 0)]);
        assert_eq!(Anonymity::new(&quasi, 5).k(), 0);
        let mut again = Anonymity::new(&quasi, 2);
        let mut data_set = DataSet::new();
        data_set.put_text(tags::PATIENT_ID, "d");
        data_set.put_text(tags::MODALITY, "MR");
        let line = again.add_noted(&data_set).unwrap();
        assert_eq!(again.add_noted(&data_set), None);
        assert!(anonymity.read_line(&line) && !anonymity.read_line("{"));
        assert_eq!((anonymity.patients(), anonymity.k()), (4, 1));
        assert_eq!(years("006M"), Some(0.5));
        assert_eq!(years("é1Y"), None);
    }
}
