//! DICOM JSON model (PS3.18 Annex F), both ways.
//!
//! Text is always UTF-8; Specific Character Set reads `ISO_IR 192` wherever the data set declared
//! one, or has text beyond ASCII. Group 0002, group lengths and Data Set Trailing Padding are left
//! out; private creators are kept.

mod cursor;
mod emit;
mod number;
mod read;
mod stream;
mod tree;
mod values;

use sagittal_core::TagPath;

pub use read::read;
pub use stream::{Written, write_from_bytes, write_observed};
pub use tree::write;

pub(crate) use emit::{is_left_out, item_stream};
pub(crate) use tree::is_beyond_ascii;
pub(crate) use values::{Values, binary, declare_utf8, finish};

/// What becomes of values that may be bulk data: VR `OB`, `OD`, `OF`, `OL`, `OV`, `OW`, `UN`,
/// text of more than [`LONG_TEXT`] bytes, fragments, and every value that is not at hand.
pub trait BulkData {
    /// The BulkDataURI for this value, or `None` to put it in line (base64).
    /// `offset` and `length` locate the value field in the data set's bytes; `length` is `None` for fragments.
    fn uri(&mut self, path: &TagPath, offset: u64, length: Option<u64>) -> Option<String>;
}

/// Everything in line. Fragments become the base64 of their item stream, offset table first,
/// a form which the standard does not know but [`read`] does.
pub struct Inline;

impl BulkData for Inline {
    fn uri(&mut self, _: &TagPath, _: u64, _: Option<u64>) -> Option<String> {
        None
    }
}

/// Bytes from which on `ST`, `LT`, `UC` and `UT` may become bulk data.
pub const LONG_TEXT: u64 = 4096;

#[cfg(test)]
mod tests;
