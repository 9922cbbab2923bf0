//! From one transfer syntax to another without decoding pixels: VR, endianness, deflate.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::{DeflateDecoder, ZlibDecoder};
use flate2::write::DeflateEncoder;
use sagittal_core::{Limits, Tag, Vr};

use crate::encoding::{Encoding, Kind};
use crate::inflate::is_zlib;
use crate::swap::swap;
use crate::walk::{Cursor, Event, Form, UNDEFINED, Window};
use crate::{Error, Result};

const BITS_ALLOCATED: Tag = Tag(0x0028, 0x0100);
const PIXEL_DATA: Tag = Tag(0x7FE0, 0x0010);

/// Bytes kept at hand after the position, so that a header, its value unless it is large, and
/// what follows can be looked at.
const AHEAD: usize = 128 << 10;
/// Bytes copied at a time; a whole number of numbers of every size.
const CHUNK: usize = 64 << 10;

/// Can `from` become `to` without touching compressed pixels? Native syntaxes among
/// themselves; encapsulated ones only to themselves.
pub fn is_convertible(from: &str, to: &str) -> bool {
    match (Kind::of(from), Kind::of(to)) {
        (Kind::Native(_), Kind::Native(_)) => true,
        (Kind::Referenced(_, a), Kind::Referenced(_, b)) => a == b,
        _ => same(from, to),
    }
}

fn same(from: &str, to: &str) -> bool {
    let padding = ['\0', ' '];
    from.trim_end_matches(padding) == to.trim_end_matches(padding)
}

/// Converts a data set, streaming: memory stays bounded whatever the size of its values.
/// `length` is what `input` will give in all, if known.
///
/// Sequences and items become of undefined length, odd values are padded, group lengths are left
/// out; otherwise values keep their bytes, but for byte order. To the same syntax the bytes are
/// just copied. A value that ends before its length says is an error.
pub fn convert(
    input: &mut dyn Read,
    length: Option<u64>,
    from: &str,
    to: &str,
    output: &mut dyn Write,
) -> Result<()> {
    if same(from, to) {
        std::io::copy(input, output)?;
        return Ok(());
    }
    if !is_convertible(from, to) {
        let operation = "conversion without decoding pixels";
        return Err(Error::UnsupportedTransferSyntax {
            uid: to.to_owned(),
            operation,
        });
    }
    let (source, target) = (Encoding::of(from), Encoding::of(to));
    if !source.deflated {
        return deflating(input, length.unwrap_or(u64::MAX), source, target, output);
    }
    let mut head = Vec::with_capacity(5);
    (&mut *input).take(5).read_to_end(&mut head)?;
    let zlib = is_zlib(&head);
    let whole = head.as_slice().chain(input);
    if zlib {
        deflating(
            &mut ZlibDecoder::new(whole),
            u64::MAX,
            source,
            target,
            output,
        )
    } else {
        deflating(
            &mut DeflateDecoder::new(whole),
            u64::MAX,
            source,
            target,
            output,
        )
    }
}

/// Deflates what is written, if the target is deflated (PS3.5 §A.5).
fn deflating(
    input: &mut dyn Read,
    total: u64,
    source: Encoding,
    target: Encoding,
    output: &mut dyn Write,
) -> Result<()> {
    if !target.deflated {
        return run(input, total, source, target, output);
    }
    let mut encoder = DeflateEncoder::new(output, Compression::default());
    run(input, total, source, target, &mut encoder)?;
    encoder.try_finish()?;
    let odd = encoder.total_out() % 2 == 1;
    let output = encoder.finish()?;
    if odd {
        output.write_all(&[0])?;
    }
    Ok(())
}

/// What goes out, and what must be known for it.
struct Target<'a> {
    form: Form,
    /// Bytes to be written.
    out: Vec<u8>,
    output: &'a mut dyn Write,
    /// Bits Allocated of the root data set.
    bits_allocated: u16,
}

/// What remains of a value after the bytes at hand.
struct Rest {
    /// Where it begins.
    offset: u64,
    length: u64,
    /// Bytes of one number to be swapped; 1 for none.
    unit: usize,
    padding: Option<u8>,
    is_dropped: bool,
}

