//! The original again, byte for byte, and the proof of it.
//!
//! What was received consists of the bytes before the pixel data's value, the value, and the bytes
//! behind it. The value is decoded; the others are kept with the record (`Original::restore`), as
//! far as they are not in the encoded data set already:
//!
//! | Bytes | What |
//! |---|---|
//! | 1 | version, 1 |
//! | 4 | so many first bytes of the encoded data set are the dictionary |
//! | 4 4 4 | lengths of preamble and meta, of the bytes before and behind the value |
//! | … | these three one after the other, zstd with the dictionary |

use std::io::{self, Write};

use bytes::{Buf, BufMut, Bytes};
use sagittal_pixel::frames::ReadAt;
use sagittal_pixel::transcode::{self, native_value};
use sagittal_store::blob::Original;

use crate::{Error, Result};

const VERSION: u8 = 1;
const LEVEL: i32 = 6;
/// What the encoded header has in common with the received one lies in its first bytes.
const DICTIONARY: usize = 1 << 20;
/// Preamble, meta, and what is around the value; more is damage.
const LARGEST: usize = 64 << 20;
/// A recipe longer than this is not worth it.
const LONGEST: usize = 1 << 20;
/// Frames of several instances may be at work at the same time.
const HELD: u64 = 16 << 20;

pub(super) fn options() -> transcode::Options {
    transcode::Options {
        limits: transcode::Limits {
            held_bytes: HELD,
            ..transcode::Limits::default()
        },
        ..transcode::Options::default()
    }
}

/// What is kept besides the encoded data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recipe {
    /// Preamble and File Meta Information as received.
    pub(super) prefix: Vec<u8>,
    /// Before the value of the pixel data.
    pub(super) head: Vec<u8>,
    /// Behind it.
    pub(super) tail: Vec<u8>,
}

impl Recipe {
    /// In the form that is kept; `None` if that is too long.
    pub(super) fn to_bytes<E: ReadAt + ?Sized>(&self, encoded: &E) -> Result<Option<Bytes>> {
        let whole = [&self.prefix[..], &self.head, &self.tail].concat();
        if whole.len() > LARGEST {
            return Ok(None);
        }
        let length = self.head.len().saturating_add(4096).min(DICTIONARY);
        let dictionary = first_bytes(encoded, length)?;
        let mut compressor =
            zstd::bulk::Compressor::with_dictionary(LEVEL, &dictionary).map_err(unrestorable)?;
        let packed = compressor.compress(&whole).map_err(unrestorable)?;
        if packed.len() > LONGEST {
            return Ok(None);
        }
        let mut out = Vec::with_capacity(packed.len() + 17);
        out.put_u8(VERSION);
        for length in [
            dictionary.len(),
            self.prefix.len(),
            self.head.len(),
            self.tail.len(),
        ] {
            out.put_u32_le(u32::try_from(length).unwrap_or(u32::MAX));
        }
        out.put_slice(&packed);
        Ok(Some(out.into()))
    }

    fn from_bytes<E: ReadAt + ?Sized>(mut bytes: &[u8], encoded: &E) -> Result<Recipe> {
        let damaged = || unrestorable("the recipe is not understood");
        if bytes.try_get_u8().ok() != Some(VERSION) {
            return Err(damaged());
        }
        let mut lengths = [0_usize; 4];
        for length in &mut lengths {
            *length = bytes.try_get_u32_le().map_err(|_| damaged())? as usize;
        }
        let [dictionary, prefix, head, tail] = lengths;
        let total = prefix.saturating_add(head).saturating_add(tail);
        if total > LARGEST || dictionary > DICTIONARY {
            return Err(damaged());
        }
        let dictionary = first_bytes(encoded, dictionary)?;
        let mut decompressor =
            zstd::bulk::Decompressor::with_dictionary(&dictionary).map_err(unrestorable)?;
        let mut whole = decompressor
            .decompress(bytes, total)
            .map_err(unrestorable)?;
        if whole.len() != total {
            return Err(damaged());
        }
        let tail = whole.split_off(prefix + head);
        let head = whole.split_off(prefix);
        Ok(Recipe {
            prefix: whole,
            head,
            tail,
        })
    }
}

fn first_bytes<E: ReadAt + ?Sized>(source: &E, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let found = source.read_at(0, &mut bytes);
    bytes.truncate(found.map_err(sagittal_pixel::Error::from)?);
    Ok(bytes)
}

fn unrestorable(reason: impl std::fmt::Display) -> Error {
    Error::Unrestorable {
        reason: reason.to_string(),
    }
}

/// Writes the data set as it was received, and compares its digest at the end. Blocks.
pub(crate) fn restore<E: ReadAt + Sync + ?Sized>(
    encoded: &E,
    transfer_syntax_uid: &str,
    original: &Original,
    output: &mut dyn Write,
) -> Result<()> {
    let recipe = Recipe::from_bytes(&original.restore, encoded)?;
    let mut output = Proved {
        output,
        hasher: blake3::Hasher::new(),
        length: 0,
    };
    let io = |error: io::Error| Error::Pixel(error.into());
    output.write_all(&recipe.head).map_err(io)?;
    native_value(
        encoded,
        0,
        transfer_syntax_uid,
        original.transfer_syntax_uid.as_str(),
        &options(),
        &mut output,
    )?;
    output.write_all(&recipe.tail).map_err(io)?;
    if output.length != original.length {
        return Err(unrestorable(format!(
            "{} bytes came out, {} were received",
            output.length, original.length
        )));
    }
    if *output.hasher.finalize().as_bytes() != original.hash {
        return Err(unrestorable("the digest is not that of what was received"));
    }
    Ok(())
}

/// Preamble and File Meta Information as received; empty if there were none. Blocks.
pub(crate) fn restored_prefix<E: ReadAt + ?Sized>(
    encoded: &E,
    original: &Original,
) -> Result<Bytes> {
    Ok(Recipe::from_bytes(&original.restore, encoded)?
        .prefix
        .into())
}

struct Proved<'a> {
    output: &'a mut dyn Write,
    hasher: blake3::Hasher,
    length: u64,
}

impl Write for Proved<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.output.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or_default());
        self.length += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_recipe_is_read_back_and_is_small_where_headers_are_alike() {
        let encoded: Vec<u8> = (0..3000_u32).flat_map(|n| (n * n).to_le_bytes()).collect();
        let recipe = Recipe {
            prefix: b"DICM and meta".to_vec(),
            head: [b"changed", &encoded[..9000]].concat(),
            tail: vec![0; 10],
        };
        let bytes = recipe.to_bytes(&encoded[..]).unwrap().unwrap();
        assert!(bytes.len() < 300, "{}", bytes.len());
        assert_eq!(Recipe::from_bytes(&bytes, &encoded[..]).unwrap(), recipe);
        for at in 0..17 {
            assert!(Recipe::from_bytes(&bytes[..at], &encoded[..]).is_err());
        }
        let empty = Recipe::default();
        let bytes = empty.to_bytes(&encoded[..]).unwrap().unwrap();
        assert_eq!(Recipe::from_bytes(&bytes, &encoded[..]).unwrap(), empty);
    }
}
