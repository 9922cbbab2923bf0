//! Specific Character Set (PS3.3 §C.12.1.1.2, PS3.5 §6.1.2): decoding and encoding of text.

use std::borrow::Cow;

use crate::{Result, Vr};

/// The character set of a data set: what Specific Character Set (0008,0005) declares.
/// The default is the default repertoire, ISO-IR 6.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CharacterSet {
    terms: Vec<String>,
}

impl CharacterSet {
    /// `ISO_IR 192`.
    pub fn utf8() -> CharacterSet {
        CharacterSet {
            terms: vec!["ISO_IR 192".into()],
        }
    }

    /// From the value field of (0008,0005). Unknown terms are tolerated: see [`CharacterSet::unknown_terms`].
    pub fn from_element(bytes: &[u8]) -> CharacterSet {
        let _ = bytes;
        todo!()
    }

    /// The value of Specific Character Set, backslash-separated; empty for the default repertoire.
    pub fn defined_terms(&self) -> String {
        self.terms.join("\\")
    }

    /// Declared terms that the standard does not define.
    pub fn unknown_terms(&self) -> &[String] {
        todo!()
    }

    /// Text of a value field, whatever its VR: VRs of the default repertoire are read tolerantly.
    /// Never fails; a byte sequence without meaning becomes U+FFFD.
    pub fn decode<'a>(&self, bytes: &'a [u8], vr: Vr) -> Cow<'a, str> {
        let _ = (bytes, vr);
        todo!()
    }

    /// The bytes of `text`, with escape sequences as the terms demand; not padded.
    pub fn encode(&self, text: &str, vr: Vr) -> Result<Vec<u8>> {
        let _ = (text, vr);
        todo!()
    }

    /// As [`CharacterSet::encode`], with `?` for what has no code.
    pub fn encode_lossy(&self, text: &str, vr: Vr) -> Vec<u8> {
        let _ = (text, vr);
        todo!()
    }
}
