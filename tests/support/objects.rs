//! Objects built in code: small, valid, each with UIDs of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use sagittal_core::{DataSet, Tag, Uid, Vr, sop_class, tags, transfer_syntax};
use sagittal_file::part10::{self, Meta};

/// An object that can still be changed.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its data set.
    pub data_set: DataSet,
    /// Transfer syntax it is written in.
    pub transfer_syntax_uid: Uid,
}

/// A UID that no other call gives.
pub fn new_uid() -> Uid {
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let bits =
        u128::from(std::process::id()) << 96 | u128::from(nanoseconds()) << 32 | u128::from(count);
    Uid::from_uuid_bits(bits)
}

fn nanoseconds() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(now.unwrap().as_nanos() % (1 << 62)).unwrap()
}

impl Object {
    /// The modules that all objects have.
    pub fn new(sop_class_uid: &str, modality: &str) -> Object {
        let mut data_set = DataSet::utf8();
        for (tag, text) in [
            (tags::SOP_CLASS_UID, sop_class_uid),
            (tags::STUDY_DATE, "20260115"),
            (tags::STUDY_TIME, "101500"),
            (tags::ACCESSION_NUMBER, "ACC1"),
            (tags::MODALITY, modality),
            (tags::REFERRING_PHYSICIAN_NAME, "Referrer^Rita"),
            (tags::STUDY_DESCRIPTION, "Test study"),
            (tags::SERIES_DESCRIPTION, "Test series"),
            (tags::PATIENT_NAME, "Test^Terry"),
            (tags::PATIENT_ID, "TEST-1"),
            (tags::PATIENT_BIRTH_DATE, "19700101"),
            (tags::PATIENT_SEX, "O"),
            (tags::STUDY_ID, "1"),
            (tags::SERIES_NUMBER, "1"),
            (tags::INSTANCE_NUMBER, "1"),
        ] {
            data_set.put_text(tag, text);
        }
        for tag in [
            tags::STUDY_INSTANCE_UID,
            tags::SERIES_INSTANCE_UID,
            tags::SOP_INSTANCE_UID,
        ] {
            data_set.put_uid(tag, &new_uid());
        }
        Object {
            data_set,
            transfer_syntax_uid: Uid::from_static(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN),
        }
    }

    /// Sets a text value.
    pub fn with(mut self, tag: Tag, text: &str) -> Object {
        self.data_set.put_text(tag, text);
        self
    }

    /// Puts it into the study and series of another object, with an instance number.
    pub fn beside(self, other: &Object, instance_number: u32) -> Object {
        let series = other.series_instance_uid();
        self.in_study_of(other)
            .with(tags::SERIES_INSTANCE_UID, series.as_str())
            .with(tags::INSTANCE_NUMBER, &instance_number.to_string())
    }

    /// Puts it into the study of another object.
    pub fn in_study_of(self, other: &Object) -> Object {
        let study = other.study_instance_uid();
        self.with(tags::STUDY_INSTANCE_UID, study.as_str())
    }

    /// Writes it in another transfer syntax.
    pub fn in_transfer_syntax(mut self, uid: &'static str) -> Object {
        self.transfer_syntax_uid = Uid::from_static(uid);
        self
    }

    /// SOP Class UID.
    pub fn sop_class_uid(&self) -> Uid {
        self.uid(tags::SOP_CLASS_UID)
    }

    /// SOP Instance UID.
    pub fn sop_instance_uid(&self) -> Uid {
        self.uid(tags::SOP_INSTANCE_UID)
    }

    /// Series Instance UID.
    pub fn series_instance_uid(&self) -> Uid {
        self.uid(tags::SERIES_INSTANCE_UID)
    }

    /// Study Instance UID.
    pub fn study_instance_uid(&self) -> Uid {
        self.uid(tags::STUDY_INSTANCE_UID)
    }

    fn uid(&self, tag: Tag) -> Uid {
        self.data_set.uid(tag).unwrap().unwrap()
    }

    /// A Part 10 file.
    pub fn part10(&self) -> Vec<u8> {
        let meta = Meta {
            sop_class_uid: self.sop_class_uid(),
            sop_instance_uid: self.sop_instance_uid(),
            transfer_syntax_uid: self.transfer_syntax_uid.clone(),
            source_ae_title: None,
        };
        part10::write(&meta, &self.data_set).unwrap()
    }

