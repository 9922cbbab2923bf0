//! The statement says what the tables say, in every form.
#![allow(clippy::unwrap_used)]

use sagittal_core::{AeTitle, Uid, sop_class, transfer_syntax};
use sagittal_dimse::DimseConfig;

use super::{Input, Route, statement};
use crate::document::{ClientCertificate, Document, Role, Support};
use crate::render;

fn document(change: impl FnOnce(&mut DimseConfig)) -> Document {
    let mut dimse = DimseConfig::new(AeTitle::new("SAGITTAL").unwrap());
    change(&mut dimse);
    statement(&Input {
        dimse: &dimse,
        version: "1.2",
        date: Some("2026-11-24T12:00:00Z".to_owned()),
        port: 11112,
        tls_port: Some(2762),
        client_certificate: ClientCertificate::Optional,
        dicomweb: "/".to_owned(),
        peers: Vec::new(),
        routes: vec![Route {
            method: "GET".to_owned(),
            path: "/studies".to_owned(),
            description: "Search for Studies".to_owned(),
            media_types: vec!["application/dicom+json".to_owned()],
            parameters: vec![("limit".to_owned(), "at most so many".to_owned())],
        }],
    })
}

#[test]
fn every_registered_service_and_storage_class_is_stated() {
    let document = document(|_| ());
    let text = render::markdown(&document);
    for service in sagittal_dimse::registry::SERVICES {
        assert!(text.contains(service.sop_class_uid), "{}", service.name);
    }
    for class in sop_class::STORAGE {
        let on_media_only = class.uid == sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE;
        assert!(on_media_only || text.contains(class.uid), "{}", class.name);
    }
    for part in [
        "JPEG 2000",
        "`/studies`",
        "port 11112",
        "2762",
        "ModalitiesInStudy",
        "ISO_IR 192",
        "A700",
    ] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn what_is_switched_off_is_not_stated_as_scp() {
    let document = document(|config| config.offered.get = false);
    let entity = &document.application_entities[0];
    let get = Uid::from_static(sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET);
    let explicit = Uid::from_static(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN);
    assert_eq!(entity.supports(&get, &explicit, Role::Scp), Support::No);
    assert_eq!(entity.supports(&get, &explicit, Role::Scu), Support::Yes);
    let text = render::markdown(&document);
    let row = text
        .lines()
        .find(|line| line.contains("1.2.840.10008.5.1.4.1.2.2.3 "))
        .unwrap();
    assert!(row.ends_with("| Yes | No |"), "{row}");
}

#[test]
fn every_table_row_has_as_many_cells_as_its_head() {
    let text = render::markdown(&document(|_| ()));
    let mut columns = 0;
    for line in text.lines() {
        let count = line.replace("\\|", "").matches('|').count();
        if count == 0 {
            columns = 0;
        } else if columns == 0 {
            columns = count;
        } else {
            assert_eq!(count, columns, "{line}");
        }
    }
}

#[test]
fn html_is_whole_and_says_the_same() {
    let html = render::html(&document(|_| ()));
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    for tag in ["table", "tr", "td", "th", "ul", "li", "p"] {
        let (open, closed) = (
            html.matches(&format!("<{tag}>")).count(),
            html.matches(&format!("</{tag}>")).count(),
        );
        assert_eq!(open, closed, "{tag}");
    }
    assert!(html.contains("CT Image Storage") && html.contains("<code>/studies</code>"));
}

#[test]
fn the_statement_survives_json_and_toml() {
    let document = document(|_| ());
    assert_eq!(
        Document::parse(&document.to_json().unwrap()).unwrap(),
        document
    );
    let again = Document::parse(&document.to_toml().unwrap()).unwrap();
    let pairs =
        |document: &Document, role| document.application_entities[0].pairs(role, Support::Yes);
    for role in [Role::Scp, Role::Scu] {
        assert_eq!(pairs(&again, role), pairs(&document, role));
    }
}
