//! Changes applied to bytes as they pass.

use std::ops::Range;

use super::Survey;

/// A change.
pub(super) struct Edit {
    /// Where.
    pub at: u64,
    /// Bytes that go.
    pub removed: u64,
    /// What comes in their place.
    pub new: New,
}

/// What comes in place of what was there.
pub(super) enum New {
    /// So many of these bytes.
    Bytes([u8; 8], u8),
    /// The same offsets, little endian and of this width, each with what was put in before its
    /// place added.
    Table { width: u64, shifts: usize },
}

impl New {
    /// At most eight.
    pub(super) fn bytes(bytes: &[u8]) -> New {
        let mut all = [0; 8];
        let mut count = 0;
        for (to, from) in all.iter_mut().zip(bytes) {
            *to = *from;
            count += 1;
        }
        New::Bytes(all, count)
    }
}

/// Mends a data set that passes through it, in pieces of any size.
pub struct Mender {
    edits: std::iter::Peekable<std::vec::IntoIter<Edit>>,
    shifts: Vec<Vec<u64>>,
    /// Bytes that have passed.
    position: u64,
    state: State,
    /// A zero goes behind the end.
    is_odd: bool,
}

enum State {
    Passing,
    Removing {
        left: u64,
    },
    Table {
        left: u64,
        width: usize,
        shifts: usize,
        entry: Vec<u8>,
    },
}

/// What comes out.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// These of the bytes that went in.
    Kept(Range<usize>),
    /// Bytes that are new.
    New(&'a [u8]),
}

impl Mender {
    pub(super) fn new(edits: Vec<Edit>, shifts: Vec<Vec<u64>>, is_odd: bool) -> Mender {
        Mender {
            edits: edits.into_iter().peekable(),
            shifts,
            position: 0,
            state: State::Passing,
            is_odd,
        }
    }

    /// The next bytes of the data set.
    pub fn pass(&mut self, bytes: &[u8], emit: &mut dyn FnMut(Piece<'_>)) {
        let mut at = 0;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let taken = self.step(rest, at, emit);
            at += taken;
            self.position += taken as u64;
        }
    }

    /// The data set has ended.
    pub fn end(mut self, emit: &mut dyn FnMut(Piece<'_>)) {
        if let State::Table { entry, .. } = &self.state {
            emit(Piece::New(entry));
            self.state = State::Passing;
        }
        while let Some(edit) = self.edits.next_if(|edit| edit.at <= self.position) {
            if let New::Bytes(bytes, count) = edit.new {
                emit(Piece::New(
                    bytes.get(..usize::from(count)).unwrap_or(&bytes),
                ));
            }
        }
        if self.is_odd {
            emit(Piece::New(&[0]));
        }
    }

    /// Takes some of `rest`, which is not empty and begins at `at` of what was given; says how many.
    fn step(&mut self, rest: &[u8], at: usize, emit: &mut dyn FnMut(Piece<'_>)) -> usize {
        let most = |left: u64| usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        match &mut self.state {
            State::Passing => {}
            State::Removing { left } => {
                let count = most(*left);
                *left -= count as u64;
                if *left == 0 {
                    self.state = State::Passing;
                }
                return count;
            }
            State::Table {
                left,
                width,
                shifts,
                entry,
            } => {
                let count = most(*left);
                let ends = self.shifts.get(*shifts).map_or(&[][..], Vec::as_slice);
                let mut new = Vec::with_capacity(count + *width);
                for byte in rest.iter().take(count) {
                    entry.push(*byte);
                    if entry.len() == *width {
                        shift(entry, ends);
                        new.append(entry);
                    }
                }
                emit(Piece::New(&new));
                *left -= count as u64;
                if *left == 0 {
                    self.state = State::Passing;
                }
                return count;
            }
        }
        match self.edits.next_if(|edit| edit.at <= self.position) {
            Some(edit) => {
                self.state = match edit.new {
                    New::Bytes(bytes, count) => {
                        emit(Piece::New(
                            bytes.get(..usize::from(count)).unwrap_or(&bytes),
                        ));
                        State::Removing { left: edit.removed }
                    }
                    New::Table { width, shifts } => State::Table {
                        left: edit.removed,
                        width: if width == 8 { 8 } else { 4 },
                        shifts,
                        entry: Vec::new(),
                    },
                };
                let (State::Removing { left } | State::Table { left, .. }) = &self.state else {
                    return 0;
                };
                if *left == 0 {
                    self.state = State::Passing;
                }
                0
            }
            None => {
                let next = self.edits.peek().map_or(u64::MAX, |edit| edit.at);
                let count = most(next - self.position);
                emit(Piece::Kept(at..at + count));
                count
            }
        }
    }
}

/// Adds to an offset what was put in before its place: a byte at each of `ends`.
fn shift(entry: &mut [u8], ends: &[u64]) {
    let mut value = 0u64;
    for byte in entry.iter().rev() {
        value = value << 8 | u64::from(*byte);
    }
    let shifted = value.saturating_add(ends.partition_point(|end| *end <= value) as u64);
    for (to, from) in entry.iter_mut().zip(shifted.to_le_bytes()) {
        *to = from;
    }
}

/// A data set in memory, mended.
pub fn mended(bytes: &[u8], transfer_syntax_uid: &str) -> Vec<u8> {
    let mut survey = Survey::new(transfer_syntax_uid, bytes.len() as u64);
    while let Some(wanted) = survey.wanted() {
        let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let range = index(wanted.start)..index(wanted.end);
        survey.take(bytes.get(range).unwrap_or_default());
    }
    let mut out = Vec::with_capacity(bytes.len() + 16);
    let mut mender = survey.finish();
    let mut put = |piece: Piece<'_>| match piece {
        Piece::Kept(range) => out.extend_from_slice(bytes.get(range).unwrap_or_default()),
        Piece::New(new) => out.extend_from_slice(new),
    };
    mender.pass(bytes, &mut put);
    mender.end(&mut put);
    out
}
