//! Our own statement comes back; tables as vendors draw them.
#![allow(clippy::unwrap_used)]

use sagittal_core::{AeTitle, Uid, sop_class, transfer_syntax as ts};
use sagittal_dimse::DimseConfig;

use super::*;
use crate::document::{ApplicationEntity, ClientCertificate, Matching, Returned, Role, Support};
use crate::render;
use crate::statement::{Input, statement};

fn ours(change: impl FnOnce(&mut DimseConfig)) -> Document {
    let mut dimse = DimseConfig::new(AeTitle::new("SAGITTAL").unwrap());
    change(&mut dimse);
    statement(&Input {
        dimse: &dimse,
        version: "1.2",
        date: None,
        port: 11112,
        tls_port: Some(2762),
        client_certificate: ClientCertificate::Optional,
        dicomweb: "/".to_owned(),
        peers: Vec::new(),
        routes: Vec::new(),
    })
}

fn read(text: &str) -> Imported {
    let options = Options {
        file: "statement.html".to_owned(),
        ..Options::default()
    };
    let imported = import(text, &options);
    imported.document.check().unwrap();
    imported
}

fn syntaxes(entity: &ApplicationEntity, class: &'static str, role: Role) -> Vec<String> {
    let found = entity.transfer_syntaxes(&Uid::from_static(class), role);
    found.iter().map(Uid::to_string).collect()
}

#[test]
fn our_own_statement_comes_back_with_the_same_contexts() {
    let narrow = |config: &mut DimseConfig| {
        config.offered.get = false;
        config.transfer_syntaxes = [ts::JPEG_LOSSLESS_SV1, ts::EXPLICIT_VR_LITTLE_ENDIAN]
            .map(Uid::from_static)
            .to_vec();
    };
    for document in [ours(|_| ()), ours(narrow)] {
        let one = &document.application_entities[0];
        for text in [render::markdown(&document), render::html(&document)] {
            let imported = read(&text);
            let [again] = imported.document.application_entities.as_slice() else {
                panic!(
                    "{:?}",
                    imported
                        .document
                        .application_entities
                        .iter()
                        .map(|one| &one.ae_title)
                        .collect::<Vec<_>>()
                );
            };
            assert_eq!(again.ae_title, one.ae_title);
            for role in [Role::Scp, Role::Scu] {
                assert_eq!(
                    again.pairs(role, Support::Yes),
                    one.pairs(role, Support::Yes),
                    "{role:?}"
                );
            }
            let ct = Uid::from_static(sop_class::CT_IMAGE_STORAGE);
            let explicit = Uid::from_static(ts::EXPLICIT_VR_LITTLE_ENDIAN);
            let group = |entity: &ApplicationEntity| {
                let group = entity.context(&ct, &explicit, Role::Scp).unwrap();
                (group.preference.clone(), group.requestor_roles)
            };
            assert_eq!(group(again), group(one));
            assert_eq!(again.unlisted, Support::No, "{:#?}", imported.missed);
            assert_eq!(
                again.association.max_pdu_received.value,
                one.association.max_pdu_received.value
            );
            assert_eq!(
                again.association.implementation_class_uid.value,
                one.association.implementation_class_uid.value
            );
            assert_eq!(again.character_sets[0].terms, one.character_sets[0].terms);
            let keys = |entity: &ApplicationEntity| -> usize {
                let levels = entity.queries.iter().flat_map(|model| &model.levels);
                levels
                    .flat_map(|level| &level.keys)
                    .map(|keys| keys.attributes.iter().count())
                    .sum()
            };
            assert_eq!(keys(again), keys(one));
            assert!(again.queries.iter().all(|model| model.role == Role::Scp));
            // Only what is no matter of contexts, keys or associations.
            assert!(
                imported
                    .missed
                    .iter()
                    .all(|missed| missed.why.starts_with("no table of")),
                "{:#?}",
                imported.missed
            );
        }
    }
}

