//! Data sets to bytes. Strict: even lengths, ascending tags, values that fit their length field.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use sagittal_core::{DataSet, Element, Fragments, PathStep, Tag, TagPath, Value, Vr};

use crate::encoding::Encoding;
use crate::swap::swap;
use crate::walk::{Form, UNDEFINED};
use crate::{Error, Result};

/// Writes a data set, appending to `out`. Sequences and items of undefined length.
/// Group lengths are left out. Fragments can only be written in an encapsulated syntax, native
/// pixel data at the root only in others. A value too long for its VR's length field becomes `UN`.
/// What was appended before an error is removed again.
pub fn write_data_set(
    data_set: &DataSet,
    transfer_syntax_uid: &str,
    out: &mut Vec<u8>,
) -> Result<()> {
    let encoding = Encoding::of(transfer_syntax_uid);
    let start = out.len();
    let written = if encoding.deflated {
        let mut plain = Vec::new();
        write_encoded(data_set, encoding, &mut plain).and_then(|()| deflate(&plain, out))
    } else {
        write_encoded(data_set, encoding, out)
    };
    written.inspect_err(|_| out.truncate(start))
}

/// PS3.5 §A.5: an odd stream is padded with one zero.
fn deflate(plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    let mut encoder = DeflateEncoder::new(&mut *out, Compression::default());
    encoder.write_all(plain)?;
    encoder.finish()?;
    if (out.len() - start) % 2 == 1 {
        out.push(0);
    }
    Ok(())
}

/// A data set whose elements are being written.
struct Level<'a> {
    elements: std::slice::Iter<'a, Element>,
    /// Items of the same sequence that follow.
    items: std::slice::Iter<'a, DataSet>,
    /// The sequence, and the item's number.
    tag: Tag,
    index: u32,
    form: Form,
}

pub(crate) fn write_encoded(
    data_set: &DataSet,
    encoding: Encoding,
    out: &mut Vec<u8>,
) -> Result<()> {
    let form = Form {
        explicit: encoding.explicit,
        big_endian: encoding.big_endian,
    };
    let root = Level {
        elements: data_set.elements().iter(),
        items: [].iter(),
        tag: Tag(0, 0),
        index: 0,
        form,
    };
    let mut stack = vec![root];
    while let Some(level) = stack.last_mut() {
        let form = level.form;
        let Some(element) = level.elements.next() else {
            let nested = stack.len() > 1;
            next_item(&mut stack, nested, out);
            continue;
        };
        if element.tag.is_group_length() {
            continue;
        }
        if let Value::Sequence(items) = &element.value {
            let inner = begin_sequence(element, form, out)
                .map_err(|reason| unwritable(&stack, element.tag, reason))?;
            let mut items = items.iter();
            match items.next() {
                Some(first) => {
                    inner.put_item_start(out);
                    let elements = first.elements().iter();
                    stack.push(Level {
                        elements,
                        items,
                        tag: element.tag,
                        index: 0,
                        form: inner,
                    });
                }
                None => end_sequence(element.vr, form, out),
            }
            continue;
        }
        let root = stack.len() == 1;
        write_value(element, form, encoding, root, out)
            .map_err(|reason| unwritable(&stack, element.tag, reason))?;
    }
    Ok(())
}

/// The innermost item is written: the next one, or the end of its sequence.
fn next_item(stack: &mut Vec<Level<'_>>, nested: bool, out: &mut Vec<u8>) {
    let Some(level) = stack.last_mut() else {
        return;
    };
    if nested {
        level.form.put_item_end(out);
        if let Some(item) = level.items.next() {
            level.form.put_item_start(out);
            level.elements = item.elements().iter();
            level.index = level.index.saturating_add(1);
            return;
        }
        // The delimiter belongs to the sequence's value: in a `UN` element it is little endian too.
        level.form.put_sequence_end(out);
    }
    stack.pop();
}

