//! Where samples and blocks are (T.81 §A.1, §A.2).

use super::header::{Header, Process};

/// A component's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub horizontal: u32,
    pub vertical: u32,
    /// Samples of a row and rows that are in the picture.
    pub width: usize,
    pub height: usize,
    /// Units (blocks, or samples of a lossless frame) of a scan of this component alone.
    pub units_across: usize,
    pub units_down: usize,
    /// Units with those that complete the MCUs of a scan of several components.
    pub padded_across: usize,
    pub padded_down: usize,
}

/// The sizes of all components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub columns: usize,
    pub rows: usize,
    pub horizontal_max: u32,
    pub vertical_max: u32,
    /// MCUs of a scan of several components.
    pub mcus_across: usize,
    pub mcus_down: usize,
    pub extents: Vec<Extent>,
}

impl Layout {
    pub fn new(header: &Header) -> Layout {
        let unit = match header.process {
            Process::Lossless => 1,
            _ => 8,
        };
        let most = |factor: fn(&super::Component) -> u8| -> u32 {
            header
                .components
                .iter()
                .map(factor)
                .max()
                .unwrap_or(1)
                .into()
        };
        let horizontal_max = most(|one| one.horizontal);
        let vertical_max = most(|one| one.vertical);
        let mcus_across = header.columns.div_ceil(horizontal_max * unit);
        let mcus_down = header.rows.div_ceil(vertical_max * unit);
        let extents = header.components.iter().map(|component| {
            let horizontal = u32::from(component.horizontal);
            let vertical = u32::from(component.vertical);
            let width = (header.columns * horizontal).div_ceil(horizontal_max);
            let height = (header.rows * vertical).div_ceil(vertical_max);
            Extent {
                horizontal,
                vertical,
                width: width as usize,
                height: height as usize,
                units_across: width.div_ceil(unit) as usize,
                units_down: height.div_ceil(unit) as usize,
                padded_across: (mcus_across * horizontal) as usize,
                padded_down: (mcus_down * vertical) as usize,
            }
        });
        Layout {
            columns: header.columns as usize,
            rows: header.rows as usize,
            horizontal_max,
            vertical_max,
            mcus_across: mcus_across as usize,
            mcus_down: mcus_down as usize,
            extents: extents.collect(),
        }
    }

    /// Units of all components in the picture.
    pub fn units(&self) -> u64 {
        self.extents
            .iter()
            .map(|extent| extent.units_across as u64 * extent.units_down as u64)
            .sum()
    }
}
