//! Blocks of a sequential frame made black without decoding the others (T.81 §F.1, §F.2): the
//! coefficients of all other blocks come out as they went in.

use super::bits::BitReader;
use super::encode::bits::BitWriter;
use super::encode::codes::Codes;
use super::header::{Header, Process};
use super::huffman::{DctTable, Kind};
use super::layout::Layout;
use super::scan::{Blocks, table, walk};
use super::segments::{Segments, marker, next_marker};
use super::stream::{Event, Scan, Stream};
use super::{broken, unsupported};
use crate::{Expected, Result, StreamColor};

/// A part of a picture: columns and rows, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Area {
    /// The first column.
    pub left: u32,
    /// The first row.
    pub top: u32,
    /// The column behind the last.
    pub right: u32,
    /// The row behind the last.
    pub bottom: u32,
}

/// What the samples of a stream mean, as the data set says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// The lowest value is white: MONOCHROME1.
    pub is_inverse: bool,
    /// Red, green and blue, if the stream itself does not tell.
    pub is_rgb: bool,
}

/// A stream with blocks made black.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlankedStream {
    /// The stream.
    pub bytes: Vec<u8>,
    /// What is black now: as much as the blocks have that the areas touch.
    pub covered: Vec<Area>,
}

/// Makes black what the areas touch, in whole MCUs, and nothing else: every coefficient of every other block stays. Comments
/// and application segments other than those that tell colors go.
///
/// Where components have fewer samples than pixels, decoders that smooth colors do so across the
/// edge: a pixel or two beside it may look different, though what is stored of them is the same.
///
/// # Errors
/// [`Error::Unsupported`](crate::Error::Unsupported) unless the frame is sequential, and as
/// [`decode`](super::decode).
pub fn blank(
    bytes: &[u8],
    expected: &Expected,
    areas: &[Area],
    meaning: Meaning,
) -> Result<BlankedStream> {
    let mut stream = Stream::open(bytes)?;
    let Event::Scan(first) = stream.advance()? else {
        return Err(broken(bytes.len(), "no scan"));
    };
    let header = super::decode::checked_header(&stream, expected)?;
    if !matches!(header.process, Process::Baseline | Process::Extended) {
        return Err(unsupported(
            "blanking blocks of other than sequential frames",
        ));
    }
    let layout = Layout::new(&header);
    if (layout.units() * 2).div_ceil(8) > bytes.len() as u64 {
        return Err(broken(bytes.len(), "entropy-coded data end early"));
    }
    let touched = Touched::new(&layout, areas);
    let mut seen = vec![false; header.components.len()];
    let mut output = vec![0xFF, marker::SOI];
    let mut copied = Segments::open(bytes)?.position;
    let mut scan = first;
    loop {
        for component in &scan.components {
            if std::mem::replace(&mut seen[component.index], true) {
                return Err(broken(scan.offset, "a second scan of a component"));
            }
        }
        let mut blocks = Recoded::new(&stream, &scan, &header, &layout, &touched, meaning)?;
        let position = walk(&stream, &scan, &layout, &mut blocks)?;
        let coded = blocks.finish();
        copy_segments(bytes, copied, scan.offset, &coded.tables, &mut output)?;
        output.extend_from_slice(&coded.data);
        copied = next_marker(bytes, position).unwrap_or(bytes.len());
        stream.resume(position);
        if seen.iter().all(|seen| *seen) {
            break;
        }
        scan = match stream.advance()? {
            Event::Scan(scan) => scan,
            Event::End { .. } => return Err(broken(position, "a component has no scan")),
        };
    }
    // A DNL segment tells the rows.
    if bytes.get(copied + 1) == Some(&marker::DNL) {
        let end = (copied + 6).min(bytes.len());
        output.extend_from_slice(&bytes[copied..end]);
    }
    output.extend_from_slice(&[0xFF, marker::EOI]);
    Ok(BlankedStream {
        bytes: output,
        covered: touched.covered(&layout),
    })
}

/// Copies the segments from `start` to the scan's header that ends at `end`, with `tables` before
/// that header in place of the stream's own Huffman tables.
fn copy_segments(
    bytes: &[u8],
    start: usize,
    end: usize,
    tables: &[u8],
    output: &mut Vec<u8>,
) -> Result<()> {
    let mut segments = Segments {
        bytes,
        position: start,
    };
    while segments.position < end {
        let Some(segment) = segments.next()? else {
            break;
        };
        let is_kept = match segment.marker {
            marker::DHT | 0xFE => false,
            // JFIF without a thumbnail, which would be of the picture as it was.
            marker::APP0 if segment.body.starts_with(b"JFIF\0") => {
                let head = segment.body.get(..12).unwrap_or(segment.body);
                output.extend_from_slice(&[0xFF, marker::APP0, 0, 16]);
                output.extend_from_slice(head);
                output.resize(output.len() + 14 - head.len(), 0);
                false
            }
            marker::APP14 => segment.body.starts_with(b"Adobe"),
            // The profile of colors.
            0xE2 => segment.body.starts_with(b"ICC_PROFILE\0"),
            0xE0..=0xEF => false,
            marker::RST0..=marker::RST7 | marker::EOI | marker::SOI => false,
            _ => true,
        };
        if segment.marker == marker::SOS {
            output.extend_from_slice(tables);
        }
        if is_kept {
            output.extend_from_slice(&bytes[segment.offset..segments.position]);
        }
    }
    Ok(())
}