/// In the style of the tables of PS3.2: merged cells, two rows of heads, names and UIDs.
const MERGED: &str = r#"<html><body><h1>Scanner X DICOM Conformance Statement</h1>
<table><caption>Application Entity Configuration</caption>
<tr><th>Application Entity</th><th>Default AE Title</th><th>Default TCP/IP Port</th></tr>
<tr><td>Storage</td><td>SCANNER_STORE</td><td>4006</td></tr>
<tr><td>Workflow</td><td>SCANNER_WF</td><td>None</td></tr></table>
<h2>4.2.1 Storage Application Entity Specification</h2>
<h4>4.2.1.3.1 Proposed Presentation Contexts</h4>
<table border=1>
<tr><th colspan="2">Abstract Syntax</th><th colspan="2">Transfer Syntax</th><th rowspan="2">Role</th><th rowspan="2">Ext. Neg.</th></tr>
<tr><th>Name</th><th>UID</th><th>Name List</th><th>UID List</th></tr>
<tr><td rowspan=3>CT Image Storage</td><td rowspan=3>1.2.840.10008.5.1.4.1.1.2
<td>Implicit VR Little Endian<td>1.2.840.10008.1.2<td rowspan="4">SCU</td><td rowspan="4">None</td>
<tr><td>Explicit VR Little Endian</td><td>1.2.840.10008.1.2.1</td></tr>
<tr><td>JPEG Lossless, Non-Hierarchical, First-Order Prediction</td><td>1.2.840.10008.1.2.4.70</td></tr>
<tr><td>X-Ray Radiation Dose SR</td><td>1.2.840.10008.5.1.4.1.1.88.67</td><td>Implicit VR Little Endian<br>Explicit VR Little Endian</td><td>1.2.840.10008.1.2<br/>1.2.840.10008.1.2.1</td></tr>
<tr><td>Vendor Private Volume</td><td>see below</td><td>Implicit VR Little Endian</td><td>1.2.840.10008.1.2</td><td>SCU</td><td>None</td></tr>
</table>
<h4>4.2.1.4.1 Acceptable Presentation Contexts</h4>
<table><tr><td>Abstract Syntax Name</td><td>Abstract Syntax UID</td><td>Transfer Syntax Name</td></tr>
<tr><td>Verification</td><td>1.2.840.10008.1.1</td><td>DICOM Implicit VR Little Endian, Explicit VR Little Endian</td></tr></table>
<table><tr><td>Maximum PDU size received</td><td>Unlimited</td></tr><tr><td>Maximum number of simultaneous associations initiated</td><td>2 (configurable)</td></tr></table>
<h2>4.2.2 Workflow Application Entity Specification</h2>
<h4>Worklist Request Identifier</h4>
<table><tr><th>Attribute Name</th><th>Tag</th><th>VR</th><th>M</th><th>R</th></tr>
<tr><td>Patient's Name</td><td>(0010,0010)</td><td>PN</td><td>S,*</td><td>x</td></tr>
<tr><td>&gt;Modality</td><td>(0008,0060)</td><td>CS</td><td>S</td><td>x</td></tr>
<tr><td>Colour of Gown</td><td>private</td><td>LO</td><td></td><td>x</td></tr></table>
<table><tr><th>Parameter</th><th>Unit</th></tr><tr><td>Timeout</td><td>s</td></tr></table>
</body></html>"#;

#[test]
fn merged_cells_of_html_are_read_and_what_is_not_is_told() {
    let imported = read(MERGED);
    let document = &imported.document;
    assert_eq!(document.system.product.as_deref(), Some("Scanner X"));
    let store = document.entity("SCANNER_STORE").unwrap();
    assert_eq!(store.addresses[0].port, 4006);
    assert_eq!(
        syntaxes(store, sop_class::CT_IMAGE_STORAGE, Role::Scu),
        [
            ts::IMPLICIT_VR_LITTLE_ENDIAN,
            ts::EXPLICIT_VR_LITTLE_ENDIAN,
            ts::JPEG_LOSSLESS_SV1
        ]
    );
    let both = [ts::IMPLICIT_VR_LITTLE_ENDIAN, ts::EXPLICIT_VR_LITTLE_ENDIAN];
    assert_eq!(
        syntaxes(store, sop_class::X_RAY_RADIATION_DOSE_SR_STORAGE, Role::Scu),
        both
    );
    assert_eq!(syntaxes(store, sop_class::VERIFICATION, Role::Scp), both);
    assert!(syntaxes(store, sop_class::CT_IMAGE_STORAGE, Role::Scp).is_empty());
    assert_eq!(store.association.max_pdu_received.value, Some(0));
    assert_eq!(store.association.max_associations_opened.value, Some(2));
    let workflow = document.entity("SCANNER_WF").unwrap();
    let [model] = workflow.queries.as_slice() else {
        panic!("{:?}", workflow.queries);
    };
    assert_eq!(model.role, Role::Scu);
    let keys = &model.levels[0].keys;
    assert_eq!(keys[0].attributes.words(), ["PatientName"]);
    assert_eq!(keys[0].matching, [Matching::Single, Matching::WildCard]);
    assert_eq!(keys[1].attributes.words(), ["Modality"]);
    assert_eq!(keys[1].returned, Returned::Yes);
    // Exactly these three, with their lines.
    let missed: Vec<(usize, &str)> = imported
        .missed
        .iter()
        .map(|one| (one.line, one.why.as_str()))
        .collect();
    let line = |part: &str| MERGED.lines().position(|line| line.contains(part)).unwrap() + 1;
    assert_eq!(missed.len(), 3, "{missed:#?}");
    assert_eq!(
        missed[0],
        (
            line("Vendor Private"),
            "\"Vendor Private Volume\" is not known"
        )
    );
    assert_eq!(
        missed[1],
        (line("Colour of Gown"), "no attribute with this name or tag")
    );
    assert_eq!(missed[2].0, line("<th>Unit"));
    // One class was not understood: what is not listed may be there.
    assert_eq!(store.unlisted, Support::Unknown);
}

