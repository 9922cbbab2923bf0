//! DICOM JSON model (PS3.18 Annex F), both ways.

use sagittal_core::{DataSet, Limits, TagPath};

use crate::Result;

/// What becomes of values that may be bulk data (VR `OB`, `OD`, `OF`, `OL`, `OV`, `OW`, `UN`, and long text).
pub trait BulkData {
    /// The BulkDataURI for this value, or `None` to put it in line (base64).
    /// `offset` and `length` locate the value field in the data set's bytes; `length` is `None` for fragments.
    fn uri(&mut self, path: &TagPath, offset: u64, length: Option<u64>) -> Option<String>;
}

/// Everything in line.
pub struct Inline;

impl BulkData for Inline {
    fn uri(&mut self, _: &TagPath, _: u64, _: Option<u64>) -> Option<String> {
        None
    }
}

/// The JSON object of a data set, straight from its (inflated) bytes to `out`, without a tree.
/// `total` is the length of the whole data set of which `bytes` may be the first part; a value
/// that is not at hand must be given a URI.
pub fn write_from_bytes(
    bytes: &[u8],
    total: u64,
    transfer_syntax_uid: &str,
    limits: Limits,
    bulk: &mut dyn BulkData,
    out: &mut Vec<u8>,
) -> Result<()> {
    let _ = (bytes, total, transfer_syntax_uid, limits, bulk, out);
    todo!()
}

/// The JSON object of a data set in memory.
pub fn write(data_set: &DataSet, out: &mut Vec<u8>) {
    let _ = (data_set, out);
    todo!()
}

/// Reads one object, or an array of them. Text becomes UTF-8 (`ISO_IR 192`), whatever (0008,0005) says.
pub fn read(json: &[u8], limits: Limits) -> Result<Vec<DataSet>> {
    let _ = (json, limits);
    todo!()
}
