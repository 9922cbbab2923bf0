//! A code stream taken apart: main header and the bytes of each tile (T.800 §A.2–A.4).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::boxes;
use super::bytes::{Fields, broken};
use super::markers::{CAP, EOC, Parameters, SIZ, SOD, SOT, Size};
use crate::{Expected, Result, StreamColor};

/// Main header.
#[derive(Clone, Debug)]
pub(super) struct Main<'a> {
    pub(super) size: Size,
    pub(super) parameters: Parameters<'a>,
    pub(super) is_ht: bool,
    /// What boxes around the stream say.
    pub(super) color: StreamColor,
}

/// What the tile-parts of one tile hold.
#[derive(Clone, Debug, Default)]
pub(super) struct TileStream<'a> {
    pub(super) parameters: Parameters<'a>,
    /// Packets, or their bodies where the headers are packed.
    pub(super) packets: Cow<'a, [u8]>,
    /// Packet headers from elsewhere.
    pub(super) packed: Option<Vec<u8>>,
    /// Where the packets begin in the frame.
    pub(super) offset: usize,
}

/// Most changes of the progression of a tile.
const MAX_PROGRESSIONS: usize = 64;

/// Header of a frame and a cursor at the first tile-part.
pub(super) fn main_header(bytes: &[u8]) -> Result<(Main<'_>, Fields<'_>)> {
    let contents = boxes::unwrap(bytes)?;
    let mut fields = Fields::new(contents.stream, contents.offset);
    fields.u16()?;
    let mut size: Option<Size> = None;
    let mut parameters = Parameters::default();
    let mut is_ht = false;
    loop {
        let at_marker = fields.clone();
        let marker = fields.u16()?;
        if marker == SOT {
            fields = at_marker;
            break;
        }
        if marker == EOC || marker == SOD || marker < 0xFF00 {
            return Err(broken(at_marker.offset(), "a main header without its end"));
        }
        let (body, base) = segment(&mut fields)?;
        match (marker, &size) {
            (SIZ, None) => size = Some(Size::read(&mut Fields::new(body, base))?),
            (_, None) => return Err(broken(base, "does not begin with the picture's size")),
            (CAP, _) => is_ht |= Fields::new(body, base).u32()? & 0x0002_0000 != 0,
            (_, Some(size)) => parameters.read(marker, body, base, size.components.len())?,
        }
    }
    let Some(size) = size else {
        return Err(broken(fields.offset(), "no size of the picture"));
    };
    let none = Parameters::default();
    if parameters.coding.is_none() || parameters.quantization(&none, 0).is_none() {
        return Err(broken(fields.offset(), "no coding style or quantization"));
    }
    if parameters.progressions.len() > MAX_PROGRESSIONS {
        return Err(broken(fields.offset(), "too many progressions"));
    }
    is_ht |= parameters
        .style(&none, 0)
        .is_some_and(|style| style.blocks.is_ht());
    let main = Main {
        size,
        parameters,
        is_ht,
        color: contents.color,
    };
    Ok((main, fields))
}

/// Body of a marker segment and where it begins.
fn segment<'a>(fields: &mut Fields<'a>) -> Result<(&'a [u8], usize)> {
    let length = usize::from(fields.u16()?);
    let base = fields.offset();
    let Some(length) = length.checked_sub(2) else {
        return Err(broken(base, "a marker segment of impossible length"));
    };
    Ok((fields.take(length)?, base))
}

impl Main<'_> {
    /// Looks at the size before anything is allocated.
    pub(super) fn check(&self, expected: &Expected) -> Result<()> {
        let Some(first) = self.size.components.first() else {
            return Err(broken(0, "no components"));
        };
        let (columns, rows) = self.size.of_component(first);
        let precision = self
            .size
            .components
            .iter()
            .map(|component| component.precision);
        let bytes = match precision.max().unwrap_or(1) {
            0..=8 => 1,
            9..=16 => 2,
            _ => 4,
        };
        expected.check(columns, rows, self.size.components.len() as u8, bytes)
    }
}

/// Gathers the tile-parts of each tile.
///
/// A tile-part that claims more than there is holds what there is: streams may be cut where a
/// packet ends (§B.10.1).
pub(super) fn tiles<'a>(
    main: &Main<'a>,
    mut fields: Fields<'a>,
) -> Result<BTreeMap<u32, TileStream<'a>>> {
    let count = main.size.tiles_across() * main.size.tiles_down();
    let mut tiles: BTreeMap<u32, TileStream<'a>> = BTreeMap::new();
    let mut packed = packed_main(&main.parameters)?;
    while fields.left() >= 2 {
        let start = fields.clone();
        match fields.u16()? {
            SOT => {}
            EOC => break,
            // Padding and rubbish after the last tile-part.
            _ if !tiles.is_empty() => break,
            _ => return Err(broken(start.offset(), "no tile-part where one is due")),
        }
        if fields.left() < 10 {
            break;
        }
        fields.u16()?;
        let index = u32::from(fields.u16()?);
        let length = fields.u32()? as usize;
        fields.u16()?;
        if index >= count {
            return Err(broken(start.offset(), format!("tile {index} of {count}")));
        }
        let length = match length {
            0 => start.left(),
            // As short as a tile-part without packets can be.
            length if length < 14 => {
                return Err(broken(start.offset(), "a tile-part of impossible length"));
            }
            length => length.min(start.left()),
        };
        let mut part = start.clone();
        let bytes = part.take(length)?;
        let mut inside = Fields::new(bytes, start.offset());
        inside.take(12)?;
        let tile = tiles.entry(index).or_default();
        let mut parameters = std::mem::take(&mut tile.parameters);
        parameters.packed_tile.clear();
        loop {
            let marker = inside.u16()?;
            if marker == SOD {
                break;
            }
            if marker < 0xFF00 {
                return Err(broken(inside.offset(), "a tile-part without packets"));
            }
            let (body, base) = segment(&mut inside)?;
            parameters.read(marker, body, base, main.size.components.len())?;
        }
        if let Some(headers) = packed.as_mut().and_then(|packed| packed.next()) {
            tile.packed.get_or_insert_default().extend(headers);
        } else if !parameters.packed_tile.is_empty() {
            let all = tile.packed.get_or_insert_default();
            for headers in parameters.packed_tile.values() {
                all.extend_from_slice(headers);
            }
        }
        if parameters.progressions.len() > MAX_PROGRESSIONS {
            return Err(broken(start.offset(), "too many progressions"));
        }
        tile.parameters = parameters;
        if tile.packets.is_empty() {
            tile.offset = inside.offset();
        }
        let body = inside.take(inside.left())?;
        if tile.packets.is_empty() {
            tile.packets = Cow::Borrowed(body);
        } else {
            tile.packets.to_mut().extend_from_slice(body);
        }
        fields = part;
    }
    Ok(tiles)
}

/// Packet headers of the main header, one item a tile-part (§A.7.4).
fn packed_main(parameters: &Parameters<'_>) -> Result<Option<std::vec::IntoIter<Vec<u8>>>> {
    if parameters.packed_main.is_empty() {
        return Ok(None);
    }
    let mut all = Vec::new();
    for bytes in parameters.packed_main.values() {
        all.extend_from_slice(bytes);
    }
    let mut fields = Fields::new(&all, 0);
    let mut parts = Vec::new();
    while fields.left() >= 4 {
        let length = fields.u32()? as usize;
        parts.push(fields.take(length)?.to_vec());
    }
    Ok(Some(parts.into_iter()))
}
