//! Marker segments of the main header and of tile-parts (T.800 Annex A, T.814 §A).

use std::collections::BTreeMap;

use super::bytes::{Fields, broken, unsupported};
use crate::Result;

pub(super) const SOT: u16 = 0xFF90;
pub(super) const SOD: u16 = 0xFF93;
pub(super) const EOC: u16 = 0xFFD9;
pub(super) const SIZ: u16 = 0xFF51;
pub(super) const CAP: u16 = 0xFF50;
pub(super) const COD: u16 = 0xFF52;
const COC: u16 = 0xFF53;
pub(super) const TLM: u16 = 0xFF55;
pub(super) const QCD: u16 = 0xFF5C;
const QCC: u16 = 0xFF5D;
const RGN: u16 = 0xFF5E;
const POC: u16 = 0xFF5F;
const PPM: u16 = 0xFF60;
const PPT: u16 = 0xFF61;
/// Array-based multi-component transformation (T.801).
const MCT: u16 = 0xFF74;
const MCC: u16 = 0xFF75;
const MCO: u16 = 0xFF77;
/// Non-linear point transformation (T.801).
const NLT: u16 = 0xFF76;
/// Arbitrary decomposition and kernels (T.801).
const DFS: u16 = 0xFF72;
const ADS: u16 = 0xFF73;
const ATK: u16 = 0xFF79;

/// Most components that are read: of pictures in DICOM there are 1, 3 or 4.
const MAX_COMPONENTS: usize = 4;

/// A component's samples (Table A.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) precision: u8,
    pub(super) is_signed: bool,
    /// Columns and rows of the reference grid that one sample covers.
    pub(super) dx: u32,
    pub(super) dy: u32,
}

/// Picture and tiles on the reference grid (Table A.9).
#[derive(Clone, Debug)]
pub(super) struct Size {
    pub(super) x0: u32,
    pub(super) y0: u32,
    pub(super) x1: u32,
    pub(super) y1: u32,
    pub(super) tile_width: u32,
    pub(super) tile_height: u32,
    pub(super) tile_x0: u32,
    pub(super) tile_y0: u32,
    pub(super) components: Vec<Component>,
}

impl Size {
    pub(super) fn tiles_across(&self) -> u32 {
        (self.x1 - self.tile_x0).div_ceil(self.tile_width)
    }

    pub(super) fn tiles_down(&self) -> u32 {
        (self.y1 - self.tile_y0).div_ceil(self.tile_height)
    }

    /// Columns and rows of a component.
    pub(super) fn of_component(&self, component: &Component) -> (u32, u32) {
        (
            self.x1.div_ceil(component.dx) - self.x0.div_ceil(component.dx),
            self.y1.div_ceil(component.dy) - self.y0.div_ceil(component.dy),
        )
    }

    /// Reads a SIZ marker segment.
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Size> {
        let offset = fields.offset();
        fields.u16()?;
        let [x1, y1, x0, y0] = [fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?];
        let [tile_width, tile_height, tile_x0, tile_y0] =
            [fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?];
        let count = usize::from(fields.u16()?);
        if x0 >= x1 || y0 >= y1 || count == 0 {
            return Err(broken(offset, "a picture without samples"));
        }
        if x1 > i32::MAX as u32 || y1 > i32::MAX as u32 {
            return Err(unsupported("a reference grid of more than 31 bits"));
        }
        let reaches = |tile0: u32, tile: u32, start: u32| {
            tile0 <= start && u64::from(tile0) + u64::from(tile) > u64::from(start)
        };
        if tile_width == 0
            || tile_height == 0
            || !reaches(tile_x0, tile_width, x0)
            || !reaches(tile_y0, tile_height, y0)
        {
            return Err(broken(offset, "the first tile misses the picture"));
        }
        if count > MAX_COMPONENTS {
            return Err(unsupported(format!("a picture of {count} components")));
        }
        let mut components = Vec::with_capacity(count);
        for _ in 0..count {
            let depth = fields.u8()?;
            let component = Component {
                precision: (depth & 0x7F) + 1,
                is_signed: depth & 0x80 != 0,
                dx: fields.u8()?.into(),
                dy: fields.u8()?.into(),
            };
            if component.dx == 0 || component.dy == 0 {
                return Err(broken(offset, "a component without samples"));
            }
            if component.precision > 26 {
                return Err(unsupported(format!(
                    "a precision of {} bits",
                    component.precision
                )));
            }
            components.push(component);
        }
        let size = Size {
            x0,
            y0,
            x1,
            y1,
            tile_width,
            tile_height,
            tile_x0,
            tile_y0,
            components,
        };
        if u64::from(size.tiles_across()) * u64::from(size.tiles_down()) > 65_535 {
            return Err(broken(offset, "more than 65,535 tiles"));
        }
        for component in &size.components {
            if matches!(size.of_component(component), (0, _) | (_, 0)) {
                return Err(broken(offset, "a component without samples"));
            }
        }
        Ok(size)
    }
}

