//! The character set of a data set.

use std::borrow::Cow;
use std::sync::Arc;

use super::terms::{Declared, Scheme};
use super::{decode, encode};
use crate::{Error, Result, Vr};

/// The character set of a data set: what Specific Character Set (0008,0005) declares.
/// The default is the default repertoire, ISO-IR 6. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct CharacterSet {
    /// `None` is the default repertoire.
    declared: Option<Arc<Declared>>,
}

impl CharacterSet {
    /// `ISO_IR 192`.
    pub fn utf8() -> CharacterSet {
        CharacterSet::from_element(b"ISO_IR 192")
    }

    /// From the value field of (0008,0005). Misspelled terms are understood, unknown ones
    /// tolerated: see [`CharacterSet::unknown_terms`].
    pub fn from_element(bytes: &[u8]) -> CharacterSet {
        let declared = Declared::parse(bytes);
        let is_default = declared.terms.iter().all(String::is_empty);
        CharacterSet {
            declared: (!is_default).then(|| Arc::new(declared)),
        }
    }

    /// The value of Specific Character Set, backslash-separated; empty for the default repertoire.
    pub fn defined_terms(&self) -> String {
        self.terms().join("\\")
    }

    /// Declared terms that are understood neither as the standard's nor as a misspelling of one.
    pub fn unknown_terms(&self) -> &[String] {
        self.declared
            .as_ref()
            .map_or(&[], |declared| &declared.unknown)
    }

    /// Is it `ISO_IR 192`?
    pub fn is_utf8(&self) -> bool {
        matches!(self.scheme(), Scheme::Utf8)
    }

    /// Text of a value field, whatever its VR: VRs of the default repertoire are read tolerantly.
    /// Never fails; a byte sequence without meaning becomes U+FFFD. A backslash in the result is
    /// a delimiter of values, except in the VRs that have one value.
    ///
    /// Bytes that no declared set explains are taken as UTF-8 if they are that, else as Latin-1.
    pub fn decode<'a>(&self, bytes: &'a [u8], vr: Vr) -> Cow<'a, str> {
        self.decode_checked(bytes, vr).0
    }

    /// As [`CharacterSet::decode`]; `true` if the bytes are not what the declared terms allow.
    pub fn decode_checked<'a>(&self, bytes: &'a [u8], vr: Vr) -> (Cow<'a, str>, bool) {
        let scheme = self.scheme();
        if let Some(text) = decode::plain(scheme, bytes) {
            return (Cow::Borrowed(text), false);
        }
        let (text, problem) = decode::decode(scheme, bytes, vr);
        let foreign = vr.is_text() && !vr.uses_character_set();
        (text, problem || foreign || !self.unknown_terms().is_empty())
    }

    /// The bytes of `text`, with escape sequences as the terms demand; not padded.
    pub fn encode(&self, text: &str, vr: Vr) -> Result<Vec<u8>> {
        match encode::encode(self.scheme(), text, vr) {
            (bytes, 0) => Ok(bytes),
            _ => Err(Error::Unencodable {
                charset: self.defined_terms(),
            }),
        }
    }

    /// As [`CharacterSet::encode`], with `?` for what has no code.
    pub fn encode_lossy(&self, text: &str, vr: Vr) -> Vec<u8> {
        encode::encode(self.scheme(), text, vr).0
    }

    fn scheme(&self) -> &Scheme {
        self.declared
            .as_ref()
            .map_or(Scheme::DEFAULT, |declared| &declared.scheme)
    }

    fn terms(&self) -> &[String] {
        self.declared
            .as_ref()
            .map_or(&[], |declared| &declared.terms)
    }
}

impl PartialEq for CharacterSet {
    fn eq(&self, other: &CharacterSet) -> bool {
        self.terms() == other.terms()
    }
}

impl Eq for CharacterSet {}
