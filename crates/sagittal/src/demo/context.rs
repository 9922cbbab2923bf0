//! Patients who do not exist, their studies, and the modules that all objects share.

use sagittal_core::{CharacterSet, DataSet, Uid, tags};

use super::object::{texts, uid};

/// A patient.
#[derive(Clone, Copy, Debug)]
pub struct Patient {
    /// Specific Character Set.
    pub character_set: &'static str,
    /// Patient's Name.
    pub name: &'static str,
    /// Patient ID.
    pub id: &'static str,
    /// Patient's Birth Date.
    pub birth_date: &'static str,
    /// Patient's Sex.
    pub sex: &'static str,
    /// Patient's Size in meters, weight in kilograms.
    pub body: [&'static str; 2],
}

/// Five of them, in as many scripts and character sets.
pub const PATIENTS: [Patient; 5] = [
    Patient {
        character_set: "ISO_IR 100",
        name: "Demofrau-Übung^Käthe^^Dr.",
        id: "DEMO-0001",
        birth_date: "19610704",
        sex: "F",
        body: ["1.68", "71"],
    },
    Patient {
        character_set: "ISO_IR 126",
        name: "Παράδειγμα^Σοφία",
        id: "DEMO-0002",
        birth_date: "19880229",
        sex: "F",
        body: ["1.72", "64"],
    },
    Patient {
        character_set: "\\ISO 2022 IR 87",
        name: "Reidai^Hanako=例題^花子=れいだい^はなこ",
        id: "DEMO-0003",
        birth_date: "19750515",
        sex: "F",
        body: ["1.58", "52"],
    },
    Patient {
        character_set: "ISO_IR 192",
        name: "مثال^يوسف",
        id: "DEMO-0004",
        birth_date: "19541120",
        sex: "M",
        body: ["1.79", "88"],
    },
    Patient {
        character_set: "ISO_IR 6",
        name: "Sample^Sam",
        id: "DEMO-0005",
        birth_date: "19990101",
        sex: "M",
        body: ["1.83", "77"],
    },
];

/// A study.
#[derive(Clone, Debug)]
pub struct Study {
    /// Whose.
    pub patient: Patient,
    /// Study Instance UID.
    pub study_instance_uid: Uid,
    /// What its other UIDs are derived from.
    pub seed: String,
    /// Study Date.
    pub date: String,
    /// Study Time.
    pub time: String,
    /// Study Description.
    pub description: String,
}

impl Study {
    /// A study whose UIDs follow from `seed`.
    pub fn new(patient: &Patient, seed: &str, date: &str, time: &str, description: &str) -> Study {
        Study {
            patient: *patient,
            study_instance_uid: uid(seed),
            seed: seed.to_owned(),
            date: date.to_owned(),
            time: time.to_owned(),
            description: description.to_owned(),
        }
    }

    /// The accession number: the last digits of the UID.
    pub fn accession_number(&self) -> String {
        let uid = self.study_instance_uid.as_str();
        format!("A{}", uid.get(uid.len().saturating_sub(9)..).unwrap_or("0"))
    }
}

/// A series.
#[derive(Clone, Debug)]
pub struct Series {
    /// Modality.
    pub modality: &'static str,
    /// Series Number.
    pub number: u32,
    /// Series Description.
    pub description: &'static str,
    /// Body Part Examined, or empty.
    pub body_part: &'static str,
    /// Manufacturer's Model Name.
    pub model: &'static str,
}

impl Series {
    /// Series Instance UID.
    pub fn uid(&self, study: &Study) -> Uid {
        uid(&format!("{} series {}", study.seed, self.number))
    }

    /// SOP Instance UID of its `index`-th instance, from 1.
    pub fn instance_uid(&self, study: &Study, index: u32) -> Uid {
        uid(&format!(
            "{} series {} instance {index}",
            study.seed, self.number
        ))
    }
}

/// A data set with the Patient, General Study, Patient Study, General Series, General Equipment
/// and SOP Common modules (PS3.3 §C.7.1–§C.7.5, §C.12.1).
pub(super) fn begin(
    study: &Study,
    series: &Series,
    sop_class_uid: &str,
    index: u32,
) -> (DataSet, Uid) {
    let patient = &study.patient;
    let sop_instance_uid = series.instance_uid(study, index);
    let character_set = CharacterSet::from_element(patient.character_set.as_bytes());
    let mut data_set = DataSet::with_character_set(character_set);
    if patient.character_set != "ISO_IR 6" {
        data_set.put_text(tags::SPECIFIC_CHARACTER_SET, patient.character_set);
    }
    texts(
        &mut data_set,
        &[
            (tags::INSTANCE_CREATION_DATE, &study.date),
            (tags::INSTANCE_CREATION_TIME, &study.time),
            (tags::SOP_CLASS_UID, sop_class_uid),
            (tags::SOP_INSTANCE_UID, sop_instance_uid.as_str()),
            (tags::STUDY_DATE, &study.date),
            (tags::SERIES_DATE, &study.date),
            (tags::STUDY_TIME, &study.time),
            (tags::SERIES_TIME, &study.time),
            (tags::ACCESSION_NUMBER, &study.accession_number()),
            (tags::MODALITY, series.modality),
            (tags::MANUFACTURER, "Sagittal"),
            (tags::INSTITUTION_NAME, "Demonstration Hospital"),
            (tags::REFERRING_PHYSICIAN_NAME, "Referrer^Rita"),
            (tags::STATION_NAME, "DEMO1"),
            (tags::STUDY_DESCRIPTION, &study.description),
            (tags::SERIES_DESCRIPTION, series.description),
            (tags::MANUFACTURER_MODEL_NAME, series.model),
            (tags::PATIENT_NAME, patient.name),
            (tags::PATIENT_ID, patient.id),
            (tags::ISSUER_OF_PATIENT_ID, "DEMO"),
            (tags::PATIENT_BIRTH_DATE, patient.birth_date),
            (tags::PATIENT_SEX, patient.sex),
            (tags::PATIENT_AGE, &age(patient.birth_date, &study.date)),
            (tags::PATIENT_SIZE, patient.body[0]),
            (tags::PATIENT_WEIGHT, patient.body[1]),
            (tags::DEVICE_SERIAL_NUMBER, "0000"),
            (tags::SOFTWARE_VERSIONS, env!("CARGO_PKG_VERSION")),
            (tags::STUDY_ID, "1"),
            (tags::SERIES_NUMBER, &series.number.to_string()),
            (tags::INSTANCE_NUMBER, &index.to_string()),
        ],
    );
    if !series.body_part.is_empty() {
        data_set.put_text(tags::BODY_PART_EXAMINED, series.body_part);
    }
    data_set.put_uid(tags::STUDY_INSTANCE_UID, &study.study_instance_uid);
    data_set.put_uid(tags::SERIES_INSTANCE_UID, &series.uid(study));
    (data_set, sop_instance_uid)
}

/// Content and acquisition date and time, equal to the study's.
pub(super) fn put_moments(data_set: &mut DataSet, study: &Study) {
    texts(
        data_set,
        &[
            (tags::ACQUISITION_DATE, &study.date),
            (tags::CONTENT_DATE, &study.date),
            (tags::ACQUISITION_TIME, &study.time),
            (tags::CONTENT_TIME, &study.time),
        ],
    );
}

/// Age String in years from two dates.
fn age(birth: &str, day: &str) -> String {
    let number = |text: &str| text.parse::<u32>().unwrap_or_default();
    let years = number(day).saturating_sub(number(birth)) / 10_000;
    format!("{years:03}Y")
}
