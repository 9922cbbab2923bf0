//! Encapsulated pixel data: from fragments and offset tables to frames (PS3.5 §A.4).

use super::instance::Description;
use super::read_at::ReadAt;
use super::table::{FrameTable, Layout, Piece};
use crate::{Error, Result};

/// Fragments of one instance: four million are a terabyte of slide.
const MAX_FRAGMENTS: usize = 1 << 22;
const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
/// Entries of an extended offset table that are looked at.
const SAMPLES: usize = 64;
const CHUNK: usize = 64 << 10;

pub(super) fn build<R: ReadAt + ?Sized>(
    source: &R,
    offset: u64,
    description: &Description<'_>,
) -> Result<FrameTable> {
    let frames = description.number_of_frames.max(1);
    let (table, begin) = offset_table(source, offset)?;
    if !description.is_video
        && let Some(pieces) = extended(source, begin, description)?
    {
        return Ok(FrameTable {
            frames,
            is_guess: false,
            layout: Layout::Pieces {
                pieces,
                first: Vec::new(),
            },
        });
    }
    let pieces = fragments(source, begin)?;
    if description.is_video {
        return Ok(FrameTable {
            frames,
            is_guess: false,
            layout: Layout::Stream { pieces },
        });
    }
    deal(source, pieces, &table, begin, frames)
}

/// Deals the fragments out to frames.
fn deal<R: ReadAt + ?Sized>(
    source: &R,
    pieces: Vec<Piece>,
    table: &[u32],
    begin: u64,
    frames: u32,
) -> Result<FrameTable> {
    let made = |frames: u32, is_guess: bool, pieces, first| {
        Ok(FrameTable {
            frames,
            is_guess,
            layout: Layout::Pieces { pieces, first },
        })
    };
    if frames == 1 {
        return made(1, false, pieces, vec![0]);
    }
    let wanted = frames as usize;
    let by_table = firsts_of_table(table, &pieces, begin);
    if let Some(first) = &by_table
        && first.len() == wanted
    {
        return made(frames, false, pieces, by_table.unwrap_or_default());
    }
    if pieces.len() == wanted {
        return made(frames, false, pieces, Vec::new());
    }
    if pieces.len() < wanted {
        return match split(source, &pieces, wanted)? {
            Some((pieces, first)) => made(frames, false, pieces, first),
            None => Ok(FrameTable {
                frames,
                is_guess: true,
                layout: Layout::Stream { pieces },
            }),
        };
    }
    let first = firsts_by_start(source, &pieces, wanted)?;
    if first.len() == wanted {
        return made(frames, false, pieces, first);
    }
    // A table that holds, but for the number of frames, is better than none.
    if let Some(first) = by_table {
        return made(count(first.len()), true, pieces, first);
    }
    if first.len() > 1 {
        return made(count(first.len()), true, pieces, first);
    }
    if pieces.len().is_multiple_of(wanted) {
        let each = pieces.len() / wanted;
        let first = (0..wanted).map(|frame| count(frame * each)).collect();
        return made(frames, true, pieces, first);
    }
    Ok(FrameTable {
        frames,
        is_guess: true,
        layout: Layout::Stream { pieces },
    })
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The Basic Offset Table, and where the first fragment's item begins.
fn offset_table<R: ReadAt + ?Sized>(source: &R, offset: u64) -> Result<(Vec<u32>, u64)> {
    let Some(length) = item(source, offset)? else {
        return Ok((Vec::new(), offset));
    };
    let begin = offset + 8 + u64::from(length);
    if begin > source.len() || length as usize / 4 > MAX_FRAGMENTS {
        return Ok((Vec::new(), begin));
    }
    let mut bytes = vec![0; length as usize];
    let found = source.read_at(offset + 8, &mut bytes)?;
    bytes.truncate(found);
    Ok((
        bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|entry| u32::from_le_bytes(*entry))
            .collect(),
        begin,
    ))
}

