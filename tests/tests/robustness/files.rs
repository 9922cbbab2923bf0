//! Every malformed file that the field has given us.

use sagittal_tests::{Server, data, sagittal};

#[test]
fn malformed_files_get_an_answer_and_harm_nobody() {
    let Some(folder) = data::folder() else { return };
    let files = data::files(&folder.join("malformed"));
    assert!(!files.is_empty());
    let server = Server::start();
    for path in &files {
        let bytes = std::fs::read(path).unwrap();
        let answer = server.stow(&[bytes]);
        assert!(
            matches!(answer.status, 200 | 202 | 400 | 409 | 415),
            "{}: {} {}",
            path.display(),
            answer.status,
            answer.text()
        );
    }
    server.assert_well();
    // Whatever was taken is found, and comes out again.
    let found = server
        .get("/dicom-web/instances?limit=1000")
        .expect(200)
        .json();
    let found = found.as_array().unwrap().clone();
    assert!(found.len() > files.len() / 2, "only {} taken", found.len());
    for instance in &found {
        let uid = |tag: &str| instance[tag]["Value"][0].as_str().unwrap().to_owned();
        let path = format!(
            "/dicom-web/studies/{}/series/{}/instances/{}",
            uid("0020000D"),
            uid("0020000E"),
            uid("00080018")
        );
        server
            .request("GET", &path)
            .header("Accept", "application/dicom; transfer-syntax=*")
            .send()
            .expect(200);
        for end in ["/metadata", "/frames/1", "/bulkdata", "/pixeldata"] {
            let answer = server.get(&format!("{path}{end}"));
            assert!(answer.status < 500, "{path}{end}: {}", answer.text());
        }
    }
    let peer = format!("SAGITTAL@{}", server.dimse());
    let ran = sagittal([
        "send",
        "--quiet",
        "--response-timeout",
        "20",
        &peer,
        &folder.join("malformed").display().to_string(),
    ]);
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
    server.assert_well();
}
