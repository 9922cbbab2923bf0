//! A few elements of a data set, in one walk and without a tree: what an index needs.

use std::borrow::Cow;

use sagittal_core::{CharacterSet, Limits, Tag, Vr};

use crate::Result;
use crate::encoding::Encoding;
use crate::swap::swap;
use crate::walk::{Event, Walker};

/// An element as it is in the bytes.
#[derive(Clone, Copy, Debug)]
pub struct RawValue<'a> {
    /// The tag.
    pub tag: Tag,
    /// The VR, as the walker gives it.
    pub vr: Vr,
    /// The value field, cut where the bytes at hand end; empty if `length` is `None`.
    pub value: &'a [u8],
    /// Where the value begins in the data set; of fragments, the offset table's item header.
    pub offset: u64,
    /// Its length; `None` if undefined: a sequence or encapsulated pixel data.
    pub length: Option<u64>,
    /// The value's numbers are big endian.
    pub big_endian: bool,
}

impl<'a> RawValue<'a> {
    /// The value's bytes in little endian, as a `DataSet` holds them.
    pub fn little_endian(&self) -> Cow<'a, [u8]> {
        if !self.big_endian || self.vr.unit() == 1 {
            return Cow::Borrowed(self.value);
        }
        let mut swapped = self.value.to_vec();
        swap(&mut swapped, self.vr.unit());
        Cow::Owned(swapped)
    }

    /// The whole value as text, without trailing padding; `None` if there is none.
    pub fn text(&self, character_set: &CharacterSet) -> Option<Cow<'a, str>> {
        let text = match character_set.decode(self.value, self.vr) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches([' ', '\0'])),
            Cow::Owned(text) => Cow::Owned(text.trim_end_matches([' ', '\0']).to_owned()),
        };
        (!text.is_empty()).then_some(text)
    }

    /// The first value as an integer: `US`, `SS`, `UL`, `SL`, `UV`, `SV` or `IS`.
    pub fn int(&self) -> Option<i64> {
        let bytes = self.value;
        let order = |reversed: &mut [u8]| {
            if self.big_endian {
                reversed.reverse()
            }
        };
        macro_rules! first {
            ($number:ty) => {{
                let mut bytes = *bytes.first_chunk::<{ size_of::<$number>() }>()?;
                order(&mut bytes);
                i64::try_from(<$number>::from_le_bytes(bytes)).ok()
            }};
        }
        match self.vr {
            Vr::US => first!(u16),
            Vr::SS => first!(i16),
            Vr::UL => first!(u32),
            Vr::SL => first!(i32),
            Vr::UV => first!(u64),
            Vr::SV => first!(i64),
            Vr::IS | Vr::DS => {
                let text = std::str::from_utf8(bytes).ok()?;
                text.split('\\')
                    .next()?
                    .trim_matches([' ', '\0'])
                    .parse()
                    .ok()
            }
            _ => None,
        }
    }
}

/// The root elements with these tags (ascending), in the order of `wanted`; the first if there are
/// several. The walk ends with the last of them; sequences are passed by their length where they
/// have one. `bytes` may be the first part of a data set of `total` bytes, not deflated.
pub fn root_values<'a>(
    bytes: &'a [u8],
    total: u64,
    encoding: Encoding,
    limits: Limits,
    wanted: &[Tag],
) -> Result<Vec<Option<RawValue<'a>>>> {
    let mut found = vec![None; wanted.len()];
    let mut next = 0;
    let Some(last) = wanted.last() else {
        return Ok(found);
    };
    let mut walker = Walker::prefix(bytes, total, encoding, limits);
    while let Some(event) = walker.next()? {
        let Some((tag, value)) = raw(&event, bytes, &walker) else {
            continue;
        };
        while wanted.get(next).is_some_and(|wanted| *wanted < tag) {
            next += 1;
        }
        // Elements out of order are found by searching.
        let slot = match wanted.get(next) {
            Some(wanted) if *wanted == tag => Some(next),
            _ => wanted.binary_search(&tag).ok(),
        };
        if let Some(slot) = slot.and_then(|slot| found.get_mut(slot)) {
            slot.get_or_insert(value);
        }
        if tag >= *last {
            break;
        }
        if !matches!(event, Event::Element { .. }) {
            walker.skip_sequence()?;
        }
    }
    Ok(found)
}

/// Visits elements within sequences: `wanted` are paths of tags, such as
/// `[ReferencedSeriesSequence, SeriesInstanceUID]`, ascending. `found` is called with the number
/// of the path and each element that lies on it, in all items.
pub fn nested_values<'a>(
    bytes: &'a [u8],
    total: u64,
    encoding: Encoding,
    limits: Limits,
    wanted: &[&[Tag]],
    found: &mut dyn FnMut(usize, RawValue<'a>),
) -> Result<()> {
    let last = wanted.iter().filter_map(|path| path.first()).max().copied();
    let Some(last) = last else { return Ok(()) };
    let mut walker = Walker::prefix(bytes, total, encoding, limits);
    let mut above: Vec<Tag> = Vec::new();
    while let Some(event) = walker.next()? {
        if matches!(event, Event::SequenceEnd { .. }) {
            above.pop();
        }
        let Some((tag, value)) = raw(&event, bytes, &walker) else {
            continue;
        };
        let mut is_on_the_way = false;
        for (number, path) in wanted.iter().enumerate() {
            let Some((first, rest)) = path.split_at_checked(above.len()) else {
                continue;
            };
            if first != above.as_slice() || rest.first() != Some(&tag) {
                continue;
            }
            if rest.len() == 1 {
                found(number, value);
            } else {
                is_on_the_way = true;
            }
        }
        if let Event::SequenceStart { .. } = event
            && is_on_the_way
        {
            above.push(tag);
            continue;
        }
        if above.is_empty() && tag >= last {
            break;
        }
        if !matches!(event, Event::Element { .. }) {
            walker.skip_sequence()?;
        }
    }
    Ok(())
}

/// What begins with this event.
fn raw<'a>(event: &Event<'a>, bytes: &'a [u8], walker: &Walker<'a>) -> Option<(Tag, RawValue<'a>)> {
    let big_endian = walker.is_big_endian();
    let (tag, vr, value, offset, length) = match *event {
        Event::Element {
            tag,
            vr,
            value,
            offset,
            length,
        } => (tag, vr, value, offset, Some(length)),
        Event::SequenceStart {
            tag,
            vr,
            offset,
            length,
        } => {
            let from = usize::try_from(offset)
                .ok()
                .and_then(|offset| bytes.get(offset..))
                .unwrap_or(&[]);
            let value = match length.and_then(|length| usize::try_from(length).ok()) {
                Some(length) => from.get(..length).unwrap_or(from),
                None => &[],
            };
            (tag, vr, value, offset, length)
        }
        Event::FragmentsStart { tag, vr, offset } => (tag, vr, &[] as &[u8], offset, None),
        _ => return None,
    };
    Some((
        tag,
        RawValue {
            tag,
            vr,
            value,
            offset,
            length,
            big_endian,
        },
    ))
}

#[cfg(test)]
mod tests;
