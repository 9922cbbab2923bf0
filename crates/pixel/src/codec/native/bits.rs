//! Samples that do not fill bytes: the first lies in the lowest bits (PS3.5 §8.1.1).

/// The eight bits of each byte value, the lowest first, a byte each.
const SPREAD: [[u8; 8]; 256] = spread();

const fn spread() -> [[u8; 8]; 256] {
    let mut table = [[0; 8]; 256];
    let mut value = 0;
    while value < 256 {
        let mut bit = 0;
        while bit < 8 {
            table[value][bit] = (value >> bit & 1) as u8;
            bit += 1;
        }
        value += 1;
    }
    table
}

/// `count` single bits as a byte each, after skipping `offset` bits. Missing ones are 0.
pub(crate) fn unpack_bits(bytes: &[u8], offset: u8, count: usize) -> Vec<u8> {
    let mut out = vec![0; count];
    let aligned;
    let bytes = if offset == 0 {
        bytes
    } else {
        aligned = shift_down(bytes, offset);
        &aligned
    };
    let (whole, rest) = out.as_chunks_mut::<8>();
    let spread = |byte: &u8| SPREAD.get(usize::from(*byte)).unwrap_or(&[0; 8]);
    let mut source = bytes.iter();
    for (to, byte) in whole.iter_mut().zip(source.by_ref()) {
        *to = *spread(byte);
    }
    if let Some(byte) = source.next() {
        for (to, bit) in rest.iter_mut().zip(spread(byte)) {
            *to = *bit;
        }
    }
    out
}

/// The bytes without their first `offset` bits.
pub fn shift_down(bytes: &[u8], offset: u8) -> Vec<u8> {
    let offset = u32::from(offset % 8);
    if offset == 0 {
        return bytes.to_vec();
    }
    let next = bytes.iter().skip(1).chain(std::iter::once(&0));
    bytes
        .iter()
        .zip(next)
        .map(|(low, high)| {
            let [byte, _] = (u16::from_le_bytes([*low, *high]) >> offset).to_le_bytes();
            byte
        })
        .collect()
}

/// Packs samples that are 0 or not, eight to a byte.
pub(crate) fn pack_bits(samples: &[u8]) -> Vec<u8> {
    let byte = |bits: &[u8]| {
        bits.iter()
            .enumerate()
            .fold(0, |byte, (at, bit)| byte | u8::from(*bit != 0) << at)
    };
    let (whole, rest) = samples.as_chunks::<8>();
    let mut out: Vec<u8> = whole.iter().map(|bits| byte(bits)).collect();
    if !rest.is_empty() {
        out.push(byte(rest));
    }
    out
}

/// Appends a packed frame of `frame_bits` bits to frames that take `bits` bits: frames of single
/// bits follow each other without a gap (PS3.5 §8.1.1). Returns the bits that they take then.
pub fn append_packed(out: &mut Vec<u8>, bits: u64, frame: &[u8], frame_bits: u64) -> u64 {
    let [used, ..] = (bits % 8).to_le_bytes();
    let bytes = usize::try_from(frame_bits.div_ceil(8)).unwrap_or(usize::MAX);
    let frame = frame.get(..bytes).unwrap_or(frame);
    let total = bits.saturating_add(frame_bits);
    if used == 0 {
        out.extend_from_slice(frame);
        return total;
    }
    let mut carry = out.pop().unwrap_or(0);
    for byte in frame {
        let [low, high] = (u16::from(*byte) << used).to_le_bytes();
        out.push(carry | low);
        carry = high;
    }
    if out.len() as u64 * 8 < total {
        out.push(carry);
    }
    total
}

/// `count` samples of `allocated` bits each, 2 to 63, widened to 1, 2, 4 or 8 bytes.
pub(super) fn unpack(bytes: &[u8], offset: u8, allocated: u8, count: usize) -> Vec<u8> {
    let width = match allocated {
        0..=8 => 1,
        9..=16 => 2,
        17..=32 => 4,
        _ => 8,
    };
    let mut out = vec![0; count.saturating_mul(width)];
    if allocated == 12 && offset == 0 {
        unpack_12(bytes, &mut out);
        return out;
    }
    let mask = (1_u128 << allocated) - 1;
    let (mut window, mut held) = (0_u128, 0_u32);
    let mut source = bytes.iter();
    if offset > 0 {
        window = u128::from(source.next().copied().unwrap_or(0)) >> (offset % 8);
        held = 8 - u32::from(offset % 8);
    }
    for sample in out.chunks_exact_mut(width) {
        while held < u32::from(allocated) {
            window |= u128::from(source.next().copied().unwrap_or(0)) << held;
            held += 8;
        }
        for (to, from) in sample.iter_mut().zip((window & mask).to_le_bytes()) {
            *to = from;
        }
        window >>= allocated;
        held -= u32::from(allocated);
    }
    out
}

/// Two samples of 12 bits in three bytes, as objects of ACR-NEMA's days have them.
fn unpack_12(bytes: &[u8], out: &mut [u8]) {
    let (pairs, rest) = out.as_chunks_mut::<4>();
    let (triples, last) = bytes.as_chunks::<3>();
    for (to, [a, b, c]) in pairs.iter_mut().zip(triples) {
        *to = [*a, b & 0x0F, b >> 4 | c << 4, c >> 4];
    }
    if let ([low, high], [a, b, ..]) = (rest, last) {
        (*low, *high) = (*a, b & 0x0F);
    }
}
