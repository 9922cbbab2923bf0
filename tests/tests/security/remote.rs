//! Beyond loopback without authentication only when asked for.

use sagittal_tests::{Server, sagittal};

#[test]
fn other_machines_are_not_served_without_authentication_unless_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let ran = sagittal([
        "serve".as_ref(),
        "--data".as_ref(),
        folder.path().as_os_str(),
        "--dimse".as_ref(),
        "off".as_ref(),
        "--http".as_ref(),
        "0.0.0.0:0".as_ref(),
    ])
    .expect(1);
    assert!(
        ran.stderr.contains("--allow-remote-without-auth"),
        "{}",
        ran.stderr
    );

    let server = Server::builder()
        .own_addresses()
        .arg("--dimse=off")
        .arg("--http=0.0.0.0:0")
        .arg("--allow-remote-without-auth")
        .start();
    assert_eq!(server.http().ip().to_string(), "0.0.0.0");
}
