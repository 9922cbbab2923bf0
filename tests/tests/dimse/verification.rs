//! C-ECHO (PS3.4 Annex A).

use std::process::Command;

use sagittal_tests::{Server, cli, peer};

#[test]
fn an_echo_is_answered_with_success() {
    let Some(echoscu) = peer::dcmtk("echoscu") else {
        return;
    };
    let server = Server::start();
    let address = server.dimse();
    let mut command = Command::new(echoscu);
    command
        .args(["-v", "-aec", server.ae_title()])
        .args([address.ip().to_string(), address.port().to_string()]);
    let ran = cli::run(&mut command).expect(0);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("Success"), "{said}");
}
