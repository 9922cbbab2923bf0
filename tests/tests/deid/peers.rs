//! Peers that get instances only as a policy lets them be given away.

use std::process::Command;

use sagittal_core::{Limits, tags};
use sagittal_file::part10;
use sagittal_tests::planted::generate;
use sagittal_tests::planted::program::PROFILE;
use sagittal_tests::{Ran, Server, cli, data, objects, peer};

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn lab(port: u16) -> String {
    format!(
        "[[peer]]\nname = \"lab\"\nae_title = \"LAB\"\nhost = \"127.0.0.1\"\nport = {port}\n\
         deid = \"trial\"\n"
    )
}

/// movescu that receives itself what it asks for.
fn move_study(server: &Server, port: u16, study: &str) -> Option<Ran> {
    let into = server.folder().join("moved");
    std::fs::create_dir_all(&into).unwrap();
    let address = server.dimse();
    let mut command = Command::new(peer::dcmtk("movescu")?);
    command
        .args([
            "-v",
            "-S",
            "+P",
            &port.to_string(),
            "-aet",
            "LAB",
            "-aem",
            "LAB",
        ])
        .args(["-aec", server.ae_title()])
        .arg("-od")
        .arg(&into)
        .args(["-k", "QueryRetrieveLevel=STUDY"])
        .args(["-k", &format!("StudyInstanceUID={study}")])
        .args([address.ip().to_string(), address.port().to_string()]);
    Some(cli::run(&mut command))
}

fn text(bytes: &[u8], tag: sagittal_core::Tag) -> String {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let file = part10::read(&bytes, Limits::default()).unwrap();
    file.data_set.first_text(tag).unwrap_or_default()
}

#[test]
fn a_move_to_such_a_peer_delivers_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let server = super::jobs::server(folder.path(), PROFILE, &lab(port));
    let corpus = generate(1, 5);
    let files: Vec<Vec<u8>> = corpus.files.iter().map(|file| file.bytes.clone()).collect();
    server.stow(&files).expect(200);
    let study = text(&files[0], tags::STUDY_INSTANCE_UID);
    let Some(ran) = move_study(&server, port, &study) else {
        return;
    };
    ran.expect(0);
    let arrived = data::files(&server.folder().join("moved"));
    assert_eq!(arrived.len(), files.len());
    for path in arrived {
        let bytes = std::fs::read(&path).unwrap();
        super::jobs::must_be_clean(&bytes, &corpus, &path.display().to_string());
        assert_ne!(text(&bytes, tags::STUDY_INSTANCE_UID), study);
        assert_eq!(text(&bytes, tags::PATIENT_IDENTITY_REMOVED), "YES");
    }
}

#[test]
fn what_cannot_be_de_identified_is_a_failed_sub_operation() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let profile = "extends = \"basic\"\noptions.clean_pixel_data = true\npixels.ocr = \"off\"\n";
    let server = super::jobs::server(folder.path(), profile, &lab(port));
    let object = objects::ct().with(tags::BURNED_IN_ANNOTATION, "YES");
    server.stow(&[object.part10()]).expect(200);
    let study = object.study_instance_uid().to_string();
    let Some(ran) = move_study(&server, port, &study) else {
        return;
    };
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("OutOfResourcesSubOperations"), "{said}");
    assert!(data::files(&server.folder().join("moved")).is_empty());
}

#[test]
fn a_peer_with_an_unknown_policy_is_a_mistake_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sagittal.toml");
    std::fs::write(&path, lab(104)).unwrap();
    let ran = sagittal_tests::sagittal(["config".as_ref(), "check".as_ref(), path.as_os_str()]);
    assert_ne!(ran.code, Some(0));
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("no policy \"trial\""), "{said}");
}
