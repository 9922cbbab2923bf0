//! Re-identification with foreign programs: `openssl cms` and `gdcmanon`, both directions.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use sagittal_core::{DataSet, Limits, Uid, tags};
use sagittal_deid::reidentify::{Certificate, KeyTransport, PrivateKey, encrypt, restore};
use sagittal_file::part10::{self, Meta};

const EXPLICIT: &str = "1.2.840.10008.1.2.1";

/// Is the program there? Missing, it is skipped loudly, or a failure with SAGITTAL_TEST_STRICT=1.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("version").output().is_ok();
    let strict = std::env::var("SAGITTAL_TEST_STRICT").is_ok_and(|value| value == "1");
    assert!(found || !strict, "{program} is not installed");
    if !found {
        eprintln!("SKIPPED: {program} is not installed");
    }
    found
}

fn run(program: &str, folder: &Path, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {} {}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Key and certificate made by openssl.
fn make(folder: &Path, kind: &[&str]) -> (Certificate, PrivateKey) {
    let mut arguments = vec![
        "req",
        "-x509",
        "-nodes",
        "-days",
        "9",
        "-subj",
        "/CN=Steward",
    ];
    arguments.extend_from_slice(kind);
    arguments.extend_from_slice(&["-keyout", "key.pem", "-out", "cert.pem"]);
    run("openssl", folder, &arguments);
    let certificate = Certificate::read(&std::fs::read(folder.join("cert.pem")).unwrap()).unwrap();
    let key = PrivateKey::read(&std::fs::read(folder.join("key.pem")).unwrap()).unwrap();
    (certificate, key)
}

const RSA: [&str; 2] = ["-newkey", "rsa:2048"];
const CURVE: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

fn originals() -> DataSet {
    let mut originals = DataSet::new();
    originals.put_text(tags::SOP_INSTANCE_UID, "2.25.5");
    originals.put_text(tags::PATIENT_NAME, "Doe^Jane");
    originals.put_text(tags::PATIENT_ID, "4711");
    originals
}

fn instance() -> DataSet {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.7");
    data_set.put_text(tags::SOP_INSTANCE_UID, "2.25.7");
    data_set.put_text(tags::STUDY_DATE, "20240131");
    data_set.put_text(tags::MODALITY, "OT");
    data_set.put_text(tags::STUDY_INSTANCE_UID, "2.25.8");
    data_set.put_text(tags::SERIES_INSTANCE_UID, "2.25.9");
    data_set.put_text(tags::PATIENT_NAME, "Doe^Jane");
    data_set.put_text(tags::PATIENT_ID, "4711");
    data_set
}

fn save(path: &Path, data_set: &DataSet) {
    let meta = Meta {
        sop_class_uid: Uid::from_static("1.2.840.10008.5.1.4.1.1.7"),
        sop_instance_uid: Uid::from_static("2.25.7"),
        transfer_syntax_uid: Uid::from_static(EXPLICIT),
        source_ae_title: None,
    };
    std::fs::write(path, part10::write(&meta, data_set).unwrap()).unwrap();
}

fn load(path: &Path) -> DataSet {
    let bytes = std::fs::read(path).unwrap().into();
    part10::read(&bytes, Limits::default()).unwrap().data_set
}

#[test]
fn openssl_decrypts_what_we_encrypt() {
    if !has("openssl") {
        return;
    }
    for (kind, transport) in [
        (&RSA[..], KeyTransport::Pkcs1),
        (&RSA[..], KeyTransport::Oaep),
        (&CURVE[..], KeyTransport::Pkcs1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, _) = make(folder.path(), kind);
        let item = encrypt(&originals(), &[certificate], transport).unwrap();
        let message = item.bytes(tags::ENCRYPTED_CONTENT).unwrap();
        // The value field is padded to even length; openssl ignores what follows the message.
        std::fs::write(folder.path().join("message.der"), message).unwrap();
        let arguments = [
            "cms",
            "-decrypt",
            "-inform",
            "DER",
            "-in",
            "message.der",
            "-inkey",
            "key.pem",
            "-recip",
            "cert.pem",
            "-out",
            "plain.bin",
        ];
        run("openssl", folder.path(), &arguments);
        let plain = std::fs::read(folder.path().join("plain.bin")).unwrap();
        assert!(plain.windows(8).any(|window| window == b"Doe^Jane"));
    }
}

#[test]
fn what_openssl_encrypts_is_decrypted() {
    if !has("openssl") {
        return;
    }
    let mut content = DataSet::new();
    content.put_items(tags::MODIFIED_ATTRIBUTES_SEQUENCE, vec![originals()]);
    let mut plain = Vec::new();
    sagittal_file::write::write_data_set(&content, EXPLICIT, &mut plain).unwrap();
    for (kind, more) in [
        (&RSA[..], &["-aes-256-cbc"][..]),
        (&RSA[..], &["-aes128", "-stream"]),
        (&RSA[..], &["-aes-192-cbc", "-keyid"]),
        (&RSA[..], &["-aes256", "-keyopt", "rsa_padding_mode:oaep"]),
        (
            &RSA[..],
            &[
                "-aes256",
                "-keyopt",
                "rsa_padding_mode:oaep",
                "-keyopt",
                "rsa_oaep_md:sha256",
            ],
        ),
        (&CURVE[..], &["-aes256"]),
        (&CURVE[..], &["-aes256", "-keyopt", "ecdh_kdf_md:sha256"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = make(folder.path(), kind);
        std::fs::write(folder.path().join("plain.bin"), &plain).unwrap();
        let mut arguments = vec![
            "cms",
            "-encrypt",
            "-binary",
            "-in",
            "plain.bin",
            "-outform",
            "DER",
        ];
        let flags: Vec<&str> = more
            .iter()
            .copied()
            .take_while(|flag| *flag != "-keyopt")
            .collect();
        arguments.extend_from_slice(&flags);
        arguments.extend_from_slice(&["-out", "message.der", "-recip", "cert.pem"]);
        arguments.extend_from_slice(&more[flags.len()..]);
        run("openssl", folder.path(), &arguments);
        let mut item = DataSet::new();
        let message = std::fs::read(folder.path().join("message.der")).unwrap();
        item.put_bytes(tags::ENCRYPTED_CONTENT, sagittal_core::Vr::OB, message);
        let mut data_set = DataSet::new();
        data_set.put_items(tags::ENCRYPTED_ATTRIBUTES_SEQUENCE, vec![item]);
        let restored = restore(&mut data_set, &key, Some(&certificate));
        assert_eq!(restored.ok(), Some(3), "{kind:?} {more:?}");
        assert_eq!(
            data_set.text(tags::PATIENT_NAME).as_deref(),
            Some("Doe^Jane")
        );
    }
}

#[test]
fn gdcmanon_restores_what_we_encrypted() {
    if !has("openssl") || !has("gdcmanon") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (certificate, _) = make(folder.path(), &RSA);
    let mut data_set = instance();
    data_set.put_text(tags::PATIENT_NAME, "ANON");
    data_set.put_text(tags::PATIENT_ID, "A1");
    data_set.put_text(tags::PATIENT_IDENTITY_REMOVED, "YES");
    data_set.put_text(tags::DE_IDENTIFICATION_METHOD, "Basic Profile");
    let item = encrypt(&originals(), &[certificate], KeyTransport::Pkcs1).unwrap();
    data_set.put_items(tags::ENCRYPTED_ATTRIBUTES_SEQUENCE, vec![item]);
    save(&folder.path().join("in.dcm"), &data_set);
    let arguments = ["-d", "-k", "key.pem", "-c", "cert.pem", "in.dcm", "out.dcm"];
    run("gdcmanon", folder.path(), &arguments);
    let restored = load(&folder.path().join("out.dcm"));
    assert_eq!(
        restored.text(tags::PATIENT_NAME).as_deref(),
        Some("Doe^Jane")
    );
    assert_eq!(restored.text(tags::PATIENT_ID).as_deref(), Some("4711"));
}

#[test]
fn what_gdcmanon_encrypted_is_restored() {
    if !has("openssl") || !has("gdcmanon") {
        return;
    }
    for crypto in ["--crypto=openssl", "--crypto=openssl-p7"] {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = make(folder.path(), &RSA);
        save(&folder.path().join("in.dcm"), &instance());
        let arguments = ["-e", crypto, "-c", "cert.pem", "in.dcm", "out.dcm"];
        run("gdcmanon", folder.path(), &arguments);
        let mut data_set = load(&folder.path().join("out.dcm"));
        assert_ne!(
            data_set.text(tags::PATIENT_NAME).as_deref(),
            Some("Doe^Jane")
        );
        restore(&mut data_set, &key, Some(&certificate)).unwrap();
        assert_eq!(
            data_set.text(tags::PATIENT_NAME).as_deref(),
            Some("Doe^Jane")
        );
        assert_eq!(data_set.text(tags::PATIENT_ID).as_deref(), Some("4711"));
        assert_eq!(data_set.text(tags::STUDY_DATE).as_deref(), Some("20240131"));
    }
}
