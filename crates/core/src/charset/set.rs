//! The coded character sets that are designated to G0 and G1 (PS3.3 Tables C.12-2 to C.12-4).

use std::collections::HashMap;
use std::sync::LazyLock;

use encoding_rs::{
    EUC_JP, EUC_KR, Encoding, GBK, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6,
    ISO_8859_7, ISO_8859_8, ISO_8859_15, WINDOWS_874,
};

/// A coded character set. The G1 sets of one byte come first: they index [`HIGH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// ISO-IR 100.
    Latin1,
    /// ISO-IR 101.
    Latin2,
    /// ISO-IR 109.
    Latin3,
    /// ISO-IR 110.
    Latin4,
    /// ISO-IR 148.
    Latin5,
    /// ISO-IR 203.
    Latin9,
    /// ISO-IR 144.
    Cyrillic,
    /// ISO-IR 127.
    Arabic,
    /// ISO-IR 126.
    Greek,
    /// ISO-IR 138.
    Hebrew,
    /// ISO-IR 166.
    Thai,
    /// ISO-IR 13, JIS X 0201 katakana.
    Katakana,
    /// ISO-IR 6, G0.
    Ascii,
    /// ISO-IR 14, JIS X 0201 romaji, G0.
    Romaji,
    /// ISO-IR 87, two bytes, G0.
    JisX0208,
    /// ISO-IR 159, two bytes, G0.
    JisX0212,
    /// ISO-IR 149, two bytes, G1.
    KsX1001,
    /// ISO-IR 58, two bytes, G1.
    Gb2312,
}

/// Escape sequences without the ESC, PS3.3 Tables C.12-3 and C.12-4; the first of a set is written.
const ESCAPES: &[(&[u8], Set)] = &[
    (b"(B", Set::Ascii),
    (b"(J", Set::Romaji),
    (b"-A", Set::Latin1),
    (b"-B", Set::Latin2),
    (b"-C", Set::Latin3),
    (b"-D", Set::Latin4),
    (b"-M", Set::Latin5),
    (b"-b", Set::Latin9),
    (b"-L", Set::Cyrillic),
    (b"-G", Set::Arabic),
    (b"-F", Set::Greek),
    (b"-H", Set::Hebrew),
    (b"-T", Set::Thai),
    (b")I", Set::Katakana),
    (b"$B", Set::JisX0208),
    (b"$(D", Set::JisX0212),
    (b"$)C", Set::KsX1001),
    (b"$)A", Set::Gb2312),
    // The edition of 1978, and a redundant spelling of ISO 2022: read, not written.
    (b"$@", Set::JisX0208),
    (b"$(B", Set::JisX0208),
];

impl Set {
    /// Designated to G0?
    pub fn is_g0(self) -> bool {
        matches!(
            self,
            Set::Ascii | Set::Romaji | Set::JisX0208 | Set::JisX0212
        )
    }

    /// Bytes of a character.
    pub fn width(self) -> usize {
        match self {
            Set::JisX0208 | Set::JisX0212 | Set::KsX1001 | Set::Gb2312 => 2,
            _ => 1,
        }
    }

