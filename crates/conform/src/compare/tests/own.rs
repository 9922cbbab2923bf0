//! Our own statement against others: what our codecs convert, and settings as remedies.

use sagittal_core::{AeTitle, Uid, transfer_syntax as ts};
use sagittal_dimse::DimseConfig;

use super::*;
use crate::document::{ClientCertificate, SopClasses};
use crate::statement::{Input, statement};

fn ours(change: impl FnOnce(&mut DimseConfig), peers: &[&str]) -> Document {
    let mut dimse = DimseConfig::new(AeTitle::new("SAGITTAL").unwrap());
    change(&mut dimse);
    statement(&Input {
        dimse: &dimse,
        version: "1.2",
        date: None,
        port: 11112,
        tls_port: None,
        client_certificate: ClientCertificate::None,
        dicomweb: "/".to_owned(),
        peers: peers.iter().map(|title| (*title).to_owned()).collect(),
        routes: Vec::new(),
    })
}

/// A receiver of CT in some transfer syntaxes.
fn receiver(syntaxes: &[&str]) -> Document {
    document(&format!(
        "format = 1\nbasis = \"p\"\nbases = {{ p = {{ status = \"observed\" }} }}\nsystem = {{ name = \"OLD\" }}\n\
         [[application_entities]]\nae_title = \"OLD\"\nunlisted = \"no\"\n[[application_entities.contexts]]\n\
         sop_classes = [\"CT Image Storage\"]\ntransfer_syntaxes = {syntaxes:?}\n"
    ))
}

fn of_ct(comparison: &Comparison) -> Vec<&Finding> {
    let ct = SopClasses::named("CT Image Storage").unwrap();
    let is_ct = |one: &&Finding| {
        one.workflow == Workflow::Store
            && one.direction == Direction::AToB
            && ct.iter().all(|uid| one.sop_classes.contains(uid))
    };
    comparison.findings.iter().filter(is_ct).collect()
}

#[test]
fn what_we_hold_compressed_is_converted_without_loss_by_us() {
    let comparison = compare(
        &ours(|_| (), &[]),
        &receiver(&[ts::EXPLICIT_VR_LITTLE_ENDIAN]),
        &[],
    );
    let of_ct = of_ct(&comparison);
    let [works, converted, rest] = of_ct.as_slice() else {
        panic!("{of_ct:#?}");
    };
    // By reference, for example.
    assert_eq!(
        (rest.outcome, rest.severity),
        (Outcome::Refused, Severity::Info)
    );
    assert!(
        works
            .proposed
            .contains(&Uid::from_static(ts::IMPLICIT_VR_LITTLE_ENDIAN))
    );
    assert_eq!(converted.outcome, Outcome::Transcoding);
    let converter = Converter {
        by: "SAGITTAL".to_owned(),
        lossy: false,
    };
    assert_eq!(converted.converter, Some(converter));
    for uid in [
        ts::JPEG_2000_LOSSLESS,
        ts::JPEG_LOSSLESS_SV1,
        ts::HTJ2K,
        ts::RLE_LOSSLESS,
    ] {
        assert!(converted.proposed.contains(&Uid::from_static(uid)), "{uid}");
    }
    assert!(
        converted
            .proposed
            .iter()
            .all(|uid| !uid.as_str().starts_with("1.2.840.10008.1.2.4.100"))
    );
}

#[test]
fn what_takes_only_a_lossy_syntax_is_refused_with_a_setting() {
    let comparison = compare(
        &ours(|_| (), &[]),
        &receiver(&[ts::JPEG_BASELINE_8_BIT]),
        &[],
    );
    let refused = of_ct(&comparison)
        .into_iter()
        .find(|one| one.outcome == Outcome::Refused)
        .unwrap();
    assert!(
        refused
            .proposed
            .contains(&Uid::from_static(ts::EXPLICIT_VR_LITTLE_ENDIAN))
    );
    let toml = refused
        .remedies
        .iter()
        .find_map(|remedy| remedy.toml.as_deref())
        .unwrap();
    assert!(
        toml.contains("[[peer]]") && toml.contains("lossy = [\"jpeg\"]"),
        "{toml}"
    );
}

