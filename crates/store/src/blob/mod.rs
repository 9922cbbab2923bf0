//! Packs: append-only files of records, one `fdatasync` for many of them (group commit).
//!
//! The packs are the truth. A record holds the data set's bytes exactly as received, their BLAKE3
//! hash, and enough to build the index again. The byte layout and the rules of recovery are in
//! `docs/design/packs.md`.

pub mod disk;
pub mod record;
#[cfg(any(test, feature = "testsuite"))]
pub mod sim;

mod compaction;
mod lock;
mod maker;
mod packs;
mod queue;
mod reader;
mod recovery;
mod replay;
mod scan;
mod shelf;
mod space;
mod spill;
mod survey;
mod syncer;
mod writer;

#[cfg(test)]
mod failure_tests;
#[cfg(test)]
mod power_cut_tests;

pub use compaction::{Compacted, Move};
pub use lock::FolderLock;
pub use packs::{NewInstance, PackOptions, Packs, Room};
pub use recovery::Recovery;
pub use replay::{Replayed, Step};
pub use scan::Damage;
pub use space::Space;
pub use spill::Spill;
pub use survey::Surveyed;
pub use writer::Committed;

use bytes::Bytes;
use sagittal_core::Uid;

/// Where a record's data set lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Locator {
    /// The pack's number.
    pub pack: u64,
    /// Where the record begins.
    pub offset: u64,
    /// Bytes from there to the data set: record header and the file's own preamble and meta.
    pub header_length: u32,
    /// Of which preamble and File Meta Information as received; 0 if it came over DIMSE.
    pub prefix_length: u32,
    /// Bytes of the data set.
    pub length: u64,
}

/// What a record says of its instance besides the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordAttributes {
    /// SOP Class UID.
    pub sop_class_uid: Uid,
    /// SOP Instance UID.
    pub sop_instance_uid: Uid,
    /// Study Instance UID.
    pub study_instance_uid: Uid,
    /// Series Instance UID.
    pub series_instance_uid: Uid,
    /// Transfer syntax of the data set's bytes.
    pub transfer_syntax_uid: Uid,
    /// Who sent it: AE title, user name, or `import`.
    pub source: String,
    /// Milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// Accepted although another instance with this UID is kept: not shown, only reported.
    pub hidden: bool,
    /// Takes the place of the instance shown so far under this UID, which is kept hidden. Said in
    /// the same record, so that no crash can do one without the other.
    pub replaces: bool,
    /// The bytes are those of another encoding than the one received, which can be restored.
    pub original: Option<Box<Original>>,
    /// The same instance in another encoding, to which nothing refers from here on: the sequence
    /// number of its record. Said in the same record, as above.
    pub recodes: Option<u64>,
    /// Held back by a rule of data quality: not shown until somebody releases it.
    pub quarantined: bool,
    /// What the checks of data quality found, in a form of the archive's own, at most
    /// [`record::MAX_QUALITY`] bytes; empty if it was not checked.
    pub quality: Bytes,
}

/// What was received, and how it is made again of what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// Its transfer syntax.
    pub transfer_syntax_uid: Uid,
    /// BLAKE3 of the data set as received.
    pub hash: Hash,
    /// Bytes of it.
    pub length: u64,
    /// What it takes besides the record's data, in a form of the archive's own.
    pub restore: Bytes,
}

impl RecordAttributes {
    /// An upper bound of the bytes that they take in a record.
    pub(crate) fn room(&self) -> usize {
        let original = self.original.as_ref();
        record::ATTRIBUTES_ROOM
            + original.map_or(0, |original| {
                let length = original.restore.len();
                256 + length + 3 * length.div_ceil(record::LONGEST_VALUE)
            })
    }
}

/// BLAKE3 of the data set's bytes (without preamble and meta).
pub type Hash = [u8; 32];