    fn with_pixels(mut self, rows: u16, columns: u16, frames: u16, samples: u16) -> Object {
        let data_set = &mut self.data_set;
        let is_color = samples == 3;
        let photometric = if is_color { "RGB" } else { "MONOCHROME2" };
        data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, photometric);
        data_set.put_u16(tags::SAMPLES_PER_PIXEL, &[samples]);
        data_set.put_u16(tags::ROWS, &[rows]);
        data_set.put_u16(tags::COLUMNS, &[columns]);
        let bits = if is_color { 8 } else { 16 };
        data_set.put_u16(tags::BITS_ALLOCATED, &[bits]);
        data_set.put_u16(tags::BITS_STORED, &[if is_color { 8 } else { 12 }]);
        data_set.put_u16(tags::HIGH_BIT, &[if is_color { 7 } else { 11 }]);
        data_set.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
        if is_color {
            data_set.put_u16(tags::PLANAR_CONFIGURATION, &[0]);
        }
        if frames > 1 {
            data_set.put_text(tags::NUMBER_OF_FRAMES, &frames.to_string());
        }
        let length = [rows, columns, frames, samples, bits / 8]
            .iter()
            .map(|&n| usize::from(n))
            .product();
        // Different in every frame and row; 12 bits where there are 16.
        let bytes = (0..length).map(|at: usize| {
            let value = (at / 7 + at * 31) as u8;
            if bits == 16 && at % 2 == 1 {
                value & 0x0F
            } else {
                value
            }
        });
        let vr = if is_color { Vr::OB } else { Vr::OW };
        data_set.put_bytes(tags::PIXEL_DATA, vr, bytes.collect::<Vec<u8>>());
        self
    }
}

/// A CT slice of 32 × 32 samples.
pub fn ct() -> Object {
    ct_of(32, 32)
}

/// A CT slice of any size.
pub fn ct_of(rows: u16, columns: u16) -> Object {
    Object::new(sop_class::CT_IMAGE_STORAGE, "CT")
        .with(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\AXIAL")
        .with(tags::KVP, "120")
        .with(tags::SLICE_THICKNESS, "5")
        .with(tags::IMAGE_POSITION_PATIENT, "-100\\-100\\0")
        .with(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0")
        .with(tags::PIXEL_SPACING, "0.7\\0.7")
        .with(tags::FRAME_OF_REFERENCE_UID, new_uid().as_str())
        .with(tags::RESCALE_INTERCEPT, "-1024")
        .with(tags::RESCALE_SLOPE, "1")
        .with_pixels(rows, columns, 1, 1)
}

/// An MR slice.
pub fn mr() -> Object {
    Object::new(sop_class::MR_IMAGE_STORAGE, "MR")
        .with(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\OTHER")
        .with(tags::SCANNING_SEQUENCE, "SE")
        .with(tags::SEQUENCE_VARIANT, "NONE")
        .with(tags::IMAGE_POSITION_PATIENT, "0\\0\\0")
        .with(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0")
        .with(tags::PIXEL_SPACING, "1\\1")
        .with(tags::FRAME_OF_REFERENCE_UID, new_uid().as_str())
        .with_pixels(24, 20, 1, 1)
}

/// An ultrasound clip in color.
pub fn us(frames: u16) -> Object {
    let mut object = Object::new(sop_class::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE, "US")
        .with(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY")
        .with(tags::FRAME_TIME, "40")
        .with_pixels(16, 18, frames, 3);
    object
        .data_set
        .put_tags(tags::FRAME_INCREMENT_POINTER, &[tags::FRAME_TIME]);
    object
}

/// A report with one line of text.
pub fn sr(text: &str) -> Object {
    let concept = |value: &str, meaning: &str| {
        let mut item = DataSet::utf8();
        item.remove(tags::SPECIFIC_CHARACTER_SET);
        item.put_text(tags::CODE_VALUE, value);
        item.put_text(tags::CODING_SCHEME_DESIGNATOR, "DCM");
        item.put_text(tags::CODE_MEANING, meaning);
        item
    };
    let mut finding = DataSet::with_character_set(sagittal_core::CharacterSet::utf8());
    finding.put_text(tags::RELATIONSHIP_TYPE, "CONTAINS");
    finding.put_text(tags::VALUE_TYPE, "TEXT");
    finding.put_items(
        tags::CONCEPT_NAME_CODE_SEQUENCE,
        vec![concept("121071", "Finding")],
    );
    finding.put_text(tags::TEXT_VALUE, text);
    let mut object = Object::new(sop_class::BASIC_TEXT_SR_STORAGE, "SR")
        .with(tags::CONTENT_DATE, "20260115")
        .with(tags::CONTENT_TIME, "101500")
        .with(tags::VALUE_TYPE, "CONTAINER")
        .with(tags::CONTINUITY_OF_CONTENT, "SEPARATE")
        .with(tags::COMPLETION_FLAG, "COMPLETE")
        .with(tags::VERIFICATION_FLAG, "UNVERIFIED");
    object.data_set.put_items(
        tags::CONCEPT_NAME_CODE_SEQUENCE,
        vec![concept("121070", "Findings")],
    );
    object
        .data_set
        .put_items(tags::CONTENT_SEQUENCE, vec![finding]);
    object
}

/// An encapsulated PDF (of a kind).
pub fn pdf() -> Object {
    let mut object = Object::new(sop_class::ENCAPSULATED_PDF_STORAGE, "DOC")
        .with(tags::DOCUMENT_TITLE, "A document")
        .with(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, "application/pdf")
        .with(tags::BURNED_IN_ANNOTATION, "NO");
    object.data_set.put_bytes(
        tags::ENCAPSULATED_DOCUMENT,
        Vr::OB,
        b"%PDF-1.4\n% not much of a document\n%%EOF\n".to_vec(),
    );
    object
}
