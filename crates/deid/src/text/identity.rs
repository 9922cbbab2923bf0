//! What identifies the people and places of a data set, gathered from the data set itself and from
//! lists.

use std::sync::{Arc, OnceLock};

use sagittal_core::{DataSet, Element, Tag, Value, Vr, tags};

use super::index::Index;
use super::{Kind, list};
use crate::Result;
use crate::structured::concept_kind;

/// What is known to identify: names in parts, identifiers, dates, phones, addresses, places, staff,
/// institutions.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    terms: Vec<(Kind, String)>,
    index: OnceLock<Arc<Index>>,
}

/// Attributes that say more than their VR does. Person names, dates and times need no row; file
/// names and descriptions say nothing that is known for sure.
const ATTRIBUTES: &[(Tag, Kind)] = &[
    (tags::ACCESSION_NUMBER, Kind::Identifier),
    (tags::INSTITUTION_NAME, Kind::Institution),
    (tags::INSTITUTION_ADDRESS, Kind::Place),
    (tags::STATION_NAME, Kind::Device),
    (tags::INSTITUTIONAL_DEPARTMENT_NAME, Kind::Institution),
    (tags::REFERRING_PHYSICIAN_ADDRESS, Kind::Place),
    (tags::REFERRING_PHYSICIAN_TELEPHONE_NUMBERS, Kind::Phone),
    (tags::PATIENT_ID, Kind::Identifier),
    (tags::ISSUER_OF_PATIENT_ID, Kind::Institution),
    (tags::OTHER_PATIENT_IDS, Kind::Identifier),
    (tags::PATIENT_ADDRESS, Kind::Place),
    (tags::REGION_OF_RESIDENCE, Kind::Place),
    (tags::COUNTRY_OF_RESIDENCE, Kind::Place),
    (tags::RESPONSIBLE_ORGANIZATION, Kind::Institution),
    (tags::UNIQUE_DEVICE_IDENTIFIER, Kind::Device),
    (tags::PATIENT_TELEPHONE_NUMBERS, Kind::Phone),
    (tags::MEDICAL_RECORD_LOCATOR, Kind::Identifier),
    (tags::MILITARY_RANK, Kind::Identifier),
    (tags::DEVICE_SERIAL_NUMBER, Kind::Device),
    (tags::DEVICE_ID, Kind::Device),
    (tags::GANTRY_ID, Kind::Device),
    (tags::GENERATOR_ID, Kind::Device),
    (tags::PLATE_ID, Kind::Device),
    (tags::CASSETTE_ID, Kind::Device),
    (tags::DETECTOR_ID, Kind::Device),
    (tags::STUDY_ID, Kind::Identifier),
    (tags::ADMISSION_ID, Kind::Identifier),
    (tags::SERVICE_EPISODE_ID, Kind::Identifier),
    (tags::CURRENT_PATIENT_LOCATION, Kind::Institution),
    (tags::PATIENT_INSTITUTION_RESIDENCE, Kind::Institution),
    (
        tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
        Kind::Identifier,
    ),
    (
        tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
        Kind::Identifier,
    ),
    (tags::SCHEDULED_STATION_NAME, Kind::Device),
    (tags::SCHEDULED_STATION_AE_TITLE, Kind::Device),
    (tags::PERFORMED_STATION_NAME, Kind::Device),
    (tags::PERFORMED_STATION_AE_TITLE, Kind::Device),
    (tags::PERFORMED_LOCATION, Kind::Institution),
    (tags::SCHEDULED_PROCEDURE_STEP_LOCATION, Kind::Institution),
    (tags::SCHEDULED_PROCEDURE_STEP_ID, Kind::Identifier),
    (tags::PERFORMED_PROCEDURE_STEP_ID, Kind::Identifier),
    (tags::REQUESTED_PROCEDURE_ID, Kind::Identifier),
    (tags::REQUESTED_PROCEDURE_LOCATION, Kind::Institution),
    (tags::PERSON_ADDRESS, Kind::Place),
    (tags::PERSON_TELEPHONE_NUMBERS, Kind::Phone),
    (tags::ORDER_ENTERER_LOCATION, Kind::Institution),
    (tags::ORDER_CALLBACK_PHONE_NUMBER, Kind::Phone),
    (tags::REQUESTING_SERVICE, Kind::Institution),
    (tags::VERIFYING_ORGANIZATION, Kind::Institution),
    (tags::CLINICAL_TRIAL_SUBJECT_ID, Kind::Identifier),
    (tags::CLINICAL_TRIAL_SUBJECT_READING_ID, Kind::Identifier),
    (tags::CLINICAL_TRIAL_SITE_ID, Kind::Identifier),
    (tags::CLINICAL_TRIAL_SITE_NAME, Kind::Institution),
    (
        tags::CLINICAL_TRIAL_COORDINATING_CENTER_NAME,
        Kind::Institution,
    ),
    (tags::SPECIMEN_IDENTIFIER, Kind::Identifier),
    (tags::CONTAINER_IDENTIFIER, Kind::Identifier),
    (tags::INTERPRETATION_ID, Kind::Identifier),
    (tags::RESULTS_ID, Kind::Identifier),
];