    /// What follows ESC in the sequence that designates it.
    pub fn escape(self) -> &'static [u8] {
        ESCAPES
            .iter()
            .find(|row| row.1 == self)
            .map_or(&[], |row| row.0)
    }

    /// The set designated by what follows an ESC, and the length of that.
    pub fn designated(after_escape: &[u8]) -> Option<(Set, usize)> {
        let row = ESCAPES.iter().find(|row| after_escape.starts_with(row.0))?;
        Some((row.1, row.0.len()))
    }

    /// The character of one byte: 20H to 7EH of a G0 set, A0H to FFH of a G1 set.
    pub fn character(self, byte: u8) -> Option<char> {
        match (self, byte) {
            (Set::Romaji, b'\\') => Some('\u{A5}'),
            (Set::Romaji, b'~') => Some('\u{203E}'),
            (Set::Ascii | Set::Romaji, b' '..=b'~') => Some(char::from(byte)),
            (_, 0xA0..) => {
                let table = HIGH.get(self as usize)?;
                table
                    .get(usize::from(byte - 0xA0))
                    .copied()
                    .filter(|c| *c != '\u{FFFD}')
            }
            _ => None,
        }
    }

    /// Decodes characters of two bytes each; `false` if some have no meaning.
    pub fn decode_pairs(self, bytes: &[u8], out: &mut String) -> bool {
        let (encoding, prefix): (_, &[u8]) = match self {
            Set::JisX0212 => (EUC_JP, &[0x8F]),
            Set::KsX1001 => (EUC_KR, &[]),
            Set::Gb2312 => (GBK, &[]),
            _ => (EUC_JP, &[]),
        };
        let mut high = Vec::with_capacity(bytes.len() * 3 / 2);
        for pair in bytes.chunks(2) {
            high.extend_from_slice(prefix);
            match self.is_g0() {
                true => high.extend(pair.iter().map(|b| b | 0x80)),
                false => high.extend_from_slice(pair),
            }
        }
        let (text, failed) = encoding.decode_without_bom_handling(&high);
        out.push_str(&text);
        !failed
    }

    /// The code of a character: one byte, or two as a big-endian number.
    pub fn code(self, character: char) -> Option<u16> {
        match self {
            Set::Ascii => (' '..='~').contains(&character).then_some(character as u16),
            Set::Romaji => match character {
                '\u{A5}' => Some(0x5C),
                '\u{203E}' => Some(0x7E),
                '\\' | '~' => None,
                _ => Set::Ascii.code(character),
            },
            Set::JisX0208 => pair(EUC_JP, character).map(|code| code & 0x7F7F),
            Set::JisX0212 => JIS_X_0212.get(&character).copied(),
            Set::KsX1001 => pair(EUC_KR, character),
            Set::Gb2312 => pair(GBK, character).filter(|code| *code < 0xF800),
            _ => {
                let table = HIGH.get(self as usize)?;
                let at = table
                    .iter()
                    .position(|c| *c == character && *c != '\u{FFFD}')?;
                u16::try_from(0xA0 + at).ok()
            }
        }
    }
}

/// Two bytes of 94 × 94 codes that decode to the same character again.
fn pair(encoding: &'static Encoding, character: char) -> Option<u16> {
    let mut buffer = [0; 4];
    let (bytes, _, failed) = encoding.encode(character.encode_utf8(&mut buffer));
    match *bytes {
        [first @ 0xA1..=0xFF, second @ 0xA1..=0xFF] if !failed => {
            let (back, _) = encoding.decode_without_bom_handling(&bytes);
            back.chars()
                .eq([character])
                .then_some(u16::from_be_bytes([first, second]))
        }
        _ => None,
    }
}

/// Upper halves of the one-byte G1 sets, U+FFFD for what is not assigned.
static HIGH: LazyLock<[[char; 96]; 12]> = LazyLock::new(|| {
    [
        std::array::from_fn(latin1),
        by_encoding(ISO_8859_2),
        by_encoding(ISO_8859_3),
        by_encoding(ISO_8859_4),
        std::array::from_fn(|at| match 0xA0 + at {
            0xD0 => 'Ğ',
            0xDD => 'İ',
            0xDE => 'Ş',
            0xF0 => 'ğ',
            0xFD => 'ı',
            0xFE => 'ş',
            _ => latin1(at),
        }),
        by_encoding(ISO_8859_15),
        by_encoding(ISO_8859_5),
        by_encoding(ISO_8859_6),
        by_encoding(ISO_8859_7),
        by_encoding(ISO_8859_8),
        by_encoding(WINDOWS_874),
        std::array::from_fn(|at| match at {
            0x01..=0x3F => char::from_u32(0xFF60 + at as u32).unwrap_or('\u{FFFD}'),
            _ => '\u{FFFD}',
        }),
    ]
});

fn latin1(at: usize) -> char {
    u8::try_from(0xA0 + at).map_or('\u{FFFD}', char::from)
}

fn by_encoding(encoding: &'static Encoding) -> [char; 96] {
    std::array::from_fn(|at| {
        let byte = u8::try_from(0xA0 + at).unwrap_or(0xFF);
        encoding
            .decode_without_bom_handling(&[byte])
            .0
            .chars()
            .next()
            .unwrap_or('\u{FFFD}')
    })
}

/// Codes of JIS X 0212, which `encoding_rs` decodes but does not encode.
static JIS_X_0212: LazyLock<HashMap<char, u16>> = LazyLock::new(|| {
    let codes = (0x21..=0x7E_u8).flat_map(|row| (0x21..=0x7E_u8).map(move |cell| [row, cell]));
    let mut map = HashMap::new();
    for code in codes {
        let bytes = [0x8F, code[0] | 0x80, code[1] | 0x80];
        let (text, failed) = EUC_JP.decode_without_bom_handling(&bytes);
        if let (false, Some(character)) = (failed, text.chars().next()) {
            map.entry(character).or_insert(u16::from_be_bytes(code));
        }
    }
    map
});
