//! The preview: what would be done to every element.

use sagittal_core::tags;

use super::{Place, VIEW, read, uids};

#[test]
fn a_preview_tells_of_every_element_what_becomes_of_it_and_why() {
    let place = Place::new();
    let file = place
        .corpus
        .files
        .iter()
        .find(|file| file.name.ends_with("ct0.dcm"))
        .unwrap();
    let [study, series, instance] = uids(&file.bytes);
    let path = format!("/studies/{study}/series/{series}/instances/{instance}/deid-preview");
    let url = format!("/dicom-web{path}");
    let preview = place
        .server
        .get(&format!("{url}?policy=trial"))
        .expect(200)
        .json();
    assert_eq!(preview["given"], true, "{preview:.300}");
    assert_eq!(preview["edition"], "2026d");
    let elements = preview["elements"].as_array().unwrap();
    let of = |keyword: &str| {
        let found = elements.iter().find(|row| row["keyword"] == keyword);
        found.unwrap_or_else(|| panic!("{keyword} is not told of"))
    };
    let name = of("PatientName");
    let original = read(&file.bytes).first_text(tags::PATIENT_NAME).unwrap();
    let family = original.split('^').next().unwrap();
    assert!(name["before"].as_str().unwrap().contains(family));
    assert!(!name["after"].as_str().unwrap_or_default().contains(family));
    assert_eq!(name["vr"], "PN");
    assert!(name["asked"].as_str().unwrap().starts_with("E.1-1"));
    for key in ["path", "action", "taken", "reason"] {
        assert!(!name[key].as_str().unwrap().is_empty(), "{key}");
    }
    assert_eq!(of("Modality")["after"], "CT");
    assert_eq!(preview["total"], elements.len());
    let changed = place
        .server
        .get(&format!("{url}?policy=trial&changed=true"))
        .expect(200)
        .json();
    let changed = changed["elements"].as_array().unwrap();
    assert!(!changed.is_empty() && changed.len() < elements.len());
    place.server.get(&url).expect(400);
    place.server.get(&format!("{url}?policy=other")).expect(404);
    place
        .server
        .get(&format!("{VIEW}{path}?policy=trial"))
        .expect(404);
}
