//! A cursor over JSON text (RFC 8259): tokens in place, nothing built that is not asked for.

use std::borrow::Cow;

/// What is wrong with the text, and where.
#[derive(Debug)]
pub(super) struct Fault {
    pub offset: usize,
    pub reason: Cow<'static, str>,
}

pub(super) type Parsed<T> = Result<T, Fault>;

/// A value that is neither array nor object.
#[derive(Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
}

#[derive(Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    pub fn offset(&self) -> usize {
        self.at
    }

    pub fn seek(&mut self, offset: usize) {
        self.at = offset;
    }

    pub fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    pub fn fault<T>(&self, reason: impl Into<Cow<'static, str>>) -> Parsed<T> {
        Err(Fault {
            offset: self.at,
            reason: reason.into(),
        })
    }

    /// The next byte that is not white space.
    pub fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let blank = rest
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
            .count();
        self.at += blank;
        rest.get(blank).copied()
    }

    /// Takes `byte` if it is next.
    pub fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    pub fn expect(&mut self, byte: u8) -> Parsed<()> {
        match self.take(byte) {
            true => Ok(()),
            false => self.fault(format!("expected {:?}", char::from(byte))),
        }
    }

    /// The key of the next member of an object that `{` has opened, its colon taken; `None` at `}`.
    pub fn next_key(&mut self, first: &mut bool) -> Parsed<Option<Cow<'a, str>>> {
        if self.take(b'}') {
            return Ok(None);
        }
        if !std::mem::replace(first, false) {
            self.expect(b',')?;
        }
        let key = self.string()?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// Is there another value in an array that `[` has opened? Takes comma or `]`.
    pub fn next_value(&mut self, first: &mut bool) -> Parsed<bool> {
        if self.take(b']') {
            return Ok(false);
        }
        if !std::mem::replace(first, false) {
            self.expect(b',')?;
        }
        Ok(true)
    }

    pub fn string(&mut self) -> Parsed<Cow<'a, str>> {
        self.expect(b'"')?;
        let start = self.at;
        let mut built: Option<String> = None;
        let mut clean_from = start;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let Some(stop) = memchr::memchr2(b'"', b'\\', rest) else {
                return self.fault("a string has no end");
            };
            let clean = self.slice(clean_from, self.at + stop);
            self.at += stop + 1;
            if rest.get(stop) == Some(&b'"') {
                return Ok(match built {
                    None => Cow::Borrowed(clean),
                    Some(mut text) => {
                        text.push_str(clean);
                        Cow::Owned(text)
                    }
                });
            }
            let text = built.get_or_insert_default();
            text.push_str(clean);
            let character = self.escape()?;
            built.get_or_insert_default().push(character);
            clean_from = self.at;
        }
    }

    /// The character of an escape whose backslash has been taken. A lone surrogate becomes U+FFFD.
    fn escape(&mut self) -> Parsed<char> {
        let Some(&letter) = self.text.as_bytes().get(self.at) else {
            return self.fault("a string has no end");
        };
        let character = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode_escape();
            }
            _ => return self.fault("unknown escape in a string"),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode_escape(&mut self) -> Parsed<char> {
        let first = self.four_digits()?;
        if (0xD800..0xDC00).contains(&first) && self.text.get(self.at..self.at + 2) == Some("\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.four_digits()?;
            if (0xDC00..0xE000).contains(&second) {
                let joined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Parsed<u32> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                self.at += 4;
                Ok(value)
            }
            None => self.fault("expected four hexadecimal digits"),
        }
    }

    pub fn scalar(&mut self) -> Parsed<Scalar<'a>> {
        match self.peek() {
            Some(b'"') => self.string().map(Scalar::Text),
            Some(b'{' | b'[') => self.fault("expected a string or a number"),
            None => self.fault("the text ends too soon"),
            Some(_) => {
                let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
                let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
                let length = rest.iter().take_while(|b| is_word(b)).count();
                let word = self.slice(self.at, self.at + length);
                let scalar = match word {
                    "null" => Scalar::Null,
                    "true" => Scalar::Bool(true),
                    "false" => Scalar::Bool(false),
                    // Not JSON, but what some writers give for them.
                    "NaN" | "Infinity" | "-Infinity" => Scalar::Number(word),
                    _ if super::number::is_json_grammar(word.as_bytes()) => Scalar::Number(word),
                    _ => return self.fault("expected a value"),
                };
                self.at += length;
                Ok(scalar)
            }
        }
    }

    /// Passes over a value whatever it is; nesting costs a byte, not a stack frame.
    pub fn skip_value(&mut self) -> Parsed<()> {
        let mut closers: Vec<u8> = Vec::new();
        loop {
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    closers.push(b'}');
                    self.skip_key(b'}')?;
                }
                Some(b'[') => {
                    self.at += 1;
                    closers.push(b']');
                }
                Some(closer @ (b'}' | b']')) if closers.last() == Some(&closer) => {}
                _ => {
                    self.scalar()?;
                }
            }
            // After a value: commas lead to the next one, closers end what holds it.
            loop {
                let Some(&closer) = closers.last() else {
                    return Ok(());
                };
                if self.take(closer) {
                    closers.pop();
                    continue;
                }
                if self.take(b',') {
                    self.skip_key(closer)?;
                } else if !matches!(self.previous(), Some(b'{' | b'[' | b':')) {
                    return self.fault("expected ',' or the end of an array or object");
                }
                break;
            }
        }
    }

    fn skip_key(&mut self, closer: u8) -> Parsed<()> {
        if closer == b'}' && self.peek() != Some(b'}') {
            self.string()?;
            self.expect(b':')?;
        }
        Ok(())
    }

    fn previous(&self) -> Option<u8> {
        let before = self.text.as_bytes().get(..self.at).unwrap_or_default();
        before
            .iter()
            .rev()
            .copied()
            .find(|b| !b.is_ascii_whitespace())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_unescaped() {
        let mut cursor = Cursor::new(r#" "a\"\\\/\n\u00e4\ud83d\ude00\ud800x" "#);
        assert_eq!(cursor.string().unwrap(), "a\"\\/\nä😀\u{FFFD}x");
        assert!(Cursor::new(r#""a\"#).string().is_err());
        assert!(Cursor::new(r#""\u12"#).string().is_err());
        assert!(Cursor::new(r#""\u12ä4""#).string().is_err());
    }

    #[test]
    fn values_are_passed_over() {
        for good in [
            r#"{}"#,
            r#"[]"#,
            r#"{"a":[1,{"b":null},[[]]],"c":"}"}"#,
            "1",
            r#"[{},{}]"#,
            "[ [ ] , { } ]",
        ] {
            let mut cursor = Cursor::new(good);
            cursor
                .skip_value()
                .unwrap_or_else(|fault| panic!("{good}: {fault:?}"));
            assert_eq!(cursor.peek(), None, "{good}");
        }
        for bad in [
            "",
            "{",
            "[1 2]",
            r#"{"a" 1}"#,
            r#"{"a":1"#,
            "[1}",
            "tru",
            "01",
        ] {
            assert!(Cursor::new(bad).skip_value().is_err(), "{bad}");
        }
        let deep = "[".repeat(1_000_000);
        assert!(Cursor::new(&deep).skip_value().is_err());
    }
}
