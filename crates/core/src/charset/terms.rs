//! Defined terms of Specific Character Set (PS3.3 Tables C.12-2 to C.12-5), and how they are misspelled.

use super::set::Set;

/// A parsed value of Specific Character Set.
#[derive(Debug)]
pub struct Declared {
    /// The terms as they were written, trimmed.
    pub terms: Vec<String>,
    /// Those that mean nothing.
    pub unknown: Vec<String>,
    /// What the known ones amount to.
    pub scheme: Scheme,
}

/// How text is coded.
#[derive(Debug)]
pub enum Scheme {
    /// `ISO_IR 192`.
    Utf8,
    /// `GB18030`.
    Gb18030,
    /// `GBK`.
    Gbk,
    /// One-byte sets, or several sets and escape sequences between them (PS3.5 §6.1.2.5).
    Iso2022 {
        /// In force at the start of each value and after each delimiter.
        initial: State,
        /// All declared sets, in order.
        sets: Vec<Set>,
    },
}

/// The sets designated to G0 and G1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Codes 21H to 7EH.
    pub g0: Set,
    /// Codes A0H to FFH, if any.
    pub g1: Option<Set>,
}

impl Scheme {
    /// The default repertoire.
    pub const DEFAULT: &'static Scheme = &Scheme::Iso2022 {
        initial: State {
            g0: Set::Ascii,
            g1: None,
        },
        sets: Vec::new(),
    };
}

enum Term {
    Alone(Scheme),
    Sets(&'static [Set]),
}

/// The number in `ISO_IR n` and `ISO 2022 IR n`, and the sets it stands for.
const REGISTERED: &[(&str, &[Set])] = &[
    ("6", &[Set::Ascii]),
    ("100", &[Set::Ascii, Set::Latin1]),
    ("101", &[Set::Ascii, Set::Latin2]),
    ("109", &[Set::Ascii, Set::Latin3]),
    ("110", &[Set::Ascii, Set::Latin4]),
    ("203", &[Set::Ascii, Set::Latin9]),
    ("144", &[Set::Ascii, Set::Cyrillic]),
    ("127", &[Set::Ascii, Set::Arabic]),
    ("126", &[Set::Ascii, Set::Greek]),
    ("138", &[Set::Ascii, Set::Hebrew]),
    ("148", &[Set::Ascii, Set::Latin5]),
    ("13", &[Set::Romaji, Set::Katakana]),
    ("166", &[Set::Ascii, Set::Thai]),
    ("87", &[Set::JisX0208]),
    ("159", &[Set::JisX0212]),
    ("149", &[Set::Ascii, Set::KsX1001]),
    ("58", &[Set::Ascii, Set::Gb2312]),
];

/// Names from elsewhere that devices write, without punctuation.
const ALIASES: &[(&str, &str)] = &[
    ("ASCII", "6"),
    ("USASCII", "6"),
    ("ISO646", "6"),
    ("LATIN1", "100"),
    ("ISO88591", "100"),
    ("ISO88592", "101"),
    ("ISO88593", "109"),
    ("ISO88594", "110"),
    ("ISO88595", "144"),
    ("ISO88596", "127"),
    ("ISO88597", "126"),
    ("ISO88598", "138"),
    ("ISO88599", "148"),
    ("ISO885915", "203"),
    ("TIS620", "166"),
    ("EUCKR", "149"),
    ("GB2312", "58"),
    ("UTF8", "192"),
];

impl Declared {
    /// Parses the value field of (0008,0005). An empty first value is ISO-IR 6.
    pub fn parse(bytes: &[u8]) -> Declared {
        let text = String::from_utf8_lossy(bytes);
        let trim = |term: &str| term.trim_matches([' ', '\0']).to_owned();
        let terms: Vec<String> = text.split('\\').map(trim).collect();
        let (mut unknown, mut sets) = (Vec::new(), Vec::new());
        let mut initial = None;
        let mut alone = None;
        for term in &terms {
            match understand(term) {
                None => unknown.push(term.clone()),
                // Not allowed beside other terms (PS3.3 §C.12.1.1.2); the first term counts.
                Some(Term::Alone(scheme)) => {
                    if initial.is_none_or(|state| {
                        state
                            == State {
                                g0: Set::Ascii,
                                g1: None,
                            }
                    }) {
                        alone.get_or_insert(scheme);
                    }
                }
                Some(Term::Sets(of_term)) => {
                    initial.get_or_insert_with(|| State::of(of_term));
                    for set in of_term {
                        if !sets.contains(set) {
                            sets.push(*set);
                        }
                    }
                }
            }
        }
        let initial = initial.unwrap_or(State {
            g0: Set::Ascii,
            g1: None,
        });
        let scheme = alone.unwrap_or(Scheme::Iso2022 { initial, sets });
        Declared {
            terms,
            unknown,
            scheme,
        }
    }
}

impl State {
    fn of(sets: &[Set]) -> State {
        State {
            // A two-byte set takes effect only by its escape sequence.
            g0: sets
                .iter()
                .copied()
                .find(|set| set.is_g0() && set.width() == 1)
                .unwrap_or(Set::Ascii),
            g1: sets.iter().copied().find(|set| !set.is_g0()),
        }
    }
}

fn understand(term: &str) -> Option<Term> {
    let letters: String = term
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_uppercase();
    let alias = ALIASES.iter().find(|row| row.0 == letters).map(|row| row.1);
    let number = alias.unwrap_or_else(|| {
        let rest = letters.strip_prefix("ISO").unwrap_or(&letters);
        let rest = rest.strip_prefix("2022").unwrap_or(rest);
        rest.strip_prefix("IR").unwrap_or(rest)
    });
    match number {
        "" if letters.is_empty() => Some(Term::Sets(&[Set::Ascii])),
        "192" => Some(Term::Alone(Scheme::Utf8)),
        "GB18030" => Some(Term::Alone(Scheme::Gb18030)),
        "GBK" => Some(Term::Alone(Scheme::Gbk)),
        number => REGISTERED
            .iter()
            .find(|row| row.0 == number)
            .map(|row| Term::Sets(row.1)),
    }
}
