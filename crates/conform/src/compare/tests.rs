//! Pairs of documents with one planted mismatch each: it must be found, and nothing else.
#![allow(clippy::unwrap_used)]

mod own;
mod planted;

use super::*;
use crate::document::Document;

/// A CT scanner: it sends, asks for its worklist, reports, and looks for old studies.
const MODALITY: &str = r#"
format = 1
basis = "statement"
[bases.statement]
status = "declared"
date = "2026-03-01"
evidence = "conformance statement of Scanner X, revision 4"

[system]
name = "CT2"
product = "Scanner X"

[[application_entities]]
ae_title = "CT2"
unlisted = "no"

[[application_entities.addresses]]
host = "10.0.0.2"
port = 104

[application_entities.association]
max_pdu_received = 65536
max_pdu_sent = 65536
max_associations = 2
max_associations_opened = 2

[[application_entities.association.extended_negotiation]]
sop_classes = ["Study Root Query/Retrieve Information Model - FIND"]
answer = "01"

[[application_entities.contexts]]
sop_classes = ["CT Image Storage", "X-Ray Radiation Dose SR Storage"]
transfer_syntaxes = ["Explicit VR Little Endian", "Implicit VR Little Endian"]
roles = ["scu"]

[[application_entities.contexts]]
sop_classes = ["Verification", "Study Root Query/Retrieve Information Model - FIND",
  "Study Root Query/Retrieve Information Model - GET", "Modality Worklist Information Model - FIND",
  "Modality Performed Procedure Step", "Storage Commitment Push Model"]
transfer_syntaxes = ["Explicit VR Little Endian", "Implicit VR Little Endian"]
roles = ["scu"]

[[application_entities.contexts]]
sop_classes = ["CT Image Storage"]
transfer_syntaxes = ["Explicit VR Little Endian", "Implicit VR Little Endian"]

[[application_entities.queries]]
sop_classes = ["Study Root Query/Retrieve Information Model - FIND"]
role = "scu"
relational = true
[[application_entities.queries.levels]]
level = "STUDY"
[[application_entities.queries.levels.keys]]
attributes = ["PatientID", "StudyDate"]
returned = "yes"
matching = ["single"]
[[application_entities.queries.levels.keys]]
attributes = ["PatientName"]
returned = "yes"
matching = ["wild-card"]

[[application_entities.character_sets]]
terms = ["ISO_IR 6", "ISO_IR 100"]

[application_entities.tls]
versions = [{ version = "1.2", support = "yes" }, { version = "1.3", support = "no" },
  { version = "1.1", support = "no" }, { version = "1.0", support = "no" }]
