//! Structured content.
use crate::text::Kind;
use sagittal_core::DataSet;
/// Kind of concept.
pub fn concept_kind(_item: &DataSet) -> Option<Kind> {
    None
}
