//! Part 10 files (PS3.10 §7): preamble, File Meta Information, data set.

use bytes::Bytes;
use sagittal_core::{DataSet, Finding, Limits, Uid};

use crate::Result;

/// How a file begins.
#[derive(Clone, Debug)]
pub struct Opening {
    /// File Meta Information (group 0002); empty if missing.
    pub meta: DataSet,
    /// From the meta, or sniffed from the bytes.
    pub transfer_syntax_uid: Uid,
    /// Where the data set begins: after preamble and meta.
    pub data_set_offset: u64,
    /// What was got over.
    pub findings: Vec<Finding>,
}

/// Reads preamble and meta from the first bytes of a file (64 KiB are plenty) and settles the
/// transfer syntax, checking it against the first elements. Files without preamble, meta, group
/// length or Transfer Syntax UID are read. Refuses what is no DICOM at all.
pub fn open(prefix: &[u8]) -> Result<Opening> {
    let _ = prefix;
    todo!()
}

/// A whole file in memory.
#[derive(Clone, Debug)]
pub struct File {
    /// How it begins.
    pub opening: Opening,
    /// The data set.
    pub data_set: DataSet,
    /// All that was got over, the opening's included.
    pub findings: Vec<Finding>,
}

/// Reads a whole file.
pub fn read(bytes: &Bytes, limits: Limits) -> Result<File> {
    let _ = (bytes, limits);
    todo!()
}

/// What goes into File Meta Information (PS3.10 Table 7.1-1).
#[derive(Clone, Debug)]
pub struct Meta {
    /// Media Storage SOP Class UID (0002,0002).
    pub sop_class_uid: Uid,
    /// Media Storage SOP Instance UID (0002,0003).
    pub sop_instance_uid: Uid,
    /// Transfer Syntax UID (0002,0010).
    pub transfer_syntax_uid: Uid,
    /// Source Application Entity Title (0002,0016).
    pub source_ae_title: Option<String>,
}

/// Implementation Class UID of Sagittal.
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.283412904811395482230711029484012551201";
/// Implementation Version Name of Sagittal.
pub const IMPLEMENTATION_VERSION_NAME: &str = "SAGITTAL_0_1";

/// Preamble (zeros), prefix and File Meta Information.
pub fn write_header(meta: &Meta) -> Vec<u8> {
    let _ = meta;
    todo!()
}

/// A whole file. Strict: refuses a data set that cannot be written in `meta`'s transfer syntax.
pub fn write(meta: &Meta, data_set: &DataSet) -> Result<Vec<u8>> {
    let _ = (meta, data_set);
    todo!()
}