#[test]
fn a_sender_that_we_refuse_is_let_in_by_a_setting() {
    let narrow = ours(
        |config| config.transfer_syntaxes = vec![Uid::from_static(ts::EXPLICIT_VR_LITTLE_ENDIAN)],
        &[],
    );
    let only_j2k = (
        "transfer_syntaxes = [\"Explicit VR Little Endian\", \"Implicit VR Little Endian\"]\nroles = [\"scu\"]\n\n[[application_entities.contexts]]\nsop_classes = [\"Verification\"",
        "transfer_syntaxes = [\"JPEG 2000 Image Compression (Lossless Only)\"]\nroles = [\"scu\"]\n\n[[application_entities.contexts]]\nsop_classes = [\"Verification\"",
    );
    let (modality, _) = pair(only_j2k, ("", ""));
    let comparison = compare(&modality, &narrow, &[Workflow::Store]);
    let refused = comparison
        .findings
        .iter()
        .find(|one| one.outcome == Outcome::Refused)
        .unwrap();
    let toml = refused
        .remedies
        .iter()
        .find_map(|remedy| remedy.toml.as_deref())
        .unwrap();
    assert_eq!(
        toml,
        "[dimse]\ntransfer_syntaxes = [\"1.2.840.10008.1.2.1\", \"1.2.840.10008.1.2.4.90\"]\n"
    );
    let open = compare(&modality, &ours(|_| (), &[]), &[Workflow::Store]);
    let of_us = open
        .findings
        .iter()
        .filter(|one| one.direction == Direction::AToB);
    assert_eq!(of_us.filter(|one| one.counts()).count(), 0);
}

/// We can ask everybody everything; that a scanner answers nothing is no mismatch.
#[test]
fn what_our_tools_could_ask_is_not_held_against_a_modality() {
    let (modality, _) = pair(("", ""), ("", ""));
    let comparison = compare(&ours(|_| (), &[]), &modality, &[]);
    let errors: Vec<_> = comparison
        .findings
        .iter()
        .filter(|one| one.severity == Severity::Error)
        .collect();
    // It looks for a worklist, steps and commitment, which we do not have, and for DICOMweb, which
    // is off here.
    let workflows: Vec<Workflow> = errors.iter().map(|one| one.workflow).collect();
    assert_eq!(
        workflows,
        [
            Workflow::Worklist,
            Workflow::Mpps,
            Workflow::Commitment,
            Workflow::Web
        ]
    );
    assert!(
        errors.iter().all(|one| one.direction == Direction::BToA),
        "{errors:#?}"
    );
    let passed_on = comparison.findings.iter().find(|one| {
        one.workflow == Workflow::Store
            && one.outcome == Outcome::Refused
            && one.severity == Severity::Warning
    });
    assert!(passed_on.unwrap().subject.len() < 400);
}

#[test]
fn settings_decide_and_are_named_as_remedies() {
    let (modality, _) = pair(("", ""), ("", ""));
    let found = |server: &Document, workflow| {
        let comparison = compare(&modality, server, &[workflow]);
        let counting = comparison
            .findings
            .into_iter()
            .filter(|one| one.counts() && one.direction == Direction::AToB);
        counting
            .flat_map(|one| one.remedies)
            .filter_map(|remedy| remedy.toml)
            .collect::<Vec<_>>()
    };
    let strangers = ours(|config| config.known_peers_only = true, &["CT1"]);
    let [toml] = found(&strangers, Workflow::Store).try_into().unwrap();
    assert!(
        toml.contains("ae_title = \"CT2\"\nhost = \"10.0.0.2\"\nport = 104"),
        "{toml}"
    );
    let friends = ours(|config| config.known_peers_only = true, &["CT2"]);
    assert!(found(&friends, Workflow::Store).is_empty());
    let without_get = ours(|config| config.offered.get = false, &[]);
    assert!(
        found(&without_get, Workflow::Retrieve).contains(&"[services]\nget = true\n".to_owned())
    );
    let one_at_a_time = ours(|config| config.associations = (1, 1), &[]);
    let toml = found(&one_at_a_time, Workflow::Store).concat();
    assert!(toml.contains("max_associations = 2"), "{toml}");
}

#[test]
fn our_statement_with_itself_has_no_mismatch() {
    let mut other = ours(
        |config| config.ae_title = AeTitle::new("OTHER").unwrap(),
        &[],
    );
    other.system.name = "OTHER".to_owned();
    let comparison = compare(&ours(|_| (), &[]), &other, &[]);
    assert_eq!(short(&comparison), []);
}
