//! What a stream says of itself.

use super::bytes::broken;
use super::markers::{Order, Parameters};
use super::stream;
use crate::{Result, StreamColor};

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Columns.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
    /// Components of a pixel.
    pub components: u8,
    /// Bits of a sample: of the component that has most.
    pub precision: u8,
    /// Are samples two's complement?
    pub is_signed: bool,
    /// The reversible wavelet: lossless unless layers or planes are left out.
    pub is_reversible: bool,
    /// The first three components were transformed (RCT, ICT).
    pub transforms_color: bool,
    /// What boxes around the stream say of color.
    pub color: StreamColor,
    /// Blocks are coded as T.814 has it.
    pub is_ht: bool,
    /// Tiles.
    pub tiles: u32,
    /// Levels of decomposition.
    pub levels: u8,
    /// Layers of quality.
    pub layers: u16,
    /// Packets come by resolution first, then by place (RPCL).
    pub is_rpcl: bool,
    /// Has lengths of tile-parts (TLM).
    pub has_tlm: bool,
}

/// Reads the main header.
///
/// # Errors
/// As for [`decode`](super::decode).
pub fn header(bytes: &[u8]) -> Result<Header> {
    let (main, fields) = stream::main_header(bytes)?;
    let none = Parameters::default();
    let (Some(first), Some(coding), Some(style)) = (
        main.size.components.first(),
        main.parameters.coding.as_ref(),
        main.parameters.style(&none, 0),
    ) else {
        return Err(broken(fields.offset(), "no coding style"));
    };
    let (columns, rows) = main.size.of_component(first);
    let components = &main.size.components;
    let precision = components.iter().map(|component| component.precision);
    Ok(Header {
        columns,
        rows,
        components: components.len() as u8,
        precision: precision.max().unwrap_or(first.precision),
        is_signed: first.is_signed,
        is_reversible: style.is_reversible,
        transforms_color: coding.transforms_components && components.len() >= 3,
        color: main.color,
        is_ht: main.is_ht,
        tiles: main.size.tiles_across() * main.size.tiles_down(),
        levels: style.levels,
        layers: coding.layers,
        is_rpcl: coding.order == Order::Rpcl,
        has_tlm: main.parameters.has_tlm,
    })
}
