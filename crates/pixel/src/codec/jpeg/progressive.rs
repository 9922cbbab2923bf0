//! Scans of progressive frames (T.81 §G): coefficients are gathered, and transformed at the end.

use super::bits::BitReader;
use super::broken;
use super::dct::{self, Sample, ZIGZAG};
use super::huffman::{DctTable, Kind};
use super::layout::{Extent, Layout};
use super::scan::{Blocks, table, walk};
use super::stream::{Scan, Stream};
use crate::Result;

/// Real streams have about ten scans. Each costs a pass over the frame, however short it is.
const MAX_SCANS: u32 = 256;

/// Bits of a coefficient that have not come: all.
const NOTHING: u8 = 0xFF;

/// The coefficients of a frame.
#[derive(Debug)]
pub(super) struct Coefficients {
    components: Vec<Component>,
    scans: u32,
}

#[derive(Debug)]
struct Component {
    extent: Extent,
    /// Blocks by rows, each in the order of the zigzag.
    values: Vec<i16>,
    /// The lowest bit that has come, for each coefficient.
    lowest: [u8; 64],
    /// As it was at the component's first scan.
    quantization: Option<[u16; 64]>,
}

impl Coefficients {
    pub fn new(layout: &Layout) -> Coefficients {
        let components = layout.extents.iter().map(|extent| Component {
            extent: *extent,
            values: vec![0; extent.padded_across * extent.padded_down * 64],
            lowest: [NOTHING; 64],
            quantization: None,
        });
        Coefficients {
            components: components.collect(),
            scans: 0,
        }
    }

    /// Decodes a scan; says where it ends.
    pub fn scan(
        &mut self,
        stream: &Stream<'_>,
        scan: &Scan,
        layout: &Layout,
        quantization: &[u8],
    ) -> Result<usize> {
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(broken(scan.offset, format!("more than {MAX_SCANS} scans")));
        }
        self.begin(scan)?;
        for component in &scan.components {
            let number = usize::from(quantization[component.index]);
            let kept = &mut self.components[component.index].quantization;
            *kept = kept.or(stream.quantization[number]);
        }
        let mut all: Vec<Option<&mut Component>> = self.components.iter_mut().map(Some).collect();
        let mut parts = Vec::with_capacity(scan.components.len());
        for component in &scan.components {
            let Some(coefficients) = all[component.index].take() else {
                continue; // `Stream::scan` lets no component come twice
            };
            let table = match (scan.start, scan.high) {
                (0, 0) => Some(table(&stream.dc, component.dc, Kind::Difference, scan)?),
                (0, _) => None,
                _ => Some(table(&stream.ac, component.ac, Kind::Coefficient, scan)?),
            };
            parts.push(Part {
                across: coefficients.extent.padded_across,
                values: &mut coefficients.values,
                table,
                prediction: 0,
            });
        }
        let mut blocks = Progressive {
            parts,
            start: scan.start.into(),
            end: scan.end.into(),
            is_first: scan.high == 0,
            low: scan.low.into(),
            zero_blocks: 0,
        };
        walk(stream, scan, layout, &mut blocks)
    }

    /// Does the scan bring what it may (T.81 §G.1.1.1)?
    fn begin(&mut self, scan: &Scan) -> Result<()> {
        let is_dc = scan.start == 0 && scan.end == 0;
        let is_ac = scan.start > 0 && scan.start <= scan.end && scan.components.len() == 1;
        let wrong = |what: &'static str| Err(broken(scan.offset, what));
        if scan.end > 63 || !(is_dc || is_ac) {
            return wrong("a scan of coefficients that cannot be together");
        }
        if scan.low > 13 || (scan.high > 0 && scan.high != scan.low + 1) {
            return wrong("a scan of bits that cannot be");
        }
        for component in &scan.components {
            let lowest = &mut self.components[component.index].lowest;
            for coefficient in &mut lowest[scan.start.into()..=scan.end.into()] {
                let expected = if scan.high == 0 { NOTHING } else { scan.high };
                if *coefficient != expected {
                    return wrong("a scan of bits that have come, or whose precursors have not");
                }
                *coefficient = scan.low;
            }
        }
        Ok(())
    }

    /// Has every component something to show?
    pub fn is_decodable(&self) -> bool {
        self.components
            .iter()
            .all(|component| component.lowest[0] != NOTHING)
    }

    /// Has every bit come? Then nothing is missing, even without an end of image.
    pub fn is_complete(&self) -> bool {
        self.components
            .iter()
            .all(|component| component.lowest.iter().all(|lowest| *lowest == 0))
    }

    /// Transforms all blocks.
    pub fn planes<S: Sample>(&self, offset: usize) -> Result<Vec<Vec<S>>> {
        let mut planes = Vec::with_capacity(self.components.len());
        for component in &self.components {
            let quantization = component
                .quantization
                .ok_or_else(|| broken(offset, "no quantization table"))?;
            planes.push(component.plane(&quantization.map(i32::from)));
        }
        Ok(planes)
    }
}

