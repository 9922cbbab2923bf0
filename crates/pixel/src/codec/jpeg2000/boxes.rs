//! The file format around a code stream (T.800 Annex I): some writers put whole JP2 files in frames,
//! though PS3.5 §A.4.4 asks for bare code streams.

use super::bytes::{Fields, broken};
use crate::{Result, StreamColor};

/// The code stream of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contents<'a> {
    pub(super) stream: &'a [u8],
    /// Where it begins in the frame.
    pub(super) offset: usize,
    /// What the color specification box says.
    pub(super) color: StreamColor,
}

const SIGNATURE: &[u8] = b"\0\0\0\x0CjP  ";
const START_OF_STREAM: &[u8] = &[0xFF, 0x4F];

/// Finds the code stream of a frame, in boxes or bare.
pub(super) fn unwrap(bytes: &[u8]) -> Result<Contents<'_>> {
    if bytes.starts_with(START_OF_STREAM) {
        return Ok(Contents {
            stream: bytes,
            offset: 0,
            color: StreamColor::Unknown,
        });
    }
    if !bytes.starts_with(SIGNATURE) {
        return Err(broken(0, "begins neither as a code stream nor as JP2"));
    }
    let mut color = StreamColor::Unknown;
    let mut rest = Fields::new(bytes, 0);
    while rest.left() >= 8 {
        let (kind, body, offset) = next_box(&mut rest)?;
        match &kind {
            b"jp2h" => color = color_of(body, offset).unwrap_or_default(),
            b"jp2c" => {
                return Ok(Contents {
                    stream: body,
                    offset,
                    color,
                });
            }
            _ => {}
        }
    }
    Err(broken(bytes.len(), "JP2 without a code stream"))
}

/// The next box: its type, its contents and where these begin.
fn next_box<'a>(fields: &mut Fields<'a>) -> Result<([u8; 4], &'a [u8], usize)> {
    let length = fields.u32()?;
    let mut kind = [0; 4];
    kind.copy_from_slice(fields.take(4)?);
    let length = match length {
        // To the end of the file.
        0 => fields.left(),
        1 => {
            let high = fields.u32()?;
            let low = fields.u32()?;
            if high != 0 || low < 16 {
                return Err(broken(fields.offset(), "a box of impossible length"));
            }
            low as usize - 16
        }
        2..8 => return Err(broken(fields.offset(), "a box of impossible length")),
        length => length as usize - 8,
    };
    let offset = fields.offset();
    // The code stream's box may claim more than there is: the stream itself tells where it ends.
    let body = fields.take(length.min(fields.left()))?;
    Ok((kind, body, offset))
}

/// What the header superbox says of color.
fn color_of(header: &[u8], offset: usize) -> Result<StreamColor> {
    let mut fields = Fields::new(header, offset);
    while fields.left() >= 8 {
        let (kind, body, offset) = next_box(&mut fields)?;
        if &kind == b"colr" {
            let mut body = Fields::new(body, offset);
            let method = body.u8()?;
            body.take(2)?;
            if method == 1 {
                return Ok(match body.u32()? {
                    16 => StreamColor::Rgb,
                    17 => StreamColor::Grey,
                    18 => StreamColor::Ycc,
                    _ => StreamColor::Unknown,
                });
            }
        }
    }
    Ok(StreamColor::Unknown)
}
