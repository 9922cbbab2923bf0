//! What compressed image bytes say of themselves: which transfer syntax they fit, their size, and
//! where the codestream begins (PS3.18 Table 10.5.2-1, PS3.5 §8.2, §A.4).

use sagittal_core::transfer_syntax as ts;

/// What the head of a compressed image tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// The transfer syntax that it fits.
    pub transfer_syntax: &'static str,
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
    /// Samples per pixel.
    pub samples: u16,
    /// Bits per sample.
    pub bits: u16,
    /// Where the codestream begins and, if it is in a box, its length.
    pub offset: u64,
    /// Bytes of the codestream, if a box says so.
    pub length: Option<u64>,
}

/// Reads the head of an image of this media type; `None` if it is none that DICOM allows.
pub fn read(media_type: &str, head: &[u8]) -> Option<Image> {
    match media_type {
        "image/jpeg" | "image/jls" => jpeg(head),
        "image/jp2" | "image/jpx" | "image/jphc" | "image/jph" | "image/j2c" => jpeg_2000(head),
        _ => None,
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// JPEG (ITU-T T.81 §B) and JPEG-LS (ITU-T T.87 §C): the frame header and the first scan header.
fn jpeg(head: &[u8]) -> Option<Image> {
    if be16(head, 0)? != 0xFFD8 {
        return None;
    }
    let mut at = 2;
    let mut image = None;
    loop {
        while head.get(at) == Some(&0xFF) && head.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        if *head.get(at)? != 0xFF {
            return None;
        }
        let marker = *head.get(at + 1)?;
        let length = usize::from(be16(head, at + 2)?);
        let body = head.get(at + 4..)?;
        match marker {
            // Start of frame: baseline, extended, lossless; JPEG-LS.
            0xC0 | 0xC1 | 0xC3 | 0xF7 => {
                let bits = u16::from(*body.first()?);
                image = Some(Image {
                    transfer_syntax: match marker {
                        0xC0 => ts::JPEG_BASELINE_8_BIT,
                        0xC1 if bits == 8 => ts::JPEG_BASELINE_8_BIT,
                        0xC1 => ts::JPEG_EXTENDED_12_BIT,
                        0xC3 => ts::JPEG_LOSSLESS,
                        _ => ts::JPEG_LS_LOSSLESS,
                    },
                    bits,
                    rows: be16(body, 1)?,
                    columns: be16(body, 3)?,
                    samples: u16::from(*body.get(5)?),
                    offset: 0,
                    length: None,
                });
            }
            // Progressive, hierarchical, arithmetic: no transfer syntax that is not retired.
            0xC2 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => return None,
            // Start of scan: predictor or near-lossless parameter.
            0xDA => {
                let mut image: Image = image?;
                let components = usize::from(*body.first()?);
                let parameter = *body.get(1 + 2 * components)?;
                if image.transfer_syntax == ts::JPEG_LOSSLESS && parameter == 1 {
                    image.transfer_syntax = ts::JPEG_LOSSLESS_SV1;
                }
                if image.transfer_syntax == ts::JPEG_LS_LOSSLESS && parameter > 0 {
                    image.transfer_syntax = ts::JPEG_LS_NEAR_LOSSLESS;
                }
                return Some(image);
            }
            0xD9 => return None,
            _ => {}
        }
        at = at.checked_add(2)?.checked_add(length.max(2))?;
    }
}

/// JPEG 2000 (ISO 15444-1 §A) and HTJ2K (ISO 15444-15), raw or in JP2 boxes, which DICOM does not
/// keep (PS3.5 §A.4.4).
fn jpeg_2000(head: &[u8]) -> Option<Image> {
    let (offset, length) = codestream_box(head)?;
    let stream = head.get(usize::try_from(offset).ok()?..)?;
    if be32(stream, 0)? != 0xFF4F_FF51 {
        return None;
    }
    let capabilities = be16(stream, 6)?;
    let edge = |at: usize| -> Option<u16> {
        let size = be32(stream, at)?.checked_sub(be32(stream, at + 8)?)?;
        u16::try_from(size).ok()
    };
    let samples = be16(stream, 40)?;
    let bits = u16::from(*stream.get(42)? & 0x7F) + 1;
    let mut image = Image {
        transfer_syntax: ts::JPEG_2000,
        columns: edge(8)?,
        rows: edge(12)?,
        samples,
        bits,
        offset,
        length,
    };
    let high_throughput = capabilities & 0x4000 != 0;
    let mut progression = 0;
    let mut reversible = None;
    let mut at = 4 + usize::from(be16(stream, 4)?);
    while let Some(marker) = be16(stream, at) {
        if marker == 0xFF52 {
            progression = *stream.get(at + 5)?;
            reversible = Some(*stream.get(at + 13)? == 1);
            break;
        }
        if marker == 0xFF90 || marker & 0xFF00 != 0xFF00 {
            break;
        }
        at = at.checked_add(2 + usize::from(be16(stream, at + 2)?.max(2)))?;
    }
    image.transfer_syntax = match (high_throughput, reversible?) {
        (false, true) => ts::JPEG_2000_LOSSLESS,
        (false, false) => ts::JPEG_2000,
        // Order 2 is resolution, position, component, layer.
        (true, true) if progression == 2 => ts::HTJ2K_LOSSLESS_RPCL,
        (true, true) => ts::HTJ2K_LOSSLESS,
        (true, false) => ts::HTJ2K,
    };
    Some(image)
}

/// Where the contiguous codestream is: at the start, or in the `jp2c` box.
fn codestream_box(head: &[u8]) -> Option<(u64, Option<u64>)> {
    if be16(head, 0)? == 0xFF4F {
        return Some((0, None));
    }
    let mut at = 0usize;
    for _ in 0..100 {
        let short = u64::from(be32(head, at)?);
        let (header, length) = match short {
            1 => (
                16,
                u64::from(be32(head, at + 8)?) << 32 | u64::from(be32(head, at + 12)?),
            ),
            0 => (8, 0),
            length => (8, length),
        };
        if head.get(at + 4..at + 8)? == b"jp2c" {
            let content = match length {
                0 => None,
                length => Some(length.checked_sub(header)?),
            };
            return Some(((at as u64).checked_add(header)?, content));
        }
        if length < header {
            return None;
        }
        at = at.checked_add(usize::try_from(length).ok()?)?;
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn jpeg_head(marker: u8, bits: u8, parameter: u8) -> Vec<u8> {
        let mut head = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2];
        head.extend_from_slice(&[0xFF, marker, 0, 11, bits, 2, 0, 1, 0, 1, 1, 0x11, 0]);
        head.extend_from_slice(&[0xFF, 0xDA, 0, 8, 1, 1, 0, parameter, 0, 0]);
        head
    }

    #[test]
    fn jpeg_heads_tell_their_transfer_syntax() {
        let rows = [
            (0xC0, 8, 0, ts::JPEG_BASELINE_8_BIT),
            (0xC1, 12, 0, ts::JPEG_EXTENDED_12_BIT),
            (0xC3, 16, 1, ts::JPEG_LOSSLESS_SV1),
            (0xC3, 16, 4, ts::JPEG_LOSSLESS),
            (0xF7, 16, 0, ts::JPEG_LS_LOSSLESS),
            (0xF7, 16, 3, ts::JPEG_LS_NEAR_LOSSLESS),
        ];
        for (marker, bits, parameter, uid) in rows {
            let image = read("image/jpeg", &jpeg_head(marker, bits, parameter)).unwrap();
            assert_eq!(image.transfer_syntax, uid);
            assert_eq!((image.rows, image.columns, image.samples), (512, 256, 1));
        }
        assert_eq!(read("image/jpeg", &jpeg_head(0xC2, 8, 0)), None);
        assert_eq!(read("image/png", &jpeg_head(0xC0, 8, 0)), None);
    }

    fn j2k(capabilities: u16, progression: u8, transform: u8) -> Vec<u8> {
        let mut out = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 41];
        out.extend_from_slice(&capabilities.to_be_bytes());
        for value in [300u32, 200, 0, 0, 300, 200, 0, 0] {
            out.extend_from_slice(&value.to_be_bytes());
        }
        out.extend_from_slice(&[0, 1, 11, 1, 1]);
        out.extend_from_slice(&[
            0xFF,
            0x52,
            0,
            12,
            0,
            progression,
            0,
            1,
            0,
            5,
            4,
            4,
            0,
            transform,
        ]);
        out.extend_from_slice(&[0xFF, 0x90]);
        out
    }

    #[test]
    fn jpeg_2000_heads_tell_theirs_raw_or_boxed() {
        let rows = [
            (0, 0, 1, ts::JPEG_2000_LOSSLESS),
            (0, 0, 0, ts::JPEG_2000),
            (0x4000, 2, 1, ts::HTJ2K_LOSSLESS_RPCL),
            (0x4000, 0, 1, ts::HTJ2K_LOSSLESS),
            (0x4000, 0, 0, ts::HTJ2K),
        ];
        for (capabilities, progression, transform, uid) in rows {
            let raw = j2k(capabilities, progression, transform);
            let image = read("image/jp2", &raw).unwrap();
            assert_eq!(image.transfer_syntax, uid);
            assert_eq!((image.rows, image.columns, image.bits), (200, 300, 12));
            let mut boxed = vec![0, 0, 0, 12, b'j', b'P', b' ', b' ', 13, 10, 135, 10];
            boxed.extend_from_slice(&(raw.len() as u32 + 8).to_be_bytes());
            boxed.extend_from_slice(b"jp2c");
            boxed.extend_from_slice(&raw);
            let image = read("image/jp2", &boxed).unwrap();
            assert_eq!((image.offset, image.length), (20, Some(raw.len() as u64)));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(mut head in prop::collection::vec(any::<u8>(), 0..200), kind in 0usize..3) {
            let (media_type, start): (&str, &[u8]) = [
                ("image/jpeg", &[0xFF, 0xD8][..]),
                ("image/jp2", &[0xFF, 0x4F, 0xFF, 0x51][..]),
                ("image/jp2", &[0, 0, 0, 12][..]),
            ][kind];
            for (slot, byte) in head.iter_mut().zip(start) {
                *slot = *byte;
            }
            let _ = read(media_type, &head);
        }
    }
}
