//! Packets: which bytes belong to which block (T.800 §B.9–B.12, T.814 §B).

use super::bytes::broken;
use super::markers::{BlockStyle, Order, Progression};
use super::packet_bits::PacketBits;
use super::stream::{Main, TileStream};
use super::tile::{Block, Chunk, Tile};
use crate::Result;

/// Reads all packets of a tile into its blocks.
///
/// A stream may end where a packet ends; one that ends within a packet is broken.
pub(super) fn read(main: &Main<'_>, stream: &TileStream<'_>, tile: &mut Tile) -> Result<()> {
    let coding = stream.parameters.coding.as_ref();
    let Some(coding) = coding.or(main.parameters.coding.as_ref()) else {
        return Err(broken(stream.offset, "no coding style"));
    };
    let progressions = match (
        stream.parameters.progressions.as_slice(),
        main.parameters.progressions.as_slice(),
    ) {
        ([], []) => &[Progression {
            resolutions: 0..33,
            components: 0..main.size.components.len(),
            layers: coding.layers,
            order: coding.order,
        }],
        ([], of_main) => of_main,
        (of_tile, _) => of_tile,
    };
    let mut reader = Reader {
        packets: &stream.packets,
        position: 0,
        packed: stream.packed.as_deref().map(|headers| (headers, 0)),
        has_sop: coding.has_sop,
        has_eph: coding.has_eph,
        base: stream.offset,
    };
    for progression in progressions {
        let layers = progression.layers.min(coding.layers);
        if !walk(tile, progression, layers, &mut reader)? {
            break;
        }
    }
    Ok(())
}

/// Visits packets in a progression's order (§B.12.1); false where the stream has ended.
fn walk(
    tile: &mut Tile,
    progression: &Progression,
    layers: u16,
    reader: &mut Reader<'_>,
) -> Result<bool> {
    let mut order: Vec<usize> = (0..tile.precincts.len())
        .filter(|&index| {
            tile.precincts.get(index).is_some_and(|precinct| {
                progression.resolutions.contains(&precinct.resolution)
                    && progression.components.contains(&precinct.component)
            })
        })
        .collect();
    // Precincts are listed by component, resolution and place; a stable sort keeps the last.
    let key = |index: &usize| {
        let Some(precinct) = tile.precincts.get(*index) else {
            return [0; 4];
        };
        let component = precinct.component as u64;
        let resolution = u64::from(precinct.resolution);
        match progression.order {
            Order::Lrcp | Order::Rlcp => [resolution, component, 0, 0],
            Order::Rpcl => [resolution, precinct.y, precinct.x, component],
            Order::Pcrl => [precinct.y, precinct.x, component, resolution],
            Order::Cprl => [component, precinct.y, precinct.x, resolution],
        }
    };
    order.sort_by_key(key);
    match progression.order {
        Order::Lrcp => {
            for layer in 0..layers {
                for &index in &order {
                    if !reader.visit(tile, index, layer)? {
                        return Ok(false);
                    }
                }
            }
        }
        Order::Rlcp => {
            let resolution = |index: &usize| {
                let precinct = tile.precincts.get(*index);
                precinct.map_or(0, |precinct| precinct.resolution)
            };
            let groups: Vec<Vec<usize>> = order
                .chunk_by(|left, right| resolution(left) == resolution(right))
                .map(<[usize]>::to_vec)
                .collect();
            for group in groups {
                for layer in 0..layers {
                    for &index in &group {
                        if !reader.visit(tile, index, layer)? {
                            return Ok(false);
                        }
                    }
                }
            }
        }
        Order::Rpcl | Order::Pcrl | Order::Cprl => {
            for &index in &order {
                for layer in 0..layers {
                    if !reader.visit(tile, index, layer)? {
                        return Ok(false);
                    }
                }
            }
        }
    }
    Ok(true)
}

struct Reader<'a> {
    packets: &'a [u8],
    position: usize,
    /// Headers from elsewhere, and how much of them has been read.
    packed: Option<(&'a [u8], usize)>,
    has_sop: bool,
    has_eph: bool,
    base: usize,
}

impl Reader<'_> {
    /// Reads the packet of a precinct and layer, unless an earlier progression had it.
    fn visit(&mut self, tile: &mut Tile, index: usize, layer: u16) -> Result<bool> {
        let Tile {
            components,
            precincts,
        } = tile;
        let Some(precinct) = precincts.get_mut(index) else {
            return Ok(true);
        };
        if precinct.layers > layer {
            return Ok(true);
        }
        if self.position >= self.packets.len() && self.packed.is_none() {
            return Ok(false);
        }
        let Some(component) = components.get(precinct.component) else {
            return Ok(true);
        };
        let style = component.style.blocks;
        if self.has_sop && self.peek(0) == Some(0xFF) && self.peek(1) == Some(0x91) {
            self.position += 6;
        }
        let mut bits = match self.packed {
            Some((headers, position)) => PacketBits::new(headers, position),
            None => PacketBits::new(self.packets, self.position),
        };
        let mut news = Vec::new();
        if precinct_header(precinct, style, &mut bits, &mut news).is_none() {
            return match self.packed {
                // No more headers: no more packets.
                Some((headers, position)) if position >= headers.len() => Ok(false),
                _ => Err(broken(
                    self.base + self.position,
                    "ends within a packet's header",
                )),
            };
        }
        precinct.layers = layer + 1;
        let mut after = bits.finish();
        let headers = self.packed.map_or(self.packets, |(headers, _)| headers);
        if self.has_eph
            && headers.get(after) == Some(&0xFF)
            && headers.get(after + 1) == Some(&0x92)
        {
            after += 2;
        }
        match &mut self.packed {
            Some((_, position)) => *position = after,
            None => self.position = after,
        }
        for new in news {
            let end = self.position.saturating_add(new.length as usize);
            if end > self.packets.len() {
                return Err(broken(
                    self.base + self.packets.len(),
                    "ends within a packet's body",
                ));
            }
            let block = precinct
                .bands
                .get_mut(new.band)
                .and_then(|band| band.blocks.get_mut(new.block));
            if let Some(block) = block {
                block.chunks.push(Chunk {
                    bytes: self.position..end,
                    passes: new.passes,
                    segment: new.segment,
                });
            }
            self.position = end;
        }
        Ok(true)
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.packets.get(self.position + ahead).copied()
    }
}

