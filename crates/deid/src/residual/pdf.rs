//! The text of PDF documents, as far as a search needs it (ISO 32000-1 §7.3.8, §9.4.3): streams
//! inflated, and the strings of a stream one after the other as they are shown.

use std::io::Read;

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};

/// Bytes that the streams of one document may grow to together.
const INFLATED: u64 = 64 << 20;
/// Streams of a document that are looked at.
const STREAMS: usize = 100_000;

/// Is it a PDF? The header may stand anywhere in the first 1,024 bytes.
pub fn is_pdf(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or(&[]);
    head.windows(5).any(|window| window == b"%PDF-")
}

/// Calls `text` with every inflated stream, and with the strings in every stream. `false` if the
/// document is too large to be gone through.
pub fn streams(bytes: &[u8], mut text: impl FnMut(&[u8])) -> bool {
    let mut budget = INFLATED;
    let mut rest = bytes;
    text(&strings(bytes));
    for _ in 0..STREAMS {
        let Some(at) = find(rest, b"stream") else {
            return true;
        };
        let after = rest.get(at + 6..).unwrap_or(&[]);
        let body = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.strip_prefix(b"\n"));
        let Some(body) = body else {
            rest = after;
            continue;
        };
        let end = find(body, b"endstream").unwrap_or(body.len());
        let stream = body.get(..end).unwrap_or(body);
        if let Some(inflated) = inflate(stream, &mut budget) {
            text(&inflated);
            text(&strings(&inflated));
        }
        if budget == 0 {
            return false;
        }
        rest = body.get(end + 9..).unwrap_or(&[]);
    }
    false
}

/// Inflates zlib or gzip; what there is of a damaged stream. `None` if it is neither.
pub fn inflate(bytes: &[u8], budget: &mut u64) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let limit = *budget;
    let read = match *bytes {
        [0x1F, 0x8B, ..] => GzDecoder::new(bytes).take(limit).read_to_end(&mut out),
        [first, second, ..]
            if first & 0x0F == 8
                && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31) =>
        {
            ZlibDecoder::new(bytes).take(limit).read_to_end(&mut out)
        }
        _ => return None,
    };
    if read.is_err() && out.is_empty() {
        let body = bytes.get(2..).unwrap_or(&[]);
        let _ = DeflateDecoder::new(body).take(limit).read_to_end(&mut out);
    }
    *budget = limit.saturating_sub(out.len() as u64);
    (!out.is_empty()).then_some(out)
}

/// All strings, literal and hexadecimal, in a row; a line feed where a line is ended.
fn strings(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = content.get(at) {
        at += 1;
        match byte {
            b'(' => at = literal(content, at, &mut out),
            b'<' if content.get(at) != Some(&b'<') => at = hexadecimal(content, at, &mut out),
            // Text operators that go to another line: Td, TD, T*, Tm, ', ".
            b'T' if matches!(content.get(at), Some(b'd' | b'D' | b'*' | b'm')) => out.push(b'\n'),
            b'\'' | b'"' => out.push(b'\n'),
            _ => {}
        }
    }
    out
}

fn literal(content: &[u8], mut at: usize, out: &mut Vec<u8>) -> usize {
    let mut depth = 1;
    while let Some(byte) = content.get(at).copied() {
        at += 1;
        match byte {
            b'\\' => {
                let digits = content.get(at..).unwrap_or(&[]).iter().take(3);
                let octal = digits
                    .take_while(|digit| matches!(digit, b'0'..=b'7'))
                    .count();
                if octal > 0 {
                    let digits = content.get(at..at + octal).unwrap_or(&[]);
                    let value = digits
                        .iter()
                        .fold(0_u32, |sum, d| sum * 8 + u32::from(d - b'0'));
                    out.push((value & 0xFF) as u8);
                    at += octal;
                    continue;
                }
                match content.get(at).copied() {
                    Some(b'n' | b'r') => out.push(b'\n'),
                    Some(b't') => out.push(b'\t'),
                    Some(b'\n' | b'\r') | None => {}
                    Some(other) => out.push(other),
                }
                at += 1;
            }
            b'(' => {
                depth += 1;
                out.push(byte);
            }
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
                out.push(byte);
            }
            _ => out.push(byte),
        }
    }
    at
}

fn hexadecimal(content: &[u8], mut at: usize, out: &mut Vec<u8>) -> usize {
    let mut high = None;
    while let Some(byte) = content.get(at).copied() {
        at += 1;
        let digit = char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok());
        match (digit, high) {
            (Some(digit), None) => high = Some(digit),
            (Some(digit), Some(first)) => {
                out.push(first << 4 | digit);
                high = None;
            }
            (None, _) if byte.is_ascii_whitespace() => {}
            (None, _) => break,
        }
    }
    out.extend(high.map(|first| first << 4));
    at
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut from = 0;
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        if bytes
            .get(from + at..)
            .is_some_and(|rest| rest.starts_with(what))
        {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_put_together_as_they_are_shown() {
        let content = b"BT [(D) -20 (oe)] TJ 0 -12 Td <4A616E65> Tj (a\\(b\\)\\101) Tj ET";
        assert_eq!(strings(content), b"Doe\nJanea(b)A");
    }
}
