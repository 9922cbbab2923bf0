//! The confidentiality profile and the safe private attributes: rows by tag (PS3.15 Table E.1-1,
//! Table E.3.10-1).

use std::sync::LazyLock;

use sagittal_core::{Tag, Vr};

use crate::generated::confidentiality_profile::ROWS;
use crate::generated::safe_private::SAFE_PRIVATE;
use crate::options::ProfileOption;
use crate::{Action, Options, Primitive};

/// The edition of PS3.15 that the tables were taken from.
pub const EDITION: &str = "2026d";

/// One row of Table E.1-1.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    key: u32,
    /// The tag as printed, `(0010,0010)`, `(50xx,xxxx)` or `PRIVATE`.
    pub printed: &'static str,
    /// What the basic profile asks for.
    pub basic: Action,
    /// What options ask for, by the column's number.
    options: &'static [(u8, Primitive)],
}

pub(crate) const fn row(
    key: u32,
    printed: &'static str,
    basic: Action,
    options: &'static [(u8, Primitive)],
) -> Row {
    Row {
        key,
        printed,
        basic,
        options,
    }
}

/// One row of Table E.3.10-1.
#[derive(Clone, Copy, Debug)]
pub struct SafePrivate {
    /// The private creator.
    pub creator: &'static str,
    /// The group.
    pub group: u16,
    /// The element within the block.
    pub element: u8,
    /// The VR, if one is printed.
    pub vr: Option<Vr>,
}

/// Slots of the index; a power of two, at least twice the rows.
const SLOTS: usize = 2048;

/// Rows by a hash of their tag: numbers of rows plus one, 0 where there is none.
static INDEX: LazyLock<Box<[u16; SLOTS]>> = LazyLock::new(|| {
    let mut slots = Box::new([0_u16; SLOTS]);
    for (number, row) in ROWS.iter().enumerate() {
        let mut at = slot(row.key);
        while slots[at] != 0 {
            at = (at + 1) % SLOTS;
        }
        slots[at] = u16::try_from(number + 1).unwrap_or(0);
    }
    slots
});

fn slot(key: u32) -> usize {
    // Below SLOTS, which fits any usize.
    (key.wrapping_mul(0x9E37_79B1) >> 21) as usize % SLOTS
}

/// The row of a standard attribute, repeating groups included; `None` if the table has none.
/// Private attributes have [`private_row`].
pub fn standard_row(tag: Tag) -> Option<&'static Row> {
    let key = match tag.group() >> 8 {
        _ if tag.is_private() => return None,
        0x50 => 0x5000_0000,
        0x60 => 0x6000_0000 | u32::from(tag.element()),
        _ => tag.as_u32(),
    };
    let mut at = slot(key);
    loop {
        let number = INDEX.get(at).copied().unwrap_or(0);
        let row = ROWS.get(usize::from(number).checked_sub(1)?)?;
        if row.key == key {
            return Some(row);
        }
        at = (at + 1) % SLOTS;
    }
}

/// The row of all private attributes.
pub fn private_row() -> &'static Row {
    // The last by its key; a test holds the table to it.
    &ROWS[ROWS.len() - 1]
}

/// The row of a private attribute that is known to be safe.
pub fn safe_private(creator: &str, tag: Tag) -> Option<&'static SafePrivate> {
    let element = u8::try_from(tag.element() & 0xFF).unwrap_or(0);
    let wanted = (creator.trim(), tag.group(), element);
    let at = SAFE_PRIVATE
        .binary_search_by(|row| (row.creator, row.group, row.element).cmp(&wanted))
        .ok()?;
    SAFE_PRIVATE.get(at)
}

