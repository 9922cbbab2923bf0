//! Writing packets of one layer (T.800 §B.9, §B.10).

/// Bits of a packet's header: after a byte FF the next has seven.
#[derive(Debug, Default)]
struct Bits {
    bytes: Vec<u8>,
    byte: u8,
    left: u32,
}

impl Bits {
    fn new() -> Bits {
        Bits {
            bytes: Vec::new(),
            byte: 0,
            left: 8,
        }
    }

    fn bit(&mut self, bit: bool) {
        self.left -= 1;
        self.byte |= u8::from(bit) << self.left;
        if self.left == 0 {
            self.bytes.push(self.byte);
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = 0;
        }
    }

    fn bits(&mut self, value: u32, count: u32) {
        for place in (0..count).rev() {
            self.bit(value >> place & 1 == 1);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.left < 8 {
            self.bytes.push(self.byte);
        }
        self.bytes
    }
}

/// A tag tree that is written once (§B.10.2).
#[derive(Debug)]
struct TagTree {
    /// From the leaves to the root: width and values.
    levels: Vec<(usize, Vec<u16>)>,
    /// What has been told of each value: at least so much, and whether it is known.
    told: Vec<Vec<(u16, bool)>>,
}

impl TagTree {
    fn new(width: usize, leaves: Vec<u16>) -> TagTree {
        let mut levels = vec![(width, leaves)];
        while let Some((width, values)) = levels.last()
            && values.len() > 1
        {
            let (width, height) = (*width, values.len() / *width);
            let above = width.div_ceil(2);
            let mut smallest = vec![u16::MAX; above * height.div_ceil(2)];
            for (at, value) in values.iter().enumerate() {
                let parent = &mut smallest[at / width / 2 * above + at % width / 2];
                *parent = (*parent).min(*value);
            }
            levels.push((above, smallest));
        }
        let told = levels
            .iter()
            .map(|(_, values)| vec![(0, false); values.len()]);
        TagTree {
            told: told.collect(),
            levels,
        }
    }

    /// Tells whether a leaf is below `limit`, and if so what it is.
    fn tell(&mut self, leaf: usize, limit: u16, bits: &mut Bits) {
        let width = self.levels[0].0;
        let (x, y) = (leaf % width, leaf / width);
        let mut low = 0;
        for (level, (width, values)) in self.levels.iter().enumerate().rev() {
            let at = (y >> level) * width + (x >> level);
            let (told, is_known) = &mut self.told[level][at];
            *told = (*told).max(low);
            while *told < limit && !*is_known {
                if values[at] == *told {
                    bits.bit(true);
                    *is_known = true;
                } else {
                    bits.bit(false);
                    *told += 1;
                }
            }
            low = *told;
        }
    }
}

/// Blocks of a band in a precinct: bytes of their only pass, empty where all is zero.
pub(super) struct BandBlocks<'a> {
    pub(super) across: usize,
    pub(super) blocks: Vec<&'a [u8]>,
    /// Zero bit planes of each.
    pub(super) zero_planes: u16,
}

/// Writes a packet.
pub(super) fn write(bands: &[BandBlocks<'_>], out: &mut Vec<u8>) {
    let mut bits = Bits::new();
    if bands
        .iter()
        .all(|band| band.blocks.iter().all(|block| block.is_empty()))
    {
        bits.bit(false);
        out.extend(bits.finish());
        return;
    }
    bits.bit(true);
    for band in bands {
        if band.blocks.is_empty() {
            continue;
        }
        let absent = band.blocks.iter().map(|block| u16::from(block.is_empty()));
        let mut inclusion = TagTree::new(band.across, absent.collect());
        let mut planes = TagTree::new(band.across, vec![band.zero_planes; band.blocks.len()]);
        for (number, block) in band.blocks.iter().enumerate() {
            inclusion.tell(number, 1, &mut bits);
            if block.is_empty() {
                continue;
            }
            planes.tell(number, band.zero_planes + 1, &mut bits);
            // One pass.
            bits.bit(false);
            let length = block.len() as u32;
            let count = (length.ilog2() + 1).max(3);
            for _ in 3..count {
                bits.bit(true);
            }
            bits.bit(false);
            bits.bits(length, count);
        }
    }
    out.extend(bits.finish());
    for band in bands {
        for block in &band.blocks {
            out.extend_from_slice(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::jpeg2000::packet_bits::PacketBits;
    use crate::codec::jpeg2000::tag_tree::TagTree as Reader;

    #[test]
    fn a_tag_tree_is_read_as_it_was_written() {
        let leaves: Vec<u16> = (0..15).map(|at| at * 7 % 5).collect();
        let mut bits = Bits::new();
        let mut tree = TagTree::new(5, leaves.clone());
        for (leaf, value) in leaves.iter().enumerate() {
            tree.tell(leaf, value + 1, &mut bits);
        }
        let bytes = bits.finish();
        let mut reader = Reader::new(5, 3);
        let mut bits = PacketBits::new(&bytes, 0);
        for (leaf, value) in leaves.iter().enumerate() {
            assert_eq!(reader.value(leaf, 9, &mut bits), Some(*value));
        }
    }
}
