//! Elements and their values, as they are held in memory.

use bytes::Bytes;

use crate::{DataSet, Tag, Vr};

/// One element of a [`DataSet`].
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// The tag.
    pub tag: Tag,
    /// The VR: from the wire if explicit, else from the dictionary.
    pub vr: Vr,
    /// The value.
    pub value: Value,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The value field as in Explicit VR Little Endian: numbers little endian, text in the
    /// data set's character set with its padding. Empty for a value of length zero.
    Bytes(Bytes),
    /// Items of a sequence (VR `SQ`, or `UN` that held one).
    Sequence(Vec<DataSet>),
    /// Encapsulated pixel data (PS3.5 §A.4).
    Fragments(Fragments),
    /// A reference to data kept elsewhere (PS3.18 §F.2.6); cannot be written to a file.
    BulkDataUri(String),
}

/// Encapsulated pixel data (PS3.5 §A.4).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Fragments {
    /// The Basic Offset Table item, empty if it has no entries.
    pub offset_table: Vec<u32>,
    /// The fragments, without their item headers.
    pub fragments: Vec<Bytes>,
}

impl Value {
    /// A value of length zero, or a sequence without items.
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Bytes(bytes) => bytes.is_empty(),
            Value::Sequence(items) => items.is_empty(),
            Value::Fragments(fragments) => fragments.fragments.is_empty(),
            Value::BulkDataUri(_) => false,
        }
    }

    /// The value field, unless this is a sequence, fragments or a reference.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The items of a sequence.
    pub fn as_items(&self) -> Option<&[DataSet]> {
        match self {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }
}
