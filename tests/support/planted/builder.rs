//! An object under construction, with its answer key.

use std::path::PathBuf;

use sagittal_core::{CharacterSet, DataSet, Tag, TagPath, Uid, Vr, tags, transfer_syntax};
use sagittal_file::part10::{self, Meta};
use sha2::{Digest, Sha256};

use super::{Check, Expected, File, Marker, Patient};
use crate::random::Random;

/// A study of a patient.
#[derive(Clone, Debug)]
pub struct Study {
    pub patient: Patient,
    pub uid: String,
    pub frame_of_reference_uid: String,
    pub date: String,
    pub time: String,
    pub study_id: String,
}

pub fn uid(random: &mut Random) -> String {
    let bits = u128::from(random.number()) << 64 | u128::from(random.number());
    Uid::from_uuid_bits(bits).as_str().to_owned()
}

impl Study {
    pub fn new(patient: &Patient, random: &mut Random) -> Study {
        Study {
            patient: patient.clone(),
            uid: uid(random),
            frame_of_reference_uid: uid(random),
            date: format!(
                "20{:02}{:02}{:02}",
                11 + random.below(13),
                1 + random.below(12),
                13 + random.below(15)
            ),
            time: format!(
                "{:02}{:02}{:02}.{:03}",
                random.below(24),
                random.below(60),
                random.below(60),
                random.below(1000)
            ),
            study_id: format!("STU{:06}", 100_000 + random.below(899_999)),
        }
    }
}

/// An object under construction.
#[derive(Clone, Debug)]
pub struct Planted {
    pub data_set: DataSet,
    pub expected: Vec<Expected>,
    pub secrets: Vec<String>,
    pub transfer_syntax_uid: &'static str,
    pub source_ae_title: String,
}

/// One element in an item, with what is expected of it.
pub struct Leaf {
    pub tag: Tag,
    pub text: String,
    pub checks: Vec<Check>,
}

/// A text with words that go (`{…}` in the template) and words that stay.
pub fn mixed(tag: Tag, keep: &[&str], text: String, remove: &[&str]) -> Leaf {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Leaf {
        tag,
        text,
        checks: vec![
            Check::TextRetained(owned(keep)),
            Check::TextRemoved(owned(remove)),
        ],
    }
}

/// A text that goes altogether.
pub fn gone(tag: Tag, text: &str) -> Leaf {
    Leaf {
        tag,
        text: text.to_owned(),
        checks: vec![Check::TextRemoved(vec![text.to_owned()])],
    }
}

/// A date or time that moves.
pub fn dated(tag: Tag, text: &str) -> Leaf {
    Leaf {
        tag,
        text: text.to_owned(),
        checks: vec![Check::DateShifted(text.to_owned())],
    }
}

/// A UID that gets its stand-in.
pub fn mapped(tag: Tag, text: &str) -> Leaf {
    let original = text.to_owned();
    Leaf {
        tag,
        text: text.to_owned(),
        checks: vec![
            Check::UidChanged(original.clone()),
            Check::UidConsistent(original),
        ],
    }
}

/// A text that stays as it is.
pub fn stays(tag: Tag, text: &str) -> Leaf {
    Leaf {
        tag,
        text: text.to_owned(),
        checks: vec![Check::TextRetained(vec![text.to_owned()])],
    }
}

/// Something without a check of its own.
pub fn plain(tag: Tag, text: &str) -> Leaf {
    Leaf {
        tag,
        text: text.to_owned(),
        checks: vec![],
    }
}

impl Planted {
    /// The modules that all objects have.
    pub fn new(study: &Study, sop_class_uid: &str, modality: &str, random: &mut Random) -> Planted {
        let patient = &study.patient;
        let mut data_set = DataSet::with_character_set(CharacterSet::from_element(
            patient.character_set.as_bytes(),
        ));
        data_set.put_bytes(
            tags::SPECIFIC_CHARACTER_SET,
            Vr::CS,
            even(patient.character_set),
        );
        data_set.put_text(tags::SOP_CLASS_UID, sop_class_uid);
        data_set.put_text(tags::MODALITY, modality);
        let mut planted = Planted {
            data_set,
            expected: vec![],
            secrets: patient.secrets(),
            transfer_syntax_uid: transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
            source_ae_title: format!(
                "{}AE",
                patient
                    .family
                    .chars()
                    .take(6)
                    .collect::<String>()
                    .to_uppercase()
            ),
        };
        planted.secrets.push(planted.source_ae_title.clone());
        planted.secrets.push(study.study_id.clone());
        for text in [study.uid.as_str(), study.frame_of_reference_uid.as_str()] {
            planted.secrets.push(text.to_owned());
        }
        planted.patient(study);
        planted.study(study, modality);
        let (series, instance) = (uid(random), uid(random));
        planted.put(mapped(tags::SERIES_INSTANCE_UID, &series));
        planted.put(mapped(tags::SOP_INSTANCE_UID, &instance));
        planted.put(stays(tags::SERIES_NUMBER, "3"));
        planted.put(stays(tags::INSTANCE_NUMBER, "1"));
        planted.secrets.extend([series, instance]);
        planted
    }

