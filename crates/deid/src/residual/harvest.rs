//! The identifiers of an input: by value representation, and by a list of attributes that is no
//! table of the profile.

use std::collections::HashSet;

use bytes::Bytes;
use sagittal_core::{
    CharacterSet, DataSet, Element, Limits, PathStep, Tag, TagPath, Value, Vr, dictionary, tags,
};
use sagittal_file::part10;

use super::exemption::Exemption;
use super::needle::{Dates, Kind, Needles, Retained};
use crate::Result;

/// Attributes whose VR does not tell what they are.
const ATTRIBUTES: &[(Tag, Kind)] = &[
    (tags::PATIENT_ID, Kind::Identifier),
    (tags::ISSUER_OF_PATIENT_ID, Kind::Institution),
    (tags::OTHER_PATIENT_IDS, Kind::Identifier),
    (tags::PATIENT_INSURANCE_PLAN_CODE_SEQUENCE, Kind::Identifier),
    (tags::MEDICAL_RECORD_LOCATOR, Kind::Identifier),
    (tags::MILITARY_RANK, Kind::Identifier),
    (tags::ACCESSION_NUMBER, Kind::Identifier),
    (tags::STUDY_ID, Kind::Identifier),
    (tags::ADMISSION_ID, Kind::Identifier),
    (tags::SERVICE_EPISODE_ID, Kind::Identifier),
    (tags::REQUESTED_PROCEDURE_ID, Kind::Identifier),
    (tags::SCHEDULED_PROCEDURE_STEP_ID, Kind::Identifier),
    (tags::PERFORMED_PROCEDURE_STEP_ID, Kind::Identifier),
    (
        tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
        Kind::Identifier,
    ),
    (
        tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
        Kind::Identifier,
    ),
    (tags::CLINICAL_TRIAL_SUBJECT_ID, Kind::Identifier),
    (tags::CLINICAL_TRIAL_SUBJECT_READING_ID, Kind::Identifier),
    (tags::SPECIMEN_IDENTIFIER, Kind::Identifier),
    (tags::CONTAINER_IDENTIFIER, Kind::Identifier),
    (tags::UNIQUE_DEVICE_IDENTIFIER, Kind::Device),
    (tags::DEVICE_SERIAL_NUMBER, Kind::Device),
    (tags::STATION_NAME, Kind::Device),
    (tags::SCHEDULED_STATION_NAME, Kind::Device),
    (tags::PERFORMED_STATION_NAME, Kind::Device),
    (tags::GANTRY_ID, Kind::Device),
    (tags::PLATE_ID, Kind::Device),
    (tags::CASSETTE_ID, Kind::Device),
    (tags::DETECTOR_ID, Kind::Device),
    (tags::PATIENT_ADDRESS, Kind::Place),
    (tags::COUNTRY_OF_RESIDENCE, Kind::Place),
    (tags::REGION_OF_RESIDENCE, Kind::Place),
    (tags::CURRENT_PATIENT_LOCATION, Kind::Place),
    (tags::PERSON_ADDRESS, Kind::Place),
    (tags::REFERRING_PHYSICIAN_ADDRESS, Kind::Place),
    (tags::PATIENT_TELEPHONE_NUMBERS, Kind::Phone),
    (tags::REFERRING_PHYSICIAN_TELEPHONE_NUMBERS, Kind::Phone),
    (tags::PERSON_TELEPHONE_NUMBERS, Kind::Phone),
    (tags::ORDER_CALLBACK_PHONE_NUMBER, Kind::Phone),
    (tags::INSTITUTION_NAME, Kind::Institution),
    (tags::INSTITUTION_ADDRESS, Kind::Institution),
    (tags::INSTITUTIONAL_DEPARTMENT_NAME, Kind::Institution),
    (tags::REQUESTING_SERVICE, Kind::Institution),
    (tags::CLINICAL_TRIAL_SITE_NAME, Kind::Institution),
    (tags::CLINICAL_TRIAL_SITE_ID, Kind::Institution),
    (
        tags::CLINICAL_TRIAL_COORDINATING_CENTER_NAME,
        Kind::Institution,
    ),
    (tags::RESPONSIBLE_ORGANIZATION, Kind::Institution),
];

/// Text of private elements must be so long to count.
const PRIVATE: usize = 8;
/// Values of one input that are gathered: beyond, a hostile file would only cost time.
const MOST: usize = 20_000;

impl Needles {
    /// What identifies in an input file, at any depth, but for what the policy retains.
    ///
    /// # Errors
    /// [`crate::Error::File`] if the input cannot be read: its output must not be given out.
    pub fn of(input: &Bytes, retained: &Retained) -> Result<Needles> {
        let file = part10::read(input, Limits::default())?;
        let mut needles = Needles::new(retained);
        needles.character_set = file.data_set.character_set().clone();
        let mut harvest = Harvest {
            private: Vec::new(),
            public: Vec::new(),
            codes: HashSet::new(),
            models: Vec::new(),
            path: TagPath::default(),
            needles: &mut needles,
        };
        harvest.data_set(&file.opening.meta);
        harvest.data_set(&file.data_set);
        harvest.end();
        Ok(needles)
    }
}

