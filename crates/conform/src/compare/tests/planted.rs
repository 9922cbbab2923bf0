//! One mismatch of every kind.

use super::*;

struct Case {
    name: &'static str,
    /// Replaced in the modality's document.
    a: (&'static str, &'static str),
    /// Replaced in the archive's document.
    b: (&'static str, &'static str),
    /// All that counts: workflow, outcome, place, and a part of the subject.
    found: &'static [(Workflow, Outcome, Place, &'static str)],
    /// A part of a detail.
    detail: &'static str,
}

const NONE: (&str, &str) = ("", "");

use Outcome::{Impaired, Refused, Unknown};

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { name: "only JPEG 2000 to only explicit little endian",
        a: ("[\"CT Image Storage\", \"X-Ray Radiation Dose SR Storage\"]\ntransfer_syntaxes = [\"Explicit VR Little Endian\", \"Implicit VR Little Endian\"]",
            "[\"CT Image Storage\"]\ntransfer_syntaxes = [\"JPEG 2000 Image Compression (Lossless Only)\"]"),
        b: NONE, found: &[(Workflow::Store, Refused, Place::Context, "CT Image Storage")],
        detail: "CT2 proposes JPEG 2000" },
    Case { name: "a SOP class that is not accepted",
        a: NONE, b: ("\"CT Image Storage\", \"X-Ray Radiation Dose SR Storage\"", "\"CT Image Storage\""),
        found: &[(Workflow::Store, Refused, Place::Context, "X-Ray Radiation Dose SR Storage")],
        detail: "PACS does not accept the SOP class" },
    Case { name: "a service that is not there",
        a: NONE, b: ("\"Modality Performed Procedure Step\", ", ""),
        found: &[(Workflow::Mpps, Refused, Place::Context, "Modality Performed Procedure Step")],
        detail: "does not accept the SOP class" },
    Case { name: "a role that is not granted",
        a: NONE, b: ("requestor_roles = \"both\"", "requestor_roles = \"scu\""),
        found: &[(Workflow::Retrieve, Refused, Place::Role, "CT Image Storage")],
        detail: "grants the role of an SCU only" },
    Case { name: "a role of which nothing is told",
        a: NONE, b: ("requestor_roles = \"both\"\n", ""),
        found: &[(Workflow::Retrieve, Unknown, Place::Role, "CT Image Storage")],
        detail: "is not known" },
    Case { name: "extended negotiation that is not agreed on",
        a: NONE, b: ("answer = \"0101\"", "answer = \"00\""),
        found: &[(Workflow::Association, Impaired, Place::ExtendedNegotiation, "relational queries")],
        detail: "does not agree to relational queries" },
    Case { name: "relational queries that are refused",
        a: NONE, b: ("relational = true", "relational = false"),
        found: &[(Workflow::Query, Refused, Place::ExtendedNegotiation, "relational queries")],
        detail: "does not agree" },
    Case { name: "too many associations",
        a: ("max_associations_opened = 2", "max_associations_opened = 12"), b: NONE,
        found: &[(Workflow::Association, Impaired, Place::Association, "associations")],
        detail: "CT2 opens 12 at the same time, PACS takes 10" },
    Case { name: "too many contexts",
        a: NONE, b: ("max_contexts = 128", "max_contexts = 4"),
        found: &[(Workflow::Association, Impaired, Place::Association, "presentation contexts")],
        detail: "PACS takes 4 contexts" },
    Case { name: "short PDUs",
        a: NONE, b: ("max_pdu_received = 16384", "max_pdu_received = 1024"),
        found: &[(Workflow::Association, Impaired, Place::Pdu, "PDUs")],
        detail: "1024 bytes only" },
    Case { name: "a caller that is not known",
        a: NONE, b: ("known_calling_ae_titles = [\"CT2\"]", "known_calling_ae_titles = [\"CT1\"]"),
        found: &[(Workflow::Association, Refused, Place::AeTitle, "calling AE title")],
        detail: "PACS does not know the caller CT2" },
    Case { name: "a caller of which nothing is told",
        a: NONE, b: ("known_calling_ae_titles = [\"CT2\"]\n", ""),
        found: &[(Workflow::Association, Unknown, Place::AeTitle, "calling AE title")],
        detail: "whether it knows CT2 is not told" },
    Case { name: "the same AE title twice",
        a: ("ae_title = \"CT2\"", "ae_title = \"PACS\""),
        b: ("known_calling_ae_titles = [\"CT2\"]", "known_calling_ae_titles = [\"PACS\"]"),
        found: &[(Workflow::Association, Impaired, Place::AeTitle, "AE titles")],
        detail: "both systems are called PACS" },
    Case { name: "TLS without a version in common",
        a: ("version = \"1.2\", support = \"yes\" }, {", "version = \"1.2\", support = \"no\" }, {"),
        b: ("port = 104", "port = 2762\ntls = true"),
        found: &[(Workflow::Association, Refused, Place::Tls, "TLS")],
        detail: "no version of TLS in common" },
    Case { name: "TLS without a cipher suite in common",
        a: ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA"),
        b: ("port = 104", "port = 2762\ntls = true"),
        found: &[(Workflow::Association, Refused, Place::Tls, "TLS")],
        detail: "no cipher suite" },
    Case { name: "TLS of which nothing is told",
        a: ("[application_entities.tls]\nversions = [{ version = \"1.2\", support = \"yes\" }, { version = \"1.3\", support = \"no\" },\n  { version = \"1.1\", support = \"no\" }, { version = \"1.0\", support = \"no\" }]\nsuites = [{ name = \"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\", version = \"1.2\" }]\n", ""),
        b: ("port = 104", "port = 2762\ntls = true"),
        found: &[(Workflow::Association, Unknown, Place::Tls, "TLS")],
        detail: "whether CT2 speaks it is not told" },
    Case { name: "a character set that is not read",
        a: ("\"ISO_IR 100\"]", "\"ISO_IR 100\", \"ISO 2022 IR 87\"]"), b: NONE,
        found: &[(Workflow::Association, Impaired, Place::CharacterSet, "instances"),
                 (Workflow::Association, Impaired, Place::CharacterSet, "queries")],
        detail: "CT2 writes ISO 2022 IR 87, which PACS does not read" },
    Case { name: "answers in a character set that is not read",
        a: NONE, b: ("used_in = [\"store\", \"query\"]", "used_in = [\"store\", \"query\", \"answer\"]"),
        found: &[(Workflow::Association, Impaired, Place::CharacterSet, "answers")],
        detail: "which CT2 does not read" },
    Case { name: "a key that does not match",
        a: NONE, b: ("matching = [\"single\", \"wild-card\", \"range\"]", "matching = [\"single\"]\nnot_matching = [\"wild-card\"]"),
        found: &[(Workflow::Query, Impaired, Place::Key, "PatientName")],
        detail: "does not match by wild card" },
    Case { name: "a key that is not there",
        a: NONE, b: ("\"PatientID\", \"PatientName\", \"StudyDate\"", "\"PatientID\", \"PatientName\""),
        found: &[(Workflow::Query, Impaired, Place::Key, "StudyDate"),
                 (Workflow::Query, Impaired, Place::Key, "StudyDate")],
        detail: "does not return a value" },
    Case { name: "a key that is not returned",
        a: NONE, b: ("returned = \"yes\"", "returned = \"empty\""),
        found: &[(Workflow::Query, Impaired, Place::Key, "PatientID, StudyDate, PatientName")],
        detail: "does not return a value" },
    Case { name: "a level that is not there",
        a: NONE, b: ("level = \"STUDY\"", "level = \"PATIENT\""),
        found: &[(Workflow::Query, Refused, Place::Key, "level STUDY")],
        detail: "has no such level" },
    Case { name: "a resource that is not there",
        a: ("path = \"/studies\"", "path = \"/studies/{study}/series\""), b: NONE,
        found: &[(Workflow::Web, Refused, Place::Resource, "/studies/{study}/series")],
        detail: "PACS does not offer it" },
    Case { name: "a media type that is not there",
        a: ("media_type = \"application/dicom+json\"", "media_type = \"multipart/related; type=\\\"application/dicom+xml\\\"\""), b: NONE,
        found: &[(Workflow::Web, Impaired, Place::MediaType, "/studies")],
        detail: "application/dicom+xml" },
    Case { name: "a parameter that is not there",
        a: ("name = \"limit\"", "name = \"fuzzymatching\""), b: NONE,
        found: &[(Workflow::Web, Impaired, Place::Parameter, "/studies")],
        detail: "fuzzymatching" },
    Case { name: "media that are not read",
        a: ("profile = \"STD-GEN-CD\"", "profile = \"STD-GEN-DVD-JPEG\""), b: NONE,
        found: &[(Workflow::Media, Refused, Place::MediaProfile, "STD-GEN-DVD-JPEG")],
        detail: "does not read media" },
    Case { name: "a peer that rejects the association",
        a: NONE, b: ("[[application_entities.contexts]]\nsop_classes = [\"CT Image Storage\", \"X-Ray Radiation Dose SR Storage\"]",
            "[[application_entities.contexts]]\nsop_classes = [\"X-Ray Radiation Dose SR Storage\"]\ntransfer_syntaxes = [\"native\"]\nsupport = \"no\"\nrefusal = \"association-rejected\"\n[[application_entities.contexts]]\nsop_classes = [\"CT Image Storage\"]"),
        found: &[(Workflow::Store, Refused, Place::Association, "X-Ray Radiation Dose SR Storage")],
        detail: "it rejects the whole association" },
];

