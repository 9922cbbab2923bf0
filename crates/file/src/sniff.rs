//! Which encoding is this? Told from the first elements, for files that do not say or lie.

use sagittal_core::{Tag, dictionary};

use crate::encoding::Encoding;
use crate::walk::{Form, Parsed, UNDEFINED, parse};

/// Elements looked at.
const ENOUGH: usize = 8;

/// A value longer than this, in a file whose encoding is in doubt, is not believed.
const CREDIBLE: u32 = 1 << 28;

/// How many of the first elements make sense in this encoding. If it `is_declared`, any tag may
/// come first.
pub(crate) fn score(bytes: &[u8], encoding: Encoding, is_declared: bool) -> usize {
    let form = Form {
        explicit: encoding.explicit,
        big_endian: encoding.big_endian,
    };
    let mut rest = bytes;
    let mut last = None;
    for count in 0..ENOUGH {
        let Some(head) = rest.first_chunk::<8>() else {
            return count;
        };
        let tag = form.tag(*head);
        if tag.group() == 0xFFFE
            || Some(tag) <= last
            || (count == 0 && !is_declared && !may_be_first(tag))
        {
            return if count == 1 { 0 } else { count };
        }
        last = Some(tag);
        let header = match parse(rest, *head, form) {
            Parsed::Header(header) => header,
            Parsed::Short => return count,
            Parsed::Strange => return if count == 1 { 0 } else { count },
        };
        if header.length == UNDEFINED {
            return count + 1;
        }
        if header.length > CREDIBLE {
            return if count == 1 { 0 } else { count };
        }
        let size = usize::try_from(header.length)
            .map_or(usize::MAX, |length| length + usize::from(header.size));
        let Some(next) = rest.get(size..) else {
            return count + 1;
        };
        rest = next;
    }
    ENOUGH
}

/// Data sets begin with low groups: command, meta, directory, identifying, patient.
fn may_be_first(tag: Tag) -> bool {
    tag.group() <= 0x0040
        && (tag.is_private() || tag.is_group_length() || dictionary::entry(tag).is_some())
}

/// The encoding in which most of the first elements make sense, if there is one.
pub(crate) fn best(bytes: &[u8]) -> Option<(Encoding, usize)> {
    let candidates = [
        Encoding::IMPLICIT_LE,
        Encoding::EXPLICIT_BE,
        Encoding::EXPLICIT_LE,
    ];
    candidates
        .into_iter()
        .map(|encoding| (encoding, score(bytes, encoding, false)))
        .filter(|(_, score)| *score > 0)
        .max_by_key(|(_, score)| *score)
}
