//! The archive's use cases: ingest, query, retrieve, lifecycle, events. `dimse`, `web` and the
//! command line translate to and from these and nothing more.

pub mod bulk_path;
pub mod compress;
pub mod deid_jobs;
pub mod deidentified;
pub mod error;
pub mod events;
pub mod ingest;
pub mod lifecycle;
pub mod options;
pub mod proof;
pub mod quality;
pub mod query;
pub mod retrieve;

mod archive;
mod cache;
mod catch_up;
mod handover;
mod indexer;
mod upkeep;

#[cfg(test)]
mod tests;

pub use archive::Archive;
pub use catch_up::{CatchUp, Progress};
pub use error::{Error, Result};
pub use options::Options;
