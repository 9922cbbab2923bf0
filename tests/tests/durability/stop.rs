//! A graceful stop, and two servers on one folder.

use sagittal_tests::{Server, objects, sagittal};

#[test]
fn a_stop_that_was_asked_for_ends_with_zero_and_loses_nothing() {
    let mut server = Server::start();
    server.stow(&[objects::ct().part10()]).expect(200);
    let status = server.stop();
    assert_eq!(status.code(), Some(0), "{}", server.log());
    server.restart();
    assert_eq!(server.count(""), 1);
}

#[test]
fn a_second_server_on_the_same_folder_refuses_with_a_clear_word() {
    let server = Server::start();
    let ran = sagittal([
        "serve".as_ref(),
        "--data".as_ref(),
        server.data().as_os_str(),
        "--dimse".as_ref(),
        "127.0.0.1:0".as_ref(),
        "--http".as_ref(),
        "127.0.0.1:0".as_ref(),
    ])
    .expect(1);
    assert!(
        ran.stderr.contains("in use by another server"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains(&server.pid().to_string()),
        "{}",
        ran.stderr
    );
}
