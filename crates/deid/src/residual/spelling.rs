//! How a name, a date or a number may be spelled, and in which bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sagittal_core::{CharacterSet, Date, PersonName, Vr, fold};

use super::matcher::{Fit, Pattern};

/// Character sets that text beyond ASCII is looked for in, besides UTF-8, UTF-16 and the input's.
const CHARACTER_SETS: [&str; 16] = [
    "ISO_IR 100",
    "ISO_IR 101",
    "ISO_IR 109",
    "ISO_IR 110",
    "ISO_IR 144",
    "ISO_IR 127",
    "ISO_IR 126",
    "ISO_IR 138",
    "ISO_IR 148",
    "ISO_IR 13",
    "ISO_IR 166",
    "GB18030",
    "\\ISO 2022 IR 87",
    "\\ISO 2022 IR 159",
    "\\ISO 2022 IR 149",
    "\\ISO 2022 IR 58",
];

/// A name in one piece, as it may stand in text: family and given name in either order.
///
/// A family name that is an everyday word (`is_plain`) is not taken for one beside a capital that
/// a space parts from it: `brain L` has a side.
pub fn whole_names(name: &PersonName, is_plain: impl Fn(&str) -> bool) -> Vec<String> {
    let mut spellings = Vec::new();
    for group in name.groups() {
        let (family, given) = (group.family.trim(), group.given.trim());
        if family.is_empty() || given.is_empty() {
            continue;
        }
        for separator in ["^", " ", ", ", ",", "_", "-", ".", ""] {
            spellings.push(format!("{family}{separator}{given}"));
            spellings.push(format!("{given}{separator}{family}"));
        }
        if let Some(initial) = given.chars().next() {
            let plain = is_plain(family);
            for separator in ["^", " ", ", ", "_", ". "] {
                if plain && matches!(separator, " " | "_") {
                    continue;
                }
                if family.chars().count() >= 4 {
                    spellings.push(format!("{family}{separator}{initial}"));
                }
                if family.chars().count() >= 4 && separator != "^" {
                    spellings.push(format!("{initial}{separator}{family}"));
                }
            }
        }
    }
    spellings
}

/// The parts of a name: components, and the words and halves of compound ones.
pub fn name_parts(name: &PersonName) -> Vec<String> {
    let mut parts = Vec::new();
    for group in name.groups() {
        for component in [&group.family, &group.given, &group.middle] {
            let component = component.trim();
            parts.push(component.to_owned());
            let is_separator =
                |c: char| c.is_whitespace() || matches!(c, '-' | '\'' | '.' | ',' | ':' | ';');
            parts.extend(component.split(is_separator).map(str::to_owned));
        }
    }
    parts.sort();
    parts.dedup();
    parts
}

/// Spellings of a date, in several languages.
pub fn dates(date: Date) -> Vec<String> {
    const MONTHS: [[&str; 12]; 7] = [
        [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
        [
            "gennaio",
            "febbraio",
            "marzo",
            "aprile",
            "maggio",
            "giugno",
            "luglio",
            "agosto",
            "settembre",
            "ottobre",
            "novembre",
            "dicembre",
        ],
        [
            "januari",
            "februari",
            "maart",
            "april",
            "mei",
            "juni",
            "juli",
            "augustus",
            "september",
            "oktober",
            "november",
            "december",
        ],
        [
            "janeiro",
            "fevereiro",
            "março",
            "abril",
            "maio",
            "junho",
            "julho",
            "agosto",
            "setembro",
            "outubro",
            "novembro",
            "dezembro",
        ],
    ];
    let (y, m, d) = (date.year(), date.month(), date.day());
    let yy = y % 100;
    let mut all = vec![format!("{y:04}{m:02}{d:02}"), format!("{y}年{m}月{d}日")];
    for s in ["-", ".", "/", " "] {
        all.push(format!("{y:04}{s}{m:02}{s}{d:02}"));
        all.push(format!("{d:02}{s}{m:02}{s}{y:04}"));
        all.push(format!("{m:02}{s}{d:02}{s}{y:04}"));
        all.push(format!("{d}{s}{m}{s}{y:04}"));
        all.push(format!("{m}{s}{d}{s}{y:04}"));
        if s != " " {
            all.push(format!("{d:02}{s}{m:02}{s}{yy:02}"));
            all.push(format!("{m:02}{s}{d:02}{s}{yy:02}"));
        }
    }
    for (language, names) in MONTHS.iter().enumerate() {
        let Some(name) = names.get(usize::from(m.saturating_sub(1))) else {
            continue;
        };
        let short: String = name.chars().take(3).collect();
        let mut names = vec![(*name).to_owned()];
        if language < 2 {
            names.push(short);
        }
        for name in names {
            match language {
                0 => {
                    for s in [" ", "-", ""] {
                        all.push(format!("{d:02}{s}{name}{s}{y}"));
                    }
                    all.push(format!("{name} {d}, {y}"));
                    all.push(format!("{name} {d} {y}"));
                }
                1 => all.push(format!("{d}. {name} {y}")),
                3 | 6 => all.push(format!("{d} de {name} de {y}")),
                _ => {}
            }
            all.push(format!("{d} {name} {y}"));
        }
    }
    all.sort();
    all.dedup();
    all
}

/// A telephone number as written and in digits alone.
pub fn phones(text: &str) -> Vec<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let mut all = vec![text.to_owned()];
    if digits.len() >= 7 {
        all.push(digits);
    }
    all
}

