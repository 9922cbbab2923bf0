//! The boxes around a code stream (ISO/IEC 18181-2). Only the code stream's are read: others, such
//! as the compressed rest of a JPEG file, are no part of the picture.

use std::borrow::Cow;

use super::broken;
use crate::Result;

const SIGNATURE: &[u8] = b"\0\0\0\x0CJXL \r\n\x87\n";

/// The code stream of a frame.
pub(super) fn unwrap(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    if bytes.starts_with(&[0xFF, 0x0A]) {
        return Ok(Cow::Borrowed(bytes));
    }
    if !bytes.starts_with(SIGNATURE) {
        return Err(broken(
            0,
            "begins neither as a code stream nor as a container",
        ));
    }
    let mut stream = Cow::Borrowed(&[][..]);
    let mut position = 0;
    while let Some((kind, body, next)) = next_box(bytes, position) {
        let part = match &kind {
            b"jxlc" => body,
            // An index comes first; parts are in order.
            b"jxlp" => body.get(4..).unwrap_or_default(),
            _ => &[],
        };
        if stream.is_empty() {
            stream = Cow::Borrowed(part);
        } else {
            stream.to_mut().extend_from_slice(part);
        }
        position = next;
    }
    if stream.is_empty() {
        return Err(broken(bytes.len(), "a container without a code stream"));
    }
    Ok(stream)
}

/// Type and contents of the box at `position`, and where the next begins.
fn next_box(bytes: &[u8], position: usize) -> Option<([u8; 4], &[u8], usize)> {
    let rest = bytes.get(position..)?;
    let length = u32::from_be_bytes(*rest.first_chunk()?);
    let kind: [u8; 4] = *rest.get(4..)?.first_chunk()?;
    let (header, length) = match length {
        0 => (8, rest.len()),
        1 => {
            let long = u64::from_be_bytes(*rest.get(8..)?.first_chunk()?);
            (16, usize::try_from(long).ok()?)
        }
        length => (8, length as usize),
    };
    let length = length.min(rest.len());
    let body = rest.get(header..length)?;
    Some((kind, body, position.checked_add(length)?))
}
