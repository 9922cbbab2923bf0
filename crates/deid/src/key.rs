//! The project key: everything that must be the same on any machine is derived from it.

use std::fmt;

use crate::{Error, Result};

/// 256 secret bits, one key for each project. Derivations are keyed BLAKE3 with a domain each, so
/// that nobody without the key can try names or dates (no dictionary attack), and the same key
/// gives the same result on any machine, in any order.
#[derive(Clone)]
pub struct ProjectKey([u8; 32]);

impl ProjectKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> ProjectKey {
        ProjectKey(bytes)
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`Error::Key`] for anything else.
    pub fn from_hex(text: &str) -> Result<ProjectKey> {
        let text = text.trim();
        let error = || Error::Key {
            found: text.chars().count(),
        };
        let hash = blake3::Hash::from_hex(text.as_bytes()).map_err(|_| error())?;
        Ok(ProjectKey(*hash.as_bytes()))
    }

    /// 32 bytes derived from `parts` for one purpose; lengths are part of what is hashed, so that
    /// `("ab", "c")` and `("a", "bc")` differ.
    pub fn derive(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        *hasher.finalize().as_bytes()
    }

    /// Names the key without giving it away: 16 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        let bytes = self.derive("key fingerprint", &[]);
        bytes
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// Never the key.
impl fmt::Debug for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProjectKey({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_purposes_are_kept_apart() {
        let key = ProjectKey::new([7; 32]);
        assert_ne!(key.derive("a", &[b"bc"]), key.derive("ab", &[b"c"]));
        assert_ne!(key.derive("a", &[b"b", b"c"]), key.derive("a", &[b"bc"]));
        assert_ne!(
            key.derive("a", &[]),
            ProjectKey::new([8; 32]).derive("a", &[])
        );
        assert!(!format!("{key:?}").contains("0707"));
        assert!(ProjectKey::from_hex(&"0a".repeat(32)).is_ok());
        assert!(ProjectKey::from_hex("0a").is_err());
    }
}
