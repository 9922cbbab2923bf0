//! The value column of a dump.

use sagittal_core::{CharacterSet, Tag, Vr, dictionary};

use super::line::Line;

/// Writes a value and returns its multiplicity.
pub(super) fn write(
    line: &mut Line<'_>,
    vr: Vr,
    bytes: &[u8],
    big_endian: bool,
    character_set: &CharacterSet,
) -> usize {
    if bytes.is_empty() {
        line.push("(no value available)");
        return 0;
    }
    match vr {
        _ if vr.is_text() => text(line, vr, bytes, character_set),
        Vr::AT => numbers(line, bytes, false, |line, [a, b, c, d]: [u8; 4]| {
            let read = if big_endian {
                u16::from_be_bytes
            } else {
                u16::from_le_bytes
            };
            line.number(Tag(read([a, b]), read([c, d])));
        }),
        Vr::US => numbers(line, bytes, big_endian, |line, b| {
            line.number(u16::from_le_bytes(b))
        }),
        Vr::SS => numbers(line, bytes, big_endian, |line, b| {
            line.number(i16::from_le_bytes(b))
        }),
        Vr::UL | Vr::OL => numbers(line, bytes, big_endian, |line, b| {
            line.number(u32::from_le_bytes(b))
        }),
        Vr::SL => numbers(line, bytes, big_endian, |line, b| {
            line.number(i32::from_le_bytes(b))
        }),
        Vr::UV | Vr::OV => numbers(line, bytes, big_endian, |line, b| {
            line.number(u64::from_le_bytes(b))
        }),
        Vr::SV => numbers(line, bytes, big_endian, |line, b| {
            line.number(i64::from_le_bytes(b))
        }),
        Vr::FL | Vr::OF => numbers(line, bytes, big_endian, |line, b| {
            line.number(f32::from_le_bytes(b))
        }),
        Vr::FD | Vr::OD => numbers(line, bytes, big_endian, |line, b| {
            line.number(f64::from_le_bytes(b))
        }),
        Vr::OW => numbers(line, bytes, big_endian, |line, b| {
            line.digits(u16::from_le_bytes(b), 4)
        }),
        _ => numbers(line, bytes, false, |line, [b]: [u8; 1]| {
            line.digits(u16::from(b), 2)
        }),
    };
    match vr.fixed_length() {
        Some(length) => bytes.len() / length,
        None if vr.is_text() && !vr.is_single_text() => 1 + delimiters(vr, bytes, character_set),
        None => 1,
    }
}

fn delimiters(vr: Vr, bytes: &[u8], character_set: &CharacterSet) -> usize {
    if !bytes.contains(&b'\\') {
        return 0;
    }
    character_set.decode(bytes, vr).matches('\\').count()
}

fn text(line: &mut Line<'_>, vr: Vr, bytes: &[u8], character_set: &CharacterSet) {
    let text = character_set.decode(bytes, vr);
    let text = text.trim_end_matches([' ', '\0']);
    let is_standard = vr == Vr::UI && text.starts_with("1.2.840.10008.");
    if let Some(entry) = is_standard.then(|| dictionary::uid(text)).flatten() {
        line.push("=");
        line.push(if entry.keyword.is_empty() {
            entry.name
        } else {
            entry.keyword
        });
        return;
    }
    line.push("[");
    line.push(text);
    line.close();
}

/// Values separated by backslash, as long as there is room.
fn numbers<const N: usize>(
    line: &mut Line<'_>,
    bytes: &[u8],
    big_endian: bool,
    mut each: impl FnMut(&mut Line<'_>, [u8; N]),
) {
    let mut first = true;
    for mut value in bytes
        .chunks_exact(N)
        .filter_map(|chunk| <[u8; N]>::try_from(chunk).ok())
    {
        if line.is_full() {
            return;
        }
        if !std::mem::replace(&mut first, false) {
            line.push("\\");
        }
        if big_endian {
            value.reverse();
        }
        each(line, value);
    }
}
