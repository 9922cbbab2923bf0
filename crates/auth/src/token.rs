//! API tokens: 256 random bits, shown once, kept as their SHA-256.
//!
//! A token has full entropy, so a fast hash is enough: nothing can be guessed from it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// How every token begins, so that scanners for leaked secrets can know it.
pub const PREFIX: &str = "sgt_";

/// A new token and what the configuration keeps of it.
#[derive(Clone)]
pub struct NewToken {
    /// To be shown once.
    pub secret: String,
    /// SHA-256 of the secret, 64 hexadecimal digits.
    pub hash: String,
}

/// Makes a token from the system's random numbers.
pub fn new() -> NewToken {
    let bytes: [u8; 32] = rand::random();
    let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
    let hash = hash(&secret);
    NewToken { secret, hash }
}

/// What the configuration keeps: SHA-256 in hexadecimal digits.
pub fn hash(secret: &str) -> String {
    digest(secret)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Reads 64 hexadecimal digits.
pub(crate) fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut hash = [0; 32];
    for (position, byte) in hash.iter_mut().enumerate() {
        let digits = text.get(position * 2..position * 2 + 2)?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_has_its_prefix_and_256_bits_and_matches_its_hash() {
        let token = new();
        assert!(token.secret.starts_with(PREFIX));
        assert_eq!(token.secret.len(), PREFIX.len() + 43);
        assert_eq!(parse_hash(&token.hash), Some(digest(&token.secret)));
        assert_ne!(new().secret, token.secret);
    }

    #[test]
    fn what_is_no_sha_256_is_refused() {
        for bad in ["", "00", &"g".repeat(64), &"0".repeat(65)] {
            assert_eq!(parse_hash(bad), None);
        }
    }
}
