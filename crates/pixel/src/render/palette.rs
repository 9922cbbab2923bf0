//! Palettes (PS3.3 §C.7.6.3.1.5, §C.7.6.3.1.6; segmented: §C.7.9.2).

use sagittal_core::{DataSet, Tag, tags};

use super::LookupTable;
use super::lut::{read_descriptor, words};

/// Colors of whole numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    /// The number that the first color is for.
    pub first: i64,
    /// The colors; never none.
    pub colors: Vec<[u8; 3]>,
}

/// Descriptor, data and segmented data of one color.
const CHANNELS: [(Tag, Tag, Tag); 3] = [
    (
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
];

impl Palette {
    /// Reads the palette of an image, a presentation state or a Color Palette instance.
    pub fn read(data_set: &DataSet, is_signed: bool) -> Option<Palette> {
        let tables = CHANNELS.map(|(descriptor, data, segmented)| {
            LookupTable::read(data_set, descriptor, data, is_signed)
                .or_else(|| read_segmented(data_set, descriptor, segmented, is_signed))
        });
        let [Some(red), Some(green), Some(blue)] = tables else {
            return None;
        };
        let tables = [red, green, blue];
        // Some devices say 16 bits and write 8.
        let is_narrow = tables
            .iter()
            .all(|table| table.entries.iter().all(|&entry| entry < 256));
        let first = tables[0].first;
        let count = tables.iter().map(|table| table.entries.len()).max()?;
        let color = |at: usize| {
            [0, 1, 2].map(|channel: usize| {
                let table = &tables[channel];
                let entry = table.entries.get(at).or(table.entries.last());
                let entry = entry.copied().unwrap_or(0);
                let bits = if is_narrow { 8 } else { table.bits };
                to_byte(entry, bits)
            })
        };
        Some(Palette {
            first,
            colors: (0..count).map(color).collect(),
        })
    }

    /// The color of a number; beyond the ends that at the end.
    pub fn color(&self, number: i64) -> [u8; 3] {
        let at = usize::try_from(number.saturating_sub(self.first).max(0)).unwrap_or(usize::MAX);
        let at = at.min(self.colors.len().saturating_sub(1));
        self.colors.get(at).copied().unwrap_or_default()
    }

    /// The color at a part of the palette's length, 0 to 1.
    pub fn at_unit(&self, part: f32) -> [u8; 3] {
        let last = self.colors.len().saturating_sub(1) as f32;
        // Between 0 and the last.
        let at = (part.clamp(0.0, 1.0) * last).round() as usize;
        self.colors.get(at).copied().unwrap_or_default()
    }
}

/// The eight bits that are shown of an entry.
fn to_byte(entry: u16, bits: u8) -> u8 {
    let shown = match bits {
        9.. => entry >> (bits.min(16) - 8),
        8 => entry,
        _ => entry * 255 / ((1 << bits.max(1)) - 1),
    };
    u8::try_from(shown).unwrap_or(u8::MAX)
}

/// Reads a segmented table.
fn read_segmented(
    data_set: &DataSet,
    descriptor: Tag,
    data: Tag,
    is_signed: bool,
) -> Option<LookupTable> {
    let (count, first, bits) = read_descriptor(data_set, descriptor, is_signed)?;
    let bytes = data_set.bytes(data)?;
    let units: Vec<u16> = if bits <= 8 && !bytes.is_empty() {
        bytes.iter().map(|&byte| byte.into()).collect()
    } else {
        words(bytes).collect()
    };
    let mut entries = Vec::new();
    expand(&units, 0, usize::MAX, bits, count, true, &mut entries);
    entries.truncate(count);
    LookupTable::new(first, bits, entries)
}

/// Appends the entries of `segments` segments that begin at `start`, at most `count` in all.
/// Indirect segments may not name further ones.
fn expand(
    units: &[u16],
    start: usize,
    segments: usize,
    bits: u8,
    count: usize,
    may_refer: bool,
    entries: &mut Vec<u16>,
) {
    let mut rest = units.get(start..).unwrap_or(&[]);
    for _ in 0..segments {
        let [code, length, tail @ ..] = rest else {
            return;
        };
        let length = usize::from(*length);
        rest = match (code, tail) {
            (0, tail) => {
                let (values, after) = tail.split_at(length.min(tail.len()));
                entries.extend_from_slice(values);
                after
            }
            (1, [end, after @ ..]) => {
                let begin = f64::from(entries.last().copied().unwrap_or(0));
                let step = (f64::from(*end) - begin) / length.max(1) as f64;
                // Between two entries.
                entries.extend((1..=length).map(|at| (begin + step * at as f64).round() as u16));
                after
            }
            (2, tail) if may_refer => {
                // The offset has 32 bits and counts bytes, or units of 8 bits.
                let (offset, after) = match (bits, tail) {
                    (0..=8, [a, b, c, d, after @ ..]) => (
                        usize::from(*a)
                            | usize::from(*b) << 8
                            | usize::from(*c) << 16
                            | usize::from(*d) << 24,
                        after,
                    ),
                    (9.., [low, high, after @ ..]) => {
                        ((usize::from(*low) | usize::from(*high) << 16) / 2, after)
                    }
                    _ => return,
                };
                expand(units, offset, length, bits, count, false, entries);
                after
            }
            _ => return,
        };
        if entries.len() >= count {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use sagittal_core::Vr;

    fn words_of(values: &[u16]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    fn palette(bits: u16, count: u16, data: [&[u8]; 3], is_segmented: bool) -> DataSet {
        let mut data_set = DataSet::new();
        for ((descriptor, plain, segmented), data) in CHANNELS.into_iter().zip(data) {
            data_set.put_bytes(descriptor, Vr::US, words_of(&[count, 1, bits]));
            let tag = if is_segmented { segmented } else { plain };
            data_set.put_bytes(tag, Vr::OW, data.to_vec());
        }
        data_set
    }

    #[test]
    fn sixteen_bits_show_their_upper_half() {
        let red = words_of(&[0, 0xFF00]);
        let dark = words_of(&[0, 0x0100]);
        let read = Palette::read(&palette(16, 2, [&red, &dark, &dark], false), false).unwrap();
        assert_eq!(read.color(-3), [0, 0, 0]);
        assert_eq!(read.color(2), [255, 1, 1]);
        assert_eq!(read.color(99), [255, 1, 1]);
    }

    #[test]
    fn eight_bits_in_words_of_sixteen_are_eight_bits() {
        let data = words_of(&[7, 250]);
        let read = Palette::read(&palette(16, 2, [&data, &data, &data], false), false).unwrap();
        assert_eq!(read.color(2), [250; 3]);
    }

    /// Discrete, linear and indirect segments.
    #[test]
    fn segments_become_entries() {
        let data = words_of(&[0, 1, 0x1000, 1, 4, 0x5000, 2, 2, 0, 0]);
        let set = palette(16, 10, [&data, &data, &data], true);
        let read = Palette::read(&set, false).unwrap();
        let reds: Vec<u8> = read.colors.iter().map(|color| color[0]).collect();
        assert_eq!(
            reds,
            [0x10, 0x20, 0x30, 0x40, 0x50, 0x10, 0x20, 0x30, 0x40, 0x50]
        );
    }

    #[test]
    fn segments_that_lie_are_cut() {
        for data in [
            words_of(&[2, 9, 0, 0]),
            words_of(&[1, 0xFFFF]),
            words_of(&[0, 5, 1]),
            words_of(&[1, 0, 7, 9, 9, 9]),
        ] {
            let set = palette(16, 4, [&data, &data, &data], true);
            if let Some(read) = Palette::read(&set, false) {
                assert!(read.colors.len() <= 4);
            }
        }
    }
}
