//! TLS versions and suites.

use std::process::Command;

use rcgen::{
    CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SignatureAlgorithm,
};
use sagittal_tests::peer::dcmtk;
use sagittal_tests::{Server, sagittal};
use serde_json::Value;
use tempfile::TempDir;

use super::observed::{Observed, Program, free_port};

/// A certificate for loopback that nobody has signed, and its key.
pub fn certificate(folder: &TempDir, algorithm: &'static SignatureAlgorithm) -> (String, String) {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(hosts)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    (
        write("own.pem", &certificate.pem()),
        write("own.key", &key.serialize_pem()),
    )
}

pub fn supported(tls: &Value) -> Vec<&str> {
    let versions = tls["versions"].as_array().unwrap().iter();
    versions
        .filter(|version| version["support"] == "yes")
        .map(|version| version["version"].as_str().unwrap())
        .collect()
}

pub fn suites(tls: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = tls["suites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|suite| suite["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names
}

pub const FEW: &[&str] = &[
    "--tls",
    "--insecure",
    "--no-query",
    "--hold",
    "0",
    "--sop-class",
    "Verification",
];

#[test]
fn our_own_suites_are_those_of_the_statement() {
    let folder = TempDir::new().unwrap();
    let (chain, key) = certificate(&folder, &PKCS_ECDSA_P256_SHA256);
    let text = format!(
        "[dimse]\naddress = \"127.0.0.1\"\nport = 0\n[dimse.tls]\nenabled = true\nport = 0\n\
         certificate = {chain:?}\nkey = {key:?}\n"
    );
    let path = folder.path().join("statement.toml");
    // A statement has a port to tell of.
    std::fs::write(
        &path,
        text.replace("port = 0", "port = 11112").replacen(
            "enabled = true\nport = 11112",
            "enabled = true\nport = 2762",
            1,
        ),
    )
    .unwrap();
    let server = Server::builder()
        .own_addresses()
        .arg("--http")
        .arg("127.0.0.1:0")
        .config(folder.path(), &text)
        .start();
    let port = server.ready()["dimse_tls"]
        .as_str()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    let observed = Observed::of(&format!("SAGITTAL@127.0.0.1:{port}"), FEW);
    let tls = &observed.entity()["tls"];
    assert_eq!(supported(tls), ["1.3", "1.2"]);
    let path = path.display().to_string();
    let declared = sagittal([
        "conformance",
        "statement",
        "--format",
        "json",
        "--config",
        &path,
    ])
    .expect(0)
    .json();
    let declared = &declared["application_entities"][0]["tls"];
    // The key of the certificate decides which of the suites of TLS 1.2 there are.
    let fitting: Vec<&str> = suites(declared)
        .into_iter()
        .filter(|name| !name.contains("_RSA_"))
        .collect();
    assert_eq!(suites(tls), fitting);
    assert_eq!(tls["client_certificate"], "none");
}

#[test]
fn what_storescp_is_told_to_offer_is_found() {
    let Some(program) = dcmtk("storescp") else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let (chain, key) = certificate(&folder, &PKCS_RSA_SHA256);
    let port = free_port();
    let mut command = Command::new(program);
    command
        .args([
            "-od",
            &folder.path().display().to_string(),
            "+tls",
            &key,
            &chain,
            "+cf",
            &chain,
            "+py",
            "-ic",
        ])
        .arg(port.to_string());
    let _running = Program::start(&mut command, port, &folder.path().join("log"));
    let observed = Observed::of(
        &format!("ANY@127.0.0.1:{port}"),
        &[FEW, &["--sop-class", "CT Image Storage"]].concat(),
    );
    let tls = &observed.entity()["tls"];
    let versions = supported(tls);
    // The non-downgrading profile (PS3.15 §B.10).
    assert!(
        versions.contains(&"1.2") && !versions.contains(&"1.1") && !versions.contains(&"1.0"),
        "{tls}"
    );
    // Those of the profile (PS3.15 §B.10) that go with a key of RSA.
    let before_13: Vec<&str> = suites(tls)
        .into_iter()
        .filter(|name| name.contains("_WITH_"))
        .collect();
    let profile = [
        "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    ];
    assert_eq!(before_13, profile);
    assert_eq!(tls["client_certificate"], "none");
}
