//! The zero-copy walker: events over the bytes of a data set, no tree, no copies (PS3.5 §7).

use sagittal_core::{Finding, Limits, Tag, TagPath, Vr};

use crate::Result;
use crate::encoding::Encoding;

/// One thing met in a data set. Values are as on the wire (endianness not changed).
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// An element with a plain value. `value.len() < length` if the bytes at hand end before it does.
    Element {
        tag: Tag,
        vr: Vr,
        value: &'a [u8],
        offset: u64,
        length: u64,
    },
    /// A sequence begins; items follow. `length` is `None` if undefined.
    SequenceStart {
        tag: Tag,
        vr: Vr,
        offset: u64,
        length: Option<u64>,
    },
    /// An item begins; its elements follow.
    ItemStart { index: u32, offset: u64 },
    /// The item ends.
    ItemEnd,
    /// The sequence ends.
    SequenceEnd { tag: Tag },
    /// Encapsulated pixel data begin: an offset table and fragments follow.
    FragmentsStart { tag: Tag, vr: Vr, offset: u64 },
    /// The Basic Offset Table item's value.
    OffsetTable { value: &'a [u8] },
    /// A fragment: `offset` of its value; `value` is cut where the bytes at hand end.
    Fragment {
        value: &'a [u8],
        offset: u64,
        length: u64,
    },
    /// The fragments end.
    FragmentsEnd { tag: Tag },
}

/// Walks one data set (not deflated; inflate first).
pub struct Walker<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
    limits: Limits,
    total: u64,
    findings: Vec<Finding>,
}

impl<'a> Walker<'a> {
    /// A walker over the whole data set.
    pub fn new(bytes: &'a [u8], encoding: Encoding, limits: Limits) -> Walker<'a> {
        Walker {
            bytes,
            encoding,
            limits,
            total: bytes.len() as u64,
            findings: Vec::new(),
        }
    }

    /// A walker over the first bytes of a data set of `total` bytes: values that reach beyond
    /// are reported, cut, and end the walk without a finding.
    pub fn prefix(bytes: &'a [u8], total: u64, encoding: Encoding, limits: Limits) -> Walker<'a> {
        Walker {
            bytes,
            encoding,
            limits,
            total,
            findings: Vec::new(),
        }
    }

    /// The next event; `None` at the end. Deviations become findings; only limits are errors.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Event<'a>>> {
        let _ = (self.bytes, self.encoding, self.limits, self.total);
        todo!()
    }

    /// Leaves the sequence just begun (or the one we are in) without looking into it,
    /// where its length allows that; else walks over it.
    pub fn skip_sequence(&mut self) -> Result<()> {
        todo!()
    }

    /// Sequences we are in.
    pub fn depth(&self) -> usize {
        todo!()
    }

    /// The path of the last event.
    pub fn path(&self) -> TagPath {
        todo!()
    }

    /// What was got over so far.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}
