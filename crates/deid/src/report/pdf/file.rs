//! Objects of a PDF file and their cross-reference table (ISO 32000-1 §7.5).

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// A file in the making. Objects are numbered from 1 and may be written in any order.
pub struct File {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

impl File {
    /// Header only.
    pub fn new() -> File {
        File {
            bytes: b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec(),
            offsets: Vec::new(),
        }
    }

    /// A number for an object that is written later.
    pub fn reserve(&mut self) -> usize {
        self.offsets.push(0);
        self.offsets.len()
    }

    /// Writes an object.
    pub fn object(&mut self, number: usize, content: &[u8]) {
        if let Some(offset) = self.offsets.get_mut(number.saturating_sub(1)) {
            *offset = self.bytes.len();
        }
        self.bytes
            .extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.extend_from_slice(b"\nendobj\n");
    }

    /// Writes a compressed stream; `entries` are those of its dictionary besides length and filter.
    pub fn stream(&mut self, number: usize, entries: &str, content: &[u8]) {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
        // Writing into memory does not fail.
        let _ = encoder.write_all(content);
        let packed = encoder.finish().unwrap_or_default();
        let mut object = format!(
            "<<{entries}/Filter/FlateDecode/Length {}>>\nstream\n",
            packed.len()
        )
        .into_bytes();
        object.extend_from_slice(&packed);
        object.extend_from_slice(b"\nendstream");
        self.object(number, &object);
    }

    /// The table and the trailer.
    pub fn finish(mut self, root: usize, info: usize) -> Vec<u8> {
        let start = self.bytes.len();
        let size = self.offsets.len() + 1;
        let mut tail = format!("xref\n0 {size}\n0000000000 65535 f \n");
        for offset in &self.offsets {
            tail.push_str(&format!("{offset:010} 00000 n \n"));
        }
        tail.push_str(&format!(
            "trailer\n<</Size {size}/Root {root} 0 R/Info {info} 0 R>>\nstartxref\n{start}\n%%EOF\n"
        ));
        self.bytes.extend_from_slice(tail.as_bytes());
        self.bytes
    }
}

/// A literal string.
pub fn string(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'('];
    for byte in text {
        if matches!(byte, b'(' | b')' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b')');
    out
}
