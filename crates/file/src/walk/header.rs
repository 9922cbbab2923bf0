//! Element headers (PS3.5 §7.1), and what to make of those that are none.

use sagittal_core::{Tag, Vr};

use super::vr::from_letters;

/// The length field of a value whose end is marked by a delimiter (PS3.5 §7.1.1).
pub(crate) const UNDEFINED: u32 = 0xFFFF_FFFF;

/// The bytes at hand, and where they are in the data set.
#[derive(Clone, Copy)]
pub(crate) struct Window<'b> {
    pub bytes: &'b [u8],
    pub base: u64,
}

impl<'b> Window<'b> {
    /// The bytes from `at` on; none if they are not at hand.
    #[inline]
    pub fn from(&self, at: u64) -> &'b [u8] {
        let start = at
            .checked_sub(self.base)
            .and_then(|start| usize::try_from(start).ok());
        start
            .and_then(|start| self.bytes.get(start..))
            .unwrap_or(&[])
    }

    /// Where the bytes at hand end.
    #[inline]
    pub fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }
}

/// How headers are written in one data set or item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub explicit: bool,
    pub big_endian: bool,
}

impl Form {
    pub const IMPLICIT_LE: Form = Form {
        explicit: false,
        big_endian: false,
    };

    #[inline]
    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    }

    #[inline]
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    }

    #[inline]
    pub fn tag(self, head: [u8; 8]) -> Tag {
        let [g0, g1, e0, e1, ..] = head;
        Tag(self.u16([g0, g1]), self.u16([e0, e1]))
    }

    /// The four bytes after the tag, as the length of an item or an implicit element.
    #[inline]
    pub fn length(self, head: [u8; 8]) -> u32 {
        let [_, _, _, _, a, b, c, d] = head;
        self.u32([a, b, c, d])
    }
}

/// A header: VR (if written), length of the value, bytes of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub vr: Option<Vr>,
    pub length: u32,
    pub size: u8,
}

/// What stands at a place.
pub(crate) enum Parsed {
    Header(Header),
    /// The header is longer than the bytes at hand.
    Short,
    /// Not as the standard has it.
    Strange,
}

/// Reads the header of an element that is no item or delimiter. `head` is the beginning of `bytes`.
#[inline]
pub(crate) fn parse(bytes: &[u8], head: [u8; 8], form: Form) -> Parsed {
    if !form.explicit {
        return Parsed::Header(Header {
            vr: None,
            length: form.length(head),
            size: 8,
        });
    }
    let [_, _, _, _, v0, v1, l0, l1] = head;
    let Some(vr) = from_letters([v0, v1]) else {
        return Parsed::Strange;
    };
    if !vr.has_long_length() {
        let length = u32::from(form.u16([l0, l1]));
        return Parsed::Header(Header {
            vr: Some(vr),
            length,
            size: 8,
        });
    }
    if [l0, l1] != [0, 0] {
        return Parsed::Strange;
    }
    match long_length(bytes, form) {
        Some(length) => Parsed::Header(Header {
            vr: Some(vr),
            length,
            size: 12,
        }),
        None => Parsed::Short,
    }
}

#[inline]
fn long_length(bytes: &[u8], form: Form) -> Option<u32> {
    bytes
        .get(8..)?
        .first_chunk::<4>()
        .map(|length| form.u32(*length))
}

