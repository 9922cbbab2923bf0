//! Goes through the blocks of a scan (T.81 §A.2, §E.2.4).

use super::bits::BitReader;
use super::broken;
use super::huffman::{DctTable, HuffmanCodes, Kind, Table};
use super::layout::Layout;
use super::stream::{Scan, Stream};
use crate::Result;

/// Takes the blocks of a scan one by one.
pub(super) trait Blocks {
    /// Decodes a block: of component `place` of the scan, at a column and row of its blocks. None
    /// if the stream makes no sense.
    fn block(
        &mut self,
        reader: &mut BitReader<'_>,
        place: usize,
        column: usize,
        row: usize,
    ) -> Option<()>;

    /// Begins a restart interval: predictions are zero.
    fn restart(&mut self);
}

/// Counts MCUs to the next restart marker.
#[derive(Debug)]
pub(super) struct Restarts {
    interval: u32,
    left: u32,
    next: u8,
}

impl Restarts {
    pub fn new(interval: u32) -> Restarts {
        Restarts {
            interval,
            left: interval,
            next: 0,
        }
    }

    /// Is there a marker before the next MCU? To be asked before each, with how many MCUs are to
    /// come: 1, or those of a row.
    #[inline(always)]
    pub fn is_due(&mut self, mcus: u32) -> bool {
        if self.interval == 0 {
            return false;
        }
        let is_due = self.left == 0;
        if is_due {
            self.left = self.interval;
        }
        self.left = self.left.saturating_sub(mcus);
        is_due
    }

    pub fn pass(&mut self, reader: &mut BitReader<'_>) -> Result<()> {
        reader.restart(self.next)?;
        self.next = (self.next + 1) % 8;
        Ok(())
    }
}

/// Decodes a scan. Returns where its data end, or a place before the marker that follows.
pub(super) fn walk(
    stream: &Stream<'_>,
    scan: &Scan,
    layout: &Layout,
    blocks: &mut impl Blocks,
) -> Result<usize> {
    let mut reader = BitReader::new(stream.bytes(), scan.offset);
    let mut restarts = Restarts::new(stream.restart_interval);
    let alone = match scan.components[..] {
        [only] => Some(layout.extents[only.index]),
        _ => None,
    };
    let (across, down) = match &alone {
        Some(extent) => (extent.units_across, extent.units_down),
        None => (layout.mcus_across, layout.mcus_down),
    };
    let factors: Vec<(usize, usize)> = scan
        .components
        .iter()
        .map(|component| {
            let extent = &layout.extents[component.index];
            match alone {
                Some(_) => (1, 1),
                None => (extent.horizontal as usize, extent.vertical as usize),
            }
        })
        .collect();
    for row in 0..down {
        for column in 0..across {
            if restarts.is_due(1) {
                if reader.is_overrun() {
                    return Err(reader.error());
                }
                restarts.pass(&mut reader)?;
                blocks.restart();
            }
            for (place, (horizontal, vertical)) in factors.iter().enumerate() {
                for y in 0..*vertical {
                    for x in 0..*horizontal {
                        let at = (column * horizontal + x, row * vertical + y);
                        if blocks.block(&mut reader, place, at.0, at.1).is_none() {
                            return Err(reader.error());
                        }
                    }
                }
            }
        }
        if reader.is_overrun() {
            return Err(reader.error());
        }
    }
    Ok(reader.position())
}

/// The DC or AC table that a scan names.
pub(super) fn table(
    tables: &[Option<std::sync::Arc<HuffmanCodes>>; 4],
    number: usize,
    kind: Kind,
    scan: &Scan,
) -> Result<DctTable> {
    codes(tables, number, scan).map(|codes| Table::new(codes, kind))
}

/// The codes that a scan names.
pub(super) fn codes<'a>(
    tables: &'a [Option<std::sync::Arc<HuffmanCodes>>; 4],
    number: usize,
    scan: &Scan,
) -> Result<&'a HuffmanCodes> {
    tables
        .get(number)
        .and_then(|table| table.as_deref())
        .ok_or_else(|| broken(scan.offset, format!("no Huffman table {number}")))
}
