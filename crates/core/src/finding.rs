//! What a tolerant reader met and got over.

use std::fmt;

use crate::TagPath;

/// One deviation from the standard that did not stop the reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The element concerned; empty for the file as a whole.
    pub path: TagPath,
    /// Where it is, in bytes from the start of what was read.
    pub offset: u64,
    /// What it is.
    pub kind: FindingKind,
}

/// The kinds of deviation that readers get over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// No 128-byte preamble and `DICM` prefix (PS3.10 §7.1).
    MissingPreamble,
    /// No File Meta Information.
    MissingMeta,
    /// File Meta Information without, or with a wrong, group length.
    MetaGroupLength,
    /// No Transfer Syntax UID, or one that contradicts the bytes; the one assumed is named.
    TransferSyntaxAssumed(String),
    /// An odd value length (PS3.5 §7.1).
    OddLength(u32),
    /// A VR that does not exist, or not the dictionary's.
    UnexpectedVr(String),
    /// The bytes end before the value does.
    Truncated {
        /// Bytes that the header promises.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// A tag smaller than the one before it (PS3.5 §7.1).
    OutOfOrder,
    /// The same tag twice in one data set; the first is kept.
    Duplicate,
    /// An item or delimiter where none belongs, or none where one does.
    Delimiter(String),
    /// Text that is not in the declared character set.
    CharacterSet(String),
    /// Anything else, in words, without patient data.
    Other(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.0.is_empty() {
            write!(f, "{} ", self.path)?;
        }
        write!(f, "at byte {}: {}", self.offset, self.kind)
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FindingKind::MissingPreamble => f.write_str("no preamble and DICM prefix"),
            FindingKind::MissingMeta => f.write_str("no file meta information"),
            FindingKind::MetaGroupLength => f.write_str("file meta group length missing or wrong"),
            FindingKind::TransferSyntaxAssumed(uid) => {
                write!(f, "transfer syntax assumed to be {uid}")
            }
            FindingKind::OddLength(length) => write!(f, "odd length {length}"),
            FindingKind::UnexpectedVr(vr) => write!(f, "unexpected VR {vr}"),
            FindingKind::Truncated { expected, found } => {
                write!(f, "truncated: {expected} bytes promised, {found} there")
            }
            FindingKind::OutOfOrder => f.write_str("tag out of order"),
            FindingKind::Duplicate => f.write_str("element occurs twice"),
            FindingKind::Delimiter(what) => write!(f, "delimiter: {what}"),
            FindingKind::CharacterSet(what) => write!(f, "character set: {what}"),
            FindingKind::Other(what) => f.write_str(what),
        }
    }
}