/// The same without diacritics, and with the two letters that stand for an umlaut.
fn transliterations(text: &str) -> Vec<String> {
    let mut all = vec![text.to_owned()];
    if !text.is_ascii() {
        let mut wide = String::new();
        for c in text.chars() {
            match c {
                'ä' | 'æ' => wide.push_str("ae"),
                'ö' | 'ø' | 'œ' => wide.push_str("oe"),
                'ü' => wide.push_str("ue"),
                'ß' => wide.push_str("ss"),
                'å' => wide.push_str("aa"),
                'Ä' | 'Æ' => wide.push_str("Ae"),
                'Ö' | 'Ø' => wide.push_str("Oe"),
                'Ü' => wide.push_str("Ue"),
                _ => wide.push(c),
            }
        }
        all.extend([
            wide,
            text.to_uppercase(),
            text.to_lowercase(),
            fold::fold(text),
        ]);
        all.sort();
        all.dedup();
    }
    all
}

/// One spelling, and how it is looked for.
pub struct Spelling<'t> {
    pub text: &'t str,
    /// Where it may stand.
    pub fit: Fit,
    /// Whose spelling it is.
    pub needle: u32,
    /// Also in UTF-16.
    pub wide: bool,
    /// Also in base64.
    pub inline: bool,
    /// A single word: see [`Pattern::single`].
    pub single: bool,
}

/// Adds the patterns of one spelling in all encodings.
pub fn encode(spelling: &Spelling<'_>, declared: &CharacterSet, patterns: &mut Vec<Pattern>) {
    let Spelling {
        text,
        fit,
        needle,
        wide: is_wide,
        inline: is_inline,
        single,
    } = *spelling;
    for text in transliterations(text) {
        let mut push = |bytes: Vec<u8>, unit, low, folds| {
            patterns.push(Pattern {
                bytes: if folds { lower(bytes) } else { bytes },
                needle,
                fit: if folds { fit } else { Fit::Anywhere },
                unit,
                low,
                folds,
                single,
            });
        };
        if is_wide {
            let units = || text.encode_utf16();
            push(units().flat_map(u16::to_le_bytes).collect(), 2, 0, true);
            push(units().flat_map(u16::to_be_bytes).collect(), 2, 1, true);
        }
        if !text.is_ascii() {
            let sets = CHARACTER_SETS.map(|term| CharacterSet::from_element(term.as_bytes()));
            for set in sets.iter().chain([declared]) {
                if let Ok(bytes) = set.encode(&text, Vr::LO) {
                    push(without_escapes(&bytes), 1, 0, true);
                }
            }
        }
        if is_inline && text.len() >= 8 {
            for bytes in base64_cores(text.as_bytes()) {
                push(bytes, 1, 0, false);
            }
        }
        push(text.into_bytes(), 1, 0, true);
    }
}

fn lower(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.make_ascii_lowercase();
    bytes
}

/// What stands between the first and the last escape sequence.
fn without_escapes(bytes: &[u8]) -> Vec<u8> {
    let Some((start, _)) = bytes.iter().enumerate().find(|(_, byte)| **byte == 0x1B) else {
        return bytes.to_vec();
    };
    if start > 0 {
        return bytes.to_vec();
    }
    let length = if bytes.get(1) == Some(&b'$') && matches!(bytes.get(2), Some(b'(' | b')')) {
        4
    } else {
        3
    };
    let rest = bytes.get(length..).unwrap_or(&[]);
    let end = rest.iter().position(|byte| *byte == 0x1B);
    rest.get(..end.unwrap_or(rest.len()))
        .unwrap_or(&[])
        .to_vec()
}

/// What base64 makes of the bytes whatever stands before and after them: one for each alignment.
fn base64_cores(bytes: &[u8]) -> [Vec<u8>; 3] {
    [0, 1, 2].map(|shift| {
        // Digits that depend on these bytes alone.
        let mut padded = vec![0; shift];
        padded.extend_from_slice(bytes);
        let digits = STANDARD_NO_PAD.encode(&padded).into_bytes();
        let from = (shift * 8).div_ceil(6);
        let to = padded.len() * 8 / 6;
        digits.get(from..to).unwrap_or(&[]).to_vec()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn base64_is_found_at_every_alignment() {
        for before in ["", "x", "xy", "xyz"] {
            let text = format!("{before}Doe^Jane^Mary and more");
            let encoded = STANDARD_NO_PAD.encode(text);
            let cores = base64_cores(b"Doe^Jane^Mary");
            let found = cores.iter().filter(|core| {
                encoded
                    .as_bytes()
                    .windows(core.len())
                    .any(|window| window == core.as_slice())
            });
            assert_eq!(found.count(), 1, "{before}");
        }
    }

    #[test]
    fn a_date_has_many_spellings() {
        let all = dates(Date::new(2024, 1, 31).unwrap());
        for spelling in [
            "20240131",
            "31.01.2024",
            "1/31/2024",
            "31-Jan-2024",
            "31JAN2024",
            "31. Januar 2024",
            "31 de enero de 2024",
            "2024年1月31日",
            "January 31, 2024",
            "31/01/24",
        ] {
            assert!(
                all.iter().any(|s| s.eq_ignore_ascii_case(spelling)),
                "{spelling}"
            );
        }
    }
}
