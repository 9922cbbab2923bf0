#![allow(clippy::unwrap_used)]

use rcgen::{
    CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256,
};
use sagittal_core::{DataSet, tags};

use super::*;
use crate::Error;

fn recipient(algorithm: &'static rcgen::SignatureAlgorithm) -> (Certificate, PrivateKey) {
    let pair = KeyPair::generate_for(algorithm).unwrap();
    let parameters = CertificateParams::new(vec!["steward.example".into()]).unwrap();
    let certificate = parameters.self_signed(&pair).unwrap();
    let key = PrivateKey::read(pair.serialize_pem().as_bytes()).unwrap();
    let pem = Certificate::read(certificate.pem().as_bytes()).unwrap();
    assert_eq!(Certificate::read(certificate.der()).unwrap(), pem);
    (pem, key)
}

fn originals() -> DataSet {
    let mut originals = DataSet::utf8();
    originals.put_text(tags::PATIENT_NAME, "Müller^Jane");
    originals.put_text(tags::PATIENT_ID, "4711");
    originals
}

fn deidentified(item: DataSet) -> DataSet {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::PATIENT_NAME, "ANON");
    data_set.put_text(tags::MODALITY, "CT");
    data_set.put_text(tags::PATIENT_IDENTITY_REMOVED, "YES");
    data_set.put_text(tags::DE_IDENTIFICATION_METHOD, "all of it");
    data_set.put_items(tags::ENCRYPTED_ATTRIBUTES_SEQUENCE, vec![item]);
    data_set
}

#[test]
fn every_recipient_and_nobody_else_gets_the_values_back() {
    let people = [
        &PKCS_RSA_SHA256,
        &PKCS_ECDSA_P256_SHA256,
        &PKCS_ECDSA_P384_SHA384,
    ]
    .map(recipient);
    let certificates: Vec<Certificate> = people
        .iter()
        .map(|(certificate, _)| certificate.clone())
        .collect();
    for transport in [KeyTransport::Pkcs1, KeyTransport::Oaep] {
        let item = encrypt(&originals(), &certificates, transport).unwrap();
        let message = item.bytes(tags::ENCRYPTED_CONTENT).unwrap();
        assert!(
            !message
                .windows(4)
                .any(|window| window == b"Jane" || window == b"4711")
        );
        for (certificate, key) in &people {
            for certificate in [None, Some(certificate)] {
                let mut data_set = deidentified(item.clone());
                assert_eq!(restore(&mut data_set, key, certificate).unwrap(), 2);
                assert_eq!(
                    data_set.text(tags::PATIENT_NAME).as_deref(),
                    Some("Müller^Jane")
                );
                assert_eq!(data_set.text(tags::PATIENT_ID).as_deref(), Some("4711"));
                assert_eq!(
                    data_set.text(tags::PATIENT_IDENTITY_REMOVED).as_deref(),
                    Some("NO")
                );
                assert!(!data_set.contains(tags::ENCRYPTED_ATTRIBUTES_SEQUENCE));
                assert!(!data_set.contains(tags::DE_IDENTIFICATION_METHOD));
            }
        }
        let (_, stranger) = recipient(&PKCS_ECDSA_P256_SHA256);
        assert!(matches!(
            decrypt(&item, &stranger, None),
            Err(Error::Crypto { .. })
        ));
    }
    assert!(encrypt(&originals(), &[], KeyTransport::Pkcs1).is_err());
}

#[test]
fn a_damaged_message_gives_an_error() {
    let (certificate, key) = recipient(&PKCS_ECDSA_P256_SHA256);
    let item = encrypt(&originals(), &[certificate], KeyTransport::Pkcs1).unwrap();
    let message = item.bytes(tags::ENCRYPTED_CONTENT).unwrap().to_vec();
    // The last byte may be padding.
    for at in 0..message.len() - 1 {
        let mut cut = DataSet::new();
        cut.put_bytes(
            tags::ENCRYPTED_CONTENT,
            sagittal_core::Vr::OB,
            message[..at].to_vec(),
        );
        assert!(decrypt(&cut, &key, None).is_err(), "cut at {at}");
        let mut changed = message.clone();
        changed[at] ^= 0x55;
        let mut damaged = DataSet::new();
        damaged.put_bytes(tags::ENCRYPTED_CONTENT, sagittal_core::Vr::OB, changed);
        // CBC has no checksum: what comes out may be read, or not; nothing panics.
        let _ = decrypt(&damaged, &key, None);
    }
    assert!(
        Certificate::read(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").is_err()
    );
    assert!(PrivateKey::read(b"").is_err());
}
