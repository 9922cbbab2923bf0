//! Bytes to text (PS3.5 §6.1.2).

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, GBK, SHIFT_JIS};

use super::set::Set;
use super::terms::{Scheme, State};
use crate::Vr;

const ESC: u8 = 0x1B;

/// The bytes themselves, if they need no decoding.
pub fn plain<'a>(scheme: &Scheme, bytes: &'a [u8]) -> Option<&'a str> {
    match scheme {
        Scheme::Utf8 => {}
        Scheme::Gb18030 | Scheme::Gbk if bytes.is_ascii() => {}
        Scheme::Iso2022 { initial, .. } if bytes.is_ascii() && !bytes.contains(&ESC) => {
            if initial.g0 == Set::Romaji && bytes.iter().any(|b| matches!(b, b'\\' | b'~')) {
                return None;
            }
        }
        _ => return None,
    }
    std::str::from_utf8(bytes).ok()
}

/// The text, and whether the bytes are not what the scheme allows.
pub fn decode<'a>(scheme: &Scheme, bytes: &'a [u8], vr: Vr) -> (Cow<'a, str>, bool) {
    match scheme {
        Scheme::Utf8 => (damaged_utf8(bytes), true),
        Scheme::Gb18030 => whole(GB18030, bytes),
        Scheme::Gbk => whole(GBK, bytes),
        Scheme::Iso2022 { initial, sets } => {
            let mut decoder = Decoder {
                initial: *initial,
                sets,
                state: *initial,
                vr,
                out: String::with_capacity(bytes.len() * 2),
                problem: false,
            };
            decoder.run(bytes);
            (Cow::Owned(decoder.out), decoder.problem)
        }
    }
}

fn whole<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> (Cow<'a, str>, bool) {
    encoding.decode_without_bom_handling(bytes)
}

/// Declared UTF-8 and is not. Where nothing in it is UTF-8 it is Latin-1 under a wrong
/// declaration; else it was cut or damaged, and what is whole is kept.
fn damaged_utf8(bytes: &[u8]) -> Cow<'_, str> {
    let mut has_utf8 = false;
    for chunk in bytes.utf8_chunks() {
        let cut = chunk.invalid().len() > 1;
        has_utf8 |= cut || !chunk.valid().is_ascii();
    }
    if has_utf8 {
        String::from_utf8_lossy(bytes)
    } else {
        latin1(bytes).into()
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Text of one-byte sets and ISO 2022 escape sequences (PS3.5 §6.1.2.5).
struct Decoder<'s> {
    initial: State,
    sets: &'s [Set],
    state: State,
    vr: Vr,
    out: String,
    problem: bool,
}

impl Decoder<'_> {
    fn run(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            let taken = match byte {
                ESC => self.escape(rest),
                0..b' ' | 0x7F => {
                    // Before a control character the initial state is in force (PS3.5 §6.1.2.5.3).
                    self.state = self.initial;
                    self.out.push(char::from(byte));
                    1
                }
                b' '..=b'~' if self.state.g0.width() == 2 => self.pairs(rest),
                b' '..=b'~' => self.character(byte),
                0x80.. => self.high(rest),
            };
            rest = rest.get(taken.max(1)..).unwrap_or(&[]);
        }
    }

    fn escape(&mut self, rest: &[u8]) -> usize {
        let Some((set, length)) = Set::designated(rest.get(1..).unwrap_or(&[])) else {
            self.fail();
            return 1;
        };
        // The default repertoire may always be returned to.
        self.problem |= set != Set::Ascii && !self.sets.contains(&set);
        if set.is_g0() {
            self.state.g0 = set;
        } else {
            self.state.g1 = Some(set);
        }
        1 + length
    }

    /// A byte of a one-byte G0 set, delimiters among them.
    fn character(&mut self, byte: u8) -> usize {
        let delimiter = match byte {
            b'\\' => !self.vr.is_single_text(),
            b'^' | b'=' => self.vr == Vr::PN,
            _ => false,
        };
        if delimiter {
            self.state = self.initial;
            self.out.push(char::from(byte));
        } else {
            self.out
                .push(self.state.g0.character(byte).unwrap_or('\u{FFFD}'));
        }
        1
    }

    /// A run of a two-byte G0 set: no byte of it is a delimiter.
    fn pairs(&mut self, rest: &[u8]) -> usize {
        if rest.first() == Some(&b' ') {
            self.out.push(' ');
            return 1;
        }
        let run = rest
            .iter()
            .take_while(|b| (0x21..=0x7E).contains(*b))
            .count();
        let even = run & !1;
        match rest.get(..even) {
            Some(pairs) if even > 0 => {
                self.problem |= !self.state.g0.decode_pairs(pairs, &mut self.out);
                even
            }
            // Half a character. A delimiter there is a sender that forgot to return to ASCII.
            _ => {
                self.problem = true;
                self.state.g0 = self.initial.g0;
                self.character(rest.first().copied().unwrap_or(b' '))
            }
        }
    }

    /// Bytes with the high bit: one character of a one-byte G1 set, or a run of all others.
    fn high(&mut self, rest: &[u8]) -> usize {
        let run = rest.iter().take_while(|b| **b >= 0x80).count();
        let bytes = rest.get(..run).unwrap_or(rest);
        let Some(set) = self.state.g1 else {
            return self.undesignated(bytes);
        };
        if set.width() == 2 {
            return self.high_pairs(set, rest, run);
        }
        let byte = bytes.first().copied().unwrap_or(0xFF);
        match set.character(byte) {
            Some(character) => self.out.push(character),
            None if set == Set::Katakana => return self.shift_jis(rest),
            None if byte < 0xA0 => {
                self.problem = true;
                self.out.push(char::from(byte));
            }
            None => self.fail(),
        }
        1
    }

    fn high_pairs(&mut self, set: Set, rest: &[u8], mut run: usize) -> usize {
        // Korean senders mean code page 949, whose second bytes may be letters.
        if set == Set::KsX1001 && run % 2 == 1 && rest.get(run).is_some_and(u8::is_ascii_alphabetic)
        {
            run += 1;
            self.problem = true;
        }
        self.problem |= !set.decode_pairs(rest.get(..run).unwrap_or(rest), &mut self.out);
        run
    }

    /// No set is designated to G1.
    fn undesignated(&mut self, bytes: &[u8]) -> usize {
        self.problem = true;
        let mut declared = self.sets.iter().copied().filter(|set| !set.is_g0());
        if let (Some(set), None) = (declared.next(), declared.next()) {
            // There is only one that a sender who forgot the escape sequence can mean.
            self.state.g1 = Some(set);
            return self.high(bytes);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.out.push_str(text),
            Err(_) => self.out.push_str(&latin1(bytes)),
        }
        bytes.len()
    }

    /// Senders that declare ISO-IR 13 and write Shift JIS.
    fn shift_jis(&mut self, rest: &[u8]) -> usize {
        let (text, failed) = SHIFT_JIS.decode_without_bom_handling(rest.get(..2).unwrap_or(&[]));
        if failed || text.is_empty() {
            self.fail();
            return 1;
        }
        self.problem = true;
        self.out.push_str(&text);
        2
    }

    fn fail(&mut self) {
        self.problem = true;
        self.out.push('\u{FFFD}');
    }
}
