//! Any bytes as certificate, private key and CMS EnvelopedData: no panic, and nothing opens that was
//! not sealed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sagittal_core::{DataSet, Vr, tags};
use sagittal_deid::reidentify::{Certificate, PrivateKey, decrypt};

/// A key of P-256, of nobody.
static KEY: LazyLock<PrivateKey> = LazyLock::new(|| {
    let pair = rcgen::KeyPair::generate().expect("a pair");
    PrivateKey::read(pair.serialize_pem().as_bytes()).expect("a key")
});

fuzz_target!(|bytes: &[u8]| {
    let certificate = Certificate::read(bytes).ok();
    let _ = PrivateKey::read(bytes);
    let mut item = DataSet::new();
    item.put_bytes(tags::ENCRYPTED_CONTENT, Vr::OB, bytes.to_vec());
    let _ = decrypt(&item, &KEY, certificate.as_ref());
});
