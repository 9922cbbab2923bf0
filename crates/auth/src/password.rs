//! Passwords: Argon2id hashes, and a short memory of verifications so that Basic authentication
//! does not cost a hash per request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use sha2::{Digest as _, Sha256};

use crate::Error;

/// How long a verification is remembered.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How many are.
const ENTRIES: usize = 1024;

/// Argon2id in PHC form, with a random salt and the crate's recommended cost (19 MiB, two passes).
pub fn hash(password: &str) -> Result<String, Error> {
    let failed = |error: argon2::password_hash::Error| Error::Hash {
        reason: error.to_string(),
    };
    let salt: [u8; 16] = rand::random();
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(failed)
}

/// Can the text serve as a password hash?
pub fn is_hash(text: &str) -> bool {
    PasswordHash::new(text)
        .is_ok_and(|hash| hash.algorithm.as_str().starts_with("argon2") && hash.hash.is_some())
}

/// Checks a password against a hash. Takes tens of milliseconds on purpose.
pub fn verify(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// Remembers verifications by a keyed hash: neither passwords nor anything that could be
/// searched for them offline stays in memory.
pub(crate) struct VerificationCache {
    key: [u8; 32],
    remembered: Duration,
    entries: Mutex<HashMap<[u8; 32], (bool, Instant)>>,
}

impl VerificationCache {
    pub(crate) fn new() -> VerificationCache {
        VerificationCache::lasting(REMEMBERED)
    }

    /// That remembers for so long.
    pub(crate) fn lasting(remembered: Duration) -> VerificationCache {
        VerificationCache {
            key: rand::random(),
            remembered,
            entries: Mutex::new(HashMap::new()),
        }
    }

    /// What a verification lately said.
    pub(crate) fn get(&self, hash: &str, password: &str) -> Option<bool> {
        let id = self.id(hash, password);
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .get(&id)
            .filter(|(_, at)| at.elapsed() < self.remembered)
            .map(|(good, _)| *good)
    }

    pub(crate) fn put(&self, hash: &str, password: &str, good: bool) {
        let id = self.id(hash, password);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES {
            entries.retain(|_, (_, at)| at.elapsed() < self.remembered);
        }
        // A flood of guesses must not push out those who are known.
        if entries.len() >= ENTRIES {
            entries.retain(|_, (good, _)| *good);
        }
        if entries.len() >= ENTRIES {
            entries.clear();
        }
        entries.insert(id, (good, Instant::now()));
    }

    /// Key and lengths come first, so that no two pairs share an input.
    fn id(&self, hash: &str, password: &str) -> [u8; 32] {
        let mut inner = Sha256::new();
        inner.update(self.key);
        inner.update((hash.len() as u64).to_le_bytes());
        inner.update(hash.as_bytes());
        inner.update(password.as_bytes());
        let inner = inner.finalize();
        let mut outer = Sha256::new();
        outer.update(self.key);
        outer.update(inner);
        outer.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_password_matches_its_own_hash_only() {
        let hashed = hash("correct horse").unwrap();
        assert!(hashed.starts_with("$argon2id$"));
        assert!(is_hash(&hashed));
        assert!(verify(&hashed, "correct horse"));
        assert!(!verify(&hashed, "correct horse "));
        assert!(!verify("plain", "plain"));
        assert!(!is_hash("plain"));
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_those_who_are_known() {
        let cache = VerificationCache::new();
        cache.put("h", "good", true);
        for guess in 0..3 * ENTRIES {
            cache.put("h", &guess.to_string(), false);
        }
        assert!(cache.entries.lock().unwrap().len() <= ENTRIES);
        assert_eq!(cache.get("h", "good"), Some(true));
        assert_eq!(cache.get("h", "other"), None);
    }
}
