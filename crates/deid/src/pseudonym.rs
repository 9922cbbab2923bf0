//! Stand-ins for UIDs, identifiers and dates that are the same wherever the original occurs.

use std::sync::Arc;

use sagittal_core::Uid;

use crate::ProjectKey;

/// Whose identifier it is: equal strings of different kinds get different pseudonyms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdentifierKind {
    /// Patient ID (and Other Patient IDs: the same person, the same kind).
    Patient,
    /// Accession Number.
    Accession,
    /// Study ID and other identifiers of orders, procedures, visits.
    Study,
    /// Device serial numbers and the like.
    Device,
    /// Any other.
    Other,
}

impl IdentifierKind {
    /// All of them.
    pub const ALL: &'static [IdentifierKind] = &[
        IdentifierKind::Patient,
        IdentifierKind::Accession,
        IdentifierKind::Study,
        IdentifierKind::Device,
        IdentifierKind::Other,
    ];

    /// The name used in maps and derivations.
    pub fn as_str(self) -> &'static str {
        match self {
            IdentifierKind::Patient => "patient",
            IdentifierKind::Accession => "accession",
            IdentifierKind::Study => "study",
            IdentifierKind::Device => "device",
            IdentifierKind::Other => "other",
        }
    }
}

/// Where pseudonyms come from: derived from the key, or a map that is kept.
///
/// Implementations are called from many threads; the same question has the same answer for ever.
pub trait Pseudonyms: Send + Sync {
    /// The new UID for `old` (trimmed). Well-known UIDs are not asked for.
    fn uid(&self, old: &str) -> Uid;

    /// The pseudonym for an identifier (trimmed, not empty); at most 16 characters, letters and
    /// digits, so that it fits SH.
    fn identifier(&self, kind: IdentifierKind, old: &str) -> String;

    /// Days by which all dates of the patient move; never 0, between `-range` and `-1`.
    fn shift_days(&self, patient_id: &str, range: u32) -> i64;
}

/// Derived from the project key alone.
#[derive(Clone, Debug)]
pub struct Derived(Arc<ProjectKey>);

impl Derived {
    /// Pseudonyms of this key.
    pub fn new(key: ProjectKey) -> Derived {
        Derived(Arc::new(key))
    }
}

impl Pseudonyms for Derived {
    fn uid(&self, old: &str) -> Uid {
        let hash = self.0.derive("uid", &[old.as_bytes()]);
        Uid::from_uuid_bits(uuid_bits(&hash))
    }

    fn identifier(&self, kind: IdentifierKind, old: &str) -> String {
        /// No vowels, nothing that looks like another.
        const ALPHABET: &[u8; 32] = b"0123456789BCDFGHJKLMNPQRSTVWXYZ_";
        let parts: [&[u8]; 2] = [kind.as_str().as_bytes(), old.as_bytes()];
        let hash = self.0.derive("identifier", &parts);
        let letters = hash.iter().take(14).map(|byte| {
            char::from(
                ALPHABET
                    .get(usize::from(byte % 31))
                    .copied()
                    .unwrap_or(b'0'),
            )
        });
        letters.collect()
    }

    fn shift_days(&self, patient_id: &str, range: u32) -> i64 {
        let hash = self.0.derive("shift", &[patient_id.as_bytes()]);
        let [a, b, c, d, e, f, g, h, ..] = hash;
        let number = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        -1 - i64::try_from(number % u64::from(range.max(1))).unwrap_or(0)
    }
}

/// The first 128 bits as a UUID of version 8 (RFC 9562 §5.8), which is what `2.25.` asks for
/// (PS3.5 §B.2).
fn uuid_bits(hash: &[u8; 32]) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(hash.split_at(16).0);
    let bits = u128::from_be_bytes(bytes);
    bits & !(0xf << 76) & !(0b11 << 62) | 8 << 76 | 0b10 << 62
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_has_the_same_answer_and_others_differ() {
        let derived = Derived::new(ProjectKey::new([1; 32]));
        assert_eq!(derived.uid("1.2.3"), derived.uid("1.2.3"));
        assert_ne!(derived.uid("1.2.3"), derived.uid("1.2.4"));
        let patient = derived.identifier(IdentifierKind::Patient, "4711");
        assert_ne!(patient, derived.identifier(IdentifierKind::Study, "4711"));
        assert_eq!(patient.len(), 14);
        for patient in ["a", "b", "c"] {
            assert!((-365..=-1).contains(&derived.shift_days(patient, 365)));
        }
    }
}