/// Names of the patient and relatives; all other person names are staff's.
const PATIENT_NAMES: [Tag; 5] = [
    tags::PATIENT_NAME,
    tags::OTHER_PATIENT_NAMES,
    tags::PATIENT_BIRTH_NAME,
    tags::PATIENT_MOTHER_BIRTH_NAME,
    tags::RESPONSIBLE_PERSON,
];

impl Identity {
    /// What the data set says of its patient, staff, institution, orders and devices, at any depth.
    pub fn of(data_set: &DataSet) -> Identity {
        let mut identity = Identity::default();
        identity.gather(data_set);
        identity.terms.sort();
        identity.terms.dedup();
        identity
    }

    /// Reads a list of patients or staff: comma, semicolon or tab separated, a header row that says
    /// what the columns are (`name`, `id`, `birth date`, `address`, `town`, `phone`, `mail`,
    /// `institution`, `physician`, `device` and the like, in several languages).
    ///
    /// # Errors
    /// [`crate::Error::List`] for a header of which nothing is understood, or a broken quotation.
    pub fn from_csv(text: &str) -> Result<Identity> {
        list::read(text)
    }

    /// Adds one known term: a list's entry.
    pub fn add(&mut self, kind: Kind, term: &str) {
        let term = term.trim_matches([' ', '\0', '\r', '\n', '\t']);
        if !term.is_empty() {
            self.terms.push((kind, term.to_owned()));
            self.index = OnceLock::new();
        }
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: &Identity) {
        self.terms.extend_from_slice(&other.terms);
        self.index = OnceLock::new();
    }

    /// All terms, as they were found.
    pub fn terms(&self) -> &[(Kind, String)] {
        &self.terms
    }

    /// The terms compiled, once for however many cleaners.
    pub(super) fn index(&self) -> Arc<Index> {
        self.index
            .get_or_init(|| Arc::new(Index::new(&self.terms)))
            .clone()
    }

    fn gather(&mut self, data_set: &DataSet) {
        for element in data_set.elements() {
            match &element.value {
                Value::Sequence(items) => items.iter().for_each(|item| self.gather(item)),
                Value::Bytes(bytes) if !bytes.is_empty() => self.element(data_set, element),
                _ => {}
            }
        }
        self.content_item(data_set);
    }

    fn element(&mut self, data_set: &DataSet, element: &Element) {
        let tag = element.tag;
        let kind = match element.vr {
            Vr::PN if PATIENT_NAMES.contains(&tag) => Kind::PatientName,
            Vr::PN => Kind::StaffName,
            Vr::DA | Vr::DT if tag == tags::PATIENT_BIRTH_DATE => Kind::BirthDate,
            Vr::DA | Vr::DT => Kind::Date,
            Vr::TM => Kind::Time,
            Vr::AE => Kind::Device,
            _ => match ATTRIBUTES.iter().find(|(listed, _)| *listed == tag) {
                Some((_, kind)) => *kind,
                None => return,
            },
        };
        for text in data_set.texts(tag) {
            if element.vr == Vr::DT && text.len() >= 12 {
                let time: String = text.chars().skip(8).take(6).collect();
                self.add(Kind::Time, &time);
            }
            self.add(kind, &text);
        }
    }

    /// A content item whose concept name says that its value identifies (PS3.15 Table E.3.4-1).
    fn content_item(&mut self, item: &DataSet) {
        let Some(text) = item.text(tags::TEXT_VALUE) else {
            return;
        };
        if let Some(kind) = concept_kind(item) {
            self.add(kind, &text);
        }
    }
}
