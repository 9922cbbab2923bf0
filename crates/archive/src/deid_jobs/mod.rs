//! De-identification of studies as durable jobs (PS3.15 Annex E): made of what is in the archive,
//! into the archive under new UIDs, or into a folder.
//!
//! A job is a folder below `deid-jobs/` of the data folder: `job.json` says what was ordered and how
//! far it is, `done.jsonl` which instances are done, and beside them lie log, reports and
//! quarantine. A job that was interrupted, by whatever, goes on at the next start: pseudonyms are
//! derived from a key, so that what is done twice is done in the same way.

mod deliver;
mod job;
mod jobs;
mod journal;
mod run;

pub use job::{Counts, Destination, Job, Order, State};
pub(crate) use jobs::Jobs;