/// Which MCUs areas touch.
struct Touched {
    across: usize,
    mcus: Vec<bool>,
    /// Columns and rows of an MCU.
    size: (usize, usize),
}

impl Touched {
    fn new(layout: &Layout, areas: &[Area]) -> Touched {
        // A frame of one component has MCUs of one block, whatever its factors (T.81 §A.2.2).
        let (size, across, down) = match &layout.extents[..] {
            [only] => ((8, 8), only.units_across, only.units_down),
            _ => (
                (
                    layout.horizontal_max as usize * 8,
                    layout.vertical_max as usize * 8,
                ),
                layout.mcus_across,
                layout.mcus_down,
            ),
        };
        let mut mcus = vec![false; across * down];
        for area in areas {
            let right = (area.right as usize).min(layout.columns);
            let bottom = (area.bottom as usize).min(layout.rows);
            let (left, top) = (area.left as usize, area.top as usize);
            if left >= right || top >= bottom {
                continue;
            }
            for row in top / size.1..bottom.div_ceil(size.1).min(down) {
                for column in left / size.0..right.div_ceil(size.0).min(across) {
                    mcus[row * across + column] = true;
                }
            }
        }
        Touched { across, mcus, size }
    }

    /// Is the block of a component at a column and row of its blocks touched? `factors` are its
    /// blocks in an MCU.
    fn is_block(&self, factors: (usize, usize), column: usize, row: usize) -> bool {
        let at = row / factors.1 * self.across + column / factors.0;
        self.mcus.get(at).copied().unwrap_or(false)
    }

    /// Stretches of touched MCUs.
    fn covered(&self, layout: &Layout) -> Vec<Area> {
        let mut areas: Vec<Area> = Vec::new();
        let (width, height) = self.size;
        for (row, mcus) in self.mcus.chunks(self.across.max(1)).enumerate() {
            let mut column = 0;
            while column < mcus.len() {
                let length = mcus[column..].iter().take_while(|one| **one).count();
                if length > 0 {
                    let area = Area {
                        left: (column * width) as u32,
                        top: (row * height) as u32,
                        right: ((column + length) * width).min(layout.columns) as u32,
                        bottom: ((row + 1) * height).min(layout.rows) as u32,
                    };
                    let above = areas.iter_mut().find(|one| {
                        (one.left, one.right, one.bottom) == (area.left, area.right, area.top)
                    });
                    match above {
                        Some(above) => above.bottom = area.bottom,
                        None => areas.push(area),
                    }
                }
                column += length.max(1);
            }
        }
        areas
    }
}

/// What a component of the scan needs.
struct Part {
    dc: DctTable,
    ac: DctTable,
    /// Which of the tables that are written: twice the number, one more for AC.
    dc_number: usize,
    ac_number: usize,
    /// Blocks of an MCU, across and down.
    factors: (usize, usize),
    /// DC of a block that is blanked.
    blank: i32,
    prediction_read: i32,
    prediction_written: i32,
}

/// A symbol and the bits that follow it.
#[derive(Clone, Copy)]
struct Code {
    table: u8,
    symbol: u8,
    bits: u16,
}

/// The table number of a restart.
const RESTART: u8 = 0xFF;

/// Reads blocks and notes what is to be written.
struct Recoded<'t> {
    parts: Vec<Part>,
    touched: &'t Touched,
    codes: Vec<Code>,
}

/// A scan to be written.
struct Coded {
    tables: Vec<u8>,
    data: Vec<u8>,
}

