//! The residual check: what of the input's identifiers is left in the output, byte by byte.
//!
//! Independent of the engine: no rule, no cleaner, no table of the profile is asked. [`Needles`]
//! are gathered from the input by value representation and by a list of attributes of its own, and
//! spelled in many ways; a [`Searcher`] looks for them in every byte of an output. Whatever cannot
//! be read counts as a hit: the check fails closed. No hit says what was found, only of which kind
//! it was and where.
//!
//! Words that are terms of the standard or of medicine do not count by themselves (`Brain` as a
//! family name), only as part of a whole name and where the whole value is the same as before. In
//! numbers and codes short identifiers do not count, nor do institutions that are named as makers.
//! Each such [`Exemption`] is told with the outcome, and logged.

mod exemption;
mod harvest;
mod layer;
mod matcher;
mod needle;
mod pdf;
mod search;
mod spelling;
mod words;

#[cfg(test)]
mod tests;

pub use exemption::{Exempt, Exemption};
pub use layer::Cache;
pub use needle::{Dates, Kind, Needles, Retained};
pub use search::{Hit, Outcome, Searcher};

pub(crate) use exemption::is_measure;
pub(crate) use words::{is_harmless, says_nothing};