impl Row {
    /// What profile and options together ask for, and the code of the option that decided.
    ///
    /// Of several options that are on, one about time decides on what tells time; then cleaning
    /// goes before keeping.
    pub fn action(&self, options: &Options) -> (Action, Option<&'static str>) {
        let mut best: Option<(u8, Primitive, ProfileOption)> = None;
        for (column, primitive) in self.options {
            let Some(option) = ProfileOption::of_column(*column) else {
                continue;
            };
            if !options.has(option) {
                continue;
            }
            let rank = match (option, primitive) {
                (ProfileOption::ModifiedDates, _) => 3,
                (_, Primitive::Clean) => 2,
                _ => 1,
            };
            if best.is_none_or(|(other, ..)| rank > other) {
                best = Some((rank, *primitive, option));
            }
        }
        match best {
            Some((_, primitive, option)) => (Action::One(primitive), Some(option.code())),
            None => (self.basic, None),
        }
    }

    /// Does the table give dates options of its own to this attribute?
    pub fn is_temporal(&self) -> bool {
        let of_dates = |column: u8| {
            matches!(
                ProfileOption::of_column(column),
                Some(ProfileOption::FullDates | ProfileOption::ModifiedDates)
            )
        };
        self.options.iter().any(|(column, _)| of_dates(*column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sagittal_core::tags;

    #[test]
    fn every_row_is_found_by_its_tag() {
        assert!(ROWS.is_sorted_by(|a, b| a.key < b.key));
        assert_eq!(ROWS.len(), 657);
        assert_eq!(private_row().printed, "PRIVATE");
        for row in ROWS.iter().filter(|row| row.key != u32::MAX) {
            let found = standard_row(Tag::from_u32(row.key)).expect("a row");
            assert_eq!(found.printed, row.printed);
        }
        let printed = |group, element| standard_row(Tag(group, element)).map(|row| row.printed);
        assert_eq!(printed(0x5012, 0x3000), Some("(50xx,xxxx)"));
        assert_eq!(printed(0x601E, 0x3000), Some("(60xx,3000)"));
        assert_eq!(printed(0x6000, 0x0010), None);
        assert_eq!(printed(0x6001, 0x3000), None);
        assert_eq!(printed(0x0008, 0x0016), None);
    }

    #[test]
    fn options_change_the_basic_action() {
        let of = |tag, set: fn(&mut Options)| {
            let mut options = Options::default();
            set(&mut options);
            standard_row(tag).expect("a row").action(&options)
        };
        let one = Action::One;
        assert_eq!(of(tags::STUDY_DATE, |_| ()), (one(Primitive::Zero), None));
        let modified = |o: &mut Options| o.retain_longitudinal_modified_dates = true;
        let expected = (one(Primitive::Clean), Some("113107"));
        assert_eq!(of(tags::STUDY_DATE, modified), expected);
        let both = |o: &mut Options| {
            o.retain_longitudinal_modified_dates = true;
            o.retain_device_identity = true;
        };
        assert_eq!(of(tags::DATE_OF_LAST_CALIBRATION, both), expected);
        let characteristics = |o: &mut Options| {
            o.retain_patient_characteristics = true;
            o.clean_descriptors = true;
        };
        assert_eq!(
            of(tags::ALLERGIES, characteristics).0,
            one(Primitive::Clean)
        );
        assert_eq!(
            of(tags::PATIENT_SEX, characteristics).0,
            one(Primitive::Keep)
        );
    }

    #[test]
    fn safe_private_attributes_are_found_in_any_block() {
        assert!(SAFE_PRIVATE.is_sorted_by(|a, b| {
            (a.creator, a.group, a.element) < (b.creator, b.group, b.element)
        }));
        assert!(safe_private("GEMS_PARM_01", Tag(0x0043, 0x1039)).is_some());
        assert!(safe_private("GEMS_PARM_01 ", Tag(0x0043, 0x4239)).is_some());
        assert!(safe_private("GEMS_PARM_01", Tag(0x0043, 0x1038)).is_none());
        assert!(safe_private("GEMS_PARM_02", Tag(0x0043, 0x1039)).is_none());
    }
}
