//! The walker's state, apart from the bytes: they may come in windows, one after the other.

use sagittal_core::{Finding, FindingKind, Limits, Tag, TagPath, Vr};

use super::Event;
use super::header::{
    Form, Header, Parsed, UNDEFINED, Window, follows, follows_either, guess, least_harmful, parse,
    starts_with_item,
};
use super::stack::{Creators, Last, Level, Scope, note, path};
use crate::encoding::Encoding;
use crate::{Error, Result};

const PIXEL_REPRESENTATION: Tag = Tag(0x0028, 0x0103);
const PIXEL_DATA: Tag = Tag(0x7FE0, 0x0010);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Elements of the root or of an item.
    DataSet,
    /// Between the items of a sequence.
    Items,
    /// In encapsulated pixel data; `true`: before the offset table.
    Fragments(bool),
    /// The bytes have ended: what is open is closed.
    Closing,
    Done,
}

/// Position and nesting of a walk.
pub(crate) struct Cursor {
    pub(super) at: u64,
    pub(super) header_at: u64,
    pub(super) scope: Scope,
    pub(super) stack: Vec<Level>,
    pub(super) state: State,
    pub(super) last: Last,
    pub(super) creators: Creators,
    pub(super) total: u64,
    cut: bool,
    limits: Limits,
    elements: usize,
    findings: Vec<Finding>,
}

impl Cursor {
    /// At the beginning of a data set of `total` bytes (`u64::MAX` if that is not known yet).
    pub fn new(encoding: Encoding, limits: Limits, total: u64) -> Cursor {
        let form = Form {
            explicit: encoding.explicit,
            big_endian: encoding.big_endian,
        };
        Cursor {
            at: 0,
            header_at: 0,
            scope: Scope {
                end: total,
                bounded: true,
                last: None,
                form,
                signed: false,
                creators: 0,
            },
            stack: Vec::new(),
            state: State::DataSet,
            last: Last::Level,
            creators: Creators::default(),
            total,
            cut: false,
            limits,
            elements: 0,
            findings: Vec::new(),
        }
    }

    /// The bytes turn out to end here.
    pub fn set_total(&mut self, total: u64) {
        self.total = total;
        self.scope.end = self.scope.end.min(total);
        for level in &mut self.stack {
            level.end = level.end.min(total);
            level.parent.end = level.parent.end.min(total);
        }
    }