/// What a packet's header says of a block's codeword segment.
struct New {
    band: usize,
    block: usize,
    segment: u8,
    passes: u8,
    length: u32,
}

/// Reads a packet's header (§B.10); `None` where bits end or say what cannot be.
fn precinct_header(
    precinct: &mut super::tile::Precinct,
    style: BlockStyle,
    bits: &mut PacketBits<'_>,
    news: &mut Vec<New>,
) -> Option<()> {
    if bits.bit()? == 0 {
        return Some(());
    }
    let layer = precinct.layers;
    for (band_number, band) in precinct.bands.iter_mut().enumerate() {
        for (number, block) in band.blocks.iter_mut().enumerate() {
            let is_in = if block.is_included {
                bits.bit()? == 1
            } else {
                band.inclusion
                    .is_below(number, layer.checked_add(1)?, bits)?
            };
            if !is_in {
                continue;
            }
            if !block.is_included {
                // More than 30 bit planes are refused elsewhere; 74 is the most that can be told.
                block.zero_planes = band.zero_planes.value(number, 74, bits)? as u8;
                block.is_included = true;
            }
            let passes = pass_count(bits)?;
            while bits.bit()? == 1 {
                block.length_bits = block
                    .length_bits
                    .checked_add(1)
                    .filter(|&bits| bits <= 32)?;
            }
            let lengths = if style.is_ht() {
                ht_lengths(block, passes, bits)?
            } else {
                lengths(block, style, passes, bits)?
            };
            for (segment, passes, length) in lengths {
                news.push(New {
                    band: band_number,
                    block: number,
                    segment,
                    passes,
                    length,
                });
            }
        }
    }
    Some(())
}

/// Table B.4.
fn pass_count(bits: &mut PacketBits<'_>) -> Option<u8> {
    if bits.bit()? == 0 {
        return Some(1);
    }
    if bits.bit()? == 0 {
        return Some(2);
    }
    Some(match bits.bits(2)? {
        3 => match bits.bits(5)? {
            31 => 37 + bits.bits(7)? as u8,
            more => 6 + more as u8,
        },
        more => 3 + more as u8,
    })
}

/// Codeword segments of a packet: number, passes, length (§B.10.7).
type Lengths = Vec<(u8, u8, u32)>;

/// The segment that pass `pass` is in, and how many passes that segment takes from it on.
fn segment_of(style: BlockStyle, pass: u8) -> (u8, u8) {
    if style.terminates() {
        (pass, 1)
    } else if style.is_bypass() && pass >= 10 {
        // After ten passes: two raw ones, then a coded one (Table D.9).
        let (group, within) = ((pass - 10) / 3, (pass - 10) % 3);
        match within {
            0 | 1 => (1 + 2 * group, 2 - within),
            _ => (2 + 2 * group, 1),
        }
    } else if style.is_bypass() {
        (0, 10 - pass)
    } else {
        (0, u8::MAX)
    }
}

fn lengths(
    block: &mut Block,
    style: BlockStyle,
    passes: u8,
    bits: &mut PacketBits<'_>,
) -> Option<Lengths> {
    let mut all = Vec::new();
    let mut left = passes;
    while left > 0 {
        let (segment, room) = segment_of(style, block.passes);
        let count = left.min(room);
        let length = bits.bits(u32::from(block.length_bits) + u32::from(count).ilog2())?;
        all.push((segment, count, length));
        // More than 30 bit planes of 3 passes cannot be.
        block.passes = block
            .passes
            .checked_add(count)
            .filter(|&passes| passes <= 109)?;
        left -= count;
    }
    Some(all)
}

/// Of T.814: a cleanup pass alone, the two refining passes together; passes before the last
/// cleanup hold nothing and only lower the plane.
fn ht_lengths(block: &mut Block, passes: u8, bits: &mut PacketBits<'_>) -> Option<Lengths> {
    let mut all = Vec::new();
    let mut left = passes;
    if block.passes == 0 {
        let empty_sets = (passes - 1) / 3;
        block.zero_planes = block.zero_planes.checked_add(empty_sets)?;
        left -= 3 * empty_sets;
        let extra = (u32::from(empty_sets) * 3 + 1).ilog2();
        let length = bits.bits(u32::from(block.length_bits) + extra)?;
        all.push((0, 1, length));
        block.passes = 1;
        left -= 1;
    }
    if left > 0 {
        let length = bits.bits(u32::from(block.length_bits) + u32::from(left).ilog2())?;
        all.push((1, left, length));
        block.passes = block.passes.checked_add(left)?;
    }
    Some(all)
}