    fn patient(&mut self, study: &Study) {
        let patient = &study.patient;
        self.put(Leaf {
            tag: tags::PATIENT_NAME,
            text: patient.person_name.clone(),
            checks: vec![
                Check::TextRemoved(parts(&patient.person_name)),
                Check::TagRetained,
            ],
        });
        self.put(Leaf {
            tag: tags::PATIENT_ID,
            text: patient.id.clone(),
            checks: vec![
                Check::TextRemoved(vec![patient.id.clone()]),
                Check::PatientIdConsistent(patient.id.clone()),
            ],
        });
        self.put(Leaf {
            tag: tags::PATIENT_BIRTH_DATE,
            text: patient.birth_date.clone(),
            checks: vec![
                Check::DateShifted(patient.birth_date.clone()),
                Check::TagRetained,
            ],
        });
        self.put(stays(tags::PATIENT_SEX, "F"));
        self.put(stays(tags::PATIENT_SIZE, "1.71"));
        self.put(stays(tags::PATIENT_WEIGHT, "70.5"));
        self.put(gone(
            tags::PATIENT_ADDRESS,
            &format!("{}, {}", patient.street, patient.town),
        ));
        self.put(gone(tags::PATIENT_TELEPHONE_NUMBERS, &patient.phone));
        self.put(gone(
            tags::OTHER_PATIENT_NAMES,
            &format!("{}^{}", patient.family, patient.middle),
        ));
        self.put(gone(
            tags::MILITARY_RANK,
            &format!("Sgt {}", patient.family),
        ));
        self.put(mixed(
            tags::PATIENT_COMMENTS,
            &["diabetic", "metformin"],
            format!(
                "diabetic on metformin, call {} at {}",
                patient.given, patient.phone
            ),
            &[&patient.given, &patient.phone],
        ));
        self.put(mixed(
            tags::ADDITIONAL_PATIENT_HISTORY,
            &["lobectomy", "chemotherapy"],
            format!(
                "Mrs. {} had lobectomy on {}, then chemotherapy. SSN {}",
                patient.family,
                spelled(&study.date),
                patient.insurance
            ),
            &[&patient.family, &spelled(&study.date), &patient.insurance],
        ));
        self.items(
            tags::OTHER_PATIENT_IDS_SEQUENCE,
            vec![vec![
                gone(tags::PATIENT_ID, &patient.insurance),
                plain(tags::TYPE_OF_PATIENT_ID, "TEXT"),
            ]],
        );
    }

    fn study(&mut self, study: &Study, modality: &str) {
        let patient = &study.patient;
        let name = |of: &(String, String)| format!("{}^{}", of.0, of.1);
        self.put(mapped(tags::STUDY_INSTANCE_UID, &study.uid));
        for tag in [tags::STUDY_DATE, tags::SERIES_DATE] {
            self.put(dated(tag, &study.date));
        }
        self.put(plain(tags::STUDY_TIME, &study.time));
        self.put(plain(tags::SERIES_TIME, &study.time));
        self.put(Leaf {
            tag: tags::ACCESSION_NUMBER,
            text: patient.accession.clone(),
            checks: vec![
                Check::TextRemoved(vec![patient.accession.clone()]),
                Check::TagRetained,
            ],
        });
        self.put(gone(tags::STUDY_ID, &study.study_id));
        self.put(gone(
            tags::REFERRING_PHYSICIAN_NAME,
            &name(&patient.referrer),
        ));
        self.put(gone(tags::OPERATORS_NAME, &name(&patient.operator)));
        self.put(gone(
            tags::NAME_OF_PHYSICIANS_READING_STUDY,
            &name(&patient.reader),
        ));
        self.put(gone(tags::INSTITUTION_NAME, &patient.hospital));
        self.put(gone(
            tags::INSTITUTION_ADDRESS,
            &format!("{} Road, {}", patient.street, patient.town),
        ));
        self.put(stays(tags::STATION_NAME, "CTSCAN01"));
        self.put(stays(tags::MANUFACTURER, "ACME Imaging"));
        self.put(mixed(
            tags::STUDY_DESCRIPTION,
            &["thorax", "contrast"],
            format!("{modality} thorax with contrast {}", patient.family),
            &[&patient.family],
        ));
        self.put(mixed(
            tags::SERIES_DESCRIPTION,
            &["axial", "5.0"],
            format!(
                "{}_axial 5.0 {}",
                patient.family.to_uppercase(),
                &study.date
            ),
            &[&patient.family, &study.date],
        ));
        self.put(mixed(
            tags::PROTOCOL_NAME,
            &["Chest", "Routine"],
            format!("Chest Routine Dr. {}", patient.referrer.0),
            &[&patient.referrer.0],
        ));
        self.items(
            tags::REQUEST_ATTRIBUTES_SEQUENCE,
            vec![vec![
                gone(
                    tags::REQUESTED_PROCEDURE_ID,
                    &format!("RP{}", patient.accession),
                ),
                gone(
                    tags::SCHEDULED_PROCEDURE_STEP_ID,
                    &format!("SPS{}", patient.accession),
                ),
                mixed(
                    tags::REQUESTED_PROCEDURE_DESCRIPTION,
                    &["embolism"],
                    format!(
                        "rule out embolism, requested by {} ({})",
                        patient.referrer.0, patient.hospital
                    ),
                    &[&patient.referrer.0, &patient.hospital],
                ),
            ]],
        );
        self.items(
            tags::REFERENCED_STUDY_SEQUENCE,
            vec![vec![
                plain(tags::REFERENCED_SOP_CLASS_UID, "1.2.840.10008.3.1.2.3.1"),
                // Removed, or with its stand-in: the attribute may go where the IOD lets it.
                Leaf {
                    tag: tags::REFERENCED_SOP_INSTANCE_UID,
                    text: study.uid.clone(),
                    checks: vec![Check::UidChanged(study.uid.clone())],
                },
            ]],
        );
    }

