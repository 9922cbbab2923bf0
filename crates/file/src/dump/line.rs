//! One line of a dump: indentation, tag, VR, value, length, multiplicity, name.

use std::io::Write;

use sagittal_core::Tag;

/// Columns that a value is padded to.
const VALUE_WIDTH: usize = 40;
const HEX: &[u8; 16] = b"0123456789abcdef";

pub(super) struct Line<'o> {
    out: &'o mut Vec<u8>,
    longest: usize,
    /// Characters of the value so far.
    width: usize,
    cut: bool,
}

impl<'o> Line<'o> {
    pub fn new(out: &'o mut Vec<u8>, value_length: Option<usize>) -> Line<'o> {
        Line {
            out,
            longest: value_length.unwrap_or(usize::MAX),
            width: 0,
            cut: false,
        }
    }

    pub fn begin(&mut self, indent: usize, tag: Tag, vr: &str) {
        self.out.resize(self.out.len() + 2 * indent, b' ');
        self.out.push(b'(');
        self.hex(tag.group(), 4);
        self.out.push(b',');
        self.hex(tag.element(), 4);
        self.out.extend_from_slice(b") ");
        self.out.extend_from_slice(vr.as_bytes());
        self.out.push(b' ');
        self.width = 0;
        self.cut = false;
    }

    fn hex(&mut self, value: u16, digits: u32) {
        for shift in (0..digits).rev() {
            self.out.push(HEX[usize::from(value >> (4 * shift) & 0xF)]);
        }
    }

    /// Part of the value as it stands; characters that could upset a terminal are spelled out.
    pub fn push(&mut self, text: &str) {
        if self.width.saturating_add(text.len()) <= self.longest
            && text.bytes().all(|b| (0x20..0x7F).contains(&b))
        {
            self.out.extend_from_slice(text.as_bytes());
            self.width += text.len();
            return;
        }
        for character in text.chars() {
            if self.width >= self.longest {
                self.cut = true;
                return;
            }
            match character {
                '\n' => self.escape("\\n"),
                '\r' => self.escape("\\r"),
                '\t' => self.escape("\\t"),
                '\u{0}'..='\u{1F}'
                | '\u{7F}'..='\u{9F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2066}'..='\u{2069}' => {
                    self.escape(&format!("\\u{{{:x}}}", u32::from(character)));
                }
                _ => {
                    let mut utf8 = [0; 4];
                    self.out
                        .extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
                    self.width += 1;
                }
            }
        }
    }

    fn escape(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.width += text.len();
    }

    /// The bracket after a text that is all there.
    pub fn close(&mut self) {
        if !self.cut {
            self.escape("]");
        }
    }

    pub fn number(&mut self, value: impl std::fmt::Display) {
        let before = self.out.len();
        let _ = write!(self.out, "{value}");
        self.width += self.out.len() - before;
    }

    /// Lower-case hexadecimal digits.
    pub fn digits(&mut self, value: u16, digits: u32) {
        self.hex(value, digits);
        self.width += digits as usize;
    }

    /// Is there no room for more? Then no more need be made.
    pub fn is_full(&mut self) -> bool {
        self.cut |= self.width >= self.longest;
        self.cut
    }

    /// The rest of the line.
    pub fn end(&mut self, length: Option<u64>, multiplicity: usize, name: &str) {
        if self.cut {
            self.out.extend_from_slice(b"...");
            self.width += 3;
        }
        let blank = VALUE_WIDTH.saturating_sub(self.width);
        self.out.resize(self.out.len() + blank, b' ');
        let _ = match length {
            Some(length) => writeln!(self.out, " # {length:>3},{multiplicity:>2} {name}"),
            None => writeln!(self.out, " # u/l,{multiplicity:>2} {name}"),
        };
    }
}
