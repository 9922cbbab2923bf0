//! The value of pixel data alone, without the elements around it: for who has those elsewhere.

use std::io::Write;

use sagittal_core::{Tag, tags};
use sagittal_file::encoding::{EXPLICIT_VR_LITTLE_ENDIAN, Encoding};

use super::Options;
use super::attributes;
use super::parts::{Parts, Plain};
use super::pixels::Frames;
use super::run::native_frames;
use super::sink::Native;
use crate::frames::{FrameTable, ReadAt};
use crate::{Error, Result};

/// Where the value of the pixel data begins in a data set that is stored as `from`; `None` if there
/// are no frames, or they are compressed.
///
/// # Errors
/// A data set that cannot be read.
pub fn native_value_begin<R: ReadAt + ?Sized>(
    source: &R,
    data_set_offset: u64,
    from: &str,
) -> Result<Option<u64>> {
    let from = super::trim(from);
    let encoding = Encoding::of(from);
    if encoding.encapsulated || encoding.deflated {
        return Ok(None);
    }
    let plain = Plain::Source(source, data_set_offset);
    let table = FrameTable::of_instance(&plain, 0, from)?;
    let table = table.filter(|table| table.number_of_frames() > 0);
    let begin = table.and_then(|table| table.all().first().map(|range| range.start));
    Ok(begin.map(|begin| begin + data_set_offset))
}

/// Decodes all frames of the data set that is in the transfer syntax `from`, and writes them as the
/// value of Pixel Data has them in the native transfer syntax `to`, padded to even length.
///
/// # Errors
/// Those of decoding; [`Error::Missing`] if there are no frames.
pub fn native_value<R: ReadAt + Sync + ?Sized>(
    source: &R,
    data_set_offset: u64,
    from: &str,
    to: &str,
    options: &Options,
    output: &mut dyn Write,
) -> Result<()> {
    let (from, to) = (super::trim(from), Encoding::of(super::trim(to)));
    let plain = Plain::of(source, data_set_offset, from, options.limits)?;
    let parts = Parts::of(&plain, from, options.limits)?;
    let pixels = parts.pixels_with_frames();
    let pixels: Tag = pixels.ok_or(Error::Missing { what: "pixel data" })?;
    let frames = Frames {
        source: &plain,
        table: &parts.table,
        image: attributes::image(&parts.data_set, pixels)?,
        from: &parts.transfer_syntax,
        to: EXPLICIT_VR_LITTLE_ENDIAN,
        options,
    };
    if pixels != tags::PIXEL_DATA || to.encapsulated {
        return Err(Error::Unsupported {
            codec: "transcoding",
            what: "pixel data that are not of whole numbers".into(),
        });
    }
    let first = frames.encoded(0, 1)?;
    let Some(image) = first.first().map(|encoded| encoded.image) else {
        return Ok(());
    };
    let writer = Native::new(&image, to, pixels);
    native_frames(&frames, first, &image, writer, output)
}
