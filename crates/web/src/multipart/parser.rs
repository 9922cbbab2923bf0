//! The parser: bytes in, tokens out, no I/O (RFC 2046 §5.1.1).
//!
//! Memory is bounded by one chunk of input plus one part's headers, whatever the size of the parts.
//! Lines may end in LF alone if the first delimiter line does.

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memmem::Finder;

/// Bounds of one message.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the headers of one part.
    pub header_bytes: usize,
    /// Header fields of one part.
    pub header_fields: usize,
    /// Bytes before the first delimiter.
    pub preamble_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            header_bytes: 16 << 10,
            header_fields: 64,
            preamble_bytes: 64 << 10,
        }
    }
}

/// Why a message cannot be read further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A part's headers are too long, or no headers.
    #[error("multipart: {0}")]
    Headers(&'static str),
    /// No delimiter where one must be.
    #[error("multipart: no line with the boundary in the first {0} bytes")]
    NoDelimiter(usize),
    /// The message ends before its closing delimiter.
    #[error("multipart: the message ends before its closing boundary")]
    Truncated,
}

/// The header fields of a part, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartHeaders(Vec<(String, String)>);

impl PartHeaders {
    /// A field by its name, whatever its case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What comes out of the parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A part begins.
    Start(PartHeaders),
    /// Bytes of the part.
    Data(Bytes),
    /// The part ends.
    End,
    /// The closing delimiter was met; what follows is ignored.
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preamble,
    /// After a delimiter: `--`, or the end of its line.
    Delimiter,
    Headers,
    /// The empty line after the headers is still in the buffer.
    AfterHeaders,
    Body,
    Closed,
}

/// The parser.
pub struct Parser {
    /// CRLF (or LF), two hyphens, the boundary.
    delimiter: Vec<u8>,
    finder: Finder<'static>,
    limits: Limits,
    state: State,
    buffer: Bytes,
    fields: Vec<(String, String)>,
    line_end: usize,
    line_feed_only: Option<bool>,
    ended: bool,
}

impl Parser {
    /// A parser for messages with this boundary.
    pub fn new(boundary: &str, limits: Limits) -> Parser {
        let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
        Parser {
            finder: Finder::new(&delimiter).into_owned(),
            delimiter,
            limits,
            state: State::Preamble,
            buffer: Bytes::new(),
            fields: Vec::new(),
            line_end: 0,
            line_feed_only: None,
            ended: false,
        }
    }

    /// Gives the parser the next bytes.
    pub fn feed(&mut self, chunk: Bytes) {
        if self.state == State::Closed {
            return;
        }
        if self.buffer.is_empty() {
            self.buffer = chunk;
        } else {
            let mut joined = BytesMut::with_capacity(self.buffer.len() + chunk.len());
            joined.extend_from_slice(&self.buffer);
            joined.extend_from_slice(&chunk);
            self.buffer = joined.freeze();
        }
    }