/// The length of the item at `offset`, if one is there.
fn item<R: ReadAt + ?Sized>(source: &R, offset: u64) -> Result<Option<u32>> {
    let mut header = [0; 8];
    if source.read_at(offset, &mut header)? < 8 {
        return Ok(None);
    }
    let [a, b, c, d, length @ ..] = header;
    Ok(([a, b, c, d] == ITEM).then_some(u32::from_le_bytes(length)))
}

/// All fragments, hopping from header to header; one that reaches beyond the end is cut.
fn fragments<R: ReadAt + ?Sized>(source: &R, begin: u64) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut at = begin;
    let end = source.len();
    while let Some(length) = item(source, at)? {
        if pieces.len() == MAX_FRAGMENTS {
            return Err(Error::TooManyFragments {
                limit: MAX_FRAGMENTS,
                offset: at,
            });
        }
        let offset = at + 8;
        let length = u32::try_from(end.saturating_sub(offset))
            .unwrap_or(u32::MAX)
            .min(length);
        pieces.push(Piece { offset, length });
        at = offset + u64::from(length);
    }
    Ok(pieces)
}

/// The extended offset table (PS3.3 §C.7.6.3.1.8, .9), if it is whole and does not lie.
fn extended<R: ReadAt + ?Sized>(
    source: &R,
    begin: u64,
    description: &Description<'_>,
) -> Result<Option<Vec<Piece>>> {
    let offsets = description.extended_offset_table.as_chunks::<8>().0;
    let lengths = description.extended_offset_table_lengths.as_chunks::<8>().0;
    let frames = description.number_of_frames.max(1) as usize;
    if offsets.len() != frames || lengths.len() != frames {
        return Ok(None);
    }
    let mut pieces = Vec::with_capacity(frames);
    let mut earliest = begin;
    for (offset, length) in offsets.iter().zip(lengths) {
        let header = begin.checked_add(u64::from_le_bytes(*offset));
        let length = u32::try_from(u64::from_le_bytes(*length)).ok();
        let (Some(header), Some(length)) = (header, length) else {
            return Ok(None);
        };
        let end = header.saturating_add(8).saturating_add(u64::from(length));
        if header < earliest || end > source.len() {
            return Ok(None);
        }
        earliest = end;
        pieces.push(Piece {
            offset: header + 8,
            length,
        });
    }
    let step = (frames / SAMPLES).max(1);
    let samples = pieces.iter().step_by(step).chain(pieces.last());
    for piece in samples {
        match item(source, piece.offset - 8)? {
            // Its length may leave out the padding.
            Some(length) if length == piece.length || length == piece.length.saturating_add(1) => {}
            _ => return Ok(None),
        }
    }
    Ok(Some(pieces))
}

/// The first fragment of each frame by the Basic Offset Table, if every entry meets one.
fn firsts_of_table(table: &[u32], pieces: &[Piece], begin: u64) -> Option<Vec<u32>> {
    if table.is_empty() || table.first() != Some(&0) || !table.is_sorted_by(|a, b| a < b) {
        return None;
    }
    let find = |entry: &u32| {
        let offset = begin + u64::from(*entry) + 8;
        pieces
            .binary_search_by_key(&offset, |piece| piece.offset)
            .ok()
            .map(count)
    };
    table.iter().map(find).collect()
}

/// Fragments with which a code stream begins. If they are too many, only those before which one ends.
fn firsts_by_start<R: ReadAt + ?Sized>(
    source: &R,
    pieces: &[Piece],
    wanted: usize,
) -> Result<Vec<u32>> {
    let mut begun = Vec::new();
    let mut after_end = Vec::new();
    let mut previous: Option<Piece> = None;
    for (number, piece) in pieces.iter().enumerate() {
        let mut head = [0; 12];
        let found = source
            .read_at(piece.offset, &mut head)?
            .min(piece.length as usize);
        let number = count(number);
        if starts_code_stream(head.get(..found).unwrap_or(&[])) {
            begun.push(number);
            let ended = match previous {
                Some(previous) => ends_code_stream(source, previous)?,
                None => true,
            };
            if ended {
                after_end.push(number);
            }
        }
        previous = Some(*piece);
    }
    Ok(if begun.len() != wanted && after_end.len() > 1 {
        after_end
    } else {
        begun
    })
}

