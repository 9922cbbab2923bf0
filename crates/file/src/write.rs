//! Data sets to bytes. Strict: even lengths, ascending tags, values that fit their length field.

use sagittal_core::DataSet;

use crate::Result;

/// Writes a data set, appending to `out`. Sequences and items of undefined length.
/// Group lengths are left out. Fragments can only be written in an encapsulated syntax.
pub fn write_data_set(
    data_set: &DataSet,
    transfer_syntax_uid: &str,
    out: &mut Vec<u8>,
) -> Result<()> {
    let _ = (data_set, transfer_syntax_uid, out);
    todo!()
}
