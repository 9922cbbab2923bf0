//! As much of DER and BER (X.690) as certificates and encrypted messages need. Reading takes
//! indefinite lengths and strings in pieces, which other writers of CMS produce.

/// Nesting that is followed to find the end of an indefinite length.
const DEPTH: usize = 32;

pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const OBJECT_IDENTIFIER: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;
/// Bit of a tag: consists of others.
const CONSTRUCTED: u8 = 0x20;

/// A context-specific tag that consists of others.
pub const fn context(number: u8) -> u8 {
    0xA0 | number
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub struct Tlv<'a> {
    /// Tag, numbers below 31.
    pub tag: u8,
    /// Content.
    pub content: &'a [u8],
    /// Tag, length and content.
    pub raw: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// What it consists of.
    pub fn children(&self) -> Reader<'a> {
        Reader(self.content)
    }

    /// The bytes of an octet string (or one that is tagged implicitly), in pieces or not.
    pub fn octets(&self) -> Option<Vec<u8>> {
        if self.tag & CONSTRUCTED == 0 {
            return Some(self.content.to_vec());
        }
        let mut whole = Vec::with_capacity(self.content.len());
        let mut pieces = self.children();
        while !pieces.is_empty() {
            let piece = pieces.expect(OCTET_STRING)?;
            whole.extend_from_slice(piece.content);
        }
        Some(whole)
    }
}

/// Reads one value after the other.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// Nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next value.
    pub fn next(&mut self) -> Option<Tlv<'a>> {
        let (tlv, rest) = read(self.0, DEPTH)?;
        self.0 = rest;
        Some(tlv)
    }

    /// The next value, which has this tag.
    pub fn expect(&mut self, tag: u8) -> Option<Tlv<'a>> {
        self.next().filter(|tlv| tlv.tag == tag)
    }

    /// The next value if it has this tag; else it stays.
    pub fn optional(&mut self, tag: u8) -> Option<Tlv<'a>> {
        let mut ahead = *self;
        let found = ahead.expect(tag)?;
        *self = ahead;
        Some(found)
    }
}

fn read(bytes: &[u8], depth: usize) -> Option<(Tlv<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    if tag & 0x1F == 0x1F || depth == 0 {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    let (length, body) = match first {
        0x80 => return read_indefinite(bytes, tag, rest, depth),
        0..0x80 => (usize::from(first), rest),
        _ => {
            let count = usize::from(first & 0x7F);
            let (digits, body) = rest.split_at_checked(count).filter(|_| count <= 4)?;
            let length = digits
                .iter()
                .fold(0, |sum, digit| sum << 8 | usize::from(*digit));
            (length, body)
        }
    };
    let (content, rest) = body.split_at_checked(length)?;
    let raw = bytes.get(..bytes.len() - rest.len())?;
    Some((Tlv { tag, content, raw }, rest))
}

fn read_indefinite<'a>(
    bytes: &'a [u8],
    tag: u8,
    body: &'a [u8],
    depth: usize,
) -> Option<(Tlv<'a>, &'a [u8])> {
    if tag & CONSTRUCTED == 0 {
        return None;
    }
    let mut rest = body;
    loop {
        if let Some(after) = rest.strip_prefix(&[0, 0]) {
            let content = body.get(..body.len() - rest.len())?;
            let raw = bytes.get(..bytes.len() - after.len())?;
            return Some((Tlv { tag, content, raw }, after));
        }
        rest = read(rest, depth - 1)?.1;
    }
}

/// A value of these contents.
pub fn tlv(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let length: usize = contents.iter().map(|content| content.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    match u8::try_from(length) {
        Ok(short @ 0..0x80) => out.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let digits = bytes.get(zeros..).unwrap_or(&[]);
            out.push(0x80 | digits.len() as u8);
            out.extend_from_slice(digits);
        }
    }
    for content in contents {
        out.extend_from_slice(content);
    }
    out
}

/// An object identifier with its arcs encoded already.
pub fn oid(encoded: &[u8]) -> Vec<u8> {
    tlv(OBJECT_IDENTIFIER, &[encoded])
}

/// NULL.
pub const NULL: &[u8] = &[5, 0];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn long_and_indefinite_lengths_are_read() {
        let long = tlv(SEQUENCE, &[&tlv(OCTET_STRING, &[&[7; 300]])]);
        let mut reader = Reader(&long);
        let inner = reader.expect(SEQUENCE).unwrap().children().next().unwrap();
        assert_eq!(inner.octets(), Some(vec![7; 300]));
        let pieces = [0x24, 0x80, 4, 1, b'a', 4, 2, b'b', b'c', 0, 0, 9];
        let mut reader = Reader(&pieces);
        let whole = reader.next().unwrap();
        assert_eq!(whole.octets(), Some(b"abc".to_vec()));
        assert_eq!(reader.0, [9]);
    }

    #[test]
    fn damaged_values_are_refused() {
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 2, 1],
            &[0x30, 0x80, 4],
            &[0x04, 0x80, 0, 0],
            &[0x1F, 0],
            &[0x30, 0x85, 0, 0, 0, 0, 1, 0],
        ] {
            assert!(Reader(bad).next().is_none(), "{bad:?}");
        }
        let deep = [[0x30, 0x80]; 1000].concat();
        assert!(Reader(&deep).next().is_none());
    }
}