fn begin_sequence(element: &Element, form: Form, out: &mut Vec<u8>) -> Result<Form, String> {
    check_tag(element.tag)?;
    match element.vr {
        Vr::SQ => {
            form.put_sequence_start(out, element.tag, Vr::SQ);
            Ok(form)
        }
        Vr::UN => {
            form.put_sequence_start(out, element.tag, Vr::UN);
            Ok(Form::IMPLICIT_LE)
        }
        vr => Err(format!("items in an element of VR {vr}")),
    }
}

fn end_sequence(vr: Vr, form: Form, out: &mut Vec<u8>) {
    let form = if vr == Vr::UN {
        Form::IMPLICIT_LE
    } else {
        form
    };
    form.put_sequence_end(out);
}

fn write_value(
    element: &Element,
    form: Form,
    encoding: Encoding,
    root: bool,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let Element { tag, vr, value } = element;
    check_tag(*tag)?;
    match value {
        Value::Bytes(bytes) => {
            if root && *tag == Tag(0x7FE0, 0x0010) && encoding.encapsulated {
                return Err("native pixel data in an encapsulated transfer syntax".to_owned());
            }
            write_bytes(*tag, *vr, bytes, form, out)
        }
        Value::Fragments(_) if !encoding.encapsulated => {
            Err("encapsulated pixel data in a native transfer syntax".to_owned())
        }
        Value::Fragments(fragments) => write_fragments(*tag, fragments, form, out),
        Value::BulkDataUri(_) => Err("its value is only referenced".to_owned()),
        Value::Sequence(_) => Err("a sequence out of place".to_owned()),
    }
}

fn check_tag(tag: Tag) -> Result<(), String> {
    if tag.group() == 0xFFFE {
        Err("a delimiter is no element".to_owned())
    } else {
        Ok(())
    }
}

fn write_bytes(
    tag: Tag,
    vr: Vr,
    bytes: &[u8],
    form: Form,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    if vr == Vr::SQ && !bytes.is_empty() {
        return Err("a sequence without items".to_owned());
    }
    if vr
        .fixed_length()
        .is_some_and(|unit| !bytes.len().is_multiple_of(unit))
    {
        return Err(format!(
            "{} bytes are no whole number of {vr} values",
            bytes.len()
        ));
    }
    let odd = bytes.len() % 2 == 1;
    let length = u32::try_from(bytes.len() + usize::from(odd))
        .ok()
        .filter(|length| *length != UNDEFINED);
    let Some(length) = length else {
        return Err("longer than 4 GiB".to_owned());
    };
    let written = form.put_header(out, tag, vr, length);
    let start = out.len();
    out.extend_from_slice(bytes);
    if odd {
        out.push(vr.padding());
    }
    if form.big_endian
        && written.unit() > 1
        && let Some(value) = out.get_mut(start..)
    {
        swap(value, written.unit());
    }
    Ok(())
}

/// PS3.5 §A.4: VR OB, an offset table, fragments, each of even length.
fn write_fragments(
    tag: Tag,
    fragments: &Fragments,
    form: Form,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    form.put_sequence_start(out, tag, Vr::OB);
    let table: Vec<u8> = fragments
        .offset_table
        .iter()
        .flat_map(|offset| offset.to_le_bytes())
        .collect();
    for fragment in
        std::iter::once(table.as_slice()).chain(fragments.fragments.iter().map(|bytes| &**bytes))
    {
        let odd = fragment.len() % 2 == 1;
        let length = u32::try_from(fragment.len() + usize::from(odd))
            .ok()
            .filter(|length| *length != UNDEFINED);
        let Some(length) = length else {
            return Err("a fragment is longer than 4 GiB".to_owned());
        };
        form.put_item(out, Tag::ITEM, length);
        out.extend_from_slice(fragment);
        if odd {
            out.push(0);
        }
    }
    form.put_sequence_end(out);
    Ok(())
}

fn unwritable(stack: &[Level<'_>], tag: Tag, reason: String) -> Error {
    let nested = stack.iter().skip(1);
    let mut steps: Vec<PathStep> = nested
        .flat_map(|level| [PathStep::Element(level.tag), PathStep::Item(level.index)])
        .collect();
    steps.push(PathStep::Element(tag));
    Error::Unwritable {
        path: TagPath(steps),
        reason,
    }
}
