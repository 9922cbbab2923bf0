//! Scans of sequential frames (T.81 §F.2): each block is decoded and transformed at once.

use super::bits::BitReader;
use super::broken;
use super::dct::{self, Sample, ZIGZAG};
use super::huffman::{DctTable, Kind};
use super::layout::Layout;
use super::scan::{Blocks, table, walk};
use super::stream::{Scan, Stream};
use crate::Result;

/// What a component of the scan needs.
struct Part<'p, S> {
    dc: DctTable,
    ac: DctTable,
    quantization: [i32; 64],
    prediction: i32,
    plane: &'p mut [S],
    stride: usize,
}

struct Sequential<'p, S> {
    parts: Vec<Part<'p, S>>,
    coefficients: [i32; 64],
}

/// Decodes a scan into the planes of its components; says where it ends.
pub(super) fn scan<S: Sample>(
    stream: &Stream<'_>,
    scan: &Scan,
    layout: &Layout,
    quantization: &[u8],
    planes: &mut [Vec<S>],
) -> Result<usize> {
    let mut planes: Vec<Option<&mut Vec<S>>> = planes.iter_mut().map(Some).collect();
    let mut parts = Vec::with_capacity(scan.components.len());
    for component in &scan.components {
        let Some(plane) = planes[component.index].take() else {
            continue; // `Stream::scan` lets no component come twice
        };
        let number = usize::from(quantization[component.index]);
        let quantization = stream.quantization[number]
            .ok_or_else(|| broken(scan.offset, format!("no quantization table {number}")))?;
        parts.push(Part {
            dc: table(&stream.dc, component.dc, Kind::Difference, scan)?,
            ac: table(&stream.ac, component.ac, Kind::Coefficient, scan)?,
            quantization: quantization.map(i32::from),
            prediction: 0,
            plane,
            stride: layout.extents[component.index].padded_across * 8,
        });
    }
    let mut blocks = Sequential {
        parts,
        coefficients: [0; 64],
    };
    walk(stream, scan, layout, &mut blocks)
}

impl<S: Sample> Blocks for Sequential<'_, S> {
    #[inline(always)]
    fn block(
        &mut self,
        reader: &mut BitReader<'_>,
        place: usize,
        column: usize,
        row: usize,
    ) -> Option<()> {
        let part = &mut self.parts[place];
        let last = part.coefficients(reader, &mut self.coefficients)?;
        let block = part.plane.get_mut(row * 8 * part.stride + column * 8..)?;
        if last == 0 {
            dct::flat(self.coefficients[0], block, part.stride);
            self.coefficients[0] = 0;
        } else {
            dct::inverse(&self.coefficients, last, block, part.stride);
            self.coefficients = [0; 64];
        }
        Some(())
    }

    fn restart(&mut self) {
        for part in &mut self.parts {
            part.prediction = 0;
        }
    }
}

impl<S> Part<'_, S> {
    /// Reads a block and multiplies it by its table. Returns the zigzag index of the last
    /// coefficient. `coefficients` are all zero before.
    #[inline(always)]
    fn coefficients(
        &mut self,
        reader: &mut BitReader<'_>,
        coefficients: &mut [i32; 64],
    ) -> Option<usize> {
        let difference = reader.difference(&self.dc)?;
        self.prediction = self.prediction.wrapping_add(difference);
        coefficients[0] = self.prediction.wrapping_mul(self.quantization[0]);
        let mut index = 1;
        let mut last = 0;
        while index < 64 {
            let (symbol, value) = reader.coefficient(&self.ac)?;
            if symbol & 15 == 0 {
                if symbol != 0xF0 {
                    break; // the rest is zero
                }
                index += 16;
                continue;
            }
            index += usize::from(symbol >> 4);
            if index > 63 {
                return None;
            }
            coefficients[usize::from(ZIGZAG[index])] = value * self.quantization[index];
            last = index;
            index += 1;
        }
        Some(last)
    }
}
