//! Damaged real streams: decoded or refused, never a panic, never for long.
//!
//! `SAGITTAL_DAMAGE_ROUNDS` sets how often each stream is damaged.
#![allow(clippy::unwrap_used)]

mod streams;

use std::time::{Duration, Instant};

use sagittal_pixel::Expected;
use sagittal_pixel::codec::{jpeg2000, jxl};
use streams::{data, frames};

const JPEG_2000: [&str; 7] = [
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.92",
    "1.2.840.10008.1.2.4.93",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
];
const JXL: [&str; 3] = [
    "1.2.840.10008.1.2.4.110",
    "1.2.840.10008.1.2.4.111",
    "1.2.840.10008.1.2.4.112",
];

/// Bytes changed, inserted, taken out, repeated; most of them where the headers are.
struct Damage(u64);

impl Damage {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn apply(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let length = if self.below(2) == 0 {
                160.min(bytes.len())
            } else {
                bytes.len()
            };
            let at = self.below(length);
            match self.below(6) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 | 2 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF][self.below(6)],
                3 => bytes[at] = self.below(256) as u8,
                4 => drop(bytes.drain(at..(at + self.below(9)).min(bytes.len()))),
                _ => {
                    let part = bytes[at..(at + self.below(40)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, part);
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        if self.below(5) == 0 {
            let length = self.below(bytes.len());
            bytes.truncate(length);
        }
        bytes
    }
}

fn damage(syntaxes: &[&str], decode: impl Fn(&[u8])) {
    let Some(root) = data() else { return };
    let rounds = std::env::var("SAGITTAL_DAMAGE_ROUNDS");
    let rounds = rounds.map_or(2, |rounds| rounds.parse().unwrap());
    for frame in frames(&root, syntaxes) {
        if frame.number > 0 || frame.bytes.len() > 200_000 && rounds < 10 {
            continue;
        }
        for round in 0..rounds {
            let seed = 0x9E37_79B9_7F4A_7C15 ^ (frame.bytes.len() as u64) << 20 ^ round;
            let bytes = Damage(seed).apply(&frame.bytes);
            let start = Instant::now();
            decode(&bytes);
            let took = start.elapsed();
            assert!(
                took < Duration::from_secs(10),
                "{} {round}: {took:?}",
                frame.path
            );
        }
    }
}

#[test]
fn damaged_jpeg_2000_is_decoded_or_refused() {
    damage(&JPEG_2000, |bytes| {
        let _ = jpeg2000::decode(bytes, &Expected::any(1 << 23));
    });
}

#[test]
fn damaged_jpeg_xl_is_decoded_or_refused() {
    damage(&JXL, |bytes| {
        let _ = jxl::decode(bytes, &Expected::any(1 << 23));
    });
}
