//! Items, delimiters and fragments (PS3.5 §7.5, §A.4).

use memchr::memmem;
use sagittal_core::{FindingKind, Tag};

use super::Event;
use super::cursor::{Cursor, State};
use super::header::{Form, Header, Parsed, UNDEFINED, Window, follows, parse};
use super::stack::{Last, Scope};
use crate::Result;

/// A sequence delimiter, little endian, whatever its length field.
const SEQUENCE_DELIMITER_LE: &[u8] = &[0xFE, 0xFF, 0xDD, 0xE0];

fn delimiter(what: &str) -> FindingKind {
    FindingKind::Delimiter(what.to_owned())
}

impl Cursor {
    /// The data set's end is reached: the item's, or the whole one's.
    #[inline(never)]
    pub(super) fn end_of_data_set<'b>(&mut self) -> Option<Event<'b>> {
        if self.stack.is_empty() {
            self.last = Last::Level;
            self.state = State::Done;
            return None;
        }
        if !self.scope.bounded {
            self.last = Last::Level;
            self.note_here(delimiter("no item delimiter"));
        }
        self.end_item()
    }

    fn end_item<'b>(&mut self) -> Option<Event<'b>> {
        self.creators.truncate(self.scope.creators);
        let Some(level) = self.stack.last_mut() else {
            self.state = State::Done;
            return None;
        };
        level.in_item = false;
        self.last = Last::Item(level.next_index.saturating_sub(1));
        self.scope = level.parent;
        self.state = State::Items;
        Some(Event::ItemEnd)
    }

    /// Pops the innermost sequence; `None` if there is none.
    fn end_sequence<'b>(&mut self, fragments: bool) -> Option<Event<'b>> {
        let level = self.stack.pop()?;
        self.scope = level.parent;
        self.last = Last::Element(level.tag);
        self.state = State::DataSet;
        let tag = level.tag;
        Some(if fragments {
            Event::FragmentsEnd { tag }
        } else {
            Event::SequenceEnd { tag }
        })
    }

    /// An item or delimiter where an element should be.
    #[cold]
    pub(super) fn delimiter_in_data_set<'b>(&mut self, tag: Tag, length: u32) -> Option<Event<'b>> {
        self.header_at = self.at;
        self.last = Last::Level;
        let nested = !self.stack.is_empty();
        match tag {
            Tag::ITEM_DELIMITATION_ITEM if nested && !self.scope.bounded => {
                if length != 0 {
                    self.note_here(delimiter("item delimiter with a length"));
                }
                self.at += 8;
                return self.end_item();
            }
            // The item or the sequence around it ends without a word.
            Tag::ITEM | Tag::SEQUENCE_DELIMITATION_ITEM if nested && !self.scope.bounded => {
                self.note_here(delimiter("no item delimiter"));
                return self.end_item();
            }
            Tag::SEQUENCE_DELIMITATION_ITEM
                if nested && self.stack.last().is_some_and(|level| !level.bounded) =>
            {
                self.note_here(delimiter("the item's length reaches beyond the sequence"));
                return self.end_item();
            }
            _ => self.note_here(FindingKind::Delimiter(format!(
                "{tag} where an element belongs"
            ))),
        }
        self.at += 8;
        None
    }

