//! Encapsulated documents (PS3.3 §A.45, §A.85): placeholders that say what was removed, models
//! without the words in them.

mod cda;
mod mesh;
mod pdf;

use bytes::Bytes;
use sagittal_core::{DataSet, Value, Vr, sop_class, tags};

/// What every placeholder says.
const SENTENCES: [&str; 3] = [
    "Document removed",
    "An encapsulated document stood here. It was removed when this instance was de-identified",
    "by the DICOM Basic Application Level Confidentiality Profile (PS3.15 Annex E).",
];

/// What takes the place of the document of an instance of this class: of PDF and CDA a document of
/// the same kind that says what was removed; of models (STL, OBJ, MTL) the model without names and
/// comments. `None` for classes of which no placeholder is known.
///
/// The bytes are padded to even length; [`set_length`] says how many count.
pub fn placeholder(sop_class_uid: &str, document: &[u8]) -> Option<Bytes> {
    let mut new = match sop_class_uid {
        sop_class::ENCAPSULATED_PDF_STORAGE => pdf::page(&SENTENCES),
        sop_class::ENCAPSULATED_CDA_STORAGE => cda::document(&SENTENCES),
        sop_class::ENCAPSULATED_STL_STORAGE => mesh::clean_stl(document)?,
        sop_class::ENCAPSULATED_OBJ_STORAGE => mesh::clean_obj(document),
        sop_class::ENCAPSULATED_MTL_STORAGE => mesh::clean_mtl(document),
        _ => return None,
    };
    if new.len() % 2 == 1 {
        // White space to PDF, XML and the models of text; binary STL has an even length or a
        // count that tells where it ends.
        new.push(if new.starts_with(&[0; 80]) { 0 } else { b'\n' });
    }
    Some(new.into())
}

/// Encapsulated Document Length is that of the document there is now (PS3.3 §C.24.2).
pub fn set_length(data_set: &mut DataSet) {
    let length = match data_set.get(tags::ENCAPSULATED_DOCUMENT) {
        Some(element) => match &element.value {
            Value::Bytes(bytes) => u32::try_from(bytes.len()).ok(),
            _ => None,
        },
        None => return,
    };
    if data_set.contains(tags::ENCAPSULATED_DOCUMENT_LENGTH) {
        let bytes = length.unwrap_or(0).to_le_bytes().to_vec();
        data_set.put_bytes(tags::ENCAPSULATED_DOCUMENT_LENGTH, Vr::UL, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_placeholder() {
        for (class, start) in [
            (sop_class::ENCAPSULATED_PDF_STORAGE, &b"%PDF-1.4"[..]),
            (sop_class::ENCAPSULATED_CDA_STORAGE, b"<?xml"),
            (sop_class::ENCAPSULATED_OBJ_STORAGE, b"v 1"),
        ] {
            let new = placeholder(class, b"# Doe^John\nv 1 2 3\n").expect("a placeholder");
            assert!(new.starts_with(start));
            assert_eq!(new.len() % 2, 0);
            assert!(!new.windows(3).any(|three| three == b"Doe"));
        }
        assert!(placeholder("1.2.3", b"").is_none());
    }

    #[test]
    fn the_length_is_set_where_it_is_told() {
        let mut data_set = DataSet::utf8();
        set_length(&mut data_set);
        assert!(!data_set.contains(tags::ENCAPSULATED_DOCUMENT_LENGTH));
        data_set.put_bytes(tags::ENCAPSULATED_DOCUMENT, Vr::OB, vec![1; 6]);
        data_set.put_u32(tags::ENCAPSULATED_DOCUMENT_LENGTH, &[99]);
        set_length(&mut data_set);
        assert_eq!(data_set.int(tags::ENCAPSULATED_DOCUMENT_LENGTH), Some(6));
    }
}
