//! Text in the data set's character set (PS3.5 §6.1, §6.2): length, repertoire, person names; and
//! traces of text that was damaged on the way.

use std::borrow::Cow;

use sagittal_core::{CharacterSet, Element, Tag, Vr};

use super::collector::{Collector, Draft};
use super::value;
use crate::finding::{Kind, Severity};

const REPERTOIRE: &str = "PS3.5 §6.1";
const TABLE: &str = "PS3.5 §6.2";
const NAMES: &str = "PS3.5 §6.2.1";

/// The element that a text is of.
#[derive(Clone, Copy)]
pub struct Of {
    pub tag: Tag,
    pub vr: Vr,
}

impl From<&Element> for Of {
    fn from(element: &Element) -> Of {
        Of {
            tag: element.tag,
            vr: element.vr,
        }
    }
}

/// Checks an element whose VR uses Specific Character Set.
pub fn check(element: Of, set: &CharacterSet, bytes: &[u8], collector: &mut Collector) {
    if let Some(problem) = value::check_padding(element.vr, bytes) {
        let fix = problem.fix;
        add(
            element,
            collector,
            Severity::Error,
            problem.kind,
            TABLE,
            problem.found.into(),
            fix,
        );
    }
    let bytes = trim_end(bytes);
    let is_plain = bytes.iter().all(|byte| (0x20..0x7F).contains(byte));
    let text = if is_plain {
        String::from_utf8_lossy(bytes)
    } else {
        decoded(element, set, bytes, collector)
    };
    if !is_plain {
        controls(element, &text, collector);
        mojibake(element, &text, collector);
    }
    match element.vr {
        Vr::PN => names(element, &text, collector),
        vr if vr.is_single_text() => length(element, &text, collector),
        _ => text
            .split('\\')
            .for_each(|value| length(element, value.trim_matches(' '), collector)),
    }
}

fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | 0] = bytes {
        bytes = rest;
    }
    bytes
}

fn add(
    element: Of,
    collector: &mut Collector,
    severity: Severity,
    kind: Kind,
    clause: &'static str,
    found: Cow<'static, str>,
    fix: &'static str,
) {
    if !collector.wants(severity) {
        return;
    }
    collector.add_at(
        element.tag,
        Draft {
            kind,
            severity,
            clause,
            found,
            fix: fix.into(),
            ..Draft::default()
        },
    );
}

fn decoded<'b>(
    element: Of,
    set: &CharacterSet,
    bytes: &'b [u8],
    collector: &mut Collector,
) -> Cow<'b, str> {
    let (text, problem) = set.decode_checked(bytes, element.vr);
    let has_controls = bytes.iter().any(|b| *b < 0x20 && *b != 0x1B);
    let has_escape = bytes.contains(&0x1B);
    let has_high = bytes.iter().any(|b| *b >= 0x80);
    let undeclared = has_escape && !set.defined_terms().contains("2022");
    let (found, fix) = if undeclared {
        (
            "escape sequences, and Specific Character Set declares no ISO 2022 term",
            "declare the ISO 2022 terms that the text uses",
        )
    } else if !problem {
        return text;
    } else if set.is_utf8() && has_high {
        (
            "bytes that are not UTF-8",
            "encode the text in UTF-8, or declare the character set that it is in",
        )
    } else if has_escape {
        (
            "an escape sequence that Specific Character Set does not declare, or one that is cut",
            "declare every ISO 2022 term that the text uses",
        )
    } else if has_high && set.defined_terms().is_empty() {
        (
            "characters outside ASCII, and Specific Character Set is missing or empty",
            "declare the character set that the text is in",
        )
    } else if has_high || !has_controls {
        (
            "bytes that the declared character set does not have",
            "declare the character set that the text is in",
        )
    } else {
        return text;
    };
    add(
        element,
        collector,
        Severity::Error,
        Kind::CharacterSet,
        REPERTOIRE,
        found.into(),
        fix,
    );
    text
}