suites = [{ name = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", version = "1.2" }]

[[web]]
url = "ct2"
role = "user-agent"
[[web.resources]]
transaction = "Search for Studies"
method = "GET"
path = "/studies"
media_types = [{ media_type = "application/dicom+json" }]
parameters = [{ name = "limit" }]

[[media]]
profile = "STD-GEN-CD"
roles = ["FSC"]
"#;

/// An archive that understands it.
const ARCHIVE: &str = r#"
format = 1
basis = "probe"
[bases.probe]
status = "observed"
date = "2026-11-24"
evidence = "a probe"

[system]
name = "PACS"
product = "Archive Y"

[[application_entities]]
ae_title = "PACS"
unlisted = "no"

[[application_entities.addresses]]
host = "10.0.0.1"
port = 104

[application_entities.association]
max_pdu_received = 16384
max_associations = 10
max_contexts = 128
called_ae_title = "known"
calling_ae_title = "known"
known_calling_ae_titles = ["CT2"]

[[application_entities.association.extended_negotiation]]
sop_classes = ["Study Root Query/Retrieve Information Model - FIND"]
answer = "0101"

[[application_entities.contexts]]
sop_classes = ["CT Image Storage", "X-Ray Radiation Dose SR Storage"]
transfer_syntaxes = ["Implicit VR Little Endian", "Explicit VR Little Endian"]
requestor_roles = "both"
[application_entities.contexts.preference]
order = ["Implicit VR Little Endian"]
rest = "first"

[[application_entities.contexts]]
sop_classes = ["Verification", "Study Root Query/Retrieve Information Model - FIND",
  "Study Root Query/Retrieve Information Model - GET", "Modality Worklist Information Model - FIND",
  "Modality Performed Procedure Step", "Storage Commitment Push Model"]
transfer_syntaxes = ["Implicit VR Little Endian"]

[[application_entities.queries]]
sop_classes = ["Study Root Query/Retrieve Information Model - FIND"]
relational = true
[[application_entities.queries.levels]]
level = "STUDY"
[[application_entities.queries.levels.keys]]
attributes = ["PatientID", "PatientName", "StudyDate"]
returned = "yes"
matching = ["single", "wild-card", "range"]

[[application_entities.character_sets]]
terms = ["ISO_IR 6", "ISO 2022 IR 100", "ISO_IR 192"]
used_in = ["store", "query"]

[application_entities.tls]
versions = [{ version = "1.2", support = "yes" }, { version = "1.3", support = "yes" }]
suites = [{ name = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", version = "1.2" }]

[[web]]
url = "https://pacs/dicom-web"
[[web.resources]]
transaction = "Search for Studies"
method = "GET"
path = "/dicom-web/studies"
media_types = [{ media_type = "application/dicom+json" }, { media_type = "application/json" }]
parameters = [{ name = "limit" }, { name = "offset" }]

[[media]]
profile = "STD-GEN-CD"
roles = ["FSR"]
"#;

fn document(text: &str) -> Document {
    Document::from_toml(text).unwrap()
}

/// Both, with something in their texts replaced.
fn pair(a: (&str, &str), b: (&str, &str)) -> (Document, Document) {
    let changed = |text: &str, (from, to): (&str, &str)| {
        assert!(
            from.is_empty() || text.contains(from),
            "{from:?} is not there"
        );
        document(&if from.is_empty() {
            text.to_owned()
        } else {
            text.replace(from, to)
        })
    };
    (changed(MODALITY, a), changed(ARCHIVE, b))
}

/// What counts, in short.
fn short(comparison: &Comparison) -> Vec<(Workflow, Outcome, Option<Place>, String)> {
    let counting = comparison
        .findings
        .iter()
        .filter(|finding| finding.counts());
    counting
        .map(|one| (one.workflow, one.outcome, one.place, one.subject.clone()))
        .collect()
}

#[test]
fn nothing_is_invented_where_all_works() {
    let comparison = {
        let (a, b) = pair(("", ""), ("", ""));
        compare(&a, &b, &[])
    };
    assert_eq!(short(&comparison), []);
    assert_eq!(comparison.verdict, Verdict::Works);
    assert!(comparison.counts.works >= 9, "{:?}", comparison.counts);
    let stored = comparison
        .findings
        .iter()
        .find(|one| one.workflow == Workflow::Store)
        .unwrap();
    assert_eq!(
        stored.used.words(),
        ["Implicit VR Little Endian"],
        "the order of the acceptor"
    );
}

#[test]
fn every_form_says_the_same() {
    let (a, b) = pair(
        ("", ""),
        (
            "transfer_syntaxes = [\"Implicit VR Little Endian\"]",
            "transfer_syntaxes = [\"JPEG Baseline (Process 1)\"]",
        ),
    );
    let comparison = compare(&a, &b, &[]);
    let plain = text(&comparison, false);
    assert!(!plain.contains('\x1b') && text(&comparison, true).contains("\x1b[31mrefused"));
    assert!(plain.contains("Will not work as it is") && plain.contains("PS3.8 Table 9-18"));
    let page = html(&comparison);
    for tag in ["table", "tr", "td", "th", "ul", "li", "p"] {
        let open =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(open, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    assert!(!page.contains("http://") && !page.contains("<script"));
    let json: serde_json::Value = serde_json::from_str(&comparison.to_json().unwrap()).unwrap();
    assert_eq!(json["format"], 1);
    assert_eq!(json["verdict"], "refused");
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(findings.len(), comparison.findings.len());
}

#[test]
fn a_matrix_has_each_pair_once_and_its_worst() {
    let (a, b) = pair(("", ""), ("", ""));
    let mut deaf = b.clone();
    deaf.system.name = "DEAF".to_owned();
    deaf.application_entities[0].ae_title = "DEAF".to_owned();
    deaf.application_entities[0].contexts.clear();
    let matrix = matrix(&[a, b, deaf], &[Workflow::Store]);
    assert_eq!(matrix.cells.len(), 6);
    let worst = |from, to| matrix.cell(from, to).unwrap().worst;
    assert_eq!(worst(0, 1), Some(Outcome::Works));
    assert_eq!(worst(0, 2), Some(Outcome::Refused));
    assert_eq!(worst(1, 0), None);
    assert_eq!(matrix.verdict, Verdict::Refused);
    let shown = matrix_text(&matrix, false);
    assert!(
        shown.lines().next().unwrap().contains("DEAF") && shown.contains("refused 1"),
        "{shown}"
    );
    let page = matrix_html(&matrix);
    assert!(page.contains("href=\"#p0-2\"") && page.contains("id=\"p0-2\""));
}

#[test]
fn only_the_wanted_workflows_are_looked_at() {
    let (a, b) = pair(("", ""), ("", ""));
    let comparison = compare(&a, &b, &[Workflow::Worklist]);
    assert!(
        comparison
            .findings
            .iter()
            .all(|one| { matches!(one.workflow, Workflow::Worklist | Workflow::Association) })
    );
    assert!(Workflow::named("stores").unwrap_err().contains("mpps"));
}
