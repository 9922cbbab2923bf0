//! Text to bytes (PS3.5 §6.1.2).

use encoding_rs::{Encoding, GB18030, GBK};

use super::set::Set;
use super::terms::{Scheme, State};
use crate::Vr;

/// The bytes, with `?` for each character that has no code, and the count of those.
pub fn encode(scheme: &Scheme, text: &str, vr: Vr) -> (Vec<u8>, usize) {
    // Codes outside the default repertoire belong to few VRs (PS3.5 §6.1.2.2); what is no text
    // at all (UN) is taken to be of them.
    let scheme = if vr.is_text() && !vr.uses_character_set() {
        Scheme::DEFAULT
    } else {
        scheme
    };
    match scheme {
        Scheme::Utf8 => (text.as_bytes().to_vec(), 0),
        Scheme::Gb18030 => each(GB18030, text),
        Scheme::Gbk => each(GBK, text),
        Scheme::Iso2022 { initial, .. } if text.is_ascii() && initial.g0 == Set::Ascii => {
            (text.as_bytes().to_vec(), 0)
        }
        Scheme::Iso2022 { initial, sets } => {
            let mut encoder = Encoder {
                initial: *initial,
                sets,
                state: *initial,
                out: Vec::new(),
                lost: 0,
            };
            encoder.run(text, vr);
            (encoder.out, encoder.lost)
        }
    }
}

fn each(encoding: &'static Encoding, text: &str) -> (Vec<u8>, usize) {
    let (bytes, _, failed) = encoding.encode(text);
    if !failed {
        return (bytes.into_owned(), 0);
    }
    let (mut out, mut lost, mut buffer) = (Vec::with_capacity(text.len()), 0, [0; 4]);
    for character in text.chars() {
        match encoding.encode(character.encode_utf8(&mut buffer)) {
            (bytes, _, false) => out.extend_from_slice(&bytes),
            _ => {
                out.push(b'?');
                lost += 1;
            }
        }
    }
    (out, lost)
}

struct Encoder<'s> {
    initial: State,
    sets: &'s [Set],
    state: State,
    out: Vec<u8>,
    lost: usize,
}

impl Encoder<'_> {
    fn run(&mut self, text: &str, vr: Vr) {
        for character in text.chars() {
            let delimiter = match character {
                '\\' => !vr.is_single_text(),
                '^' | '=' => vr == Vr::PN,
                '\0'..='\u{1F}' | '\u{7F}' => true,
                _ => false,
            };
            match u8::try_from(character) {
                Ok(byte) if delimiter => {
                    self.reset();
                    self.out.push(byte);
                }
                _ => self.character(character, vr),
            }
        }
        self.reset();
    }

    fn character(&mut self, character: char, vr: Vr) {
        let State { g0, g1 } = self.state;
        let designated = [Some(g0), g1, Some(self.initial.g0), self.initial.g1];
        let candidates = designated
            .into_iter()
            .flatten()
            .chain(self.sets.iter().copied());
        // The yen of JIS X 0201 has the code of the delimiter of values.
        let usable =
            |set: Set, code: u16| set != Set::Romaji || code != 0x5C || vr.is_single_text();
        let mut codes = candidates.filter_map(|set| set.code(character).map(|code| (set, code)));
        let found = codes.find(|(set, code)| usable(*set, *code));
        match found {
            Some((set, code)) => self.put(set, code),
            None => {
                self.lost += 1;
                let set = if g0.width() == 1 { g0 } else { self.initial.g0 };
                self.put(set, u16::from(b'?'));
            }
        }
    }

    fn put(&mut self, set: Set, code: u16) {
        self.designate(set);
        let [high, low] = code.to_be_bytes();
        if set.width() == 2 {
            self.out.push(high);
        }
        self.out.push(low);
    }

    fn designate(&mut self, set: Set) {
        let is_current = if set.is_g0() {
            self.state.g0 == set
        } else {
            self.state.g1 == Some(set)
        };
        if is_current {
            return;
        }
        self.out.push(0x1B);
        self.out.extend_from_slice(set.escape());
        if set.is_g0() {
            self.state.g0 = set;
        } else {
            self.state.g1 = Some(set);
        }
    }

    /// The initial state, in force before delimiters and at the end (PS3.5 §6.1.2.5.3). A G1 set
    /// is simply forgotten if there was none at first, as in the standard's Korean example.
    fn reset(&mut self) {
        self.designate(self.initial.g0);
        match self.initial.g1 {
            Some(set) => self.designate(set),
            None => self.state.g1 = None,
        }
    }
}