fn run(
    input: &mut dyn Read,
    total: u64,
    from: Encoding,
    to: Encoding,
    output: &mut dyn Write,
) -> Result<()> {
    // The input bounds the number of elements, and none of them is kept.
    let limits = Limits {
        elements: usize::MAX,
        ..Limits::default()
    };
    let mut source = Source {
        input,
        buffer: Vec::new(),
        start: 0,
        base: 0,
        ended: false,
    };
    let mut cursor = Cursor::new(from, limits, total);
    let form = Form {
        explicit: to.explicit,
        big_endian: to.big_endian,
    };
    let mut target = Target {
        form,
        out: Vec::with_capacity(2 * CHUNK),
        output,
        bits_allocated: 0,
    };
    loop {
        source.advance(cursor.position())?;
        if source.ended {
            cursor.set_total(source.window().end());
        }
        let was_cut = cursor.is_cut();
        let event = cursor.step(source.window())?;
        if cursor.is_done() {
            break;
        }
        let Some(event) = event else {
            if cursor.is_cut() && !was_cut && cursor.depth() > 0 {
                return Err(truncated(&cursor, cursor.position(), 8, 0));
            }
            continue;
        };
        if let Some(rest) = target.take(event, &cursor)? {
            // Said before anything of the value has gone out, where the length is known.
            if rest.offset.saturating_add(rest.length) > total {
                let found = total.saturating_sub(rest.offset);
                return Err(truncated(&cursor, rest.offset, rest.length, found));
            }
            source.skip_to(rest.offset);
            source.stream(&rest, &mut target, &cursor)?;
        }
        target.flush_if(CHUNK)?;
    }
    target.flush_if(0)
}

fn truncated(cursor: &Cursor, offset: u64, expected: u64, found: u64) -> Error {
    Error::Truncated {
        path: cursor.path(),
        offset,
        expected,
        found,
    }
}

impl Target<'_> {
    fn flush_if(&mut self, length: usize) -> Result<()> {
        if self.out.len() >= length {
            self.output.write_all(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }

    /// Writes an event; gives what is still to come of its value.
    fn take(&mut self, event: Event<'_>, cursor: &Cursor) -> Result<Option<Rest>> {
        match event {
            Event::Element {
                tag,
                vr,
                value,
                length,
                offset,
            } => {
                let rest = Rest {
                    offset,
                    length,
                    unit: 1,
                    padding: None,
                    is_dropped: tag.is_group_length(),
                };
                return self.element(tag, vr, value, rest, cursor);
            }
            // A sequence known behind UN is written as one.
            Event::SequenceStart { tag, .. } => {
                self.form.put_sequence_start(&mut self.out, tag, Vr::SQ)
            }
            Event::SequenceEnd { .. } | Event::FragmentsEnd { .. } => {
                self.form.put_sequence_end(&mut self.out)
            }
            Event::ItemStart { .. } => self.form.put_item_start(&mut self.out),
            Event::ItemEnd => self.form.put_item_end(&mut self.out),
            Event::FragmentsStart { tag, .. } => {
                if !self.form.explicit || self.form.big_endian {
                    let reason = "encapsulated pixel data in a native transfer syntax".to_owned();
                    return Err(Error::Unwritable {
                        path: cursor.path(),
                        reason,
                    });
                }
                self.form.put_sequence_start(&mut self.out, tag, Vr::OB);
            }
            Event::OffsetTable { value } => {
                let offset = cursor.header_offset() + 8;
                return self.fragment(
                    value,
                    offset,
                    cursor.position().saturating_sub(offset),
                    cursor,
                );
            }
            Event::Fragment {
                value,
                length,
                offset,
            } => return self.fragment(value, offset, length, cursor),
        }
        Ok(None)
    }

    fn element(
        &mut self,
        tag: Tag,
        vr: Vr,
        value: &[u8],
        all: Rest,
        cursor: &Cursor,
    ) -> Result<Option<Rest>> {
        if all.is_dropped {
            return Ok(self.value(value, all));
        }
        let from_big_endian = cursor.is_big_endian();
        if tag == BITS_ALLOCATED
            && cursor.depth() == 0
            && let Some(bits) = value.first_chunk::<2>()
        {
            self.bits_allocated = if from_big_endian {
                u16::from_be_bytes(*bits)
            } else {
                u16::from_le_bytes(*bits)
            };
        }
        // PS3.5 §A.2: native pixel data of more than 8 bits are OW; some writers say OB.
        let is_words =
            tag == PIXEL_DATA && cursor.depth() == 0 && self.bits_allocated > 8 && !from_big_endian;
        let vr = if vr == Vr::OB && is_words { Vr::OW } else { vr };
        let written = self
            .form
            .put_header(&mut self.out, tag, vr, padded(all.length, cursor)?);
        let to_big_endian = self.form.big_endian && written != Vr::UN;
        let unit = match vr {
            Vr::UN => 1,
            _ if from_big_endian == to_big_endian => 1,
            vr => vr.unit(),
        };
        let padding = (all.length % 2 == 1).then_some(vr.padding());
        Ok(self.value(
            value,
            Rest {
                unit,
                padding,
                ..all
            },
        ))
    }

    fn fragment(
        &mut self,
        value: &[u8],
        offset: u64,
        length: u64,
        cursor: &Cursor,
    ) -> Result<Option<Rest>> {
        self.form
            .put_item(&mut self.out, Tag::ITEM, padded(length, cursor)?);
        let padding = (length % 2 == 1).then_some(0);
        Ok(self.value(
            value,
            Rest {
                offset,
                length,
                unit: 1,
                padding,
                is_dropped: false,
            },
        ))
    }

    /// Writes what is at hand of a value, whole numbers only if there is more; gives the rest.
    fn value(&mut self, value: &[u8], all: Rest) -> Option<Rest> {
        let is_whole = value.len() as u64 == all.length;
        let taken = if is_whole {
            value.len()
        } else {
            value.len() / 8 * 8
        };
        if !all.is_dropped {
            self.put(value.get(..taken).unwrap_or(value), all.unit);
        }
        if is_whole {
            self.out.extend(all.padding);
            return None;
        }
        Some(Rest {
            offset: all.offset + taken as u64,
            length: all.length - taken as u64,
            ..all
        })
    }

    fn put(&mut self, bytes: &[u8], unit: usize) {
        let start = self.out.len();
        self.out.extend_from_slice(bytes);
        if unit > 1
            && let Some(written) = self.out.get_mut(start..)
        {
            swap(written, unit);
        }
    }
}

/// The length to be written: even, and not that which means undefined.
fn padded(length: u64, cursor: &Cursor) -> Result<u32> {
    let even = u32::try_from(length + length % 2)
        .ok()
        .filter(|length| *length != UNDEFINED);
    even.ok_or_else(|| Error::Unwritable {
        path: cursor.path(),
        reason: "longer than 4 GiB".to_owned(),
    })
}

/// A window that moves over the input.
struct Source<'a> {
    input: &'a mut dyn Read,
    buffer: Vec<u8>,
    /// Where in `buffer` the bytes at hand begin.
    start: usize,
    /// Where in the data set they begin.
    base: u64,
    ended: bool,
}

