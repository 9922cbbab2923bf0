//! Scans of lossless frames (T.81 §H): differences are decoded row by row, then the predictions
//! are added.

use super::bits::BitReader;
use super::huffman::{Kind, LosslessTable, Table};
use super::layout::Layout;
use super::scan::{Restarts, codes};
use super::stream::{Scan, Stream};
use super::{broken, unsupported};
use crate::Result;

/// The samples of one component, after the point transform (T.81 §H.1.2.2).
#[derive(Clone, Debug, Default)]
pub(super) struct LosslessPlane {
    /// Rows of the extent's width. Empty before the component's scan.
    pub samples: Vec<u16>,
    /// The point transform.
    pub shift: u32,
}

/// What a component of the scan needs.
struct Part {
    table: LosslessTable,
    /// Differences of one row of MCUs: `vertical` rows of `stride`.
    differences: Vec<u16>,
    stride: usize,
    horizontal: usize,
    vertical: usize,
    width: usize,
    height: usize,
    samples: Vec<u16>,
}

/// Decodes a scan into the planes of its components; says where it ends.
pub(super) fn scan(
    stream: &Stream<'_>,
    scan: &Scan,
    layout: &Layout,
    precision: u8,
    planes: &mut [LosslessPlane],
) -> Result<usize> {
    let shift = u32::from(scan.low);
    if !(1..=7).contains(&scan.start) {
        return Err(broken(scan.offset, format!("predictor {}", scan.start)));
    }
    if shift >= u32::from(precision) {
        return Err(broken(
            scan.offset,
            format!("a point transform of {shift} bits"),
        ));
    }
    let is_alone = scan.components.len() == 1;
    let mut parts = Vec::with_capacity(scan.components.len());
    for component in &scan.components {
        let extent = &layout.extents[component.index];
        let (horizontal, vertical) = match is_alone {
            true => (1, 1),
            false => (extent.horizontal as usize, extent.vertical as usize),
        };
        let stride = if is_alone {
            extent.width
        } else {
            extent.padded_across
        };
        parts.push(Part {
            table: Table::new(codes(&stream.dc, component.dc, scan)?, Kind::Difference),
            differences: vec![0; stride * vertical],
            stride,
            horizontal,
            vertical,
            width: extent.width,
            height: extent.height,
            samples: vec![0; extent.width * extent.height],
        });
    }
    let (across, down) = match scan.components[..] {
        [only] => (
            layout.extents[only.index].width,
            layout.extents[only.index].height,
        ),
        _ => (layout.mcus_across, layout.mcus_down),
    };
    let initial = 1_u16 << (u32::from(precision) - shift - 1);
    let position = rows(stream, scan, (across, down), &mut parts, initial)?;
    for (component, part) in scan.components.iter().zip(parts) {
        planes[component.index] = LosslessPlane {
            samples: part.samples,
            shift,
        };
    }
    Ok(position)
}

/// Decodes all rows of MCUs.
fn rows(
    stream: &Stream<'_>,
    scan: &Scan,
    (across, down): (usize, usize),
    parts: &mut [Part],
    initial: u16,
) -> Result<usize> {
    let mcus = u32::try_from(across).unwrap_or(u32::MAX);
    if !stream.restart_interval.is_multiple_of(mcus) {
        // Forbidden by §H.1.1: the prediction would begin anew in the middle of a row.
        let interval = stream.restart_interval;
        if u64::from(interval) < across as u64 * down as u64 {
            return Err(unsupported(format!(
                "a restart interval of {interval} in a lossless frame of {across} columns"
            )));
        }
    }
    let mut reader = BitReader::new(stream.bytes(), scan.offset);
    let mut restarts = Restarts::new(stream.restart_interval);
    let mut is_first = true;
    for row in 0..down {
        if restarts.is_due(mcus) {
            restarts.pass(&mut reader)?;
            is_first = true;
        }
        if differences(&mut reader, parts, across).is_none() || reader.is_overrun() {
            return Err(reader.error());
        }
        for part in &mut *parts {
            part.add(row, is_first, scan.start, initial);
        }
        is_first = false;
    }
    Ok(reader.position())
}

