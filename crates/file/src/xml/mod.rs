//! Native DICOM Model (PS3.19 §A.1), both ways.

use sagittal_core::{DataSet, Limits};

use crate::Result;

/// The `NativeDicomModel` document of a data set; `Value::BulkDataUri` becomes `BulkData`.
pub fn write(data_set: &DataSet, out: &mut Vec<u8>) {
    let _ = (data_set, out);
    todo!()
}

/// Reads a `NativeDicomModel` document.
pub fn read(xml: &[u8], limits: Limits) -> Result<DataSet> {
    let _ = (xml, limits);
    todo!()
}