/// In the style of older statements: SOP classes in one table, transfer syntaxes once for all.
const GROUPED: &str = "DICOM Conformance Statement Archive Y

4.1 ARCHIVE_SCP AE Specification

4.1.2 SOP classes supported

SOP Class Name;SOP Class UID;SCU;SCP
CT Image Storage;1.2.840.10008.5.1.4.1.1.2;No;Yes
MR Image Storage;1.2.840.10008.5.1.4.1.1.4;Yes;Yes
\"Study Root Query/Retrieve Information Model - FIND\";1.2.840.10008.5.1.4.1.2.2.1;No;Yes
Holographic Image Storage;;No;Yes

4.1.3 Transfer syntaxes for all SOP classes above

Transfer Syntax;UID
DICOM Implicit VR Little Endian;1.2.840.10008.1.2
Explicit VR Little Endian;1.2.840.10008.1.2.1
JPEG 2000 Lossless;
";

#[test]
fn transfer_syntaxes_listed_once_hold_for_all_sop_classes() {
    let imported = read(GROUPED);
    let archive = imported.document.entity("ARCHIVE_SCP").unwrap();
    let all = [
        ts::IMPLICIT_VR_LITTLE_ENDIAN,
        ts::EXPLICIT_VR_LITTLE_ENDIAN,
        ts::JPEG_2000_LOSSLESS,
    ];
    assert_eq!(
        syntaxes(archive, sop_class::CT_IMAGE_STORAGE, Role::Scp),
        all
    );
    assert!(syntaxes(archive, sop_class::CT_IMAGE_STORAGE, Role::Scu).is_empty());
    assert_eq!(
        syntaxes(archive, sop_class::MR_IMAGE_STORAGE, Role::Scu),
        all
    );
    let find = sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND;
    assert_eq!(syntaxes(archive, find, Role::Scp), all);
    let [missed] = imported.missed.as_slice() else {
        panic!("{:#?}", imported.missed);
    };
    assert!(
        missed.text.starts_with("Holographic") && missed.line == 11,
        "{missed:?}"
    );
}

#[test]
fn empty_cells_of_markdown_are_as_above() {
    let imported = read(
        "# Workstation\n\n## Proposed Presentation Contexts\n\n\
         | SOP Class | Transfer Syntax | Role |\n|---|---|---|\n\
         | CT Image Storage | Explicit VR Little Endian | SCU |\n\
         | | JPEG Baseline | |\n\
         | MR Image Storage | | |\n",
    );
    let entity = &imported.document.application_entities[0];
    let both = [ts::EXPLICIT_VR_LITTLE_ENDIAN, ts::JPEG_BASELINE_8_BIT];
    assert_eq!(
        syntaxes(entity, sop_class::CT_IMAGE_STORAGE, Role::Scu),
        both
    );
    assert_eq!(
        syntaxes(entity, sop_class::MR_IMAGE_STORAGE, Role::Scu),
        both
    );
    assert_eq!(imported.missed, []);
}

#[test]
fn name_and_uid_that_differ_are_told() {
    let imported = read(
        "SOP Class,SOP Class UID,Transfer Syntax,Role\nMR Image Storage,1.2.840.10008.5.1.4.1.1.2,1.2.840.10008.1.2,SCP\n",
    );
    let entity = &imported.document.application_entities[0];
    assert_eq!(
        syntaxes(entity, sop_class::CT_IMAGE_STORAGE, Role::Scp),
        [ts::IMPLICIT_VR_LITTLE_ENDIAN]
    );
    assert!(imported.missed[0].why.contains("the UID was taken"));
}

#[test]
fn nonsense_is_survived() {
    for text in [
        "",
        "<table><tr><td rowspan=99999999999999999999 colspan=0>a<table><tr><td></table><tr>",
        "<table><td colspan=5000>x</table></table></td>",
        "|\n||\n|||\n|---|\n",
        "\"\n;;;\n\";",
        "<h1><table><caption>",
    ] {
        let imported = read(text);
        assert!(imported.document.application_entities.is_empty(), "{text}");
    }
}

#[test]
fn the_template_is_a_document() {
    let document = Document::from_toml(template()).unwrap();
    assert_eq!(document.application_entities[0].queries[0].role, Role::Scu);
}
