//! From a data set in memory to JSON.

use sagittal_core::{DataSet, Element, Value, Vr, tags};

use super::emit::{Emitter, is_left_out, item_stream};

/// The JSON object of a data set in memory, everything in line but what is a reference already.
pub fn write(data_set: &DataSet, out: &mut Vec<u8>) {
    let mut emitter = Emitter {
        out,
        non_ascii: false,
    };
    write_data_set(&mut emitter, data_set, is_beyond_ascii(data_set));
}

/// Does the data set declare a character set, or hold text beyond ASCII?
pub(crate) fn is_beyond_ascii(data_set: &DataSet) -> bool {
    data_set.contains(tags::SPECIFIC_CHARACTER_SET) || has_text_beyond_ascii(data_set)
}

fn has_text_beyond_ascii(data_set: &DataSet) -> bool {
    data_set
        .elements()
        .iter()
        .any(|element| match &element.value {
            Value::Bytes(bytes) if element.vr.uses_character_set() => !data_set
                .character_set()
                .decode(bytes, element.vr)
                .is_ascii(),
            // An escape sequence where none may be is shown as U+FFFD.
            Value::Bytes(bytes) => {
                element.vr.is_text() && bytes.iter().any(|&byte| !byte.is_ascii() || byte == 0x1B)
            }
            Value::Sequence(items) => items.iter().any(has_text_beyond_ascii),
            Value::Fragments(_) | Value::BulkDataUri(_) => false,
        })
}

fn write_data_set(emitter: &mut Emitter<'_>, data_set: &DataSet, declare: bool) {
    emitter.out.push(b'{');
    let mut first = true;
    let (before, after): (Vec<&Element>, Vec<&Element>) = data_set
        .elements()
        .iter()
        .filter(|element| !is_left_out(element.tag) && element.tag != tags::SPECIFIC_CHARACTER_SET)
        .partition(|element| element.tag < tags::SPECIFIC_CHARACTER_SET);
    for element in before {
        write_element(emitter, data_set, element, &mut first);
    }
    if declare {
        emitter.utf8_declaration(&mut first);
    }
    for element in after {
        write_element(emitter, data_set, element, &mut first);
    }
    emitter.close();
}

fn write_element(
    emitter: &mut Emitter<'_>,
    data_set: &DataSet,
    element: &Element,
    first: &mut bool,
) {
    let vr = match element.value {
        Value::Sequence(_) => Vr::SQ,
        _ => element.vr,
    };
    emitter.begin_element(element.tag, vr, first);
    match &element.value {
        Value::Bytes(bytes) => emitter.value(vr, bytes, false, data_set.character_set()),
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                emitter
                    .out
                    .extend_from_slice(if index == 0 { b",\"Value\":[" } else { b"," });
                write_data_set(emitter, item, item.contains(tags::SPECIFIC_CHARACTER_SET));
            }
            if !items.is_empty() {
                emitter.out.push(b']');
            }
        }
        Value::Fragments(fragments) => emitter.inline_binary(&item_stream(fragments)),
        Value::BulkDataUri(uri) => emitter.bulk_data_uri(uri),
    }
    emitter.close();
}