/// Order of packets (Table A.16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Lrcp,
    Rlcp,
    Rpcl,
    Pcrl,
    Cprl,
}

impl Order {
    fn of(value: u8, offset: usize) -> Result<Order> {
        Ok(match value {
            0 => Order::Lrcp,
            1 => Order::Rlcp,
            2 => Order::Rpcl,
            3 => Order::Pcrl,
            4 => Order::Cprl,
            _ => return Err(broken(offset, "an unknown progression order")),
        })
    }
}

/// How blocks are coded (Table A.19, T.814 Table A.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockStyle(pub(super) u8);

impl BlockStyle {
    pub(super) fn is_bypass(self) -> bool {
        self.0 & 0x01 != 0
    }
    pub(super) fn resets(self) -> bool {
        self.0 & 0x02 != 0
    }
    pub(super) fn terminates(self) -> bool {
        self.0 & 0x04 != 0
    }
    pub(super) fn is_causal(self) -> bool {
        self.0 & 0x08 != 0
    }
    pub(super) fn has_symbols(self) -> bool {
        self.0 & 0x20 != 0
    }
    pub(super) fn is_ht(self) -> bool {
        self.0 & 0x40 != 0
    }
}

/// Decomposition and blocks of a component (Table A.20).
#[derive(Clone, Debug)]
pub(super) struct Style {
    pub(super) levels: u8,
    /// Exponents of a block's width and height.
    pub(super) block: (u8, u8),
    pub(super) blocks: BlockStyle,
    pub(super) is_reversible: bool,
    /// Exponents of the precincts' width and height for each resolution; none: 15.
    precincts: Vec<(u8, u8)>,
}

impl Style {
    pub(super) fn precinct(&self, resolution: u8) -> (u8, u8) {
        self.precincts
            .get(usize::from(resolution))
            .copied()
            .unwrap_or((15, 15))
    }

    fn read(fields: &mut Fields<'_>, has_precincts: bool) -> Result<Style> {
        let offset = fields.offset();
        let levels = fields.u8()?;
        if levels > 32 {
            return Err(broken(offset, "more than 32 levels of decomposition"));
        }
        let block = (fields.u8()?, fields.u8()?);
        if block.0 > 8 || block.1 > 8 || block.0 + block.1 > 8 {
            return Err(broken(offset, "blocks of more than 4096 samples"));
        }
        let blocks = BlockStyle(fields.u8()?);
        if blocks.0 & 0xC0 == 0xC0 || blocks.0 & 0x80 != 0 {
            return Err(unsupported("a mixture of both block codings"));
        }
        let is_reversible = match fields.u8()? {
            0 => false,
            1 => true,
            _ => return Err(unsupported("a wavelet of Part 2")),
        };
        let mut precincts = Vec::new();
        if has_precincts {
            for resolution in 0..=levels {
                let exponents = fields.u8()?;
                let (width, height) = (exponents & 0xF, exponents >> 4);
                if resolution > 0 && (width == 0 || height == 0) {
                    return Err(broken(offset, "precincts without samples"));
                }
                precincts.push((width, height));
            }
        }
        Ok(Style {
            levels,
            block: (block.0 + 2, block.1 + 2),
            blocks,
            is_reversible,
            precincts,
        })
    }
}

/// Coding style default (Table A.12).
#[derive(Clone, Debug)]
pub(super) struct Coding {
    pub(super) has_sop: bool,
    pub(super) has_eph: bool,
    pub(super) order: Order,
    pub(super) layers: u16,
    /// Are the first three components transformed?
    pub(super) transforms_components: bool,
    style: Style,
}

/// Quantization (Table A.27).
#[derive(Clone, Debug)]
pub(super) struct Quantization {
    pub(super) guard_bits: u8,
    /// Only one step is told, the others follow from it.
    pub(super) is_derived: bool,
    /// Exponent and mantissa of each band.
    pub(super) steps: Vec<(u8, u16)>,
}

impl Quantization {
    fn read(fields: &mut Fields<'_>) -> Result<Quantization> {
        let offset = fields.offset();
        let style = fields.u8()?;
        let mut steps = Vec::new();
        match style & 0x1F {
            0 => {
                while fields.left() > 0 {
                    steps.push((fields.u8()? >> 3, 0));
                }
            }
            1 | 2 => {
                while fields.left() >= 2 {
                    let step = fields.u16()?;
                    steps.push(((step >> 11) as u8, step & 0x7FF));
                }
            }
            _ => return Err(unsupported("a quantization of Part 2")),
        }
        if steps.is_empty() {
            return Err(broken(offset, "quantization without steps"));
        }
        Ok(Quantization {
            guard_bits: style >> 5,
            is_derived: style & 0x1F == 1,
            steps,
        })
    }
}