/// Decodes the differences of one row of MCUs.
fn differences(reader: &mut BitReader<'_>, parts: &mut [Part], across: usize) -> Option<()> {
    match parts {
        [part] => {
            for place in &mut part.differences {
                *place = reader.difference(&part.table)? as u16;
            }
        }
        [a, b, c]
            if [&a, &b, &c]
                .iter()
                .all(|part| part.horizontal * part.vertical == 1) =>
        {
            let places = a.differences.iter_mut();
            let places = places.zip(&mut b.differences).zip(&mut c.differences);
            for ((first, second), third) in places {
                *first = reader.difference(&a.table)? as u16;
                *second = reader.difference(&b.table)? as u16;
                *third = reader.difference(&c.table)? as u16;
            }
        }
        _ => {
            for column in 0..across {
                for part in &mut *parts {
                    for y in 0..part.vertical {
                        for x in 0..part.horizontal {
                            let at = y * part.stride + column * part.horizontal + x;
                            let difference = reader.difference(&part.table)?;
                            *part.differences.get_mut(at)? = difference as u16;
                        }
                    }
                }
            }
        }
    }
    Some(())
}

impl Part {
    /// Makes samples of a row of MCUs.
    fn add(&mut self, mcu_row: usize, is_first: bool, predictor: u8, initial: u16) {
        for (line, differences) in self.differences.chunks_exact(self.stride).enumerate() {
            let row = mcu_row * self.vertical + line;
            if row >= self.height {
                return;
            }
            let (before, rest) = self.samples.split_at_mut(row * self.width);
            let above = match before.len().checked_sub(self.width) {
                Some(start) if !(is_first && line == 0) => &before[start..],
                _ => &[],
            };
            let row = &mut rest[..self.width];
            predict(predictor, above, &differences[..self.width], row, initial);
        }
    }
}

/// Adds predictions (T.81 Table H.1) to a row. `above` is empty at the beginning of the scan and
/// of a restart interval, where predictions come from the left alone and begin at `initial`.
fn predict(predictor: u8, above: &[u16], differences: &[u16], row: &mut [u16], initial: u16) {
    if above.is_empty() {
        let mut left = initial;
        for (sample, difference) in row.iter_mut().zip(differences) {
            left = left.wrapping_add(*difference);
            *sample = left;
        }
        return;
    }
    let first = above[0];
    match predictor {
        1 => add(above, differences, row, first, |left, _, _| left),
        2 => add(above, differences, row, first, |_, above, _| above),
        3 => add(above, differences, row, first, |_, _, corner| corner),
        4 => add(above, differences, row, first, |left, above, corner| {
            left + above - corner
        }),
        5 => add(above, differences, row, first, |left, above, corner| {
            left + ((above - corner) >> 1)
        }),
        6 => add(above, differences, row, first, |left, above, corner| {
            above + ((left - corner) >> 1)
        }),
        _ => add(above, differences, row, first, |left, above, _| {
            (left + above) >> 1
        }),
    }
}

/// Adds the predictions of one formula, whose arguments are the samples to the left, above, and
/// above to the left. Sums are modulo 65536 (T.81 §H.1.2.1).
#[inline(always)]
fn add(
    above: &[u16],
    differences: &[u16],
    row: &mut [u16],
    first: u16,
    formula: impl Fn(i32, i32, i32) -> i32,
) {
    let (Some((sample, row)), Some((difference, differences))) =
        (row.split_first_mut(), differences.split_first())
    else {
        return;
    };
    *sample = first.wrapping_add(*difference);
    let mut left = *sample;
    let mut corner = first;
    let above = above.get(1..).unwrap_or(&[]);
    for ((sample, difference), above) in row.iter_mut().zip(differences).zip(above) {
        let prediction = formula(left.into(), (*above).into(), corner.into());
        left = (prediction as u16).wrapping_add(*difference);
        *sample = left;
        corner = *above;
    }
}
