//! Web clients of others: dicomweb-client, pydicom with Python's own HTTP, curl.

use std::path::Path;

use sagittal_tests::{Server, data, peer};

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
