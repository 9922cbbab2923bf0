//! Decoding the lines of a scan (Annex A, inverse).

use super::bits::{Reader, Segment};
use super::context::{CONTEXTS, Context, RunContext, order, predict, reconstruct};
use super::parameters::{Coding, Regions, Table};

/// What makes bits impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A code of more bits than there can be.
    LongCode,
    /// An error that no sample can have.
    LargeError,
    /// A run beyond the end of its line.
    LongRun,
    /// The segment has ended.
    Truncated,
}

impl Fault {
    pub fn reason(self) -> &'static str {
        match self {
            Fault::LongCode => "a code is longer than its limit",
            Fault::LargeError => "an error is larger than the range of samples",
            Fault::LongRun => "a run goes beyond its line",
            Fault::Truncated => "bits end before the picture",
        }
    }
}

/// State of a decoder within a restart interval.
pub(super) struct Decoder<'a> {
    coding: &'a Coding,
    regions: Table<'a>,
    bits: Reader<'a>,
    contexts: [Context; CONTEXTS],
    runs: [RunContext; 2],
    run_index: [usize; 4],
}

/// A line and the one above it, each with a pixel of padding at both ends.
pub(super) struct Lines<'a> {
    pub above: &'a [u16],
    pub line: &'a mut [u16],
}

impl<'a> Decoder<'a> {
    /// At the start of a segment.
    pub fn new(coding: &'a Coding, regions: &'a Regions, segment: &'a Segment) -> Decoder<'a> {
        Decoder {
            coding,
            regions: regions.table(),
            bits: segment.reader(),
            contexts: [Context::new(coding); CONTEXTS],
            runs: [RunContext::new(coding, 0), RunContext::new(coding, 1)],
            run_index: [0; 4],
        }
    }

    /// The next bit to be read.
    pub fn position(&self) -> usize {
        self.bits.position
    }

    /// Are all bits read?
    pub fn is_at_end(&self) -> bool {
        self.bits.is_at_end()
    }

    /// Decodes a line whose pixels have `samples` samples, of the given component if but one.
    pub fn line(
        &mut self,
        lines: Lines<'_>,
        samples: usize,
        component: usize,
    ) -> Result<(), Fault> {
        let Lines { above, line } = lines;
        line[..samples].copy_from_slice(&above[samples..2 * samples]);
        let lines = Lines { above, line };
        match (samples, self.coding.is_plain()) {
            (1, true) => self.single::<true>(lines, component),
            (1, false) => self.single::<false>(lines, component),
            (2, true) => self.several::<2, true>(lines),
            (2, false) => self.several::<2, false>(lines),
            (3, true) => self.several::<3, true>(lines),
            (3, false) => self.several::<3, false>(lines),
            (_, true) => self.several::<4, true>(lines),
            (_, false) => self.several::<4, false>(lines),
        }?;
        if self.bits.is_past_end() {
            return Err(Fault::Truncated);
        }
        Ok(())
    }

    /// A line of one component.
    fn single<const PLAIN: bool>(
        &mut self,
        lines: Lines<'_>,
        component: usize,
    ) -> Result<(), Fault> {
        let width = lines.above.len() - 2;
        let above = &lines.above[..width + 2];
        let line = &mut lines.line[..width + 2];
        let contexts = &mut self.contexts;
        let mut regular = Regular::new(self.coding, self.bits);
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
                left = regular.sample::<PLAIN>(contexts, context, left, up, corner)?;
                line[x + 1] = left as u16;
                corner = up;
                up = right;
                before = after;
                x += 1;
                continue;
            }
            let run = run_length(&mut regular.bits, &mut run_index, width - x)?;
            line[x + 1..=x + run].fill(left as u16);
            x += run;
            if x >= width {
                break;
            }
            up = i32::from(above[x + 1]);
            let kind = usize::from((left - up).abs() <= self.coding.near);
            let (prediction, sign) = match kind {
                1 => (left, 1),
                _ => (up, if left > up { -1 } else { 1 }),
            };
            let error = run_error(
                &mut regular.bits,
                &mut self.runs[kind],
                run_index,
                self.coding,
            )?;
            left = reconstruct::<PLAIN>(prediction, error * sign, self.coding);
            run_index = run_index.saturating_sub(1);
            line[x + 1] = left as u16;
            corner = up;
            x += 1;
            up = i32::from(above[x + 1]);
            before = self.regions.of(up - corner);
        }
        line[width + 1] = line[width];
        self.run_index[component & 3] = run_index;
        self.bits = regular.bits;
        Ok(())
    }

    /// A line of pixels whose samples follow each other.
    fn several<const N: usize, const PLAIN: bool>(
        &mut self,
        lines: Lines<'_>,
    ) -> Result<(), Fault> {
        let above = lines.above.as_chunks::<N>().0;
        let width = above.len() - 2;
        let line = lines.line.as_chunks_mut::<N>().0;
        let contexts = &mut self.contexts;
        let mut regular = Regular::new(self.coding, self.bits);
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
                    let value =
                        regular.sample::<PLAIN>(contexts, context[n], left[n], up[n], corner[n])?;
                    line[x + 1][n] = value as u16;
                }
                before = after;
                x += 1;
                continue;
            }
            let run = run_length(&mut regular.bits, &mut run_index, width - x)?;
            let alike = line[x];
            line[x + 1..=x + run].fill(alike);
            x += run;
            if x >= width {
                break;
            }
            up = above[x + 1].map(i32::from);
            for n in 0..N {
                let sign = if left[n] > up[n] { -1 } else { 1 };
                let error =
                    run_error(&mut regular.bits, &mut self.runs[0], run_index, self.coding)?;
                line[x + 1][n] = reconstruct::<PLAIN>(up[n], error * sign, self.coding) as u16;
            }
            run_index = run_index.saturating_sub(1);
            before = of(up, above[x + 2].map(i32::from));
            x += 1;
        }
        line[width + 1] = line[width];
        self.run_index[0] = run_index;
        self.bits = regular.bits;
        Ok(())
    }
}