struct Harvest<'n> {
    needles: &'n mut Needles,
    path: TagPath,
    /// Text of private elements, to be compared with the others'.
    private: Vec<(String, TagPath)>,
    public: Vec<String>,
    /// Code values and meanings of procedures.
    codes: HashSet<String>,
    /// What makers call themselves and their devices.
    models: Vec<String>,
}

impl Harvest<'_> {
    fn data_set(&mut self, data_set: &DataSet) {
        for element in data_set.elements() {
            self.path.0.push(PathStep::Element(element.tag));
            match &element.value {
                Value::Sequence(items) => {
                    for (index, item) in items.iter().enumerate() {
                        self.path
                            .0
                            .push(PathStep::Item(u32::try_from(index).unwrap_or(u32::MAX)));
                        self.data_set(item);
                        self.path.0.pop();
                    }
                }
                Value::Bytes(bytes) if self.needles.len() < MOST => {
                    self.element(element, bytes, data_set.character_set());
                }
                _ => {}
            }
            self.path.0.pop();
        }
    }

    fn element(&mut self, element: &Element, bytes: &Bytes, character_set: &CharacterSet) {
        let vr = element.vr;
        if bytes.is_empty() || bytes.len() > 1 << 16 || !(vr.is_text() || vr == Vr::UN) {
            return;
        }
        if vr == Vr::UN {
            // Only what is text throughout.
            let is_text = bytes
                .iter()
                .all(|byte| matches!(byte, b' '..=b'~' | 0 | 0x80..));
            if is_text && element.tag.is_private() {
                let text = character_set.decode(bytes, Vr::LO).into_owned();
                self.private.push((text, self.path.clone()));
            }
            return;
        }
        let text = character_set.decode(bytes, vr);
        let kind = self.kind(element);
        let Some(kind) = kind else {
            self.words(&text);
            self.maker_or_code(element.tag, &text, bytes);
            let keep = if element.tag.is_private() {
                PRIVATE
            } else {
                usize::MAX
            };
            if text.len() >= keep && vr.uses_character_set() {
                self.private.push((text.into_owned(), self.path.clone()));
            } else if vr.uses_character_set() && text.len() >= PRIVATE {
                self.public.push(text.trim_matches([' ', '\0']).to_owned());
            }
            return;
        };
        let retained = &self.needles.retained;
        let is_retained = match kind {
            Kind::Date => retained.dates == Dates::Full,
            Kind::Time => retained.dates != Dates::Removed,
            Kind::Uid => retained.uids,
            Kind::Institution => retained.institutions,
            Kind::Device => retained.devices,
            _ => false,
        };
        if is_retained {
            if matches!(kind, Kind::Institution | Kind::Device) {
                let value = super::needle::trim(bytes).to_vec();
                self.needles.kept.insert(value, Exemption::Retained);
            }
            return;
        }
        if matches!(
            kind,
            Kind::Name | Kind::Identifier | Kind::Date | Kind::Time
        ) {
            self.needles.put_same(kind, bytes, &self.path);
        }
        for value in text.split('\\') {
            self.needles.put(kind, value, &self.path);
        }
    }

    fn kind(&self, element: &Element) -> Option<Kind> {
        match element.vr {
            Vr::PN => Some(Kind::Name),
            // When a context group was published: Table E.1-1 has no row for it.
            Vr::DT if element.tag == tags::CONTEXT_GROUP_VERSION => None,
            Vr::DA | Vr::DT => Some(Kind::Date),
            Vr::TM => Some(Kind::Time),
            Vr::AE => Some(Kind::Device),
            Vr::UI => {
                let text = element.value.as_bytes().map(|bytes| bytes.as_ref());
                let text = String::from_utf8_lossy(text.unwrap_or(&[]));
                let is_known = text
                    .split('\\')
                    .map(|uid| uid.trim_matches([' ', '\0']))
                    .all(|uid| dictionary::uid(uid).is_some() || uid.starts_with("1.2.840.10008."));
                // Who wrote the file, and the syntax it is in, name no patient.
                let is_meta = element.tag.group() == 2 && element.tag != Tag(0x0002, 0x0003);
                (!is_known && !is_meta && !is_class(element.tag)).then_some(Kind::Uid)
            }
            Vr::CS | Vr::IS | Vr::DS | Vr::AS => None,
            Vr::UR => Some(Kind::Address),
            _ => ATTRIBUTES
                .iter()
                .find(|(tag, _)| *tag == element.tag)
                .map(|(_, kind)| *kind),
        }
    }

    /// E-mail addresses anywhere in text.
    fn words(&mut self, text: &str) {
        if !text.contains('@') {
            return;
        }
        let is_end = |c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')' | '\\' | '"')
        };
        for word in text.split(is_end) {
            let word = word.trim_matches(['.', ':']);
            let is_host = |host: &str| {
                let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
                let top = host.rsplit_once('.').map_or("", |(_, top)| top);
                top.chars().count() >= 2 && host.chars().all(is_part)
            };
            let is_address = word
                .split_once('@')
                .is_some_and(|(who, host)| !who.is_empty() && is_host(host));
            if is_address {
                self.needles.put(Kind::Address, word, &self.path);
            }
        }
    }

    /// Keeps what tells later that something else identifies nobody.
    fn maker_or_code(&mut self, tag: Tag, text: &str, bytes: &[u8]) {
        let text = text.trim_matches([' ', '\0']);
        match tag {
            tags::MANUFACTURER | tags::MANUFACTURER_MODEL_NAME if self.path.0.len() == 1 => {
                self.models.push(text.to_lowercase());
                // A designation has a number, and another word than the one that is a name too.
                let words = text.split_whitespace();
                let is_number = |c: char| c.is_ascii_digit();
                if words.clone().count() > 1 && words.clone().any(|word| word.contains(is_number)) {
                    let value = super::needle::trim(bytes).to_vec();
                    let kept = &mut self.needles.kept;
                    kept.entry(value).or_insert(Exemption::ModelName);
                }
            }
            tags::CODE_VALUE | tags::CODE_MEANING if self.is_procedure() => {
                self.codes.insert(text.to_owned());
            }
            _ => {}
        }
    }

    /// Are we in a code that says what was asked for or done?
    fn is_procedure(&self) -> bool {
        let sequence = self.path.0.iter().rev().nth(2);
        matches!(
            sequence,
            Some(PathStep::Element(
                tags::PROCEDURE_CODE_SEQUENCE
                    | tags::REQUESTED_PROCEDURE_CODE_SEQUENCE
                    | tags::PERFORMED_PROTOCOL_CODE_SEQUENCE
                    | tags::SCHEDULED_PROTOCOL_CODE_SEQUENCE
                    | tags::ANATOMIC_REGION_SEQUENCE
            ))
        )
    }

    /// Leaves out departments that are codes of procedures, and stations named after their model.
    fn leave_out(&mut self) {
        let of_kind = |kind: Kind| {
            let terms = self.needles.terms.keys();
            terms.filter(move |term| term.0 == kind)
        };
        let mut out = Vec::new();
        for (kind, text) in of_kind(Kind::Institution) {
            if self.codes.contains(text) {
                out.push((*kind, text.clone(), Exemption::ProcedureCode));
            }
        }
        for (kind, text) in of_kind(Kind::Device) {
            let station = text.to_lowercase();
            let is_word = |model: &String| {
                model
                    .split([' ', '_', '-', '/', ','])
                    .any(|word| word == station)
            };
            if self.models.iter().any(is_word) {
                out.push((*kind, text.clone(), Exemption::StationOfModel));
            }
        }
        for (kind, text, exemption) in out {
            self.needles.leave_out(kind, &text, exemption);
        }
    }

    /// Private text counts unless the same text stands in an element of the standard that is no
    /// identifier, such as a description that both repeat.
    fn end(&mut self) {
        self.leave_out();
        if self.needles.retained.safe_private {
            return;
        }
        for (text, path) in std::mem::take(&mut self.private) {
            let text = text.trim_matches([' ', '\0']);
            let is_sentence = text.contains(|c: char| c.is_alphabetic()) && text.len() >= PRIVATE;
            let is_public = self.public.iter().any(|public| public.contains(text));
            if is_sentence && !is_public && text.len() <= 256 && !path_is_creator(&path) {
                self.needles.put(Kind::Private, text, &path);
            }
        }
    }
}

/// UIDs of classes, not of instances: even private ones tell what a thing is.
fn is_class(tag: Tag) -> bool {
    matches!(
        tag,
        tags::SOP_CLASS_UID
            | tags::REFERENCED_SOP_CLASS_UID
            | tags::CODING_SCHEME_UID
            | tags::CONTEXT_UID
            | tags::CONTEXT_GROUP_EXTENSION_CREATOR_UID
            | tags::MAPPING_RESOURCE_UID
            | tags::IMPLEMENTATION_CLASS_UID
            | tags::TRANSFER_SYNTAX_UID
            | tags::RELATED_GENERAL_SOP_CLASS_UID
            | tags::ORIGINAL_SPECIALIZED_SOP_CLASS_UID
            | tags::SOP_CLASSES_IN_STUDY
    )
}

fn path_is_creator(path: &TagPath) -> bool {
    super::needle::last_tag(path).is_some_and(Tag::is_private_creator)
}
