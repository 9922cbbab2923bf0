//! Encoding the lines of a scan (Annex A).

use super::bits::Writer;
use super::context::{CONTEXTS, Context, RunContext, order, predict, reconstruct};
use super::parameters::{Coding, Regions, Table};

/// State of an encoder.
pub(super) struct Encoder<'a> {
    coding: &'a Coding,
    regions: Table<'a>,
    bits: Writer,
    contexts: [Context; CONTEXTS],
    runs: [RunContext; 2],
    run_index: [usize; 4],
}

impl<'a> Encoder<'a> {
    /// At the start of a scan of about `bytes` bytes.
    pub fn new(coding: &'a Coding, regions: &'a Regions, bytes: usize) -> Encoder<'a> {
        Encoder {
            coding,
            regions: regions.table(),
            bits: Writer::with_capacity(bytes),
            contexts: [Context::new(coding); CONTEXTS],
            runs: [RunContext::new(coding, 0), RunContext::new(coding, 1)],
            run_index: [0; 4],
        }
    }

    /// The bits, at the end of a stream.
    pub fn finish(self, stream: &mut Vec<u8>) {
        self.bits.finish(stream);
    }

    /// Encodes a line whose pixels have `samples` samples, of the given component if but one. Both
    /// lines have a pixel of padding at both ends. Afterwards `line` is as a decoder has it.
    pub fn line(&mut self, above: &[u16], line: &mut [u16], samples: usize, component: usize) {
        line[..samples].copy_from_slice(&above[samples..2 * samples]);
        match (samples, self.coding.is_plain()) {
            (1, true) => self.single::<true>(above, line, component),
            (1, false) => self.single::<false>(above, line, component),
            (2, true) => self.several::<2, true>(above, line),
            (2, false) => self.several::<2, false>(above, line),
            (3, true) => self.several::<3, true>(above, line),
            (3, false) => self.several::<3, false>(above, line),
            (_, true) => self.several::<4, true>(above, line),
            (_, false) => self.several::<4, false>(above, line),
        }
    }

    /// A line of one component.
    fn single<const PLAIN: bool>(&mut self, above: &[u16], line: &mut [u16], component: usize) {
        let width = above.len() - 2;
        let coding = *self.coding;
        let above = &above[..width + 2];
        let line = &mut line[..width + 2];
        let mut run_index = self.run_index[component & 3];
        let mut left = i32::from(line[0]);
        let mut corner = i32::from(above[0]);
        let mut up = i32::from(above[1]);
        // The gradient between the samples above this one and above the next is that one's next.
        let mut before = self.regions.of(up - corner);
        let mut x = 0;
        while x < width {
            let right = i32::from(above[x + 2]);
            let after = self.regions.of(right - up);
            let context = 81 * after + 9 * before + self.regions.of(corner - left);
            if context != 0 {
                let value = i32::from(line[x + 1]);
                left = regular::<PLAIN>(
                    (&mut self.bits, &mut self.contexts, &coding),
                    context,
                    [left, up, corner],
                    value,
                );
                if !PLAIN {
                    line[x + 1] = left as u16;
                }
                corner = up;
                up = right;
                before = after;
                x += 1;
                continue;
            }
            let run = line[x + 1..=width]
                .iter()
                .take_while(|value| (i32::from(**value) - left).abs() <= coding.near)
                .count();
            if !PLAIN {
                line[x + 1..=x + run].fill(left as u16);
            }
            x += run;
            put_run(&mut self.bits, &mut run_index, run, x == width);
            if x == width {
                break;
            }
            up = i32::from(above[x + 1]);
            let kind = usize::from((left - up).abs() <= coding.near);
            let (prediction, sign) = match kind {
                1 => (left, 1),
                _ => (up, if left > up { -1 } else { 1 }),
            };
            left = put_run_end::<PLAIN>(
                (&mut self.bits, &mut self.runs[kind], &coding),
                run_index,
                (prediction, sign),
                i32::from(line[x + 1]),
            );
            run_index = run_index.saturating_sub(1);
            line[x + 1] = left as u16;
            corner = up;
            x += 1;
            up = i32::from(above[x + 1]);
            before = self.regions.of(up - corner);
        }
        line[width + 1] = line[width];
        self.run_index[component & 3] = run_index;
    }

    /// A line of pixels whose samples follow each other.
    fn several<const N: usize, const PLAIN: bool>(&mut self, above: &[u16], line: &mut [u16]) {
        let coding = *self.coding;
        let above = above.as_chunks::<N>().0;
        let width = above.len() - 2;
        let line = line.as_chunks_mut::<N>().0;
        let mut run_index = self.run_index[0];
        let regions = self.regions;
        let of = |left: [i32; N], right: [i32; N]| -> [i32; N] {
            std::array::from_fn(|n| regions.of(right[n] - left[n]))
        };
        let mut before = of(above[0].map(i32::from), above[1].map(i32::from));
        let mut x = 0;
        while x < width {
            let left = line[x].map(i32::from);
            let corner = above[x].map(i32::from);
            let mut up = above[x + 1].map(i32::from);
            let after = of(up, above[x + 2].map(i32::from));
            let turn = of(left, corner);
            let context: [i32; N] =
                std::array::from_fn(|n| 81 * after[n] + 9 * before[n] + turn[n]);
            if context != [0; N] {
                for n in 0..N {
                    let value = regular::<PLAIN>(
                        (&mut self.bits, &mut self.contexts, &coding),
                        context[n],
                        [left[n], up[n], corner[n]],
                        i32::from(line[x + 1][n]),
                    );
                    line[x + 1][n] = value as u16;
                }
                before = after;
                x += 1;
                continue;
            }
            let alike = line[x];
            let run = line[x + 1..=width]
                .iter()
                .take_while(|pixel| {
                    (0..N).all(|n| (i32::from(pixel[n]) - left[n]).abs() <= coding.near)
                })
                .count();
            line[x + 1..=x + run].fill(alike);
            x += run;
            put_run(&mut self.bits, &mut run_index, run, x == width);
            if x == width {
                break;
            }
            up = above[x + 1].map(i32::from);
            for n in 0..N {
                let sign = if left[n] > up[n] { -1 } else { 1 };
                let value = put_run_end::<PLAIN>(
                    (&mut self.bits, &mut self.runs[0], &coding),
                    run_index,
                    (up[n], sign),
                    i32::from(line[x + 1][n]),
                );
                line[x + 1][n] = value as u16;
            }
            run_index = run_index.saturating_sub(1);
            before = of(up, above[x + 2].map(i32::from));
            x += 1;
        }
        line[width + 1] = line[width];
        self.run_index[0] = run_index;
    }
}

