//! Instances made up for tests.

use bytes::Bytes;
use sagittal_core::{DataSet, Uid, Vr, tags};
use sagittal_file::write::write_data_set;

pub const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
pub const MULTI_FRAME: &str = "1.2.840.10008.5.1.4.1.1.7.2";
pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub const IMPLICIT: &str = "1.2.840.10008.1.2";
pub const BIG: &str = "1.2.840.10008.1.2.2";
pub const JPEG: &str = "1.2.840.10008.1.2.4.50";

pub fn uid(text: &str) -> Uid {
    Uid::new(text).unwrap()
}

/// An instance before it is encoded.
#[derive(Clone)]
pub struct Object {
    pub sop_class_uid: Uid,
    pub sop_instance_uid: Uid,
    pub data_set: DataSet,
}

impl Object {
    /// Instance `number` of a series of a study of a patient.
    pub fn ct(patient: &str, study: u32, series: u32, number: u32) -> Object {
        let sop_instance_uid = uid(&format!("1.2.826.0.1.{study}.{series}.{number}"));
        let mut data_set = DataSet::utf8();
        let mut put = |tag, text: &str| data_set.put_text(tag, text);
        put(tags::SOP_CLASS_UID, CT);
        put(tags::SOP_INSTANCE_UID, sop_instance_uid.as_str());
        put(tags::STUDY_DATE, &format!("202401{:02}", study % 28 + 1));
        put(tags::STUDY_TIME, "101500");
        put(tags::ACCESSION_NUMBER, &format!("A{study}"));
        put(tags::MODALITY, "CT");
        put(tags::STUDY_DESCRIPTION, "Schädel");
        put(tags::PATIENT_NAME, &format!("Müller^{patient}"));
        put(tags::PATIENT_ID, patient);
        put(tags::STUDY_INSTANCE_UID, &format!("1.2.826.0.1.{study}"));
        put(
            tags::SERIES_INSTANCE_UID,
            &format!("1.2.826.0.1.{study}.{series}"),
        );
        put(tags::SERIES_NUMBER, &series.to_string());
        put(tags::INSTANCE_NUMBER, &number.to_string());
        let pixels: Vec<u8> = (0..32u32 * 32 * 2)
            .map(|at| (at ^ number).to_le_bytes()[0])
            .collect();
        data_set.put_u16(tags::SAMPLES_PER_PIXEL, &[1]);
        data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
        data_set.put_u16(tags::ROWS, &[32]);
        data_set.put_u16(tags::COLUMNS, &[32]);
        data_set.put_u16(tags::BITS_ALLOCATED, &[16]);
        data_set.put_u16(tags::BITS_STORED, &[12]);
        data_set.put_u16(tags::HIGH_BIT, &[11]);
        data_set.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
        data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, pixels);
        Object {
            sop_class_uid: uid(CT),
            sop_instance_uid,
            data_set,
        }
    }

    /// `frames` frames of one byte a pixel, each filled with its number, half a second apart.
    pub fn multi_frame(study: u32, frames: u8) -> Object {
        let mut object = Object::ct("MF", study, 1, 1);
        let data_set = &mut object.data_set;
        data_set.put_text(tags::SOP_CLASS_UID, MULTI_FRAME);
        data_set.put_text(tags::NUMBER_OF_FRAMES, &frames.to_string());
        data_set.put_text(tags::FRAME_TIME, "500");
        data_set.put_tags(tags::FRAME_INCREMENT_POINTER, &[tags::FRAME_TIME]);
        data_set.put_u16(tags::BITS_ALLOCATED, &[8]);
        data_set.put_u16(tags::BITS_STORED, &[8]);
        data_set.put_u16(tags::HIGH_BIT, &[7]);
        let pixels: Vec<u8> = (0..frames).flat_map(|frame| [frame; 32 * 32]).collect();
        data_set.put_bytes(tags::PIXEL_DATA, Vr::OB, pixels);
        object.sop_class_uid = uid(MULTI_FRAME);
        object
    }

    pub fn encode(&self, transfer_syntax_uid: &str) -> Bytes {
        let mut out = Vec::new();
        write_data_set(&self.data_set, transfer_syntax_uid, &mut out).unwrap();
        out.into()
    }
}
