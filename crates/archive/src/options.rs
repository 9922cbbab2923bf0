//! What an archive is opened with. Nothing here reads the environment or a file.

use std::path::PathBuf;

/// What happens when a SOP Instance UID comes again with other bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DuplicatePolicy {
    /// The first stays; the sender gets a warning; the newcomer is kept hidden and reported.
    #[default]
    KeepBoth,
    /// The first stays; the newcomer is refused with a status that says so.
    KeepFirst,
    /// The newcomer is shown from now on; the first is kept hidden.
    Replace,
}

/// Options of [`crate::Archive::open`].
#[derive(Clone, Debug)]
pub struct Options {
    /// The data folder.
    pub data: PathBuf,
    /// Same UID, other bytes.
    pub duplicates: DuplicatePolicy,
    /// Bytes of a pack before a new one begins.
    pub pack_size: u64,
    /// An instance larger than this is spilled to a pack of its own while it arrives.
    pub large_instance: u64,
    /// Instances being received at the same time may hold this many bytes in memory together.
    pub ingest_memory: u64,
    /// Refuse to store when less than this is free.
    pub reserve: u64,
    /// Warn when less than this is free.
    pub warn_below: u64,
    /// A study that got nothing for this long is `completed` (event).
    pub study_quiet: std::time::Duration,
    /// Packs of which less than this share (0 to 1) is in use are compacted in the background; 0
    /// never compacts.
    pub compact_below: f64,
    /// Between looks for such packs.
    pub compact_every: std::time::Duration,
    /// Everything is read again and compared with its checksums once in so long; zero never does.
    pub scrub_every: std::time::Duration,
    /// Compression by rule.
    pub compression: crate::compress::Compression,
    /// Policies of de-identification, and views by them.
    pub policies: crate::deidentified::Policies,
    /// Memory for all instances that are being de-identified at the same time; one alone may have
    /// a third of it.
    pub deidentification_memory: u64,
    /// Checks of what arrives, and what is done with what they find.
    pub quality: crate::quality::Quality,
}

impl Options {
    /// The defaults, for a folder.
    pub fn new(data: impl Into<PathBuf>) -> Options {
        Options {
            data: data.into(),
            duplicates: DuplicatePolicy::default(),
            pack_size: 128 << 20,
            large_instance: 16 << 20,
            ingest_memory: 96 << 20,
            reserve: 256 << 20,
            warn_below: 2 << 30,
            study_quiet: std::time::Duration::from_secs(60),
            compact_below: 0.5,
            compact_every: std::time::Duration::from_secs(600),
            scrub_every: std::time::Duration::from_secs(30 * 86_400),
            compression: crate::compress::Compression::default(),
            policies: crate::deidentified::Policies::default(),
            deidentification_memory: 768 << 20,
            quality: crate::quality::Quality::default(),
        }
    }
}