impl Source<'_> {
    fn window(&self) -> Window<'_> {
        Window {
            bytes: self.buffer.get(self.start..).unwrap_or(&[]),
            base: self.base,
        }
    }

    /// Drops the bytes before `position`, which are at hand or just behind.
    fn skip_to(&mut self, position: u64) {
        let skip = usize::try_from(position.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let skip = skip.min(self.buffer.len() - self.start);
        self.start += skip;
        self.base += skip as u64;
    }

    /// Drops the bytes before `position` and reads until enough are at hand.
    fn advance(&mut self, position: u64) -> Result<()> {
        self.skip_to(position);
        if self.ended || self.buffer.len() - self.start >= AHEAD {
            return Ok(());
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        while self.buffer.len() < 2 * AHEAD && !self.ended {
            let wanted = (2 * AHEAD - self.buffer.len()) as u64;
            let got = (&mut *self.input)
                .take(wanted)
                .read_to_end(&mut self.buffer)?;
            self.ended = (got as u64) < wanted;
        }
        Ok(())
    }

    /// Passes the rest of a value on.
    fn stream(&mut self, rest: &Rest, target: &mut Target<'_>, cursor: &Cursor) -> Result<()> {
        let mut left = rest.length;
        while left > 0 {
            self.advance(self.base)?;
            let at_hand = self.window().bytes;
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK);
            let Some(chunk) = at_hand.get(..wanted) else {
                let found = rest.length - left + at_hand.len() as u64;
                return Err(truncated(cursor, self.base, rest.length, found));
            };
            if !rest.is_dropped {
                target.put(chunk, rest.unit);
            }
            self.skip_to(self.base + wanted as u64);
            left -= wanted as u64;
            target.flush_if(CHUNK)?;
        }
        target.out.extend(rest.padding);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
