//! The index: derived from the packs, rebuilt from them when lost.
//!
//! Attributes of patient, study and series are those of the first instance that arrives;
//! a later instance fills what was empty and changes nothing else, so that the same records
//! in the same order always give the same index.

mod entry;
mod key;
mod matching;
mod quality;
mod query;
mod row;

pub mod memory;
pub mod sqlite;
#[cfg(any(test, feature = "testsuite"))]
pub mod testsuite;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::Result;
use crate::blob::Hash;

pub use entry::{
    Change, Entry, InstanceAttributes, Known, Live, Record, Relocation, SeriesAttributes,
    Statistics, StudyAttributes, Watermarks,
};
pub use matching::{Matching, NamePattern, Pattern, Span};
pub use quality::{
    Arrival, Flawed, FlawedFilter, Noted, QualityDay, QualityFinding, QualityGroup, Standing,
};
pub use query::{COLUMNS, Column, ColumnEntry, Condition, IndexQuery, Kind, Level, Selection};
pub use row::{InstanceRow, PatientRow, Row, SeriesRow, StudyRow};

/// An index. Calls block; callers use the blocking pool. Implementations are checked by
/// `testsuite`. Whatever calls a sink does not hold a read transaction open while it does.
pub trait Index: Send + Sync {
    /// Takes in changes in one transaction, together with how far the packs have been read:
    /// the given watermarks replace those of the same packs. What was taken in before
    /// (recognized by UID and sequence) is passed over.
    fn apply(&self, changes: &[Change], watermarks: &Watermarks) -> Result<()>;

    /// How far the packs have been read.
    fn watermarks(&self) -> Result<Watermarks>;

    /// The shown instance with this UID.
    fn known(&self, sop_instance_uid: &str) -> Result<Option<Known>>;

    /// As [`Index::known`], if the answer needs no waiting for others; `None` if it does.
    fn known_now(&self, sop_instance_uid: &str) -> Result<Option<Option<Known>>>;

    /// Is an instance with this UID and these bytes kept hidden?
    fn is_hidden(&self, sop_instance_uid: &str, hash: &Hash) -> Result<bool>;

    /// Forgets everything, to be rebuilt.
    fn clear(&self) -> Result<()>;

    /// Takes in that records were copied, in one transaction with new watermarks, and forgets the
    /// watermarks of the packs that are `gone`. A record that is no longer at `from` is passed
    /// over. Returns how many were found.
    fn relocate(&self, moves: &[Relocation], watermarks: &Watermarks, gone: &[u64]) -> Result<u64>;

    /// Was an instance, series or study with this UID deleted? It may have come again since.
    fn was_deleted(&self, uid: &str) -> Result<bool>;

    /// The shown instance with this UID.
    fn instance(&self, sop_instance_uid: &str) -> Result<Option<Row>>;

    /// The shown instances selected, in the order of [`Index::find`].
    fn instances(
        &self,
        selection: &Selection,
        sink: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<()>;

    /// The frame table of an instance as it was stored, empty without pixel data.
    fn frames(&self, instance: &InstanceRow) -> Result<Vec<u8>>;

    /// The header of an instance: DICOM JSON, 0x01 where a base URL goes.
    fn header(&self, instance: &InstanceRow) -> Result<Vec<u8>>;

    /// The header of one shown instance of the study, series or patient (or of the instance
    /// itself), whichever is at hand. `None` if there is none any more.
    fn sample(&self, row: &Row) -> Result<Option<Vec<u8>>>;

    /// The patient a study is of.
    fn patient(&self, study: &StudyRow) -> Result<Option<PatientRow>>;

    /// The headers of the shown instances selected, study by study (newest first) and series by
    /// series; within a series by number (a series with more than 32 MiB of headers may be in the
    /// order of arrival until it has been quiet for a while). `sink` gets JSON objects in
    /// portions of bounded size, those of one portion separated by commas, and their number.
    fn headers(
        &self,
        selection: &Selection,
        sink: &mut dyn FnMut(Vec<u8>, u64) -> ControlFlow<()>,
    ) -> Result<()>;

    /// What matches, in order: patients by name and ID, studies newest first and by UID, series by
    /// number and UID, instances by number and as they came.
    fn find(&self, query: &IndexQuery, sink: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<()>;

    /// How many there are.
    fn count(&self, query: &IndexQuery) -> Result<u64>;

    /// A tag that changes whenever the selected instances or one of their headers do; `None`
    /// when nothing is selected.
    fn state_tag(&self, selection: &Selection) -> Result<Option<String>>;

    /// Counts.
    fn statistics(&self) -> Result<Statistics>;

    /// All records that are referred to, hidden ones included, in the order they were taken in.
    fn records(&self, sink: &mut dyn FnMut(Record) -> ControlFlow<()>) -> Result<()>;

    /// The record with this place in the history, hidden ones included.
    fn record(&self, sequence: u64) -> Result<Option<Record>>;

    /// What of each pack is referred to.
    fn live(&self) -> Result<BTreeMap<u64, Live>>;

    /// Instances in which something was found, the last ones first.
    fn flawed(&self, filter: &FlawedFilter) -> Result<Vec<Flawed>>;

    /// What came from the first to the last day (since 1970 UTC, both included), and what was found
    /// in it, by source and modality.
    fn quality(&self, first_day: i64, last_day: i64) -> Result<Vec<QualityGroup>>;

    /// Tidies up: merges what came in small portions, for at most about `budget`. True if there
    /// is more to do.
    fn maintain(&self, budget: std::time::Duration) -> Result<bool>;
}
