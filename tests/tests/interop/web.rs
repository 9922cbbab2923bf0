//! Web clients of others: dicomweb-client, pydicom with Python's own HTTP, curl.

use std::path::Path;
use std::process::Command;

use sagittal_tests::{Server, cli, data, objects, peer};

const COMMON: &str = include_str!("web/common.py");

/// Runs a program against a new server, with a folder to read from or write to.
fn run(modules: &[&str], program: &str, folder: Option<&Path>) {
    let Some(python) = peer::python(modules) else {
        return;
    };
    let server = Server::start();
    let folder = folder.unwrap_or(server.folder()).display().to_string();
    let program = format!("{COMMON}\n{program}");
    let ran = peer::run_python(&python, &program, &[server.dicomweb(), &folder]).expect(0);
    println!("{}", ran.stdout);
    server.assert_well();
}

#[test]
fn every_real_file_comes_back_byte_for_byte() {
    if let Some(folder) = data::folder() {
        run(
            &["pydicom"],
            include_str!("web/round_trip.py"),
            Some(&folder),
        );
    }
}

#[test]
fn dicomweb_client_finds_and_retrieves_objects_of_every_kind() {
    if let Some(folder) = data::folder() {
        let modules = ["dicomweb_client", "pydicom", "numpy"];
        run(&modules, include_str!("web/client.py"), Some(&folder));
    }
}

#[test]
fn searches_find_what_pydicom_says_on_all_six_resources() {
    run(&["pydicom"], include_str!("web/search.py"), None);
}

#[test]
fn every_form_of_storing_is_taken_and_http_is_spoken_well() {
    run(&["pydicom"], include_str!("web/http.py"), None);
}

/// curl with a time limit, failing on error statuses.
fn curl(arguments: &[&str]) -> Option<sagittal_tests::Ran> {
    let curl = peer::program("curl", "Debian package curl")?;
    let mut command = Command::new(curl);
    command.args([
        "--silent",
        "--show-error",
        "--fail-with-body",
        "--max-time",
        "60",
    ]);
    Some(cli::run(command.args(arguments)))
}

#[test]
fn curl_stores_retrieves_resumes_and_revalidates() {
    let server = Server::start();
    let folder = server.folder().join("curl");
    std::fs::create_dir_all(&folder).unwrap();
    let name = |file: &str| folder.join(file).display().to_string();
    let object = objects::ct();
    let sent = object.part10();
    std::fs::write(name("a.dcm"), &sent).unwrap();
    // As documentation everywhere shows it.
    let studies = format!("{}/studies", server.dicomweb());
    let body = format!("@{}", name("a.dcm"));
    let store = [
        "-H",
        "Content-Type: application/dicom",
        "--data-binary",
        &body,
        &studies,
    ];
    let Some(stored) = curl(&store) else {
        return;
    };
    let url = stored.expect(0).json()["00081199"]["Value"][0]["00081190"]["Value"][0]
        .as_str()
        .unwrap()
        .to_owned();
    let accept = ["-H", "Accept: application/dicom; transfer-syntax=*"];
    let get = |more: &[&str]| curl(&[&accept, more].concat()).unwrap();
    let (out, tag) = (name("b.dcm"), name("etag"));
    get(&["-o", &out, "--etag-save", &tag, &url]).expect(0);
    assert!(std::fs::read(&out).unwrap() == sent);
    // Known already: curl leaves the file alone.
    let code = ["-w", "%{http_code}"];
    let again = get(&[&code[..], &["-o", &out, "--etag-compare", &tag, &url]].concat());
    assert_eq!(again.expect(0).stdout, "304");
    let head = get(&["--head", &url]).expect(0).stdout;
    let length = format!("content-length: {}", sent.len());
    assert!(head.to_ascii_lowercase().contains(&length), "{head}");
    // A ZIP of the study, under the name that the server gives it.
    let study = format!("{studies}/{}", object.study_instance_uid());
    let zip = ["-H", "Accept: application/zip", "-OJ", "--output-dir"];
    curl(&[&zip[..], &[&name(""), &study]].concat())
        .unwrap()
        .expect(0);
    let file = std::fs::File::open(name(&format!("{}.zip", object.study_instance_uid())));
    assert_eq!(zip::ZipArchive::new(file.unwrap()).unwrap().len(), 1);
    // A value in two halves, and metadata compressed on the way.
    let pixels = format!("{url}/bulkdata/7FE00010");
    let octets = ["-H", "Accept: application/octet-stream", "-o"];
    let whole = name("whole");
    curl(&[&octets[..], &[&whole, &pixels]].concat())
        .unwrap()
        .expect(0);
    let bytes = std::fs::read(&whole).unwrap();
    assert!(sent.ends_with(&bytes) && bytes.len() > 100);
    let part = name("part");
    std::fs::write(&part, &bytes[..bytes.len() / 3]).unwrap();
    let resumed = curl(&[&octets[..], &[&part, "-C", "-", &pixels]].concat());
    resumed.unwrap().expect(0);
    assert!(
        std::fs::read(&part).unwrap() == bytes,
        "what was resumed differs"
    );
    let metadata = format!("{url}/metadata");
    let compressed = curl(&["--compressed", &metadata]).unwrap().expect(0);
    let plain = curl(&[&metadata]).unwrap().expect(0);
    assert_eq!(compressed.json(), plain.json());
    // What is wrong has a status that curl understands.
    assert_eq!(curl(&[&format!("{studies}/1.2.3")]).unwrap().code, Some(22));
    server.assert_well();
}