    #[inline]
    pub fn next<'b>(&mut self, window: Window<'b>) -> Result<Option<Event<'b>>> {
        loop {
            // Handed on untouched: taking the event apart and together costs more than finding it.
            match self.step(window) {
                Ok(None) if self.state != State::Done => {}
                step => return step,
            }
        }
    }

    /// Reads one header, which may or may not make an event.
    #[inline(always)]
    pub fn step<'b>(&mut self, window: Window<'b>) -> Result<Option<Event<'b>>> {
        match self.state {
            State::DataSet => self.element(window),
            State::Items => self.item(window),
            State::Fragments(first) => self.fragment(window, first),
            State::Closing => Ok(self.close()),
            State::Done => Ok(None),
        }
    }

    /// Is there nothing more to come?
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// One step in a data set.
    #[inline(always)] // the hot path: a function per element costs as much as the element
    fn element<'b>(&mut self, window: Window<'b>) -> Result<Option<Event<'b>>> {
        if self.at >= self.scope.end {
            return Ok(self.end_of_data_set());
        }
        let rest = window.from(self.at);
        let (Some(head), true) = (rest.first_chunk::<8>(), self.scope.end - self.at >= 8) else {
            self.no_header(window);
            return Ok(None);
        };
        let form = self.scope.form;
        let tag = form.tag(*head);
        if tag.group() == 0xFFFE {
            return Ok(self.delimiter_in_data_set(tag, form.length(*head)));
        }
        self.header_at = self.at;
        self.last = Last::Element(tag);
        let header = match parse(rest, *head, form) {
            Parsed::Header(header) if header.length == UNDEFINED => header,
            Parsed::Header(header)
                if u64::from(header.length) + u64::from(header.size)
                    <= self.scope.end - self.at =>
            {
                header
            }
            Parsed::Header(header) => self.overrun(rest, tag, header),
            Parsed::Short => {
                self.no_header(window);
                return Ok(None);
            }
            Parsed::Strange if tag == Tag(0, 0) && self.is_zero_padding(rest) => return Ok(None),
            Parsed::Strange => self.strange(rest),
        };
        self.count()?;
        if Some(tag) <= self.scope.last {
            let duplicate = Some(tag) == self.scope.last;
            self.note(if duplicate {
                FindingKind::Duplicate
            } else {
                FindingKind::OutOfOrder
            });
        }
        self.scope.last = Some(tag);
        self.value(rest, tag, header)
    }

    /// The value of the element at `self.at`, whose header is `header`.
    #[inline(always)]
    fn value<'b>(&mut self, rest: &'b [u8], tag: Tag, header: Header) -> Result<Option<Event<'b>>> {
        let value_at = self.at + u64::from(header.size);
        let bytes = rest.get(usize::from(header.size)..).unwrap_or(&[]);
        let vr = match header.vr {
            Some(vr) => vr,
            None => self.creators.vr(tag, &self.scope),
        };
        if header.length == UNDEFINED {
            return self
                .undefined_length(bytes, tag, vr, header.vr.is_some(), value_at)
                .map(Some);
        }
        let length = u64::from(header.length);
        if (vr == Vr::SQ || vr == Vr::UN)
            && let Some(form) = self.items_of(bytes, tag, vr, header.vr.is_some(), header.length)
        {
            // A broken header may itself reach beyond the item.
            let end = (value_at + length).min(self.scope.end).max(value_at);
            self.push(tag, end, true, form)?;
            self.at = value_at;
            self.state = State::Items;
            let length = Some(end - value_at);
            return Ok(Some(Event::SequenceStart {
                tag,
                vr,
                offset: value_at,
                length,
            }));
        }
        // An implicit SQ that holds no items is none.
        let vr = if vr == Vr::SQ { Vr::UN } else { vr };
        let value = self.plain(bytes, tag, vr, value_at, length);
        Ok(Some(Event::Element {
            tag,
            vr,
            value,
            offset: value_at,
            length,
        }))
    }

    #[inline(always)]
    fn plain<'b>(
        &mut self,
        bytes: &'b [u8],
        tag: Tag,
        vr: Vr,
        value_at: u64,
        length: u64,
    ) -> &'b [u8] {
        let wanted = usize::try_from(length).unwrap_or(usize::MAX);
        let value = bytes.get(..wanted).unwrap_or(bytes);
        self.at = value_at + length;
        if length % 2 == 1 {
            self.odd_length(bytes, tag, value_at, length);
        }
        if self.at > self.total {
            let found = self.total.saturating_sub(value_at);
            self.note(FindingKind::Truncated {
                expected: length,
                found,
            });
            self.end_here();
        }
        if tag.is_private() {
            if tag.is_private_creator() && (vr == Vr::LO || vr == Vr::UN) {
                self.creators.push(tag, value);
            }
        } else if tag == PIXEL_REPRESENTATION
            && let Some(bytes) = value.first_chunk::<2>()
        {
            self.scope.signed = self.scope.form.u16(*bytes) == 1;
        }
        value
    }

    /// A value without length: items, or encapsulated pixel data.
    #[cold]
    fn undefined_length<'b>(
        &mut self,
        bytes: &[u8],
        tag: Tag,
        vr: Vr,
        written: bool,
        value_at: u64,
    ) -> Result<Event<'b>> {
        self.at = value_at;
        let fragments = vr == Vr::OB || vr == Vr::OW || (vr == Vr::UN && tag == PIXEL_DATA);
        let end = self.scope.end;
        if fragments {
            // PS3.5 §A.4: encapsulated pixel data are little endian in every syntax that has them.
            let form = if starts_with_item(bytes, self.scope.form) {
                self.scope.form
            } else {
                Form::IMPLICIT_LE
            };
            self.push(tag, end, false, form)?;
            if let Some(level) = self.stack.last_mut() {
                level.fragments = true;
            }
            self.state = State::Fragments(true);
            return Ok(Event::FragmentsStart {
                tag,
                vr,
                offset: value_at,
            });
        }
        if vr != Vr::SQ && vr != Vr::UN {
            self.note(FindingKind::UnexpectedVr(format!(
                "{vr} of undefined length, taken for a sequence"
            )));
        }
        let vr = if vr == Vr::UN && written {
            Vr::UN
        } else {
            Vr::SQ
        };
        let form = if vr == Vr::UN {
            un_form(bytes, self.scope.form)
        } else {
            self.scope.form
        };
        self.push(tag, end, false, form)?;
        self.state = State::Items;
        Ok(Event::SequenceStart {
            tag,
            vr,
            offset: value_at,
            length: None,
        })
    }

    /// Is this value of defined length a sequence, and how are its items written?
    #[inline(never)]
    fn items_of(
        &mut self,
        bytes: &[u8],
        tag: Tag,
        vr: Vr,
        written: bool,
        length: u32,
    ) -> Option<Form> {
        let form = self.scope.form;
        if vr == Vr::SQ {
            if written || length == 0 || bytes.len() < 8 || starts_with_item(bytes, form) {
                return Some(form);
            }
            self.note(FindingKind::UnexpectedVr(
                "SQ expected, no items there".to_owned(),
            ));
            return None;
        }
        // PS3.5 §6.2.2: UN stands for what the sender did not know; we may.
        if !written || length < 8 || self.creators.vr(tag, &self.scope) != Vr::SQ {
            return None;
        }
        let form = un_form(bytes, form);
        starts_with_item(bytes, form).then_some(form)
    }

    pub(super) fn push(&mut self, tag: Tag, end: u64, bounded: bool, form: Form) -> Result<()> {
        if self.stack.len() >= self.limits.depth {
            return Err(self.limit("nested sequences", self.limits.depth));
        }
        let parent = self.scope;
        self.stack.push(Level {
            tag,
            fragments: false,
            next_index: 0,
            in_item: false,
            end,
            bounded,
            form,
            parent,
        });
        self.last = Last::Level;
        Ok(())
    }

    #[inline]
    pub(super) fn count(&mut self) -> Result<()> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            Err(self.limit("elements", self.limits.elements))
        } else {
            Ok(())
        }
    }

    #[cold]
    fn limit(&mut self, what: &'static str, limit: usize) -> Error {
        self.state = State::Done;
        Error::Limit {
            what,
            limit: limit as u64,
            path: self.path(),
            offset: self.at,
        }
    }

    /// Fewer bytes than a header takes.
    #[cold]
    pub(super) fn no_header(&mut self, window: Window<'_>) {
        self.last = Last::Level;
        if window.end() < self.scope.end {
            self.end_here();
            return;
        }
        let found = self.scope.end - self.at;
        if self.scope.end < self.total {
            let rest = window.from(self.at);
            if rest.len() >= 8 && self.try_grow(rest, 0, self.scope.last.unwrap_or_default()) {
                self.grow(self.at + 8);
                return;
            }
        }
        self.note_here(FindingKind::Truncated {
            expected: 8.max(found + 1),
            found,
        });
        self.at = self.scope.end;
        if self.at >= self.total {
            self.end_here();
        }
    }

    /// Nothing more can be read: close what is open.
    #[cold]
    pub(super) fn end_here(&mut self) {
        self.cut = true;
        self.state = State::Closing;
    }

    /// A header that is not as it should be.
    #[cold]
    fn strange(&mut self, rest: &[u8]) -> Header {
        let form = self.scope.form;
        let room = self.scope.end - self.at;
        let letters: Vec<u8> = rest.get(4..6).unwrap_or(&[]).to_vec();
        self.note(FindingKind::UnexpectedVr(
            letters.escape_ascii().to_string(),
        ));
        let header = guess(rest, form, room).or_else(|| least_harmful(rest, form, room));
        // There are eight bytes, or we would not be here.
        let header = header.unwrap_or(Header {
            vr: Some(Vr::UN),
            length: 0,
            size: 8,
        });
        self.fit(rest, header)
    }

    /// A value that is longer than the data set it is in.
    #[cold]
    fn overrun(&mut self, rest: &[u8], tag: Tag, header: Header) -> Header {
        let form = self.scope.form;
        let room = self.scope.end - self.at;
        let flipped = Form {
            explicit: !form.explicit,
            ..form
        };
        if let Some(better) = guess(rest, form, room) {
            self.note(FindingKind::UnexpectedVr(
                "header not as the transfer syntax has it".to_owned(),
            ));
            return better;
        }
        if let Some(head) = rest.first_chunk::<8>()
            && let Parsed::Header(other) = parse(rest, *head, flipped)
        {
            let size = u64::from(other.length) + u64::from(other.size);
            if size <= room && follows_either(rest, size, room, form, tag) {
                self.note(FindingKind::UnexpectedVr(
                    "header not as the transfer syntax has it".to_owned(),
                ));
                return other;
            }
        }
        self.fit(rest, header)
    }

    /// Lets the enclosing items grow, or cuts the value to what they hold.
    fn fit(&mut self, rest: &[u8], header: Header) -> Header {
        let size = u64::from(header.size) + u64::from(header.length);
        let room = self.scope.end - self.at;
        if header.length == UNDEFINED || size <= room || self.scope.end >= self.total {
            return header;
        }
        if self.try_grow(rest, size, Tag(0, 0)) {
            return header;
        }
        let found = room.saturating_sub(u64::from(header.size));
        self.note(FindingKind::Truncated {
            expected: u64::from(header.length),
            found,
        });
        Header {
            length: u32::try_from(found).unwrap_or(0),
            ..header
        }
    }

    /// If what is `size` bytes from the current position, outside the item that we are in, looks
    /// like what follows an element, the item's length is wrong: lets it grow.
    pub(super) fn try_grow(&mut self, rest: &[u8], size: u64, after: Tag) -> bool {
        let outer = self.total.saturating_sub(self.at);
        if size > outer || !follows(rest, size, outer, self.scope.form, after) {
            return false;
        }
        let what = "the lengths of the item or sequence are too small";
        self.note_here(FindingKind::Other(what.to_owned()));
        self.grow(self.at + size);
        true
    }

    /// Everything that ends before `end` now ends at a delimiter.
    fn grow(&mut self, end: u64) {
        let mut outer = self.total;
        for level in &mut self.stack {
            if level.parent.end < end {
                (level.parent.end, level.parent.bounded) = (outer, false);
            }
            outer = level.parent.end;
            if level.end < end {
                (level.end, level.bounded) = (outer, false);
            }
            outer = level.end;
        }
        if self.scope.end < end {
            (self.scope.end, self.scope.bounded) = (outer, false);
        }
    }

    /// Some writers pad a value of odd length and do not count the byte.
    #[cold]
    fn odd_length(&mut self, bytes: &[u8], tag: Tag, value_at: u64, length: u64) {
        self.note(FindingKind::OddLength(
            u32::try_from(length).unwrap_or(u32::MAX),
        ));
        let room = self.scope.end.saturating_sub(value_at);
        let form = self.scope.form;
        let padded =
            !follows(bytes, length, room, form, tag) && follows(bytes, length + 1, room, form, tag);
        if padded && length < room {
            self.at += 1;
        }
    }

    /// Zeros up to the end of the data set are padding, not elements.
    #[cold]
    fn is_zero_padding(&mut self, rest: &[u8]) -> bool {
        let at_hand = self.at + rest.len() as u64;
        if self.scope.last.is_none() || at_hand < self.scope.end || rest.iter().any(|b| *b != 0) {
            return false;
        }
        self.last = Last::Level;
        self.note(FindingKind::Other(format!(
            "{} zero bytes after the last element",
            rest.len()
        )));
        self.at = self.scope.end;
        true
    }

    #[cold]
    pub(super) fn note(&mut self, kind: FindingKind) {
        note(
            &mut self.findings,
            &self.stack,
            self.last,
            self.header_at,
            kind,
        );
    }

    /// A finding at the current position.
    #[cold]
    pub(super) fn note_here(&mut self, kind: FindingKind) {
        note(&mut self.findings, &self.stack, self.last, self.at, kind);
    }

    pub fn depth(&self) -> usize {
        self.stack.len()
    }

    pub fn path(&self) -> TagPath {
        path(&self.stack, self.last)
    }

    pub fn position(&self) -> u64 {
        self.at
    }

    pub fn header_offset(&self) -> u64 {
        self.header_at
    }

    pub fn is_big_endian(&self) -> bool {
        self.scope.form.big_endian
    }

    pub fn is_cut(&self) -> bool {
        self.cut
    }

    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// How the items of a sequence in a `UN` element are written: Implicit VR Little Endian
/// (PS3.5 §6.2.2), unless a sender left them in the byte order of the stream.
fn un_form(bytes: &[u8], stream: Form) -> Form {
    if starts_with_item(bytes, Form::IMPLICIT_LE) || !starts_with_item(bytes, stream) {
        Form::IMPLICIT_LE
    } else {
        Form {
            explicit: false,
            big_endian: stream.big_endian,
        }
    }
}