/// PS3.5 §6.1.3: control characters belong to long texts, and few of them.
fn controls(element: Of, text: &str, collector: &mut Collector) {
    let lines = matches!(element.vr, Vr::ST | Vr::LT | Vr::UT);
    let allowed = |c: char| lines && matches!(c, '\t' | '\n' | '\u{c}' | '\r') || c == '\u{1b}';
    if text.chars().any(|c| c.is_ascii_control() && !allowed(c)) {
        add(
            element,
            collector,
            Severity::Error,
            Kind::Characters,
            REPERTOIRE,
            "a control character that the VR does not allow".into(),
            "remove it",
        );
    }
}

/// UTF-8 that was taken for Latin-1 and encoded once more, and replacement characters.
fn mojibake(element: Of, text: &str, collector: &mut Collector) {
    let mut before = '\0';
    let mut found = None;
    for c in text.chars() {
        let lead = matches!(
            before,
            'Ã' | 'Â' | 'Ð' | 'Ñ' | 'Î' | 'Ï' | 'å' | 'æ' | 'ç' | 'è' | 'é'
        );
        if lead && matches!(c, '\u{80}'..='\u{bf}') {
            found = Some("text that was UTF-8 and was read as Latin-1");
            break;
        }
        if c == '\u{fffd}' {
            found = Some("a replacement character: text was lost in a conversion");
        }
        before = c;
    }
    if let Some(found) = found {
        add(
            element,
            collector,
            Severity::Warning,
            Kind::Mojibake,
            REPERTOIRE,
            found.into(),
            "restore the text from its source, and convert it with the right character set",
        );
    }
}

/// The longest value in characters; 0 if there is no limit.
const fn longest(vr: Vr) -> usize {
    match vr {
        Vr::SH => 16,
        Vr::LO => 64,
        Vr::ST => 1024,
        Vr::LT => 10_240,
        _ => 0,
    }
}

fn length(element: Of, value: &str, collector: &mut Collector) {
    let most = longest(element.vr);
    if most == 0 || value.len() < most {
        return;
    }
    let count = value.chars().count();
    if count > most {
        let found = format!("{count} characters, {} allows {most}", element.vr);
        let fix = "shorten the value, or use an attribute for longer text";
        add(
            element,
            collector,
            Severity::Error,
            Kind::Length,
            TABLE,
            found.into(),
            fix,
        );
    } else if count == most && matches!(element.vr, Vr::SH | Vr::LO) {
        add(
            element,
            collector,
            Severity::Information,
            Kind::Cut,
            TABLE,
            "exactly as long as allowed: it may have been cut".into(),
            "compare it with its source",
        );
    }
}

fn names(element: Of, text: &str, collector: &mut Collector) {
    for name in text.split('\\').map(|name| name.trim_matches(' ')) {
        let groups = name.split('=');
        if groups.clone().count() > 3 {
            add(
                element,
                collector,
                Severity::Error,
                Kind::Name,
                NAMES,
                "more than three component groups".into(),
                "keep the alphabetic, ideographic and phonetic group",
            );
        }
        for group in groups {
            group_of_name(element, group, collector);
        }
        if name.contains("??") {
            add(
                element,
                collector,
                Severity::Warning,
                Kind::Mojibake,
                NAMES,
                "question marks: characters were lost in a conversion".into(),
                "restore the name from its source, with a character set that has its letters",
            );
        }
    }
}

fn group_of_name(element: Of, group: &str, collector: &mut Collector) {
    let count = if group.len() < 64 {
        0
    } else {
        group.chars().count()
    };
    if group.split('^').count() > 5 {
        add(
            element,
            collector,
            Severity::Error,
            Kind::Name,
            NAMES,
            "more than five components in a group".into(),
            "keep family name, given name, middle name, prefix and suffix",
        );
    }
    if count > 64 {
        let found = format!("{count} characters in a component group, PN allows 64");
        let fix = "shorten the name";
        add(
            element,
            collector,
            Severity::Error,
            Kind::Length,
            TABLE,
            found.into(),
            fix,
        );
    } else if count == 64 {
        add(
            element,
            collector,
            Severity::Warning,
            Kind::Cut,
            NAMES,
            "a component group of exactly 64 characters: the name was probably cut".into(),
            "compare it with its source",
        );
    }
}