    /// One step between items.
    #[inline(never)]
    pub(super) fn item<'b>(&mut self, window: Window<'b>) -> Result<Option<Event<'b>>> {
        let Some(level) = self.stack.last() else {
            self.state = State::Done;
            return Ok(None);
        };
        let (end, bounded, form) = (level.end, level.bounded, level.form);
        if self.at >= end {
            if !bounded {
                self.last = Last::Level;
                self.note_here(delimiter("no sequence delimiter"));
            }
            return Ok(self.end_sequence(false));
        }
        let rest = window.from(self.at);
        let (Some(head), true) = (rest.first_chunk::<8>(), end - self.at >= 8) else {
            self.no_item_header(window, end);
            return Ok(None);
        };
        let tag = form.tag(*head);
        let length = form.length(*head);
        self.last = Last::Level;
        match tag {
            Tag::ITEM => self.start_item(rest, length, end).map(Some),
            Tag::SEQUENCE_DELIMITATION_ITEM => {
                if bounded {
                    self.note_here(delimiter(
                        "sequence delimiter in a sequence of defined length",
                    ));
                }
                if length != 0 {
                    self.note_here(delimiter("sequence delimiter with a length"));
                }
                self.at += 8;
                Ok(self.end_sequence(false))
            }
            Tag::ITEM_DELIMITATION_ITEM => {
                self.note_here(delimiter("item delimiter without an item"));
                self.at += 8;
                Ok(None)
            }
            _ => Ok(self.no_item(rest, *head)),
        }
    }

    fn start_item<'b>(&mut self, rest: &[u8], length: u32, end: u64) -> Result<Event<'b>> {
        self.count()?;
        let offset = self.at;
        self.header_at = offset;
        let mut room = end - offset - 8;
        let content = rest.get(8..).unwrap_or(&[]);
        if length != UNDEFINED && u64::from(length) > room {
            if end < self.total && self.try_grow(rest, u64::from(length) + 8, Tag(0, 0)) {
                room = u64::from(length);
            } else {
                let expected = u64::from(length);
                self.note_here(FindingKind::Truncated {
                    expected,
                    found: room,
                });
            }
        }
        let creators = self.creators.len();
        let Some(level) = self.stack.last_mut() else {
            return Ok(Event::ItemEnd);
        };
        let index = level.next_index;
        level.next_index = index.saturating_add(1);
        level.in_item = true;
        let bounded = length != UNDEFINED;
        let size = if bounded {
            u64::from(length).min(room)
        } else {
            room
        };
        let form = item_form(content, level.form, size);
        let odd_form = form != level.form;
        let signed = level.parent.signed;
        self.at = offset + 8;
        self.scope = Scope {
            end: self.at + size,
            bounded,
            last: None,
            form,
            signed,
            creators,
        };
        self.state = State::DataSet;
        if odd_form {
            let what = if form.explicit {
                "explicit"
            } else {
                "implicit"
            };
            self.note(FindingKind::UnexpectedVr(format!("item with {what} VR")));
        }
        Ok(Event::ItemStart { index, offset })
    }

    /// Neither an item nor a delimiter where one should be.
    #[cold]
    fn no_item<'b>(&mut self, rest: &[u8], head: [u8; 8]) -> Option<Event<'b>> {
        let level = self.stack.last()?;
        let (tag, parent, end, bounded) = (level.tag, level.parent, level.end, level.bounded);
        // The sequence may have ended without a delimiter, or earlier than its length says.
        let next = parent.form.tag(head);
        let room = parent.end.saturating_sub(self.at);
        let is_element =
            next > tag && next.group() != 0xFFFE && follows(rest, 0, room, parent.form, tag);
        if is_element || !bounded {
            self.note_here(delimiter(if bounded {
                "sequence shorter than its length"
            } else {
                "no sequence delimiter"
            }));
        } else {
            self.note_here(delimiter("no item where one belongs"));
            self.at = end;
        }
        self.end_sequence(false)
    }

    /// Fewer bytes than an item header takes, before `end`.
    #[cold]
    fn no_item_header(&mut self, window: Window<'_>, end: u64) {
        self.last = Last::Level;
        if window.end() < end {
            self.end_here();
            return;
        }
        self.note_here(FindingKind::Truncated {
            expected: 8,
            found: end - self.at,
        });
        self.at = end;
        if end >= self.total {
            self.end_here();
        }
    }

    /// One step in encapsulated pixel data.
    #[inline(never)]
    pub(super) fn fragment<'b>(
        &mut self,
        window: Window<'b>,
        first: bool,
    ) -> Result<Option<Event<'b>>> {
        let Some(level) = self.stack.last() else {
            self.state = State::Done;
            return Ok(None);
        };
        let (end, form) = (level.end, level.form);
        if self.at >= end {
            self.note_here(delimiter("no sequence delimiter after the fragments"));
            return Ok(self.end_sequence(true));
        }
        let rest = window.from(self.at);
        let (Some(head), true) = (rest.first_chunk::<8>(), end - self.at >= 8) else {
            self.no_item_header(window, end);
            return Ok(None);
        };
        self.header_at = self.at;
        match form.tag(*head) {
            Tag::ITEM => {
                self.count()?;
                let content = rest.get(8..).unwrap_or(&[]);
                Ok(Some(self.one_fragment(
                    content,
                    form.length(*head),
                    end,
                    first,
                )))
            }
            Tag::SEQUENCE_DELIMITATION_ITEM => {
                if form.length(*head) != 0 {
                    self.note_here(delimiter("sequence delimiter with a length"));
                }
                self.at += 8;
                Ok(self.end_sequence(true))
            }
            _ => Ok(Some(self.no_fragment(rest, end))),
        }
    }

    fn one_fragment<'b>(
        &mut self,
        content: &'b [u8],
        length: u32,
        end: u64,
        first: bool,
    ) -> Event<'b> {
        let offset = self.at + 8;
        let room = end - offset;
        let length = u64::from(length);
        let found = length.min(room);
        let value = usize::try_from(found)
            .ok()
            .and_then(|found| content.get(..found))
            .unwrap_or(content);
        self.at = offset + found;
        self.state = State::Fragments(false);
        if length > room {
            self.note(FindingKind::Truncated {
                expected: length,
                found,
            });
            if end >= self.total {
                self.end_here();
            }
        } else if length % 2 == 1 {
            self.note(FindingKind::OddLength(
                u32::try_from(length).unwrap_or(u32::MAX),
            ));
        }
        if first {
            Event::OffsetTable { value }
        } else {
            Event::Fragment {
                value,
                offset,
                length,
            }
        }
    }

    /// Pixel data that are said to be encapsulated but hold no items: all there is, as one fragment.
    #[cold]
    fn no_fragment<'b>(&mut self, rest: &'b [u8], end: u64) -> Event<'b> {
        self.note_here(delimiter("no item where a fragment belongs"));
        let offset = self.at;
        let room = usize::try_from(end - offset).unwrap_or(usize::MAX);
        let rest = rest.get(..room).unwrap_or(rest);
        let value = match memmem::find(rest, SEQUENCE_DELIMITER_LE) {
            Some(length) => rest.get(..length).unwrap_or(rest),
            None => rest,
        };
        self.at = offset + value.len() as u64;
        self.state = State::Fragments(false);
        Event::Fragment {
            value,
            offset,
            length: value.len() as u64,
        }
    }

    /// Ends what is open, one step at a time.
    #[cold]
    pub(super) fn close<'b>(&mut self) -> Option<Event<'b>> {
        let Some(level) = self.stack.last() else {
            self.state = State::Done;
            return None;
        };
        let event = if level.in_item {
            self.end_item()
        } else {
            let fragments = level.fragments;
            self.end_sequence(fragments)
        };
        self.state = State::Closing;
        event
    }

    /// Leaves the innermost sequence.
    pub fn skip_sequence(&mut self, window: Window<'_>) -> Result<()> {
        let depth = self.stack.len();
        let Some(level) = self.stack.last() else {
            return Ok(());
        };
        let (end, bounded, parent) = (level.end, level.bounded, level.parent);
        let open = matches!(self.state, State::DataSet | State::Items);
        if open && bounded && end >= self.at && end < self.total {
            let rest = window.from(self.at);
            let room = parent.end.saturating_sub(self.at);
            if follows(rest, end - self.at, room, parent.form, level.tag) {
                if level.in_item {
                    self.creators.truncate(self.scope.creators);
                }
                self.at = end;
                self.end_sequence(false);
                return Ok(());
            }
        }
        while self.stack.len() >= depth && self.next(window)?.is_some() {}
        Ok(())
    }
}

/// How the elements of an item are written: as the sequence's, but private sequences of some
/// vendors hold implicit items in an explicit stream, and unknown ones explicit items.
fn item_form(content: &[u8], form: Form, size: u64) -> Form {
    let Some(head) = content.first_chunk::<8>() else {
        return form;
    };
    let tag = form.tag(*head);
    if size < 8 || tag.group() == 0xFFFE {
        return form;
    }
    let fits = |header: &Header| {
        let end = u64::from(header.size) + u64::from(header.length);
        header.length == UNDEFINED || end <= size
    };
    match parse(content, *head, form) {
        Parsed::Header(header) if fits(&header) => form,
        Parsed::Short => form,
        Parsed::Header(_) | Parsed::Strange => {
            let other = Form {
                explicit: !form.explicit,
                ..form
            };
            match parse(content, *head, other) {
                Parsed::Header(header)
                    if fits(&header)
                        && (header.length == UNDEFINED
                            || follows(
                                content,
                                u64::from(header.size) + u64::from(header.length),
                                size,
                                other,
                                tag,
                            )) =>
                {
                    other
                }
                _ => form,
            }
        }
    }
}