    /// Tells the parser that no bytes follow.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The next token; `None` when more bytes are needed.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Token>, Problem> {
        loop {
            let before = (self.state, self.buffer.len());
            let token = match self.state {
                State::Preamble => self.preamble()?,
                State::Delimiter => self.delimiter_line()?,
                State::Headers => self.headers()?,
                State::AfterHeaders => self.after_headers(),
                State::Body => self.body()?,
                State::Closed => return Ok(None),
            };
            if token.is_some() {
                return Ok(token);
            }
            if before == (self.state, self.buffer.len()) {
                return if self.ended {
                    Err(Problem::Truncated)
                } else {
                    Ok(None)
                };
            }
        }
    }

    /// Looks for the first delimiter line: `--boundary` at the very start or after a line end.
    fn preamble(&mut self) -> Result<Option<Token>, Problem> {
        let dashes = self.delimiter.get(2..).unwrap_or_default();
        let mut from = 0;
        loop {
            let rest = self.buffer.get(from..).unwrap_or_default();
            let Some(found) = memchr::memmem::find(rest, dashes) else {
                break;
            };
            let at = from + found;
            let starts_line = at == 0 || self.buffer.get(at - 1) == Some(&b'\n');
            let after = self.buffer.get(at + dashes.len()..).unwrap_or_default();
            match (starts_line, line_after_boundary(after, self.ended)) {
                (true, AfterBoundary::Unknown) => return self.bounded_preamble(),
                (true, AfterBoundary::Other) | (false, _) => from = at + 1,
                (true, _) => {
                    self.buffer.advance(at + dashes.len());
                    self.state = State::Delimiter;
                    return Ok(None);
                }
            }
        }
        self.bounded_preamble()
    }

    fn bounded_preamble(&self) -> Result<Option<Token>, Problem> {
        if self.ended || self.buffer.len() > self.limits.preamble_bytes {
            return Err(Problem::NoDelimiter(self.buffer.len()));
        }
        Ok(None)
    }

    /// The rest of a delimiter's line.
    fn delimiter_line(&mut self) -> Result<Option<Token>, Problem> {
        match line_after_boundary(&self.buffer, self.ended) {
            AfterBoundary::Unknown => Ok(None),
            AfterBoundary::Close => {
                self.state = State::Closed;
                self.buffer = Bytes::new();
                Ok(Some(Token::Close))
            }
            AfterBoundary::Part { length, bare } => {
                self.buffer.advance(length);
                if self.line_feed_only.is_none() {
                    self.line_feed_only = Some(bare);
                    if bare {
                        self.delimiter.remove(0);
                        self.finder = Finder::new(&self.delimiter).into_owned();
                    }
                }
                self.state = State::Headers;
                Ok(None)
            }
            AfterBoundary::Other => Err(Problem::Headers("a delimiter line goes on")),
        }
    }

    /// Header fields up to an empty line.
    fn headers(&mut self) -> Result<Option<Token>, Problem> {
        let limit = self.limits.header_bytes;
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut at = 0;
        loop {
            let rest = self.buffer.get(at..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', rest) else {
                if self.buffer.len() > limit {
                    return Err(Problem::Headers("the headers of a part are too long"));
                }
                return Ok(None);
            };
            let line = rest.get(..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            at += end + 1;
            if at > limit {
                return Err(Problem::Headers("the headers of a part are too long"));
            }
            if line.is_empty() {
                break;
            }
            let text = String::from_utf8_lossy(line);
            if text.starts_with([' ', '\t']) {
                // A folded line belongs to the field before it.
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(text.trim());
                }
                continue;
            }
            let Some((name, value)) = text.split_once(':') else {
                return Err(Problem::Headers("a header line has no colon"));
            };
            if fields.len() >= self.limits.header_fields {
                return Err(Problem::Headers("a part has too many header fields"));
            }
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        // The line end before a delimiter belongs to it: for a part without a body that may be
        // the empty line just read, so it stays in sight.
        let line_end = match self.buffer.get(at.wrapping_sub(2)) {
            Some(b'\r') => 2,
            _ => 1,
        };
        self.line_end = line_end.min(at);
        self.buffer.advance(at - self.line_end);
        self.fields = fields;
        self.state = State::AfterHeaders;
        Ok(None)
    }

    /// Whether the part has a body.
    fn after_headers(&mut self) -> Option<Token> {
        if !self.begins_with_delimiter()? {
            self.buffer.advance(self.line_end);
        }
        self.state = State::Body;
        Some(Token::Start(PartHeaders(std::mem::take(&mut self.fields))))
    }

    /// Is there a delimiter at the very start? `None` if more bytes are needed.
    fn begins_with_delimiter(&self) -> Option<bool> {
        let shared = self.buffer.len().min(self.delimiter.len());
        if self.buffer.get(..shared) != self.delimiter.get(..shared) {
            return Some(false);
        }
        if shared < self.delimiter.len() {
            return self.ended.then_some(false);
        }
        Some(true)
    }

    fn body(&mut self) -> Result<Option<Token>, Problem> {
        let mut from = 0;
        loop {
            let rest = self.buffer.get(from..).unwrap_or_default();
            let Some(found) = self.finder.find(rest) else {
                break;
            };
            let at = from + found;
            let after = self
                .buffer
                .get(at + self.delimiter.len()..)
                .unwrap_or_default();
            match line_after_boundary(after, self.ended) {
                // `--boundaryXYZ` is data.
                AfterBoundary::Other => from = at + 1,
                AfterBoundary::Unknown => {
                    return if at > 0 {
                        Ok(Some(Token::Data(self.buffer.split_to(at))))
                    } else {
                        Ok(None)
                    };
                }
                _ if at > 0 => return Ok(Some(Token::Data(self.buffer.split_to(at)))),
                _ => {
                    self.buffer.advance(self.delimiter.len());
                    self.state = State::Delimiter;
                    return Ok(Some(Token::End));
                }
            }
        }
        if self.ended {
            return Err(Problem::Truncated);
        }
        let keep = self.tail_that_may_begin_a_delimiter();
        let give = self.buffer.len() - keep;
        if give == 0 {
            return Ok(None);
        }
        Ok(Some(Token::Data(self.buffer.split_to(give))))
    }

    /// Bytes at the end that could be the start of a delimiter.
    fn tail_that_may_begin_a_delimiter(&self) -> usize {
        let longest = self.buffer.len().min(self.delimiter.len() - 1);
        (1..=longest)
            .rev()
            .find(|length| {
                self.buffer.get(self.buffer.len() - length..) == self.delimiter.get(..*length)
            })
            .unwrap_or(0)
    }
}

enum AfterBoundary {
    /// The line ends: a part follows. `bare` for LF without CR.
    Part { length: usize, bare: bool },
    /// `--`: the message ends.
    Close,
    /// Something else: this was no delimiter.
    Other,
    /// More bytes are needed.
    Unknown,
}

/// Spaces and tabs that may follow a boundary on its line.
const PADDING: usize = 256;

fn line_after_boundary(rest: &[u8], ended: bool) -> AfterBoundary {
    match rest {
        [b'-', b'-', ..] => return AfterBoundary::Close,
        [b'-'] if !ended => return AfterBoundary::Unknown,
        [b'-', ..] => return AfterBoundary::Other,
        _ => {}
    }
    let padding = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    if padding > PADDING {
        return AfterBoundary::Other;
    }
    match rest.get(padding..).unwrap_or_default() {
        [b'\r', b'\n', ..] => AfterBoundary::Part {
            length: padding + 2,
            bare: false,
        },
        [b'\n', ..] => AfterBoundary::Part {
            length: padding + 1,
            bare: true,
        },
        // A message cut right after a boundary: some clients forget the two hyphens.
        [] | [b'\r'] if ended => AfterBoundary::Close,
        [] | [b'\r'] => AfterBoundary::Unknown,
        _ => AfterBoundary::Other,
    }
}

#[cfg(test)]
mod tests;