    /// Puts an element of the root.
    pub fn put(&mut self, leaf: Leaf) {
        let path = leaf.tag.to_string();
        self.data_set.put_text(leaf.tag, &leaf.text);
        self.expect(&path, leaf.checks);
    }

    /// Puts a sequence of the root.
    pub fn items(&mut self, tag: Tag, items: Vec<Vec<Leaf>>) {
        let built = items.into_iter().enumerate().map(|(number, leaves)| {
            let mut item = DataSet::with_character_set(self.data_set.character_set().clone());
            for leaf in leaves {
                let path = TagPath::root(tag)
                    .item(u32::try_from(number).unwrap())
                    .element(leaf.tag);
                item.put_text(leaf.tag, &leaf.text);
                self.expected
                    .extend(leaf.checks.into_iter().map(|check| Expected {
                        path: path.to_string(),
                        check,
                    }));
            }
            item
        });
        let built = built.collect();
        self.data_set.put_items(tag, built);
    }

    /// Adds checks.
    pub fn expect(&mut self, path: &str, checks: Vec<Check>) {
        self.expected
            .extend(checks.into_iter().map(|check| Expected {
                path: path.to_owned(),
                check,
            }));
    }

    /// An item in this object's character set.
    pub fn item(&self) -> DataSet {
        DataSet::with_character_set(self.data_set.character_set().clone())
    }

    /// Expects Pixel Data as it is now.
    pub fn expect_pixels(&mut self) {
        let bytes = self.data_set.bytes(tags::PIXEL_DATA).unwrap();
        let check = Check::PixelsRetained(sha256(bytes));
        self.expect(&tags::PIXEL_DATA.to_string(), vec![check]);
    }

    /// SOP class and instance.
    pub fn reference(&self) -> (String, String) {
        let text = |tag| self.data_set.first_text(tag).unwrap();
        (text(tags::SOP_CLASS_UID), text(tags::SOP_INSTANCE_UID))
    }

    /// Gives it the Instance Number by which its output is known again.
    pub fn number(&mut self, number: usize) {
        let path = tags::INSTANCE_NUMBER.to_string();
        self.expected.retain(|expected| expected.path != path);
        self.put(stays(tags::INSTANCE_NUMBER, &number.to_string()));
    }

    /// The file, its preamble and File Meta Information planted too.
    pub fn finish(mut self, name: PathBuf) -> File {
        let (sop_class_uid, sop_instance_uid) = self.reference();
        let meta = Meta {
            sop_class_uid: Uid::new(&sop_class_uid).unwrap(),
            sop_instance_uid: Uid::new(&sop_instance_uid).unwrap(),
            transfer_syntax_uid: Uid::from_static(self.transfer_syntax_uid),
            source_ae_title: Some(self.source_ae_title.clone()),
        };
        let number = self.data_set.first_text(tags::INSTANCE_NUMBER).unwrap();
        let mut bytes = part10::write(&meta, &self.data_set).unwrap();
        let secret = self.secrets.first().cloned().unwrap_or_default();
        let note = format!("II*\0{secret}");
        bytes[..note.len()].copy_from_slice(note.as_bytes());
        self.secrets.sort();
        self.secrets.dedup();
        File {
            name,
            bytes,
            marker: Marker {
                sop_class_uid,
                number,
            },
            sop_instance_uid,
            expected: self.expected,
            secrets: self.secrets,
        }
    }
}

/// Name parts of at least three letters.
pub fn parts(person_name: &str) -> Vec<String> {
    let parts = person_name
        .split(['^', '=', '-'])
        .filter(|part| part.chars().count() > 2);
    parts.map(str::to_owned).collect()
}

/// `20240131` as `31.01.2024`.
pub fn spelled(date: &str) -> String {
    format!("{}.{}.{}", &date[6..8], &date[4..6], &date[..4])
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn even(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(b' ');
    }
    bytes
}
