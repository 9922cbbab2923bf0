//! Deflated data sets (PS3.5 §A.5): raw DEFLATE (RFC 1951); a zlib wrapping (RFC 1950), which some
//! writers add, is tolerated.

use flate2::{Decompress, FlushDecompress, Status};
use sagittal_core::{Finding, FindingKind, Limits, TagPath};

use crate::{Error, Result};

/// Up to here inflated bytes are kept at once; beyond, they are counted first, so that a bomb
/// costs time but no memory.
const KEPT_UNSEEN: usize = 8 << 20;
const STEP: usize = 64 << 10;

/// Inflates a deflated data set (PS3.5 §A.5), at most `limits.inflated` bytes; a cut stream gives
/// what there was.
pub fn inflate(bytes: &[u8], limits: Limits) -> Result<(Vec<u8>, Vec<Finding>)> {
    let mut stream = Stream::new(bytes);
    let mut out = Vec::with_capacity(bytes.len().saturating_mul(4).clamp(STEP, KEPT_UNSEEN));
    stream.fill(&mut out, KEPT_UNSEEN);
    if !stream.ended {
        let size = measure(bytes, limits.inflated)?;
        out.reserve_exact(size.saturating_sub(out.len()));
        stream.fill(&mut out, size);
    }
    if out.len() as u64 > limits.inflated {
        return Err(too_large(limits.inflated));
    }
    Ok((out, stream.findings))
}

/// The first bytes of an inflated data set, at most `length`: enough for its header.
pub fn inflate_prefix(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::new();
    Stream::new(bytes).fill(&mut out, length);
    out
}

/// Inflates into the void.
fn measure(bytes: &[u8], limit: u64) -> Result<usize> {
    let mut stream = Stream::new(bytes);
    let mut buffer = Vec::with_capacity(STEP);
    let mut size = 0_u64;
    while !stream.ended {
        buffer.clear();
        stream.fill(&mut buffer, STEP);
        size += buffer.len() as u64;
        if size > limit {
            return Err(too_large(limit));
        }
    }
    usize::try_from(size).map_err(|_| too_large(limit))
}

fn too_large(limit: u64) -> Error {
    Error::Limit {
        what: "inflated bytes",
        limit,
        path: TagPath::default(),
        offset: 0,
    }
}

/// Is this a zlib stream? Its first byte, 0x78, would begin a stored block of DEFLATE, whose
/// length is then confirmed by its complement.
pub(crate) fn is_zlib(bytes: &[u8]) -> bool {
    let Some(&[first, second, a, b, c]) = bytes.first_chunk::<5>() else {
        return false;
    };
    let header =
        first & 0x0F == 8 && first >> 4 <= 7 && u16::from_be_bytes([first, second]) % 31 == 0;
    let stored =
        first & 0x06 == 0 && u16::from_le_bytes([second, a]) == !u16::from_le_bytes([b, c]);
    header && !stored
}

struct Stream<'a> {
    input: &'a [u8],
    state: Decompress,
    ended: bool,
    findings: Vec<Finding>,
}

impl<'a> Stream<'a> {
    fn new(input: &'a [u8]) -> Stream<'a> {
        let zlib = is_zlib(input);
        let mut stream = Stream {
            input,
            state: Decompress::new(zlib),
            ended: input.is_empty(),
            findings: Vec::new(),
        };
        if zlib {
            stream.note("deflated data set in a zlib wrapping");
        }
        stream
    }

    fn note(&mut self, what: &str) {
        let kind = FindingKind::Other(what.to_owned());
        self.findings.push(Finding {
            path: TagPath::default(),
            offset: self.state.total_in(),
            kind,
        });
    }

    /// Inflates until `out` holds `length` bytes or the stream ends.
    fn fill(&mut self, out: &mut Vec<u8>, length: usize) {
        while !self.ended && out.len() < length {
            let room = (length - out.len()).min(STEP);
            out.reserve(room);
            let consumed = usize::try_from(self.state.total_in()).unwrap_or(usize::MAX);
            let input = self.input.get(consumed..).unwrap_or(&[]);
            let before = out.len();
            let status = self.state.decompress_vec(input, out, FlushDecompress::None);
            let moved = out.len() != before || self.state.total_in() != consumed as u64;
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                Ok(_) if moved => {}
                Ok(_) => {
                    self.note("deflated data set is cut");
                    self.ended = true;
                }
                Err(_) => {
                    self.note("deflated data set is damaged");
                    self.ended = true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write;

    use super::*;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_deflated_is_inflated_wrapped_or_not() {
        let bytes: Vec<u8> = (0..20_000_000_u32).map(|n| (n / 7) as u8).collect();
        let (out, findings) = inflate(&deflated(&bytes), Limits::default()).unwrap();
        assert!(out == bytes && findings.is_empty());
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        let (out, findings) = inflate(&encoder.finish().unwrap(), Limits::default()).unwrap();
        assert!(out == bytes && findings.len() == 1);
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = deflated(&vec![0; 100 << 20]);
        let limits = Limits {
            inflated: 50 << 20,
            ..Limits::default()
        };
        assert!(matches!(
            inflate(&bomb, limits),
            Err(Error::Limit {
                what: "inflated bytes",
                ..
            })
        ));
        assert_eq!(inflate_prefix(&bomb, 1000), vec![0; 1000]);
    }

    #[test]
    fn a_cut_stream_gives_what_there_was() {
        let bytes: Vec<u8> = (0..100_000_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let whole = deflated(&bytes);
        let (out, findings) = inflate(&whole[..whole.len() / 2], Limits::default()).unwrap();
        assert!(bytes.starts_with(&out) && out.len() > 1000);
        assert_eq!(findings.len(), 1);
        assert!(inflate(&[], Limits::default()).unwrap().0.is_empty());
    }
}
