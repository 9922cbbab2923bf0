//! Foreign programs.

use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;

/// Where distributions put DCMTK; other programs of the same names live elsewhere.
const FOLDERS: [&str; 3] = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
const LONGEST: Duration = Duration::from_secs(60);

/// Says that something is not there, and fails if nothing may be skipped.
pub fn missing(what: &str) {
    eprintln!("SKIPPED: {what} is not installed");
    let strict = std::env::var("SAGITTAL_TEST_STRICT").is_ok_and(|value| value == "1");
    assert!(
        !strict,
        "{what} is not installed, and SAGITTAL_TEST_STRICT=1"
    );
}

/// The path of a tool of DCMTK.
pub fn tool(name: &str) -> Option<PathBuf> {
    let found = FOLDERS
        .iter()
        .map(|folder| PathBuf::from(folder).join(name))
        .find(|p| p.exists());
    if found.is_none() {
        missing(name);
    }
    found
}

/// Runs a tool to its end: did it succeed, and what did it say?
pub async fn run(tool: &PathBuf, arguments: &[String]) -> (bool, String) {
    let child = Command::new(tool)
        .args(arguments)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(LONGEST, child)
        .await
        .expect("the tool ends")
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
