//! Data sets and files into memory.

use bytes::Bytes;
use sagittal_core::{DataSet, Finding, Limits};

use crate::Result;

/// Reads a data set in the given transfer syntax (inflating it if it is deflated): what could be
/// read, and what was got over. Values share `bytes`.
pub fn read_data_set(
    bytes: &Bytes,
    transfer_syntax_uid: &str,
    limits: Limits,
) -> Result<(DataSet, Vec<Finding>)> {
    let _ = (bytes, transfer_syntax_uid, limits);
    todo!()
}

/// Inflates a deflated data set (PS3.5 §A.5), at most `limits.inflated` bytes; a cut stream gives
/// what there was.
pub fn inflate(bytes: &[u8], limits: Limits) -> Result<(Vec<u8>, Vec<Finding>)> {
    let _ = (bytes, limits);
    todo!()
}
