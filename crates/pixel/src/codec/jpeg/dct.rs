//! The inverse DCT (T.81 §A.3.3): that of Loeffler, Ligtenberg and Moschytz with 13-bit constants,
//! so that results are those of the field's usual decoders to the bit.

use std::num::Wrapping;

/// Row by row place of each coefficient of the zigzag sequence (T.81 Figure A.6).
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// A decoded sample: 8 bits, or 12 in 16.
pub(super) trait Sample: Copy + Default + 'static {
    /// Fraction bits between the two passes: fewer where samples have more.
    const FRACTION: u32;
    /// The largest value.
    const TOP: i32;
    fn clamped(value: i32) -> Self;
}

impl Sample for u8 {
    const FRACTION: u32 = 2;
    const TOP: i32 = 255;

    #[inline(always)]
    fn clamped(value: i32) -> u8 {
        value.clamp(0, Self::TOP) as u8
    }
}

impl Sample for u16 {
    const FRACTION: u32 = 1;
    const TOP: i32 = 4095;

    #[inline(always)]
    fn clamped(value: i32) -> u16 {
        value.clamp(0, Self::TOP) as u16
    }
}

/// Bits of the constants' fractions.
const CONSTANT_BITS: u32 = 13;

/// A constant of the transform.
const fn fixed(value: f64) -> Int {
    Wrapping((value * (1 << CONSTANT_BITS) as f64 + 0.5) as i32)
}

/// Arithmetic that broken streams may overflow.
type Int = Wrapping<i32>;

/// Divides by a power of two, rounding.
#[inline(always)]
fn scaled_down(value: Int, bits: u32) -> Int {
    (value + Wrapping(1 << (bits - 1))) >> bits as usize
}

/// A block whose only coefficient is the first.
#[inline(always)]
pub(super) fn flat<S: Sample>(dc: i32, block: &mut [S], stride: usize) {
    let value = S::clamped((dc.wrapping_add(4) >> 3).wrapping_add((S::TOP + 1) / 2));
    for row in block.chunks_mut(stride).take(8) {
        if let Some(samples) = row.first_chunk_mut::<8>() {
            *samples = [value; 8];
        }
    }
}

/// Transforms a block. `last` is the zigzag index of the last coefficient that is not zero: the
/// first three lie in the first two rows and columns, the first ten in four.
pub(super) fn inverse<S: Sample>(
    coefficients: &[i32; 64],
    last: usize,
    block: &mut [S],
    stride: usize,
) {
    if last < 3 {
        passes::<S, 2>(coefficients, block, stride);
    } else if last < 10 {
        passes::<S, 4>(coefficients, block, stride);
    } else {
        passes::<S, 8>(coefficients, block, stride);
    }
}

/// Columns, then rows, of which the first `N` are not zero.
#[inline(always)]
fn passes<S: Sample, const N: usize>(coefficients: &[i32; 64], block: &mut [S], stride: usize) {
    let mut rows = [[Wrapping(0); 8]; 8];
    // Written so that the compiler works on several columns at once.
    for x in 0..N {
        let mut input = [Wrapping(0); 8];
        for y in 0..N {
            input[y] = Wrapping(coefficients[8 * y + x]);
        }
        let column = transform(input);
        for y in 0..8 {
            rows[y][x] = scaled_down(column[y], CONSTANT_BITS - S::FRACTION);
        }
    }
    let center = Wrapping((S::TOP + 1) / 2);
    for (row, line) in rows.iter().zip(block.chunks_mut(stride)) {
        let Some(samples) = line.first_chunk_mut::<8>() else {
            continue;
        };
        let mut input = [Wrapping(0); 8];
        input[..N].copy_from_slice(&row[..N]);
        let shift = CONSTANT_BITS + S::FRACTION + 3;
        *samples = transform(input).map(|value| S::clamped((scaled_down(value, shift) + center).0));
    }
}

/// One dimension, scaled by the square root of 8 and the constants' fraction.
#[inline(always)]
fn transform(input: [Int; 8]) -> [Int; 8] {
    let [i0, i1, i2, i3, i4, i5, i6, i7] = input;
    // The even half: a rotation, and butterflies.
    let turn = (i2 + i6) * fixed(0.541_196_100);
    let low = turn - i6 * fixed(1.847_759_065);
    let high = turn + i2 * fixed(0.765_366_865);
    let sum = (i0 + i4) << CONSTANT_BITS as usize;
    let difference = (i0 - i4) << CONSTANT_BITS as usize;
    let even = [sum + high, difference + low, difference - low, sum - high];
    // The odd half: three rotations share their products.
    let all = (i7 + i3 + i5 + i1) * fixed(1.175_875_602);
    let outer = (i7 + i1) * fixed(0.899_976_223);
    let inner = (i5 + i3) * fixed(2.562_915_447);
    let third = all - (i7 + i3) * fixed(1.961_570_560);
    let fourth = all - (i5 + i1) * fixed(0.390_180_644);
    let odd = [
        i1 * fixed(1.501_321_110) - outer + fourth,
        i3 * fixed(3.072_711_026) - inner + third,
        i5 * fixed(2.053_119_869) - inner + fourth,
        i7 * fixed(0.298_631_336) - outer + third,
    ];
    [
        even[0] + odd[0],
        even[1] + odd[1],
        even[2] + odd[2],
        even[3] + odd[3],
        even[3] - odd[3],
        even[2] - odd[2],
        even[1] - odd[1],
        even[0] - odd[0],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition (T.81 §A.3.3).
    fn exact(coefficients: &[i32; 64], x: usize, y: usize) -> f64 {
        let scale = |index: usize| if index == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let wave = |at: usize, index: usize| {
            ((2 * at + 1) as f64 * index as f64 * std::f64::consts::PI / 16.0).cos()
        };
        let mut sum = 0.0;
        for v in 0..8 {
            for u in 0..8 {
                let coefficient = f64::from(coefficients[8 * v + u]);
                sum += scale(u) * scale(v) * coefficient * wave(x, u) * wave(y, v);
            }
        }
        sum / 4.0
    }

    fn differences<S: Sample + Into<i32>>(amplitude: i32) {
        let mut state = 1_u32;
        for used in [1, 3, 5, 10, 64] {
            let mut coefficients = [0; 64];
            for index in 0..used {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let value = (state >> 8) as i32 % amplitude;
                coefficients[usize::from(ZIGZAG[index])] = value;
            }
            let mut block = [S::default(); 64];
            inverse(&coefficients, used - 1, &mut block, 8);
            for (index, sample) in block.into_iter().enumerate() {
                let wanted = exact(&coefficients, index % 8, index / 8) + f64::from(S::TOP / 2 + 1);
                let wanted = wanted.clamp(0.0, S::TOP.into());
                let found = f64::from(sample.into());
                assert!(
                    (found - wanted).abs() < 1.0,
                    "{used}, {index}: {found}, not {wanted}"
                );
            }
        }
    }

    #[test]
    fn the_transform_is_that_of_the_definition() {
        differences::<u8>(200);
        differences::<u16>(600);
    }

    #[test]
    fn a_flat_block_is_what_the_whole_transform_gives() {
        for dc in [-5_000, -1_024, -3, 0, 4, 5, 11, 900, 5_000] {
            let mut coefficients = [0; 64];
            coefficients[0] = dc;
            let (mut whole, mut short) = ([0_u8; 64], [0_u8; 64]);
            inverse(&coefficients, 63, &mut whole, 8);
            flat(dc, &mut short, 8);
            assert_eq!(whole, short);
        }
    }
}
