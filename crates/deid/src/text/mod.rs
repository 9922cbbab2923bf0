//! Text cleaned of identities, word by word (PS3.15 §E.3.4 to §E.3.6): what names a person, an
//! institution or a place, identifies or dates is taken out; the rest stays as it was.
//!
//! A word is taken out when it is known (from the data set, from lists: [`Identity`]) or when what
//! stands around it says what it is: titles, labels, streets, credentials, the shape of a date or a
//! telephone number. A known name that is also a clinical or everyday word (Brain, White, Short)
//! goes where it stands like a name: beside another part of the name or an initial, after a title
//! or a label, with `'s`, next to `^`, or, if no clinical term, capitalised within a sentence.
//! It stays in `white matter` and `brain MRI`. What can be read in both ways goes. A year alone
//! stays, as the Safe Harbor rule allows, unless it is said to be the year of birth.

mod clean;
mod context;
mod dates;
mod identifiers;
mod identity;
mod index;
mod join;
mod labels;
mod list;
mod marks;
mod names;
mod needles;
mod numbers;
mod places;
#[cfg(test)]
mod tests;
mod times;
mod token;
mod web;
mod words;

use std::borrow::Cow;
use std::ops::Range;

pub use clean::Cleaner;
pub use identity::Identity;

/// What kind of identity a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The patient's (or a relative's) name.
    PatientName,
    /// A member of staff's name, or anybody's of whom nothing is known.
    StaffName,
    /// Patient ID, accession number, other identifiers.
    Identifier,
    /// A date or date and time.
    Date,
    /// A date of birth: goes also when other dates stay.
    BirthDate,
    /// A time of day.
    Time,
    /// A telephone or fax number.
    Phone,
    /// An e-mail address or URL, a network address.
    Address,
    /// Street, town, postal code, country.
    Place,
    /// Hospital, department, practice.
    Institution,
    /// Network names and device identifiers.
    Device,
    /// An age over 89 years (45 CFR 164.514(b)(2)(i)(C)).
    Age,
}

/// What a cleaner may leave in, by the options of the profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leave {
    /// Dates stay (full dates).
    pub dates: bool,
    /// Dates move by so many days instead of going (modified dates).
    pub shift_days: Option<i64>,
    /// Institutions stay.
    pub institutions: bool,
    /// Devices stay.
    pub devices: bool,
}

/// A text after cleaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaned<'t> {
    /// What is left; borrowed if nothing was removed.
    pub text: Cow<'t, str>,
    /// What was taken out or moved, by bytes of the original.
    pub removed: Vec<(Range<usize>, Kind)>,
}