/// Divides an error by the step, rounding (§A.4.4).
#[inline(always)]
fn quantise(error: i32, coding: &Coding) -> i32 {
    if error > 0 {
        (error + coding.near) / coding.step
    } else {
        -((coding.near - error) / coding.step)
    }
}

/// Takes a quantised error into half the range around 0 (§A.4.5).
#[inline(always)]
fn wrap<const PLAIN: bool>(error: i32, coding: &Coding) -> i32 {
    if PLAIN {
        let spare = coding.range.leading_zeros() + 1;
        return error << spare >> spare;
    }
    let error = if error < 0 {
        error + coding.range
    } else {
        error
    };
    if error >= (coding.range + 1) / 2 {
        error - coding.range
    } else {
        error
    }
}

/// A sample in regular mode (§A.4 to §A.6), as a decoder will have it.
#[inline(always)]
fn regular<const PLAIN: bool>(
    (bits, contexts, coding): (&mut Writer, &mut [Context; CONTEXTS], &Coding),
    context: i32,
    [left, up, corner]: [i32; 3],
    value: i32,
) -> i32 {
    let sign = context >> 31;
    let context = &mut contexts[((context ^ sign) - sign) as usize & (CONTEXTS - 1)];
    let prediction = predict(left, up, corner) + ((context.c ^ sign) - sign);
    let prediction = prediction.max(0).min(coding.max_value);
    let (k, turn) = context.code(PLAIN || coding.near == 0);
    let difference = ((value - prediction) ^ sign) - sign;
    let (error, value) = if PLAIN {
        (difference, value)
    } else {
        let error = quantise(difference, coding);
        let back = reconstruct::<PLAIN>(prediction, (error ^ sign) - sign, coding);
        (error, back)
    };
    let error = wrap::<PLAIN>(error, coding);
    let turned = error ^ turn;
    let mapped = (turned << 1 ^ turned >> 31) as u32;
    put_code(
        bits,
        mapped,
        k,
        coding.escape(coding.limit),
        coding.error_bits,
    );
    context.learn(error, coding.step, coding.reset);
    value
}

/// A Golomb code of limited length (§A.5.3).
#[inline(always)]
fn put_code(bits: &mut Writer, mapped: u32, k: u32, escape: u32, error_bits: u32) {
    let zeros = mapped >> k;
    if zeros < escape {
        let low = mapped & ((1 << k) - 1);
        bits.put(u64::from(1 << k | low), zeros + 1 + k);
    } else {
        bits.put(
            1 << error_bits | u64::from(mapped - 1),
            escape + 1 + error_bits,
        );
    }
}

/// Length of a run (§A.7.1).
fn put_run(bits: &mut Writer, run_index: &mut usize, mut run: usize, is_at_end: bool) {
    while run >= 1 << order(*run_index) {
        bits.put(1, 1);
        run -= 1 << order(*run_index);
        *run_index = (*run_index + 1).min(31);
    }
    if !is_at_end {
        bits.put(run as u64, order(*run_index) + 1);
    } else if run > 0 {
        bits.put(1, 1);
    }
}

/// The sample that ends a run (§A.7.2), as a decoder will have it.
fn put_run_end<const PLAIN: bool>(
    (bits, context, coding): (&mut Writer, &mut RunContext, &Coding),
    run_index: usize,
    (prediction, sign): (i32, i32),
    value: i32,
) -> i32 {
    let error = quantise((value - prediction) * sign, coding);
    let value = reconstruct::<PLAIN>(prediction, error * sign, coding);
    let error = wrap::<PLAIN>(error, coding);
    let k = context.k();
    let mapped = context.map(error, k);
    let escape = coding.escape(coding.limit - order(run_index) - 1);
    put_code(bits, mapped, k, escape, coding.error_bits);
    context.learn(error, mapped, coding.reset);
    value
}