impl Component {
    fn plane<S: Sample>(&self, quantization: &[i32; 64]) -> Vec<S> {
        let across = self.extent.padded_across;
        let stride = across * 8;
        let mut plane = vec![S::default(); stride * self.extent.padded_down * 8];
        let rows = plane.chunks_exact_mut(stride * 8);
        for (rows, blocks) in rows.zip(self.values.chunks_exact(across * 64)) {
            for (column, block) in blocks.chunks_exact(64).enumerate() {
                let mut coefficients = [0; 64];
                let mut last = 0;
                for (index, value) in block.iter().enumerate() {
                    if *value != 0 {
                        coefficients[usize::from(ZIGZAG[index])] =
                            i32::from(*value).wrapping_mul(quantization[index]);
                        last = index;
                    }
                }
                dct::inverse(&coefficients, last, &mut rows[column * 8..], stride);
            }
        }
        plane
    }
}

/// A component's part in a scan.
struct Part<'p> {
    values: &'p mut [i16],
    across: usize,
    table: Option<DctTable>,
    prediction: i32,
}

struct Progressive<'p> {
    parts: Vec<Part<'p>>,
    start: usize,
    end: usize,
    is_first: bool,
    low: u32,
    /// Blocks to come without new coefficients (EOBRUN).
    zero_blocks: u32,
}

impl Blocks for Progressive<'_> {
    fn block(
        &mut self,
        reader: &mut BitReader<'_>,
        place: usize,
        column: usize,
        row: usize,
    ) -> Option<()> {
        let part = &mut self.parts[place];
        let at = (row * part.across + column) * 64;
        let block = part.values.get_mut(at..at + 64)?;
        match (self.start, self.is_first) {
            (0, true) => {
                let difference = reader.difference(part.table.as_ref()?)?;
                part.prediction = part.prediction.wrapping_add(difference);
                block[0] = shifted(part.prediction, self.low);
            }
            (0, false) => {
                if reader.bit() {
                    block[0] |= 1 << self.low;
                }
            }
            (_, is_first) => {
                let band = &mut block[self.start..=self.end];
                let table = part.table.as_ref()?;
                if is_first {
                    first(reader, table, band, self.low, &mut self.zero_blocks)?;
                } else {
                    refine(reader, table, band, self.low, &mut self.zero_blocks)?;
                }
            }
        }
        Some(())
    }

    fn restart(&mut self) {
        self.zero_blocks = 0;
        for part in &mut self.parts {
            part.prediction = 0;
        }
    }
}

/// Lawful coefficients fit 16 bits; of others some bits are kept.
fn shifted(value: i32, low: u32) -> i16 {
    value.wrapping_shl(low) as i16
}

/// The first bits of a band (T.81 §G.1.2.2).
fn first(
    reader: &mut BitReader<'_>,
    table: &DctTable,
    band: &mut [i16],
    low: u32,
    zero_blocks: &mut u32,
) -> Option<()> {
    if *zero_blocks > 0 {
        *zero_blocks -= 1;
        return Some(());
    }
    let mut index = 0;
    while index < band.len() {
        let (symbol, value) = reader.coefficient(table)?;
        let run = symbol >> 4;
        if symbol & 15 == 0 {
            if run == 15 {
                index += 16;
                continue;
            }
            *zero_blocks = run_of_blocks(reader, run) - 1;
            break;
        }
        index += usize::from(run);
        *band.get_mut(index)? = shifted(value, low);
        index += 1;
    }
    Some(())
}

/// Blocks of a run, with the one at hand (T.81 Table G.1).
fn run_of_blocks(reader: &mut BitReader<'_>, size: u8) -> u32 {
    reader.fill();
    let additional = match size {
        0 => 0,
        size => reader.take(size.into()) as u32,
    };
    (1 << size) + additional
}

/// Another bit of a band (T.81 §G.1.2.3).
fn refine(
    reader: &mut BitReader<'_>,
    table: &DctTable,
    band: &mut [i16],
    low: u32,
    zero_blocks: &mut u32,
) -> Option<()> {
    let bit = 1_i16 << low;
    let mut values = band.iter_mut();
    if *zero_blocks == 0 {
        // Each symbol is a new coefficient after some that stay zero; those that are not zero
        // already do not count, and take their bit in passing.
        'symbols: while values.len() > 0 {
            let symbol = reader.symbol(table)?;
            let mut run = symbol >> 4;
            let new = match symbol & 15 {
                0 if run == 15 => 0,
                0 => {
                    *zero_blocks = run_of_blocks(reader, run);
                    break 'symbols;
                }
                1 if reader.bit() => bit,
                1 => -bit,
                _ => return None,
            };
            loop {
                let Some(value) = values.next() else {
                    if new != 0 {
                        return None;
                    }
                    break 'symbols;
                };
                if *value != 0 {
                    refine_value(reader, value, bit);
                } else if run == 0 {
                    *value = new;
                    break;
                } else {
                    run -= 1;
                }
            }
        }
    }
    if *zero_blocks > 0 {
        for value in values.filter(|value| **value != 0) {
            refine_value(reader, value, bit);
        }
        *zero_blocks -= 1;
    }
    Some(())
}

fn refine_value(reader: &mut BitReader<'_>, value: &mut i16, bit: i16) {
    if reader.bit() && *value & bit == 0 {
        *value = if *value < 0 {
            value.wrapping_sub(bit)
        } else {
            value.wrapping_add(bit)
        };
    }
}
