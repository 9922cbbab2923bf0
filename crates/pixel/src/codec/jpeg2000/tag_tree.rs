//! Tag trees (T.800 §B.10.2).

use super::packet_bits::PacketBits;

#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    /// At least this much.
    low: u16,
    is_known: bool,
}

/// Minima over a grid, told bit by bit.
#[derive(Clone, Debug, Default)]
pub(super) struct TagTree {
    nodes: Vec<Node>,
}

const ROOT: u32 = u32::MAX;

impl TagTree {
    pub(super) fn new(across: u32, down: u32) -> TagTree {
        let mut nodes = Vec::new();
        let (mut width, mut height) = (across, down);
        if width == 0 || height == 0 {
            return TagTree { nodes };
        }
        loop {
            let above = nodes.len() as u32 + width * height;
            let is_root = width == 1 && height == 1;
            for y in 0..height {
                for x in 0..width {
                    nodes.push(Node {
                        parent: if is_root {
                            ROOT
                        } else {
                            above + (y / 2) * width.div_ceil(2) + x / 2
                        },
                        low: 0,
                        is_known: false,
                    });
                }
            }
            if is_root {
                return TagTree { nodes };
            }
            (width, height) = (width.div_ceil(2), height.div_ceil(2));
        }
    }

    /// Reads until it is known whether the leaf's value is below `limit`; `None` where bits end.
    pub(super) fn is_below(
        &mut self,
        leaf: usize,
        limit: u16,
        bits: &mut PacketBits<'_>,
    ) -> Option<bool> {
        // From the root to the leaf: at most 16 levels above blocks of a precinct.
        let mut path = [0u32; 34];
        let mut depth = 0;
        let mut next = leaf as u32;
        while next != ROOT {
            *path.get_mut(depth)? = next;
            depth += 1;
            next = self.nodes.get(next as usize)?.parent;
        }
        let mut low = 0;
        for &index in path.get(..depth)?.iter().rev() {
            let node = self.nodes.get_mut(index as usize)?;
            node.low = node.low.max(low);
            while node.low < limit && !node.is_known {
                if bits.bit()? == 1 {
                    node.is_known = true;
                } else {
                    node.low += 1;
                }
            }
            low = node.low;
        }
        let node = self.nodes.get(leaf)?;
        Some(node.is_known && node.low < limit)
    }

    /// Reads a leaf's value, at most `most`; `None` where bits end or there is more.
    pub(super) fn value(
        &mut self,
        leaf: usize,
        most: u16,
        bits: &mut PacketBits<'_>,
    ) -> Option<u16> {
        for value in 0..=most {
            if self.is_below(leaf, value + 1, bits)? {
                return Some(value);
            }
        }
        None
    }
}
