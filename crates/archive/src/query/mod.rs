//! Finding: one matcher for C-FIND, QIDO-RS and FHIR search (PS3.4 §C.2.2.2, PS3.18 §10.6).

use futures::stream::BoxStream;
use sagittal_core::{DataSet, Tag, Uid};

use crate::Result;

mod answer;
mod header;
mod json;
mod keys;
mod run;
mod shown;
mod value;

#[cfg(test)]
mod tests;

/// Query/retrieve levels (PS3.4 §C.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// PATIENT
    Patient,
    /// STUDY
    Study,
    /// SERIES
    Series,
    /// IMAGE
    Instance,
}

/// A query. Matching keys and return keys are one data set, as in C-FIND: an element with a value
/// matches (wildcards, ranges, UID lists, sequences by their first item), an empty one is only
/// returned. QIDO-RS parameters are translated to the same form.
#[derive(Clone, Debug)]
pub struct Query {
    /// What one answer is.
    pub level: Level,
    /// Matching and return keys; text in any character set.
    pub keys: DataSet,
    /// Return every attribute that is known (`includefield=all`).
    pub all_attributes: bool,
    /// Person names match phonetically, in parts and any order.
    pub fuzzy: bool,
    /// Date and time keys of one pair match as one moment (date-time matching, PS3.4 §C.2.2.2.5.1).
    pub combined_date_time: bool,
    /// A value of `""` matches only attributes without a value (PS3.18 §8.3.4.5).
    pub empty_value_matching: bool,
    /// Several values of a key, separated by backslash, match any of them for every VR (PS3.18 §8.3.4.6).
    pub multiple_value_matching: bool,
    /// Also deliver hidden instances.
    pub include_hidden: bool,
    /// At most so many answers.
    pub limit: Option<u64>,
    /// Leave out the first so many.
    pub offset: u64,
    /// Only studies in this list, if given (access control).
    pub only_studies: Option<Vec<Uid>>,
}

impl Query {
    /// A query with everything optional off.
    pub fn new(level: Level, keys: DataSet) -> Query {
        Query {
            level,
            keys,
            all_attributes: false,
            fuzzy: false,
            combined_date_time: false,
            empty_value_matching: false,
            multiple_value_matching: false,
            include_hidden: false,
            limit: None,
            offset: 0,
            only_studies: None,
        }
    }
}

/// Answers, and what the archive could not do as asked.
pub struct Answers {
    /// One data set an answer: requested attributes in UTF-8 (`ISO_IR 192`), absent ones empty;
    /// unique keys of the levels above always there. Retrieve AE Title, Retrieve URL and Query/
    /// Retrieve Level are for the adapter to add. Sorted: studies newest first, series and
    /// instances by number.
    pub answers: BoxStream<'static, Result<DataSet>>,
    /// Keys that were ignored because they cannot be matched: adapters warn (FF01, HTTP Warning).
    pub unsupported: Vec<Tag>,
}
