//! The archive's use cases: ingest, query, retrieve, lifecycle, events. `dimse`, `web` and the
//! command line translate to and from these and nothing more.

pub mod error;
pub mod events;
pub mod ingest;
pub mod lifecycle;
pub mod options;
pub mod query;
pub mod retrieve;

mod archive;

pub use archive::Archive;
pub use error::{Error, Result};
pub use options::Options;
