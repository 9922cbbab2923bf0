//! Objects for the tests.

use bytes::Bytes;
use sagittal_core::{DataSet, Element, Fragments, Tag, Uid, Value, Vr, tags};
use sagittal_file::write::write_data_set;

pub const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
pub const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
pub const EXPLICIT_BE: &str = "1.2.840.10008.1.2.2";
pub const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub const JPEG: &str = "1.2.840.10008.1.2.4.50";

pub struct Object {
    pub uid: String,
    pub study: String,
    pub series: String,
    pub rows: u16,
    pub columns: u16,
    pub frames: u16,
    /// Makes other pixels.
    pub seed: u8,
}

impl Object {
    pub fn new(uid: &str) -> Object {
        Object {
            uid: uid.to_owned(),
            study: "1.9".to_owned(),
            series: "1.9.1".to_owned(),
            rows: 64,
            columns: 64,
            frames: 1,
            seed: 1,
        }
    }

    pub fn header(&self) -> DataSet {
        let uid = |text: &str| Uid::tolerant(text).unwrap();
        let mut data_set = DataSet::new();
        data_set.put_text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 100");
        data_set.put_uid(tags::SOP_CLASS_UID, &uid("1.2.840.10008.5.1.4.1.1.2"));
        data_set.put_uid(tags::SOP_INSTANCE_UID, &uid(&self.uid));
        data_set.put_text(tags::STUDY_DATE, "20260102");
        data_set.put_text(tags::MODALITY, "CT");
        data_set.put_text(tags::PATIENT_NAME, "Müller^Jörg");
        data_set.put_text(tags::PATIENT_ID, "4711");
        data_set.put_uid(tags::STUDY_INSTANCE_UID, &uid(&self.study));
        data_set.put_uid(tags::SERIES_INSTANCE_UID, &uid(&self.series));
        data_set.put_text(tags::INSTANCE_NUMBER, "7");
        data_set.put_u16(tags::SAMPLES_PER_PIXEL, &[1]);
        data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
        data_set.put_text(tags::NUMBER_OF_FRAMES, &self.frames.to_string());
        data_set.put_u16(tags::ROWS, &[self.rows]);
        data_set.put_u16(tags::COLUMNS, &[self.columns]);
        data_set.put_u16(tags::BITS_ALLOCATED, &[16]);
        let mut request = DataSet::new();
        request.put_text(tags::SCHEDULED_PROCEDURE_STEP_ID, "SPS1");
        request.put_text(tags::REQUESTED_PROCEDURE_ID, "RP1");
        let mut other = DataSet::new();
        other.put_text(tags::REQUESTED_PROCEDURE_ID, "RP2");
        data_set.put_items(tags::REQUEST_ATTRIBUTES_SEQUENCE, vec![request, other]);
        data_set
    }

    /// Samples of all frames, little endian.
    pub fn pixels(&self) -> Vec<u8> {
        let count = u32::from(self.rows) * u32::from(self.columns) * u32::from(self.frames);
        let sample = |n: u32| (n.wrapping_mul(31) as u16) ^ u16::from(self.seed);
        (0..count).flat_map(|n| sample(n).to_le_bytes()).collect()
    }

    pub fn native(&self) -> DataSet {
        let mut data_set = self.header();
        data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, self.pixels());
        data_set
    }

    pub fn encapsulated(&self, fragments: &[&[u8]]) -> DataSet {
        let mut data_set = self.header();
        let fragments = fragments
            .iter()
            .map(|f| Bytes::copy_from_slice(f))
            .collect();
        data_set.put(Element {
            tag: tags::PIXEL_DATA,
            vr: Vr::OB,
            value: Value::Fragments(Fragments {
                offset_table: vec![],
                fragments,
            }),
        });
        data_set
    }

    pub fn bytes(&self, ts: &str) -> Vec<u8> {
        encode(&self.native(), ts)
    }
}

pub fn encode(data_set: &DataSet, ts: &str) -> Vec<u8> {
    let mut out = Vec::new();
    write_data_set(data_set, ts, &mut out).unwrap();
    out
}

/// A private element with a value of this length.
pub fn put_private(data_set: &mut DataSet, length: usize) {
    data_set.put_bytes(Tag(0x0009, 0x0010), Vr::LO, b"ACME".to_vec());
    data_set.put_bytes(Tag(0x0009, 0x1001), Vr::OB, vec![7; length]);
}
