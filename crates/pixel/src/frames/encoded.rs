//! Frame tables as bytes, to be kept in an index: numbers as varints, offsets as differences.

use super::table::{FrameTable, Layout, Piece};
use crate::{Error, Result};

const VERSION: u8 = 1;
const NATIVE: u8 = 0;
const PIECES: u8 = 1;
const STREAM: u8 = 2;
const GUESS: u8 = 0x80;
const SWAPPED: u8 = 0x40;

impl FrameTable {
    /// The table in few bytes: 3 to 5 for each fragment, 10 for native pixel data.
    /// Without frames there are no bytes either.
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.frames == 0 {
            return Vec::new();
        }
        let mut out = vec![VERSION];
        let guess = if self.is_guess { GUESS } else { 0 };
        let (kind, pieces) = match &self.layout {
            Layout::Native { is_swapped, .. } if *is_swapped => (NATIVE | SWAPPED, &[][..]),
            Layout::Native { .. } => (NATIVE, &[][..]),
            Layout::Pieces { pieces, .. } => (PIECES, pieces.as_slice()),
            Layout::Stream { pieces } => (STREAM, pieces.as_slice()),
        };
        out.push(kind | guess);
        put(&mut out, u64::from(self.frames));
        if let Layout::Native {
            offset,
            length,
            frame_bits,
            ..
        } = &self.layout
        {
            [*offset, *length, *frame_bits]
                .into_iter()
                .for_each(|number| put(&mut out, number));
            return out;
        }
        put(&mut out, pieces.len() as u64);
        let mut end = 0;
        for piece in pieces {
            put(&mut out, piece.offset.wrapping_sub(end));
            put(&mut out, u64::from(piece.length));
            end = piece.end();
        }
        if let Layout::Pieces { first, .. } = &self.layout {
            put(&mut out, first.len() as u64);
            let mut last = 0;
            for piece in first {
                put(&mut out, u64::from(piece.wrapping_sub(last)));
                last = *piece;
            }
        }
        out
    }

    /// Reads what [`FrameTable::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<FrameTable> {
        if bytes.is_empty() {
            return Ok(FrameTable::default());
        }
        let [VERSION, kind, rest @ ..] = bytes else {
            return Err(broken("unknown version"));
        };
        let mut rest = rest;
        let frames = number(&mut rest)?;
        if frames == 0 {
            return Err(broken("no frames"));
        }
        let layout = match kind & !GUESS {
            NATIVE | SWAPPED => {
                let (offset, length, frame_bits) =
                    (take(&mut rest)?, take(&mut rest)?, take(&mut rest)?);
                offset
                    .checked_add(length)
                    .ok_or(broken("offset too large"))?;
                Layout::Native {
                    offset,
                    length,
                    frame_bits,
                    is_swapped: kind & SWAPPED != 0,
                }
            }
            PIECES => {
                let pieces = pieces(&mut rest)?;
                let first = firsts(&mut rest, pieces.len())?;
                let told = if first.is_empty() {
                    pieces.len()
                } else {
                    first.len()
                };
                if told != frames as usize {
                    return Err(broken("other number of frames"));
                }
                Layout::Pieces { pieces, first }
            }
            STREAM => Layout::Stream {
                pieces: pieces(&mut rest)?,
            },
            _ => return Err(broken("unknown kind")),
        };
        if !rest.is_empty() {
            return Err(broken("bytes left over"));
        }
        Ok(FrameTable {
            frames,
            is_guess: kind & GUESS != 0,
            layout,
        })
    }
}

fn pieces(rest: &mut &[u8]) -> Result<Vec<Piece>> {
    let count = length(rest)?;
    let mut pieces = Vec::with_capacity(count);
    let mut end = 0_u64;
    for _ in 0..count {
        let offset = end.wrapping_add(take(rest)?);
        let length = number(rest)?;
        end = offset
            .checked_add(u64::from(length))
            .ok_or(broken("offset too large"))?;
        pieces.push(Piece { offset, length });
    }
    Ok(pieces)
}

fn firsts(rest: &mut &[u8], pieces: usize) -> Result<Vec<u32>> {
    let count = length(rest)?;
    let mut firsts = Vec::with_capacity(count);
    let mut last = 0_u32;
    for _ in 0..count {
        last = last
            .checked_add(number(rest)?)
            .ok_or(broken("no such fragment"))?;
        if last as usize > pieces {
            return Err(broken("no such fragment"));
        }
        firsts.push(last);
    }
    Ok(firsts)
}

fn broken(reason: &'static str) -> Error {
    Error::FrameTable { reason }
}

/// A number of entries, each of at least one byte.
fn length(rest: &mut &[u8]) -> Result<usize> {
    let length = usize::try_from(take(rest)?).unwrap_or(usize::MAX);
    if length > rest.len() {
        Err(broken("cut"))
    } else {
        Ok(length)
    }
}

fn number(rest: &mut &[u8]) -> Result<u32> {
    u32::try_from(take(rest)?).map_err(|_| broken("number too large"))
}

/// Seven bits a byte, the lowest first.
fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        out.push(low | 0x80);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    out.push(low);
}

fn take(rest: &mut &[u8]) -> Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let Some((byte, tail)) = rest.split_first() else {
            return Err(broken("cut"));
        };
        *rest = tail;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(broken("number too large"))
}
