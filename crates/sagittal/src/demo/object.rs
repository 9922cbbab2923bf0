//! A generated object, and how its UIDs and codes are made.

use sagittal_core::{DataSet, Tag, Uid, tags, transfer_syntax};
use sagittal_file::part10::{self, Meta};

/// A generated object.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its data set.
    pub data_set: DataSet,
    /// SOP Class UID.
    pub sop_class_uid: Uid,
    /// SOP Instance UID.
    pub sop_instance_uid: Uid,
}

impl Object {
    /// Wraps a data set that has both UIDs.
    pub(super) fn new(
        data_set: DataSet,
        sop_class_uid: &'static str,
        sop_instance_uid: Uid,
    ) -> Object {
        Object {
            data_set,
            sop_class_uid: Uid::from_static(sop_class_uid),
            sop_instance_uid,
        }
    }

    /// A Part 10 file in Explicit VR Little Endian.
    pub fn part10(&self) -> sagittal_file::Result<Vec<u8>> {
        let meta = Meta {
            sop_class_uid: self.sop_class_uid.clone(),
            sop_instance_uid: self.sop_instance_uid.clone(),
            transfer_syntax_uid: Uid::from_static(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN),
            source_ae_title: None,
        };
        part10::write(&meta, &self.data_set)
    }
}

/// A UID of the 2.25 form that follows from a name alone (PS3.5 §B.2).
pub fn uid(name: &str) -> Uid {
    // FNV-1a of 128 bits, made a version 8 UUID (RFC 9562 §5.8).
    let mut hash: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
    for byte in "sagittal demo ".bytes().chain(name.bytes()) {
        hash ^= u128::from(byte);
        hash = hash.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B);
    }
    let version = 0xF << 76;
    let variant = 0x3 << 62;
    Uid::from_uuid_bits((hash & !version & !variant) | 0x8 << 76 | 0x2 << 62)
}

/// Puts several text values.
pub(super) fn texts(data_set: &mut DataSet, values: &[(Tag, &str)]) {
    for (tag, text) in values {
        if text.is_empty() {
            data_set.put_empty(*tag);
        } else {
            data_set.put_text(*tag, text);
        }
    }
}

/// An item of a code sequence (PS3.3 Table 8.8-1).
pub(super) fn code(value: &str, scheme: &str, meaning: &str) -> DataSet {
    let mut item = DataSet::new();
    texts(
        &mut item,
        &[
            (tags::CODE_VALUE, value),
            (tags::CODING_SCHEME_DESIGNATOR, scheme),
            (tags::CODE_MEANING, meaning),
        ],
    );
    item
}

/// A decimal string that fits DS.
pub(super) fn decimal(value: f64) -> String {
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" || text.is_empty() {
        "0".into()
    } else {
        text.into()
    }
}

/// Several decimal strings.
pub(super) fn decimals(values: &[f64]) -> String {
    let values: Vec<String> = values.iter().map(|&value| decimal(value)).collect();
    values.join("\\")
}

/// Pixel samples of 16 bits as little endian bytes.
pub(super) fn words(samples: &[u16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}