#[test]
fn every_planted_mismatch_is_found_and_nothing_else() {
    for case in CASES {
        let (a, b) = pair(case.a, case.b);
        let comparison = compare(&a, &b, &[]);
        let found = short(&comparison);
        let matches = found.len() == case.found.len()
            && found.iter().zip(case.found).all(|(found, wanted)| {
                (found.0, found.1, found.2) == (wanted.0, wanted.1, Some(wanted.2))
                    && found.3.contains(wanted.3)
            });
        assert!(matches, "{}: {found:#?}", case.name);
        let has_detail = comparison
            .findings
            .iter()
            .any(|one| one.detail.contains(case.detail));
        assert!(has_detail, "{}: {:#?}", case.name, comparison.findings);
        for one in comparison.findings.iter().filter(|one| one.counts()) {
            assert!(one.clause.starts_with("PS3."), "{}: {one:?}", case.name);
            let is_severe = one.severity == Severity::Error;
            assert_eq!(is_severe, one.outcome == Refused, "{}", case.name);
        }
    }
}

/// Where the archive's document leaves everything else open, what is missing is unknown.
#[test]
fn what_is_not_told_is_unknown_and_never_refused() {
    for case in CASES {
        let (mut a, mut b) = pair(case.a, case.b);
        for entity in a
            .application_entities
            .iter_mut()
            .chain(&mut b.application_entities)
        {
            entity.unlisted = crate::document::Support::Unknown;
        }
        let taken_out = matches!(
            case.name,
            "a SOP class that is not accepted"
                | "a service that is not there"
                | "a key that is not there"
                | "a level that is not there"
                | "a resource that is not there"
                | "media that are not read"
                | "a caller that is not known"
                | "a character set that is not read"
                | "a parameter that is not there"
                | "a media type that is not there"
                | "answers in a character set that is not read"
        );
        if taken_out {
            let comparison = compare(&a, &b, &[]);
            assert!(
                short(&comparison).iter().all(|found| found.1 == Unknown)
                    && comparison.verdict == Verdict::Look,
                "{}: {:#?}",
                case.name,
                short(&comparison)
            );
        }
    }
}

#[test]
fn a_document_without_an_scu_side_is_told_so_and_not_held_against_it() {
    let (a, mut b) = pair(NONE, NONE);
    b.application_entities[0].unlisted = crate::document::Support::Unknown;
    let comparison = compare(&a, &b, &[]);
    assert_eq!(short(&comparison), []);
    let back: Vec<_> = comparison
        .findings
        .iter()
        .filter(|one| one.direction == Direction::BToA)
        .collect();
    assert_eq!(back.len(), 1);
    assert_eq!(
        (back[0].outcome, back[0].severity),
        (Unknown, Severity::Info)
    );
}
