//! Fragments held in memory as the bytes that they are in a file, so that the frame table can be
//! made of them as of any file (PS3.5 §A.4).

use std::io;
use std::ops::Range;

use bytes::Bytes;
use sagittal_core::Fragments;
use sagittal_pixel::frames::ReadAt;

/// Item headers, offset table and fragments, one after the other.
pub(super) struct Stream {
    pieces: Vec<(u64, Bytes)>,
    length: u64,
}

impl Stream {
    pub fn new(of: &Fragments) -> Stream {
        let mut stream = Stream {
            pieces: Vec::with_capacity(of.fragments.len() * 2 + 3),
            length: 0,
        };
        let table: Vec<u8> = of
            .offset_table
            .iter()
            .flat_map(|at| at.to_le_bytes())
            .collect();
        stream.item(table.into());
        for fragment in &of.fragments {
            stream.item(fragment.clone());
        }
        stream.push(Bytes::from_static(&[0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]));
        stream
    }

    fn item(&mut self, value: Bytes) {
        let mut header = vec![0xFE, 0xFF, 0x00, 0xE0];
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        header.extend_from_slice(&length.to_le_bytes());
        self.push(header.into());
        self.push(value);
    }

    fn push(&mut self, bytes: Bytes) {
        let length = bytes.len() as u64;
        self.pieces.push((self.length, bytes));
        self.length += length;
    }

    /// The bytes of a range that lies within one fragment, not copied.
    pub fn slice(&self, range: &Range<u64>) -> Option<Bytes> {
        // Of pieces that begin at the same place all but the last are empty.
        let at = self
            .pieces
            .partition_point(|(start, _)| *start <= range.start);
        let (start, bytes) = self.pieces.get(at.checked_sub(1)?)?;
        let from = usize::try_from(range.start - start).ok()?;
        let to = usize::try_from(range.end.checked_sub(*start)?).ok()?;
        (from <= to && to <= bytes.len()).then(|| bytes.slice(from..to))
    }
}

impl ReadAt for Stream {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let first = self.pieces.partition_point(|(start, _)| *start <= offset);
        let mut done = 0;
        for (start, bytes) in self.pieces.iter().skip(first.saturating_sub(1)) {
            let place = offset + done as u64;
            let skip = usize::try_from(place.saturating_sub(*start)).unwrap_or(usize::MAX);
            let rest = bytes.get(skip..).unwrap_or(&[]);
            let to = buffer.get_mut(done..).unwrap_or(&mut []);
            let count = rest.len().min(to.len());
            if to.is_empty() {
                break;
            }
            if let (Some(to), Some(from)) = (to.get_mut(..count), rest.get(..count)) {
                to.copy_from_slice(from);
            }
            done += count;
        }
        Ok(done)
    }

    fn len(&self) -> u64 {
        self.length
    }
}