/// Regular mode with all that it needs at hand.
struct Regular<'a> {
    bits: Reader<'a>,
    coding: Coding,
    /// Fewer zeros than this: a code that one word holds.
    short: u32,
    escape: u32,
    /// No mapped error is larger.
    most: u32,
}

impl<'a> Regular<'a> {
    fn new(coding: &Coding, bits: Reader<'a>) -> Regular<'a> {
        let escape = coding.escape(coding.limit);
        Regular {
            bits,
            coding: *coding,
            // With 1 bit and 16 more these are 57.
            short: escape.min(40),
            escape,
            most: 2 * coding.range.unsigned_abs(),
        }
    }

    /// A sample in regular mode (§A.4 to §A.6).
    #[inline(always)]
    fn sample<const PLAIN: bool>(
        &mut self,
        contexts: &mut [Context; CONTEXTS],
        context: i32,
        left: i32,
        up: i32,
        corner: i32,
    ) -> Result<i32, Fault> {
        let sign = context >> 31;
        let context = &mut contexts[((context ^ sign) - sign) as usize & (CONTEXTS - 1)];
        let prediction = predict(left, up, corner) + ((context.c ^ sign) - sign);
        let prediction = prediction.max(0).min(self.coding.max_value);
        let (k, turn) = context.code(PLAIN || self.coding.near == 0);
        let word = self.bits.peek();
        let zeros = word.leading_zeros();
        let mapped = if zeros < self.short {
            let low = ((word << zeros) << 1 >> 1) >> (63 - k);
            self.bits.position += (zeros + 1 + k) as usize;
            (zeros << k) | low as u32
        } else {
            golomb_code(&mut self.bits, k, self.escape, self.coding.error_bits)?
        };
        if mapped > self.most {
            return Err(Fault::LargeError);
        }
        let error = ((mapped >> 1) as i32 ^ -((mapped & 1) as i32)) ^ turn;
        context.learn(error, self.coding.step, self.coding.reset);
        Ok(reconstruct::<PLAIN>(
            prediction,
            (error ^ sign) - sign,
            &self.coding,
        ))
    }
}

/// A Golomb code of limited length (§A.5.3), whatever its length.
#[cold]
#[inline(never)]
fn golomb_code(bits: &mut Reader<'_>, k: u32, escape: u32, error_bits: u32) -> Result<u32, Fault> {
    if bits.is_past_end() {
        return Err(Fault::Truncated);
    }
    let zeros = bits.peek().leading_zeros();
    if zeros > escape {
        return Err(Fault::LongCode);
    }
    bits.position += zeros as usize + 1;
    if zeros == escape {
        Ok(bits.take(error_bits) + 1)
    } else {
        Ok(zeros << k | bits.take(k))
    }
}

/// Samples of a run, at most `left` (§A.7.1).
#[inline]
fn run_length(bits: &mut Reader<'_>, run_index: &mut usize, left: usize) -> Result<usize, Fault> {
    let mut run = 0;
    loop {
        let word = bits.peek();
        if word >> 63 == 0 {
            let length = order(*run_index);
            bits.position += 1;
            run += bits.take(length) as usize;
            // No more than the line has; a run that fills it has no end to be coded.
            return if run <= left {
                Ok(run)
            } else {
                Err(Fault::LongRun)
            };
        }
        bits.position += 1;
        let whole = 1 << order(*run_index);
        if run + whole <= left {
            *run_index = (*run_index + 1).min(31);
        }
        run = (run + whole).min(left);
        if run == left {
            return Ok(run);
        }
    }
}

/// Error of a sample that ends a run (§A.7.2).
#[inline]
fn run_error(
    bits: &mut Reader<'_>,
    context: &mut RunContext,
    run_index: usize,
    coding: &Coding,
) -> Result<i32, Fault> {
    let k = context.k();
    let escape = coding.escape(coding.limit - order(run_index) - 1);
    let mapped = golomb_code(bits, k, escape, coding.error_bits)?;
    if mapped > 2 * coding.range.unsigned_abs() {
        return Err(Fault::LargeError);
    }
    let error = context.unmap(mapped, k);
    context.learn(error, mapped, coding.reset);
    Ok(error)
}
