#![allow(clippy::unwrap_used)]
use super::*;
use crate::document::{Role, Support};
use sagittal_core::{Uid, sop_class, transfer_syntax};

const BY_HAND: &str = r#"
format = 1
basis = "statement"

[bases.statement]
status = "declared"
date = "2026-03-01"
evidence = "DICOM conformance statement, revision 4, page 12"

[bases.call]
status = "unknown"
evidence = "the vendor was asked and has not answered"

[system]
name = "CT 2"
product = "Scanner X"

[[application_entities]]
ae_title = "CT2"
unlisted = "no"

[application_entities.association]
max_pdu_received = 65536
max_associations = { basis = "call" }
operations_window = { invoked = 1, performed = 1 }

[[application_entities.contexts]]
sop_classes = ["CT Image Storage", "SecondaryCaptureImageStorage", "1.2.3.4"]
transfer_syntaxes = ["native"]
roles = ["scu"]

[[application_entities.contexts]]
sop_classes = ["Verification"]
transfer_syntaxes = ["Implicit VR Little Endian"]
"#;

fn ts(uid: &'static str) -> Uid {
    Uid::from_static(uid)
}

#[test]
fn a_document_written_by_hand_is_understood() {
    let document = Document::from_toml(BY_HAND).unwrap();
    let entity = document.entity("CT2").unwrap();
    let ct = ts(sop_class::CT_IMAGE_STORAGE);
    let explicit = ts(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN);
    assert_eq!(entity.supports(&ct, &explicit, Role::Scu), Support::Yes);
    assert_eq!(entity.supports(&ct, &explicit, Role::Scp), Support::No);
    let jpeg = ts(transfer_syntax::JPEG_BASELINE_8_BIT);
    assert_eq!(entity.supports(&ct, &jpeg, Role::Scu), Support::No);
    assert_eq!(entity.association.max_pdu_received.value, Some(65536));
    let unknown = &entity.association.max_associations;
    let basis = document.basis_of(unknown.basis.as_deref()).unwrap();
    assert_eq!(
        (unknown.value, basis.status),
        (None, crate::document::Status::Unknown)
    );
    assert_eq!(
        entity
            .association
            .operations_window
            .value
            .map(|w| w.invoked),
        Some(1)
    );
    assert_eq!(entity.pairs(Role::Scu, Support::Yes).len(), 3 * 3);
}

#[test]
fn a_document_survives_json_and_toml() {
    let document = Document::from_toml(BY_HAND).unwrap();
    let toml = document.to_toml().unwrap();
    assert!(
        toml.contains("\"CT Image Storage\"") && toml.contains("\"native\""),
        "{toml}"
    );
    assert_eq!(Document::parse(&toml).unwrap(), document);
    let json = document.to_json().unwrap();
    assert!(json.contains("\"1.2.840.10008.5.1.4.1.1.2\""), "{json}");
    assert_eq!(Document::parse(&json).unwrap(), document);
}

#[test]
fn what_the_format_does_not_have_is_refused_by_name_and_line() {
    let wrong = BY_HAND.replace("max_pdu_received", "max_pdu");
    let error = Document::from_toml(&wrong).unwrap_err().to_string();
    assert!(
        error.contains("max_pdu") && error.contains("line"),
        "{error}"
    );
    let error = Document::from_toml(&BY_HAND.replace("CT Image Storage", "CT Storage"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("CT Storage"), "{error}");
    let error = Document::from_toml(&BY_HAND.replace("basis = \"call\"", "basis = \"phone\""))
        .unwrap_err()
        .to_string();
    assert!(error.contains("phone"), "{error}");
    let error = Document::from_toml(&BY_HAND.replace("format = 1", "format = 2"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("format 2"), "{error}");
}
