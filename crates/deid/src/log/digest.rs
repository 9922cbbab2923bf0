//! SHA-256 of files and of lines: what auditors have tools for.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};

use crate::{Error, Result};

/// A SHA-256 digest, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// All zeros: what comes before the first line.
    pub const NONE: Digest = Digest([0; 32]);

    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
            *to = *from;
        }
        Digest(hash)
    }

    /// Appends the digits.
    pub(crate) fn write_hex(&self, out: &mut Vec<u8>) {
        super::json::hex(&self.0, out);
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Digest> {
        let error = || Error::Digest {
            found: text.chars().count(),
        };
        let hash = blake3::Hash::from_hex(text).map_err(|_| error())?;
        let digest = Digest(*hash.as_bytes());
        // Lower case only: a digest has one spelling.
        (digest.to_string() == text)
            .then_some(digest)
            .ok_or_else(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_spelling() {
        let digest = Digest::of(b"abc");
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse::<Digest>().ok(), Some(digest));
        assert!(text.to_uppercase().parse::<Digest>().is_err());
        assert!("ba78".parse::<Digest>().is_err());
    }
}
