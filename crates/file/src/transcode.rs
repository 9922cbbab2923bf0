//! From one transfer syntax to another without decoding pixels: VR, endianness, deflate.

use std::io::{Read, Write};

use crate::Result;

/// Can `from` become `to` without touching compressed pixels? Native syntaxes among
/// themselves; encapsulated ones only to themselves.
pub fn is_convertible(from: &str, to: &str) -> bool {
    let _ = (from, to);
    todo!()
}

/// Converts a data set, streaming: memory stays bounded whatever the size of its values.
/// `length` is what `input` will give in all, if known.
pub fn convert(
    input: &mut dyn Read,
    length: Option<u64>,
    from: &str,
    to: &str,
    output: &mut dyn Write,
) -> Result<()> {
    let _ = (input, length, from, to, output);
    todo!()
}
