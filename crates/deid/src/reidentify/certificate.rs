//! Recipients' certificates (X.509) and private keys (PKCS#8, PKCS#1, SEC 1).

use std::fmt;

use aws_lc_rs::agreement::{self, Algorithm, ECDH_P256, ECDH_P384, ECDH_P521};
use aws_lc_rs::rsa::PrivateDecryptingKey;

use super::der::{
    BIT_STRING, INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, context, oid, tlv,
};
use super::oid;
use crate::{Error, Result, pem};

/// What is needed of a certificate to encrypt for its holder.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Issuer and serial number, encoded.
    pub(super) issuer: Vec<u8>,
    pub(super) serial: Vec<u8>,
    pub(super) key_identifier: Option<Vec<u8>>,
    /// `SubjectPublicKeyInfo`, encoded.
    pub(super) public_key: Vec<u8>,
    pub(super) kind: KeyKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa,
    P256,
    P384,
    P521,
}

impl KeyKind {
    pub(super) fn agreement(self) -> Option<&'static Algorithm> {
        match self {
            KeyKind::Rsa => None,
            KeyKind::P256 => Some(&ECDH_P256),
            KeyKind::P384 => Some(&ECDH_P384),
            KeyKind::P521 => Some(&ECDH_P521),
        }
    }
}

impl Certificate {
    /// Reads one certificate in DER or PEM. Trust and validity are the caller's to judge: the
    /// policy names these recipients.
    ///
    /// # Errors
    /// [`Error::Crypto`] for anything but an X.509 certificate with an RSA, P-256, P-384 or P-521 key.
    pub fn read(bytes: &[u8]) -> Result<Certificate> {
        let text = std::str::from_utf8(bytes).ok();
        let from_pem = text.and_then(|text| pem::decode(text, "CERTIFICATE"));
        let der = from_pem.as_deref().unwrap_or(bytes);
        parse(der).ok_or_else(|| {
            Error::crypto(
                "an X.509 certificate (DER or PEM) with an RSA, P-256, P-384 or P-521 key",
            )
        })
    }

    /// The bits of the public key.
    pub(super) fn public_point(&self) -> Option<&[u8]> {
        let mut info = Reader(&self.public_key).expect(SEQUENCE)?.children();
        info.next()?;
        info.expect(BIT_STRING)?.content.strip_prefix(&[0])
    }
}

/// Not the key, which is public but long.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({:?})", self.kind)
    }
}

fn parse(der: &[u8]) -> Option<Certificate> {
    let certificate = Reader(der).expect(SEQUENCE)?;
    let mut fields = certificate.children().expect(SEQUENCE)?.children();
    fields.optional(context(0));
    let serial = fields.expect(INTEGER)?.raw.to_vec();
    fields.expect(SEQUENCE)?;
    let issuer = fields.expect(SEQUENCE)?.raw.to_vec();
    fields.expect(SEQUENCE)?;
    fields.expect(SEQUENCE)?;
    let public_key = fields.expect(SEQUENCE)?;
    let mut algorithm = public_key.children().expect(SEQUENCE)?.children();
    let kind = match algorithm.expect(OBJECT_IDENTIFIER)?.content {
        oid::RSA_ENCRYPTION => KeyKind::Rsa,
        oid::EC_PUBLIC_KEY => match algorithm.expect(OBJECT_IDENTIFIER)?.content {
            oid::P256 => KeyKind::P256,
            oid::P384 => KeyKind::P384,
            oid::P521 => KeyKind::P521,
            _ => return None,
        },
        _ => return None,
    };
    Some(Certificate {
        issuer,
        serial,
        key_identifier: key_identifier(fields),
        public_key: public_key.raw.to_vec(),
        kind,
    })
}

/// The Subject Key Identifier among the extensions.
fn key_identifier(mut fields: Reader<'_>) -> Option<Vec<u8>> {
    while let Some(field) = fields.next() {
        if field.tag != context(3) {
            continue;
        }
        let mut extensions = field.children().expect(SEQUENCE)?.children();
        while let Some(extension) = extensions.expect(SEQUENCE) {
            let mut parts = extension.children();
            if parts.expect(OBJECT_IDENTIFIER)?.content == oid::SUBJECT_KEY_IDENTIFIER {
                parts.optional(1);
                let value = parts.expect(OCTET_STRING)?;
                return Reader(value.content).expect(OCTET_STRING)?.octets();
            }
        }
    }
    None
}

/// A recipient's private key.
pub struct PrivateKey {
    pub(super) key: Key,
}

pub(super) enum Key {
    Rsa(PrivateDecryptingKey),
    Curve(agreement::PrivateKey, KeyKind),
}

impl PrivateKey {
    /// Reads a key in PEM or DER: `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1) or
    /// `EC PRIVATE KEY` (SEC 1). Encrypted keys must be decrypted before.
    ///
    /// # Errors
    /// [`Error::Crypto`] for anything else.
    pub fn read(bytes: &[u8]) -> Result<PrivateKey> {
        let text = std::str::from_utf8(bytes).ok();
        let labels = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
        let from_pem =
            text.and_then(|text| labels.iter().find_map(|label| pem::decode(text, label)));
        let der = from_pem.as_deref().unwrap_or(bytes);
        let rsa = PrivateDecryptingKey::from_pkcs8(der)
            .or_else(|_| PrivateDecryptingKey::from_pkcs8(&pkcs8_of_pkcs1(der)));
        if let Ok(key) = rsa {
            return Ok(PrivateKey { key: Key::Rsa(key) });
        }
        for kind in [KeyKind::P256, KeyKind::P384, KeyKind::P521] {
            let Some(algorithm) = kind.agreement() else {
                continue;
            };
            if let Ok(key) = agreement::PrivateKey::from_private_key_der(algorithm, der) {
                return Ok(PrivateKey {
                    key: Key::Curve(key, kind),
                });
            }
        }
        Err(Error::crypto(
            "a private key, not encrypted (RSA, P-256, P-384 or P-521; PEM or DER)",
        ))
    }
}

/// Never the key.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

fn pkcs8_of_pkcs1(der: &[u8]) -> Vec<u8> {
    let algorithm = tlv(SEQUENCE, &[&oid(oid::RSA_ENCRYPTION), NULL]);
    tlv(
        SEQUENCE,
        &[&[INTEGER, 1, 0], &algorithm, &tlv(OCTET_STRING, &[der])],
    )
}
