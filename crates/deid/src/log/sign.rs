//! The key that signs logs: Ed25519, one for each project.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Digest;
use crate::{Error, Result, pem};

/// `SubjectPublicKeyInfo` of an Ed25519 key, but for the key itself (RFC 8410 §4).
const SPKI_PREFIX: [u8; 12] = [48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0];

/// The private key.
pub struct LogKey(Ed25519KeyPair);

impl LogKey {
    /// A new one, from the system's random numbers.
    ///
    /// # Errors
    /// [`Error::Crypto`] if there are none.
    pub fn generate() -> Result<LogKey> {
        let pair = Ed25519KeyPair::generate();
        pair.map(LogKey)
            .map_err(|_| Error::crypto("a new signing key"))
    }

    /// Reads `PRIVATE KEY` (PKCS#8) in PEM.
    ///
    /// # Errors
    /// [`Error::Crypto`] for anything else.
    pub fn from_pem(text: &str) -> Result<LogKey> {
        let error = || Error::crypto("an Ed25519 private key (PKCS#8 in PEM)");
        let der = pem::decode(text, "PRIVATE KEY").ok_or_else(error)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der);
        pair.map(LogKey).map_err(|_| error())
    }

    /// As PKCS#8 in PEM.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the key cannot be written.
    pub fn to_pem(&self) -> Result<String> {
        let error = |_| Error::crypto("a key that can be written");
        let document = self.0.to_pkcs8v1().map_err(error)?;
        Ok(pem::encode(document.as_ref(), "PRIVATE KEY"))
    }

    /// The public key.
    pub fn public(&self) -> LogPublicKey {
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(self.0.public_key().as_ref()) {
            *to = *from;
        }
        LogPublicKey(bytes)
    }

    /// Signs the end of a chain: 128 hexadecimal digits.
    pub(super) fn sign(&self, head: &Digest) -> String {
        let signature = self.0.sign(statement(head).as_bytes());
        let mut digits = Vec::with_capacity(128);
        super::json::hex(signature.as_ref(), &mut digits);
        String::from_utf8_lossy(&digits).into_owned()
    }
}

/// Never the key.
impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({:?})", self.public())
    }
}

/// The public key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LogPublicKey([u8; 32]);

impl LogPublicKey {
    /// Reads `PUBLIC KEY` in PEM.
    ///
    /// # Errors
    /// [`Error::Crypto`] for anything else.
    pub fn from_pem(text: &str) -> Result<LogPublicKey> {
        let error = || Error::crypto("an Ed25519 public key in PEM");
        let der = pem::decode(text, "PUBLIC KEY").ok_or_else(error)?;
        let key = der.strip_prefix(&SPKI_PREFIX).ok_or_else(error)?;
        key.try_into().map(LogPublicKey).map_err(|_| error())
    }

    /// As PEM, as `openssl pkey -pubin` reads it.
    pub fn to_pem(&self) -> String {
        let mut der = SPKI_PREFIX.to_vec();
        der.extend_from_slice(&self.0);
        pem::encode(&der, "PUBLIC KEY")
    }

    /// Base64, as it stands in a log.
    pub(super) fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    pub(super) fn from_base64(text: &str) -> Option<LogPublicKey> {
        let bytes = STANDARD.decode(text).ok()?;
        bytes.as_slice().try_into().ok().map(LogPublicKey)
    }

    /// Is this its signature over the end of the chain? `digits` as [`LogKey::sign`] writes them.
    pub(super) fn verifies(&self, head: &Digest, digits: &str) -> bool {
        let pairs = digits.as_bytes().as_chunks::<2>().0;
        let bytes: Option<Vec<u8>> = pairs
            .iter()
            .map(|pair| {
                let lower = pair.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                let text = std::str::from_utf8(pair).ok().filter(|_| lower)?;
                u8::from_str_radix(text, 16).ok()
            })
            .collect();
        bytes.is_some_and(|signature| {
            digits.len() == 128
                && UnparsedPublicKey::new(&ED25519, &self.0)
                    .verify(statement(head).as_bytes(), &signature)
                    .is_ok()
        })
    }
}

impl fmt::Debug for LogPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64())
    }
}

/// What is signed.
fn statement(head: &Digest) -> String {
    format!("sagittal-deid-log:{head}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_key_survives_pem_and_its_signature_is_known() {
        let key = LogKey::generate().unwrap();
        let again = LogKey::from_pem(&key.to_pem().unwrap()).unwrap();
        let public = LogPublicKey::from_pem(&key.public().to_pem()).unwrap();
        assert_eq!(again.public(), public);
        let head = Digest::of(b"head");
        let signature = again.sign(&head);
        assert!(public.verifies(&head, &signature));
        assert!(!public.verifies(&Digest::of(b"other"), &signature));
        assert!(!public.verifies(&head, &signature.to_uppercase()));
        assert!(
            !LogKey::generate()
                .unwrap()
                .public()
                .verifies(&head, &signature)
        );
        assert!(LogKey::from_pem("nothing").is_err());
    }
}
