//! The zero-copy walker: events over the bytes of a data set, no tree, no copies (PS3.5 §7).

use sagittal_core::{Finding, Limits, Tag, TagPath, Vr};

use crate::Result;
use crate::encoding::Encoding;

mod cursor;
mod header;
mod item;
mod stack;
pub(crate) mod vr;

#[cfg(test)]
mod tests;

pub(crate) use cursor::Cursor;
pub(crate) use header::{Form, Parsed, UNDEFINED, Window, parse};

/// One thing met in a data set. Values are as on the wire (endianness not changed), but see
/// [`Walker::is_big_endian`]: a sequence in a `UN` element is little endian in any stream.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// An element with a plain value. `value.len() < length` if the bytes at hand end before it does.
    Element {
        /// The tag.
        tag: Tag,
        /// The VR: as written, else from the dictionary, `UN` if it is not known.
        vr: Vr,
        /// The value field, or as much of it as is at hand.
        value: &'a [u8],
        /// Where the value begins.
        offset: u64,
        /// Its length.
        length: u64,
    },
    /// A sequence begins; items follow. `length` is `None` if undefined.
    SequenceStart {
        /// The tag.
        tag: Tag,
        /// `SQ`, or `UN` if that is written.
        vr: Vr,
        /// Where the value begins: the first item's header.
        offset: u64,
        /// Its length; `None` if undefined.
        length: Option<u64>,
    },
    /// An item begins; its elements follow.
    ItemStart {
        /// Its number, from 0.
        index: u32,
        /// Where its header begins.
        offset: u64,
    },
    /// The item ends.
    ItemEnd,
    /// The sequence ends.
    SequenceEnd {
        /// The sequence's tag.
        tag: Tag,
    },
    /// Encapsulated pixel data begin: an offset table and fragments follow.
    FragmentsStart {
        /// The tag.
        tag: Tag,
        /// The VR as written.
        vr: Vr,
        /// Where the value begins: the offset table's item header.
        offset: u64,
    },
    /// The Basic Offset Table item's value.
    OffsetTable {
        /// Little endian 32-bit offsets; cut where the bytes at hand end.
        value: &'a [u8],
    },
    /// A fragment: `offset` of its value; `value` is cut where the bytes at hand end.
    Fragment {
        /// The value, or as much of it as is at hand.
        value: &'a [u8],
        /// Where the value begins.
        offset: u64,
        /// Its length.
        length: u64,
    },
    /// The fragments end.
    FragmentsEnd {
        /// The tag.
        tag: Tag,
    },
}

/// Walks one data set (not deflated; inflate first).
///
/// Events are balanced: what begins also ends, even where the bytes do not.
/// ```no_run
/// use sagittal_core::Limits;
/// use sagittal_file::{encoding::Encoding, walk::{Event, Walker}};
/// # fn f(bytes: &[u8]) -> sagittal_file::Result<()> {
/// let mut walker = Walker::new(bytes, Encoding::EXPLICIT_LE, Limits::default());
/// while let Some(event) = walker.next()? {
///     match event {
///         Event::Element { tag, value, .. } => println!("{tag}: {} bytes", value.len()),
///         Event::SequenceStart { .. } => walker.skip_sequence()?,
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Walker<'a> {
    window: Window<'a>,
    cursor: Cursor,
}

impl<'a> Walker<'a> {
    /// A walker over the whole data set.
    pub fn new(bytes: &'a [u8], encoding: Encoding, limits: Limits) -> Walker<'a> {
        Walker::prefix(bytes, bytes.len() as u64, encoding, limits)
    }

    /// A walker over the first bytes of a data set of `total` bytes: values that reach beyond
    /// are reported, cut, and end the walk without a finding.
    pub fn prefix(bytes: &'a [u8], total: u64, encoding: Encoding, limits: Limits) -> Walker<'a> {
        Walker {
            window: Window { bytes, base: 0 },
            cursor: Cursor::new(encoding, limits, total),
        }
    }

    /// The next event; `None` at the end. Deviations become findings; only limits are errors.
    #[allow(clippy::should_implement_trait)] // Iterator's `next` cannot give an error with `?`.
    #[inline]
    pub fn next(&mut self) -> Result<Option<Event<'a>>> {
        self.cursor.next(self.window)
    }

    /// Leaves the sequence just begun (or the one we are in) without looking into it,
    /// where its length allows that; else walks over it. Its `SequenceEnd` is not reported.
    pub fn skip_sequence(&mut self) -> Result<()> {
        self.cursor.skip_sequence(self.window)
    }

    /// Sequences we are in.
    pub fn depth(&self) -> usize {
        self.cursor.depth()
    }

    /// The path of the last event.
    pub fn path(&self) -> TagPath {
        self.cursor.path()
    }

    /// Where the walker stands: after the last event's header and value.
    pub fn position(&self) -> u64 {
        self.cursor.position()
    }

    /// Where the header of the last element, sequence or item began.
    pub fn header_offset(&self) -> u64 {
        self.cursor.header_offset()
    }

    /// Are the values of the last event's data set big endian?
    pub fn is_big_endian(&self) -> bool {
        self.cursor.is_big_endian()
    }

    /// Did the walk end because the bytes did?
    pub fn is_cut(&self) -> bool {
        self.cursor.is_cut()
    }

    /// What was got over so far; at most 1,000.
    pub fn findings(&self) -> &[Finding] {
        self.cursor.findings()
    }

    /// What was got over, by value.
    pub fn into_findings(self) -> Vec<Finding> {
        self.cursor.into_findings()
    }
}