/// Makes the best of a header that is not as `form` demands: another length field, letters that
/// are no VR, no VR at all where one belongs, one where none does. `room`: bytes from the header to
/// the end of the enclosing data set.
#[cold]
pub(crate) fn guess(bytes: &[u8], form: Form, room: u64) -> Option<Header> {
    let head = *bytes.first_chunk::<8>()?;
    let tag = form.tag(head);
    let [_, _, _, _, v0, v1, l0, l1] = head;
    let vr = from_letters([v0.to_ascii_uppercase(), v1.to_ascii_uppercase()]);
    let short = Header {
        vr,
        length: u32::from(form.u16([l0, l1])),
        size: 8,
    };
    let implicit = Header {
        vr: None,
        length: form.length(head),
        size: 8,
    };
    let long = long_length(bytes, form).map(|length| Header {
        vr,
        length,
        size: 12,
    });
    // Letters, known or not: every VR to come will have a 32-bit length (PS3.5 §7.1.2).
    let letters = [v0, v1]
        .iter()
        .all(|b| b.is_ascii_alphabetic() || *b == b'?');
    let long_first = vr.is_none_or(Vr::has_long_length) && [l0, l1] == [0, 0];
    let order = match (letters, long_first) {
        (true, true) => [long, Some(short), Some(implicit)],
        (true, false) => [Some(short), long, Some(implicit)],
        (false, _) => [Some(implicit), Some(short), long],
    };
    let fits = |header: &Header| {
        let end = u64::from(header.size) + u64::from(header.length);
        if header.length == UNDEFINED {
            return starts_with_item(bytes.get(usize::from(header.size)..).unwrap_or(&[]), form);
        }
        end <= room && follows_either(bytes, end, room, form, tag)
    };
    order.into_iter().flatten().find(fits)
}

/// If nothing fits, what is least harmful: the length field that stays inside.
#[cold]
pub(crate) fn least_harmful(bytes: &[u8], form: Form, room: u64) -> Option<Header> {
    let head = *bytes.first_chunk::<8>()?;
    let [_, _, _, _, v0, v1, l0, l1] = head;
    let vr = from_letters([v0.to_ascii_uppercase(), v1.to_ascii_uppercase()]);
    let implicit = Header {
        vr: None,
        length: form.length(head),
        size: 8,
    };
    let inside = |header: &Header| u64::from(header.length) + u64::from(header.size) <= room;
    if let Some(vr) = vr
        && vr.has_long_length()
        && let Some(length) = long_length(bytes, form)
        && inside(&Header {
            vr: Some(vr),
            length,
            size: 12,
        })
    {
        return Some(Header {
            vr: Some(vr),
            length,
            size: 12,
        });
    }
    if !v0.is_ascii_graphic() && inside(&implicit) {
        return Some(implicit);
    }
    Some(Header {
        vr,
        length: u32::from(form.u16([l0, l1])),
        size: 8,
    })
}

/// Does `bytes` begin with an item or a sequence delimiter, in either byte order?
pub(crate) fn starts_with_item(bytes: &[u8], form: Form) -> bool {
    bytes.first_chunk::<8>().is_some_and(|head| {
        let tag = form.tag(*head);
        tag == Tag::ITEM || tag == Tag::SEQUENCE_DELIMITATION_ITEM
    })
}

/// Could an element, an item or a delimiter begin at `at`, counted from the start of `bytes`, after
/// an element `after` of a data set that ends at `room`? True where the bytes at hand do not tell.
pub(crate) fn follows(bytes: &[u8], at: u64, room: u64, form: Form, after: Tag) -> bool {
    if at >= room {
        return at == room;
    }
    let Some(rest) = usize::try_from(at).ok().and_then(|at| bytes.get(at..)) else {
        return true;
    };
    let Some(head) = rest.first_chunk::<8>() else {
        return rest.len() as u64 != room - at;
    };
    let tag = form.tag(*head);
    if tag.group() == 0xFFFE {
        return matches!(tag.element(), 0xE000 | 0xE00D | 0xE0DD);
    }
    if tag <= after {
        return false;
    }
    match parse(rest, *head, form) {
        Parsed::Header(header) if header.length == UNDEFINED => true,
        Parsed::Header(header) => at + u64::from(header.size) + u64::from(header.length) <= room,
        Parsed::Short => true,
        Parsed::Strange => false,
    }
}

/// As [`follows`], with or without a VR in what follows.
pub(crate) fn follows_either(bytes: &[u8], at: u64, room: u64, form: Form, after: Tag) -> bool {
    let other = Form {
        explicit: !form.explicit,
        ..form
    };
    follows(bytes, at, room, form, after) || follows(bytes, at, room, other, after)
}
