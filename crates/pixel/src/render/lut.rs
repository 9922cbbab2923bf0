//! Lookup tables of data sets: descriptor and data (PS3.3 §C.11.1.1, §C.11.2.1.1, §C.11.6.1).

use sagittal_core::{DataSet, Tag, Vr, tags};

/// The most entries of a table: the descriptor has 16 bits for them.
const MOST_ENTRIES: usize = 65_536;

/// A table from whole numbers to whole numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupTable {
    /// The number that the first entry is for.
    pub first: i64,
    /// Bits of an entry.
    pub bits: u8,
    /// The entries; never none.
    pub entries: Vec<u16>,
}

impl LookupTable {
    /// Reads LUT Descriptor (0028,3002) and LUT Data (0028,3006) of an item of a LUT sequence.
    /// `is_signed`: may the numbers that go in be below 0? It decides what a descriptor means
    /// that was written without VR.
    pub fn of_item(item: &DataSet, is_signed: bool) -> Option<LookupTable> {
        LookupTable::read(item, tags::LUT_DESCRIPTOR, tags::LUT_DATA, is_signed)
    }

    /// Reads a table from the elements that hold its descriptor and data.
    pub fn read(
        data_set: &DataSet,
        descriptor: Tag,
        data: Tag,
        is_signed: bool,
    ) -> Option<LookupTable> {
        let (entries, first, bits) = read_descriptor(data_set, descriptor, is_signed)?;
        let bytes = data_set.bytes(data)?;
        let values: Vec<u16> = if bytes.len() < 2 * entries && bits <= 8 {
            // Entries of 8 bits, two in a word; some devices write one in a word.
            bytes.iter().take(entries).map(|&b| b.into()).collect()
        } else {
            words(bytes).take(entries).collect()
        };
        LookupTable::new(first, bits, values)
    }

    /// A table of these entries. Bits that cannot be are mended.
    pub fn new(first: i64, bits: u8, entries: Vec<u16>) -> Option<LookupTable> {
        let highest = entries.iter().copied().max()?;
        let needed = u8::try_from(16 - highest.leading_zeros()).unwrap_or(16);
        let bits = match bits {
            1..=16 => bits.max(needed),
            _ => needed.max(8),
        };
        Some(LookupTable {
            first,
            bits,
            entries,
        })
    }

    /// The entry for a number; numbers beyond either end have the entry at that end.
    pub fn apply(&self, input: f64) -> f64 {
        let offset = (input - self.first as f64).round();
        let at = if offset > 0.0 {
            // Saturates, and what is too much is cut here.
            (offset as usize).min(self.entries.len().saturating_sub(1))
        } else {
            0
        };
        self.entries.get(at).copied().unwrap_or(0).into()
    }

    /// The entry for a number as part of the largest that the bits allow, 0 to 1.
    pub fn apply_unit(&self, input: f64) -> f64 {
        self.apply(input) / self.largest()
    }

    /// The entry at a part of the table's length, as part of the largest.
    pub fn at_unit(&self, part: f64) -> f64 {
        let last = self.entries.len().saturating_sub(1) as f64;
        self.apply_unit(self.first as f64 + part.clamp(0.0, 1.0) * last)
    }

    /// The largest number that the bits allow.
    pub fn largest(&self) -> f64 {
        f64::from((1_u32 << self.bits.min(16)) - 1)
    }
}

/// Entries, first number and bits of a descriptor.
pub(super) fn read_descriptor(
    data_set: &DataSet,
    tag: Tag,
    is_signed: bool,
) -> Option<(usize, i64, u8)> {
    let element = data_set.get(tag)?;
    let mut numbers = words(element.value.as_bytes()?);
    let (entries, first, bits) = (numbers.next()?, numbers.next()?, numbers.next()?);
    // Only the middle one has a sign; 0 entries are 65536.
    let first = if element.vr == Vr::SS || is_signed {
        first.cast_signed().into()
    } else {
        first.into()
    };
    let entries = if entries == 0 {
        MOST_ENTRIES
    } else {
        entries.into()
    };
    Some((entries, first, u8::try_from(bits).unwrap_or(0)))
}

/// 16-bit numbers of a value field.
pub(super) fn words(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes
        .chunks_exact(2)
        .filter_map(|pair| pair.try_into().ok())
        .map(u16::from_le_bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn item(vr: Vr, descriptor: [u16; 3], data: &[u8]) -> DataSet {
        let mut item = DataSet::new();
        let bytes: Vec<u8> = descriptor.iter().flat_map(|v| v.to_le_bytes()).collect();
        item.put_bytes(tags::LUT_DESCRIPTOR, vr, bytes);
        item.put_bytes(tags::LUT_DATA, Vr::OW, data.to_vec());
        item
    }

    #[test]
    fn numbers_beyond_the_ends_have_the_entries_of_the_ends() {
        let item = item(Vr::US, [3, 10, 16], &[1, 0, 2, 0, 0, 1]);
        let table = LookupTable::of_item(&item, false).unwrap();
        let values: Vec<f64> = [-5.0, 10.0, 11.0, 12.0, 99.0]
            .map(|v| table.apply(v))
            .into();
        assert_eq!(values, [1.0, 1.0, 2.0, 256.0, 256.0]);
    }

    #[test]
    fn no_entries_in_the_descriptor_are_65536_and_the_first_may_have_a_sign() {
        let data: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let item = item(Vr::SS, [0, (-32768_i16).cast_unsigned(), 16], &data);
        let table = LookupTable::of_item(&item, false).unwrap();
        assert_eq!(table.entries.len(), 65536);
        assert_eq!(table.apply(0.0), 32768.0);
        assert_eq!(table.largest(), 65535.0);
    }

    #[test]
    fn entries_of_8_bits_stand_two_in_a_word_or_one() {
        let packed = item(Vr::US, [4, 0, 8], &[9, 8, 7, 6]);
        let spread = item(Vr::US, [4, 0, 8], &[9, 0, 8, 0, 7, 0, 6, 0]);
        for item in [packed, spread] {
            let table = LookupTable::of_item(&item, false).unwrap();
            assert_eq!(table.entries, [9, 8, 7, 6]);
            assert_eq!(table.bits, 8);
        }
    }

    #[test]
    fn a_descriptor_with_too_few_bits_is_mended() {
        let item = item(Vr::US, [2, 0, 10], &[0, 0, 0xFF, 0x0F]);
        assert_eq!(LookupTable::of_item(&item, false).unwrap().bits, 12);
        let empty = DataSet::new();
        assert!(LookupTable::of_item(&empty, false).is_none());
    }
}