/// JPEG, JPEG-LS; JPEG 2000; JP2; JPEG XL; RLE with its header of 16 offsets.
fn starts_code_stream(head: &[u8]) -> bool {
    head.starts_with(&[0xFF, 0xD8, 0xFF])
        || head.starts_with(&[0xFF, 0x4F, 0xFF, 0x51])
        || head.starts_with(b"\0\0\0\x0CjP  ")
        || head.starts_with(&[0xFF, 0x0A])
        || head.starts_with(b"\0\0\0\x0CJXL ")
        || matches!(head, [1..=15, 0, 0, 0, 64, 0, 0, 0, ..])
}

/// EOI or EOC, and maybe padding; RLE and JPEG XL have no end.
fn ends_code_stream<R: ReadAt + ?Sized>(source: &R, piece: Piece) -> Result<bool> {
    let length = piece.length.min(4);
    let mut tail = [0; 4];
    let tail = tail.get_mut(..length as usize).unwrap_or(&mut []);
    source.read_at(piece.end() - u64::from(length), tail)?;
    Ok(matches!(
        tail,
        [.., 0xFF, 0xD9] | [.., 0xFF, 0xD9, 0] | [.., 0xFF, 0xD9, 0, 0]
    ))
}

/// More frames than fragments: splits where one code stream ends and the next begins, if that
/// makes as many frames as there should be.
fn split<R: ReadAt + ?Sized>(
    source: &R,
    pieces: &[Piece],
    wanted: usize,
) -> Result<Option<(Vec<Piece>, Vec<u32>)>> {
    let mut parts: Vec<Piece> = Vec::new();
    let mut first = vec![0];
    let mut state = Boundary {
        last: 0,
        since_end: u8::MAX,
    };
    let mut buffer = vec![0; CHUNK];
    for piece in pieces {
        let mut begin = piece.offset;
        let mut at = piece.offset;
        while at < piece.end() {
            let room = usize::try_from(piece.end() - at)
                .unwrap_or(CHUNK)
                .min(CHUNK);
            let found = source.read_at(at, buffer.get_mut(..room).unwrap_or(&mut []))?;
            if found == 0 {
                break;
            }
            for (number, byte) in buffer.iter().take(found).enumerate() {
                let here = at + number as u64;
                let Some(length) = state.take(*byte) else {
                    continue;
                };
                // The start marker lies behind us; if in the fragment before, leave it be.
                let start = (here + 1).saturating_sub(length);
                if start > begin {
                    parts.push(Piece {
                        offset: begin,
                        length: u32::try_from(start - begin).unwrap_or(u32::MAX),
                    });
                    begin = start;
                } else if start < begin {
                    continue;
                }
                first.push(count(parts.len()));
                if first.len() > wanted {
                    return Ok(None);
                }
            }
            at += found as u64;
        }
        parts.push(Piece {
            offset: begin,
            length: u32::try_from(piece.end() - begin).unwrap_or(0),
        });
    }
    Ok((first.len() == wanted).then_some((parts, first)))
}

/// Looks for an end marker followed, after padding, by a start marker.
struct Boundary {
    last: u64,
    /// Bytes since an end marker; 255 for many or none.
    since_end: u8,
}

impl Boundary {
    /// Takes a byte; gives the length of the start marker that it completes.
    fn take(&mut self, byte: u8) -> Option<u64> {
        self.last = self.last << 8 | u64::from(byte);
        self.since_end = self.since_end.saturating_add(1);
        if self.last & 0xFFFF == 0xFFD9 {
            self.since_end = 0;
            return None;
        }
        let (jpeg, jpeg2000) = (
            self.last & 0xFF_FFFF == 0xFFD8FF,
            self.last & 0xFFFF_FFFF == 0xFF4F_FF51,
        );
        // At most two bytes of padding between the markers.
        match (jpeg, jpeg2000) {
            (true, _) if (3..=5).contains(&self.since_end) => Some(3),
            (_, true) if (4..=6).contains(&self.since_end) => Some(4),
            _ => None,
        }
    }
}