/// A volume of packets in an order of its own (Table A.32).
#[derive(Clone, Debug)]
pub(super) struct Progression {
    pub(super) resolutions: std::ops::Range<u8>,
    pub(super) components: std::ops::Range<usize>,
    pub(super) layers: u16,
    pub(super) order: Order,
}

/// What marker segments of a header say.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters<'a> {
    pub(super) coding: Option<Coding>,
    styles: BTreeMap<usize, Style>,
    quantization: Option<Quantization>,
    quantizations: BTreeMap<usize, Quantization>,
    /// By component: bits that the region of interest was shifted by.
    regions: BTreeMap<usize, u8>,
    pub(super) progressions: Vec<Progression>,
    /// Packet headers of all tile-parts, by index of the marker segment.
    pub(super) packed_main: BTreeMap<u8, &'a [u8]>,
    /// Packet headers of this tile-part, by index.
    pub(super) packed_tile: BTreeMap<u8, &'a [u8]>,
    pub(super) has_tlm: bool,
}

impl<'a> Parameters<'a> {
    /// Reads one marker segment; unknown ones do not count.
    pub(super) fn read(
        &mut self,
        marker: u16,
        body: &'a [u8],
        base: usize,
        components: usize,
    ) -> Result<()> {
        let fields = &mut Fields::new(body, base);
        match marker {
            COD => {
                let flags = fields.u8()?;
                let order = Order::of(fields.u8()?, base)?;
                let layers = fields.u16()?;
                let transforms_components = match fields.u8()? {
                    0 => false,
                    1 => true,
                    _ => return Err(unsupported("a component transformation of Part 2")),
                };
                if layers == 0 {
                    return Err(broken(base, "no layers"));
                }
                self.coding = Some(Coding {
                    has_sop: flags & 2 != 0,
                    has_eph: flags & 4 != 0,
                    order,
                    layers,
                    transforms_components,
                    style: Style::read(fields, flags & 1 != 0)?,
                });
            }
            COC => {
                let component = fields.component(components)?;
                let flags = fields.u8()?;
                let style = Style::read(fields, flags & 1 != 0)?;
                self.styles.insert(component, style);
            }
            QCD => self.quantization = Some(Quantization::read(fields)?),
            QCC => {
                let component = fields.component(components)?;
                let quantization = Quantization::read(fields)?;
                self.quantizations.insert(component, quantization);
            }
            RGN => {
                let component = fields.component(components)?;
                if fields.u8()? != 0 {
                    return Err(unsupported("a region of interest of Part 2"));
                }
                let shift = fields.u8()?;
                self.regions.insert(component, shift);
            }
            POC => {
                while fields.left() >= 7 {
                    let first_resolution = fields.u8()?;
                    let first_component = fields.component(components)?;
                    let layers = fields.u16()?;
                    let last_resolution = fields.u8()?.min(33);
                    let last_component = match fields.component(components)? {
                        0 => components,
                        last => last.min(components),
                    };
                    self.progressions.push(Progression {
                        resolutions: first_resolution..last_resolution,
                        components: first_component..last_component,
                        layers,
                        order: Order::of(fields.u8()?, base)?,
                    });
                }
            }
            PPM => {
                let index = fields.u8()?;
                self.packed_main.insert(index, fields.take(fields.left())?);
            }
            PPT => {
                let index = fields.u8()?;
                self.packed_tile.insert(index, fields.take(fields.left())?);
            }
            TLM => self.has_tlm = true,
            MCT | MCC | MCO | NLT | DFS | ADS | ATK => {
                return Err(unsupported(format!("the marker {marker:04X} of Part 2")));
            }
            _ => {}
        }
        Ok(())
    }

    /// Decomposition of a component: the tile's own before the main header's (§A.6.1, §A.6.2).
    pub(super) fn style<'p>(
        &'p self,
        main: &'p Parameters<'_>,
        component: usize,
    ) -> Option<&'p Style> {
        self.styles
            .get(&component)
            .or(self.coding.as_ref().map(|coding| &coding.style))
            .or(main.styles.get(&component))
            .or(main.coding.as_ref().map(|coding| &coding.style))
    }

    /// Quantization of a component, by the same rule.
    pub(super) fn quantization<'p>(
        &'p self,
        main: &'p Parameters<'_>,
        component: usize,
    ) -> Option<&'p Quantization> {
        self.quantizations
            .get(&component)
            .or(self.quantization.as_ref())
            .or(main.quantizations.get(&component))
            .or(main.quantization.as_ref())
    }

    /// Shift of a component's region of interest; 0 without one.
    pub(super) fn region(&self, main: &Parameters<'_>, component: usize) -> u8 {
        let own = self.regions.get(&component);
        own.or(main.regions.get(&component)).copied().unwrap_or(0)
    }
}
