//! What stands around pixel data, for those who write them piece by piece (PS3.5 §8.2, §A.4).

use sagittal_core::{Tag, Vr, tags};

use crate::encoding::Encoding;
use crate::walk::{Form, UNDEFINED};
use crate::{Error, Result};

/// The header of native pixel data of `length` bytes, which follow padded to even length, words
/// swapped if the encoding is big endian.
///
/// # Errors
/// [`Error::Unwritable`] if the value is too long for its length field.
pub fn put_native_header(
    out: &mut Vec<u8>,
    encoding: Encoding,
    tag: Tag,
    vr: Vr,
    length: u64,
) -> Result<()> {
    let form = Form {
        explicit: encoding.explicit,
        big_endian: encoding.big_endian,
    };
    let length = even(length, tag)?;
    form.put_header(out, tag, vr, length);
    Ok(())
}

/// The header of encapsulated Pixel Data, and its Basic Offset Table (which may be empty).
///
/// # Errors
/// [`Error::Unwritable`] for a table that is too long.
pub fn put_fragments_start(out: &mut Vec<u8>, offset_table: &[u32]) -> Result<()> {
    EXPLICIT.put_sequence_start(out, tags::PIXEL_DATA, Vr::OB);
    let length = even(offset_table.len() as u64 * 4, tags::PIXEL_DATA)?;
    EXPLICIT.put_item(out, Tag::ITEM, length);
    for offset in offset_table {
        out.extend_from_slice(&offset.to_le_bytes());
    }
    Ok(())
}

/// The header of a fragment of `length` bytes, which follow padded to even length.
///
/// # Errors
/// [`Error::Unwritable`] if it is too long for its length field.
pub fn put_fragment_header(out: &mut Vec<u8>, length: u64) -> Result<()> {
    EXPLICIT.put_item(out, Tag::ITEM, even(length, tags::PIXEL_DATA)?);
    Ok(())
}

/// The end of encapsulated Pixel Data.
pub fn put_fragments_end(out: &mut Vec<u8>) {
    EXPLICIT.put_sequence_end(out);
}

/// All encapsulated syntaxes are Explicit VR Little Endian (PS3.5 §A.4).
const EXPLICIT: Form = Form {
    explicit: true,
    big_endian: false,
};

fn even(length: u64, tag: Tag) -> Result<u32> {
    u32::try_from(length.saturating_add(length % 2))
        .ok()
        .filter(|length| *length != UNDEFINED)
        .ok_or_else(|| Error::Unwritable {
            path: sagittal_core::TagPath::root(tag),
            reason: "longer than 4 GiB".to_owned(),
        })
}
