//! `serve --demo`.

use sagittal_tests::Server;

#[test]
fn the_demonstration_studies_are_found_with_their_names_and_modalities() {
    let mut server = Server::builder().arg("--demo").start();
    let studies = server.get("/dicom-web/studies").expect(200).json();
    assert_eq!(studies.as_array().unwrap().len(), 5);
    let one = |query: &str| {
        let found = server
            .get(&format!("/dicom-web/studies?{query}"))
            .expect(200)
            .json();
        assert_eq!(found.as_array().unwrap().len(), 1, "{query}: {found}");
        found[0].clone()
    };
    let chest = one("PatientName=demofrau-ubung*");
    assert_eq!(chest["00080061"]["Value"], serde_json::json!(["CT", "SR"]));
    assert_eq!(chest["00201208"]["Value"][0], 41);
    let heart = one("PatientName=*花子*");
    assert_eq!(heart["00100010"]["Value"][0]["Ideographic"], "例題^花子");
    assert_eq!(
        one("PatientName=ΠΑΡΆΔΕΙΓΜΑ*")["00100020"]["Value"][0],
        "DEMO-0002"
    );
    // Started again, nothing is there twice.
    server.stop();
    server.restart();
    assert_eq!(server.count("PatientID=DEMO-*"), 64);
}