impl<'t> Recoded<'t> {
    fn new(
        stream: &Stream<'_>,
        scan: &Scan,
        header: &Header,
        layout: &Layout,
        touched: &'t Touched,
        meaning: Meaning,
    ) -> Result<Recoded<'t>> {
        let is_ycc = header.components.len() == 3
            && match header.color {
                StreamColor::Rgb => false,
                StreamColor::Unknown => !meaning.is_rgb,
                _ => true,
            };
        let mut parts = Vec::with_capacity(scan.components.len());
        for component in &scan.components {
            let of = &header.components[component.index];
            let number = usize::from(of.quantization);
            let step = stream.quantization[number]
                .and_then(|table| table.first().copied())
                .ok_or_else(|| broken(scan.offset, format!("no quantization table {number}")))?;
            let step = i32::from(step.max(1));
            // Eight times what is farthest from the middle (T.81 §A.3.3).
            let most = 8 << (header.precision - 1);
            let blank = match (is_ycc && component.index > 0, meaning.is_inverse) {
                (true, _) => 0,
                (false, false) => -((most + step - 1) / step),
                (false, true) => (most - 8 + step - 1) / step,
            };
            let extent = &layout.extents[component.index];
            let factors = match layout.extents.len() {
                1 => (1, 1),
                _ => (extent.horizontal as usize, extent.vertical as usize),
            };
            parts.push(Part {
                dc: table(&stream.dc, component.dc, Kind::Difference, scan)?,
                ac: table(&stream.ac, component.ac, Kind::Coefficient, scan)?,
                dc_number: component.dc * 2,
                ac_number: component.ac * 2 + 1,
                factors,
                blank,
                prediction_read: 0,
                prediction_written: 0,
            });
        }
        Ok(Recoded {
            parts,
            touched,
            codes: Vec::new(),
        })
    }

    /// Makes tables for what occurs, and writes it.
    fn finish(self) -> Coded {
        let mut frequencies = [[0_u64; 256]; 8];
        for code in &self.codes {
            if let Some(table) = frequencies.get_mut(usize::from(code.table)) {
                table[usize::from(code.symbol)] += 1;
            }
        }
        let mut tables = Vec::new();
        let symbols = [0, 1, 2, 3, 4, 5, 6, 7].map(|number: usize| {
            let of = &frequencies[number];
            let is_used = of.iter().any(|frequency| *frequency > 0)
                || self
                    .parts
                    .iter()
                    .any(|part| part.dc_number == number || part.ac_number == number);
            is_used.then(|| {
                let symbols = Codes::new(of);
                symbols.put_segment((number % 2 == 1, number as u8 / 2), &mut tables);
                symbols
            })
        });
        let mut writer = BitWriter::default();
        let mut restarts = 0_u8;
        for code in &self.codes {
            if code.table == RESTART {
                writer.finish();
                writer
                    .bytes
                    .extend_from_slice(&[0xFF, marker::RST0 + restarts % 8]);
                restarts = restarts.wrapping_add(1);
                continue;
            }
            let Some(Some(table)) = symbols.get(usize::from(code.table)) else {
                continue;
            };
            let (bits, length) = table.codes[usize::from(code.symbol)];
            writer.put(bits, length);
            let more = u32::from(code.symbol & 15);
            if more > 0 {
                writer.put(code.bits.into(), more);
            }
        }
        writer.finish();
        Coded {
            tables,
            data: writer.bytes,
        }
    }
}

/// Category and additional bits of a value (T.81 §F.1.2.1).
fn category(value: i32) -> (u8, u16) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = if value < 0 { value - 1 } else { value };
    let mask = (1_u32 << size) - 1;
    (size as u8, (bits.cast_unsigned() & mask) as u16)
}

impl Blocks for Recoded<'_> {
    fn block(
        &mut self,
        reader: &mut BitReader<'_>,
        place: usize,
        column: usize,
        row: usize,
    ) -> Option<()> {
        let part = &mut self.parts[place];
        let is_blank = self.touched.is_block(part.factors, column, row);
        let difference = reader.difference(&part.dc)?;
        part.prediction_read = part.prediction_read.wrapping_add(difference);
        let dc = match is_blank {
            true => part.blank,
            false => part.prediction_read,
        };
        let written = dc.wrapping_sub(part.prediction_written);
        part.prediction_written = dc;
        let (symbol, bits) = category(written);
        if symbol > 15 {
            return None;
        }
        self.codes.push(Code {
            table: part.dc_number as u8,
            symbol,
            bits,
        });
        let table = part.ac_number as u8;
        let mut put = |symbol: u8, bits: u16| {
            if !is_blank {
                self.codes.push(Code {
                    table,
                    symbol,
                    bits,
                });
            }
        };
        let mut index = 1;
        while index < 64 {
            let (symbol, value) = reader.coefficient(&part.ac)?;
            if symbol & 15 == 0 {
                // 0xF0 is sixteen zeros; all others without a size end the block.
                put(if symbol == 0xF0 { symbol } else { 0 }, 0);
                if symbol != 0xF0 {
                    break;
                }
                index += 16;
                continue;
            }
            index += usize::from(symbol >> 4);
            if index > 63 {
                return None;
            }
            put(symbol, category(value).1);
            index += 1;
        }
        if is_blank {
            self.codes.push(Code {
                table,
                symbol: 0,
                bits: 0,
            });
        }
        Some(())
    }

    fn restart(&mut self) {
        for part in &mut self.parts {
            part.prediction_read = 0;
            part.prediction_written = 0;
        }
        self.codes.push(Code {
            table: RESTART,
            symbol: 0,
            bits: 0,
        });
    }
}

#[cfg(test)]
mod tests;
