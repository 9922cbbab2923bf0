//! Contexts of block coding (T.800 §D.3), as tables over a sample's neighborhood.

use super::tile::Kind;

/// Bits of a sample's neighborhood: three rows of three, the sample itself in the middle.
pub(super) const NORTH: u32 = 1 << 1;
pub(super) const WEST: u32 = 1 << 3;
pub(super) const SELF: u32 = 1 << 4;
pub(super) const EAST: u32 = 1 << 5;
pub(super) const SOUTH: u32 = 1 << 7;
/// All neighbors.
pub(super) const AROUND: u32 = 0x1EF;

/// Contexts of significance (Table D.1), by neighborhood.
pub(super) type Significance = [u8; 512];

const LOW: Significance = significance(Kind::Ll);
const HORIZONTAL: Significance = significance(Kind::Hl);
const DIAGONAL: Significance = significance(Kind::Hh);

/// The table of a band.
pub(super) fn of(kind: Kind) -> &'static Significance {
    match kind {
        Kind::Ll | Kind::Lh => &LOW,
        Kind::Hl => &HORIZONTAL,
        Kind::Hh => &DIAGONAL,
    }
}

const fn significance(kind: Kind) -> Significance {
    let mut table = [0; 512];
    let mut index = 0;
    while index < 512 {
        let bits = index as u32;
        let mut horizontal = (bits >> 3 & 1) + (bits >> 5 & 1);
        let mut vertical = (bits >> 1 & 1) + (bits >> 7 & 1);
        let diagonal = (bits & 1) + (bits >> 2 & 1) + (bits >> 6 & 1) + (bits >> 8 & 1);
        table[index] = match kind {
            Kind::Hh => {
                let sides = horizontal + vertical;
                match (diagonal, sides) {
                    (0, 0) => 0,
                    (0, 1) => 1,
                    (0, _) => 2,
                    (1, 0) => 3,
                    (1, 1) => 4,
                    (1, _) => 5,
                    (2, 0) => 6,
                    (2, _) => 7,
                    _ => 8,
                }
            }
            _ => {
                if matches!(kind, Kind::Hl) {
                    (horizontal, vertical) = (vertical, horizontal);
                }
                match (horizontal, vertical, diagonal) {
                    (2, _, _) => 8,
                    (1, 0, 0) => 5,
                    (1, 0, _) => 6,
                    (1, _, _) => 7,
                    (_, 1, _) => 3,
                    (_, 2, _) => 4,
                    (_, _, 0) => 0,
                    (_, _, 1) => 1,
                    _ => 2,
                }
            }
        };
        index += 1;
    }
    table
}

/// Context and flip of signs (Tables D.2 and D.3): `context << 1 | flip`, by significance of north,
/// west, east, south (bits 0 to 3) and their signs (bits 4 to 7).
pub(super) const SIGN: [u8; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let horizontal = contribution(index, 1, 2);
        let vertical = contribution(index, 0, 3);
        table[index] = match (horizontal, vertical) {
            (1, 1) => 13 << 1,
            (1, 0) => 12 << 1,
            (1, _) => 11 << 1,
            (0, 1) => 10 << 1,
            (0, 0) => 9 << 1,
            (0, _) => 10 << 1 | 1,
            (_, 1) => 11 << 1 | 1,
            (_, 0) => 12 << 1 | 1,
            _ => 13 << 1 | 1,
        };
        index += 1;
    }
    table
};

/// 1, 0 or -1 from two neighbors.
const fn contribution(index: usize, one: usize, other: usize) -> i32 {
    let of = [one, other];
    let mut sum = 0;
    let mut number = 0;
    while number < 2 {
        let place = of[number];
        if index >> place & 1 == 1 {
            sum += if index >> (place + 4) & 1 == 1 { -1 } else { 1 };
        }
        number += 1;
    }
    match sum {
        2 => 1,
        -2 => -1,
        sum => sum,
    }
}
