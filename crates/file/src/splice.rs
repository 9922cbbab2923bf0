//! Root elements of a data set replaced, added and removed; all other bytes are kept as they are.

use std::iter::Peekable;
use std::slice::Iter;

use sagittal_core::{DataSet, Element, Limits, Tag};

use crate::encoding::Encoding;
use crate::walk::{Event, Walker};
use crate::{Result, write};

/// Copies the root elements of `bytes` that come before `end` to `out`. Those in `changes` are
/// taken from there, those for which `is_dropped` says so are left out; group lengths, which may
/// no longer hold, are left out too. Gives the offset at which it stopped: that of the first
/// element not below `end`, or the end of the bytes.
///
/// `bytes` are not deflated, and `changes` must not hold pixel data. Elements out of order stay
/// where they are, and so does what is odd in what is copied.
///
/// # Errors
/// Limits, and changes that the standard does not allow to be written.
pub fn splice(
    bytes: &[u8],
    encoding: Encoding,
    limits: Limits,
    changes: &DataSet,
    is_dropped: impl Fn(Tag) -> bool,
    end: Tag,
    out: &mut Vec<u8>,
) -> Result<usize> {
    let mut walker = Walker::new(bytes, encoding, limits);
    let mut pending = Pending {
        changes: changes.elements().iter().peekable(),
        encoding,
    };
    let copied = |from: usize, to: usize| bytes.get(from..to).unwrap_or(&[]);
    // Elements in a row are copied together.
    let mut from = 0;
    let mut position = 0;
    while let Some(event) = walker.next()? {
        let (tag, is_container) = match event {
            Event::Element { tag, .. } => (tag, false),
            Event::SequenceStart { tag, .. } | Event::FragmentsStart { tag, .. } => (tag, true),
            _ => continue,
        };
        let start = at(walker.header_offset());
        if tag >= end {
            position = start;
            break;
        }
        if is_container {
            walker.skip_sequence()?;
        }
        position = at(walker.position()).min(bytes.len());
        let is_left_out = changes.contains(tag) || is_dropped(tag) || tag.is_group_length();
        if is_left_out || pending.has(tag) {
            out.extend_from_slice(copied(from, start));
            pending.put(tag, out)?;
            from = if is_left_out { position } else { start };
        }
    }
    out.extend_from_slice(copied(from, position));
    pending.put(end, out)?;
    Ok(position)
}

/// Changes that are still to be written, ascending.
struct Pending<'a> {
    changes: Peekable<Iter<'a, Element>>,
    encoding: Encoding,
}

impl Pending<'_> {
    fn has(&mut self, tag: Tag) -> bool {
        self.changes.peek().is_some_and(|next| next.tag <= tag)
    }

    /// Writes those up to and with `last`.
    fn put(&mut self, last: Tag, out: &mut Vec<u8>) -> Result<()> {
        while let Some(element) = self.changes.next_if(|element| element.tag <= last) {
            let mut one = DataSet::new();
            one.put(element.clone());
            write::write_encoded(&one, self.encoding, out)?;
        }
        Ok(())
    }
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::read;
    use bytes::Bytes;
    use sagittal_core::{Vr, tags};

    fn sample() -> DataSet {
        let mut data_set = DataSet::new();
        data_set.put_text(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY");
        data_set.put_text(tags::MODALITY, "CT");
        let mut item = DataSet::new();
        item.put_text(tags::CODE_VALUE, "113040");
        data_set.put_items(tags::DERIVATION_CODE_SEQUENCE, vec![item]);
        data_set.put_u16(tags::ROWS, &[7]);
        data_set.put_u16(tags::COLUMNS, &[9]);
        data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![1; 126]);
        data_set
    }

    fn spliced(
        encoding: Encoding,
        changes: &DataSet,
        dropped: &[Tag],
    ) -> (DataSet, usize, Vec<u8>) {
        let (mut bytes, mut out) = (Vec::new(), Vec::new());
        write::write_encoded(&sample(), encoding, &mut bytes).unwrap();
        let stopped = splice(
            &bytes,
            encoding,
            Limits::default(),
            changes,
            |tag| dropped.contains(&tag),
            tags::PIXEL_DATA,
            &mut out,
        )
        .unwrap();
        let (data_set, findings) =
            read::read_encoded(&Bytes::from(out), encoding, Limits::default()).unwrap();
        assert!(findings.is_empty(), "{findings:?}");
        (data_set, stopped, bytes)
    }

    #[test]
    fn elements_are_replaced_added_and_dropped_in_their_order() {
        for encoding in [
            Encoding::EXPLICIT_LE,
            Encoding::IMPLICIT_LE,
            Encoding::EXPLICIT_BE,
        ] {
            let mut changes = DataSet::new();
            changes.put_text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 100");
            changes.put_text(tags::IMAGE_TYPE, "DERIVED\\PRIMARY");
            changes.put_u16(tags::SAMPLES_PER_PIXEL, &[3]);
            changes.put_u16(tags::COLUMNS, &[11]);
            changes.put_text(tags::LOSSY_IMAGE_COMPRESSION, "01");
            let (data_set, stopped, bytes) = spliced(encoding, &changes, &[tags::MODALITY]);
            let found: Vec<Tag> = data_set.elements().iter().map(|e| e.tag).collect();
            assert_eq!(
                found,
                [
                    tags::SPECIFIC_CHARACTER_SET,
                    tags::IMAGE_TYPE,
                    tags::DERIVATION_CODE_SEQUENCE,
                    tags::SAMPLES_PER_PIXEL,
                    tags::ROWS,
                    tags::COLUMNS,
                    tags::LOSSY_IMAGE_COMPRESSION
                ]
            );
            assert_eq!(data_set.int(tags::ROWS), Some(7));
            assert_eq!(data_set.int(tags::COLUMNS), Some(11));
            assert_eq!(data_set.texts(tags::IMAGE_TYPE)[0], "DERIVED");
            // It stopped where pixel data begin.
            let header = if encoding.explicit { 12 } else { 8 };
            assert_eq!(stopped + header + 126, bytes.len());
        }
    }

    #[test]
    fn without_changes_the_bytes_are_the_same() {
        let (mut bytes, mut out) = (Vec::new(), Vec::new());
        let encoding = Encoding::EXPLICIT_LE;
        write::write_encoded(&sample(), encoding, &mut bytes).unwrap();
        let nothing = DataSet::new();
        let limits = Limits::default();
        let end = Tag(0xFFFF, 0xFFFF);
        splice(&bytes, encoding, limits, &nothing, |_| false, end, &mut out).unwrap();
        assert_eq!(out, bytes);
    }
}
