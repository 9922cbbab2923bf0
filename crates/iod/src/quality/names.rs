//! Traces of damage in person names that are no violation of PS3.5 §6.2.1: names that systems
//! before this one have cut, or written in a character set that has not their letters.

use sagittal_core::{CharacterSet, Tag, Vr};

use crate::finding::{Kind, Severity};
use crate::validate::collector::{Collector, Draft};

const NAMES: &str = "PS3.5 §6.2.1";
/// Where systems cut that count bytes instead of characters, or all groups together.
const LIMIT: usize = 64;

/// Checks the names of an element, beyond what [`crate::validate::text`] does.
pub fn check(tag: Tag, bytes: &[u8], set: &CharacterSet, collector: &mut Collector) {
    let end = bytes.iter().rposition(|byte| !matches!(byte, b' ' | 0));
    let bytes = end.map_or(&[][..], |end| bytes.get(..=end).unwrap_or_default());
    let is_plain = bytes.iter().all(|byte| (0x20..0x7F).contains(byte));
    if bytes.len() == LIMIT && (!is_plain || bytes.contains(&b'=')) {
        collector.add_at(
            tag,
            Draft {
                kind: Kind::Cut,
                severity: Severity::Warning,
                clause: NAMES,
                found: "exactly 64 bytes in all: the name was probably cut".into(),
                fix: "compare it with its source; 64 characters are allowed in each group".into(),
                ..Draft::default()
            },
        );
    }
    if bytes.contains(&b'?') && is_lost(bytes, is_plain, set) {
        collector.add_at(
            tag,
            Draft {
                kind: Kind::Mojibake,
                severity: Severity::Warning,
                clause: NAMES,
                found: "a question mark within a word: a letter was lost in a conversion".into(),
                fix: "restore the name from its source, with a character set that has its letters"
                    .into(),
                ..Draft::default()
            },
        );
    }
}

/// Is there a question mark beside a letter?
fn is_lost(bytes: &[u8], is_plain: bool, set: &CharacterSet) -> bool {
    let text = if is_plain {
        String::from_utf8_lossy(bytes)
    } else {
        set.decode(bytes, Vr::PN)
    };
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let after = chars.peek().copied().unwrap_or(' ');
        if c == '?' && (before.is_alphabetic() || after.is_alphabetic()) {
            return true;
        }
        before = c;
    }
    false
}
