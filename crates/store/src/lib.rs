//! Where instances and their index are kept: packs of verbatim bytes (the truth) and an index
//! derived from them.

pub mod blob;
pub mod index;

mod error;
pub use error::{Error, Result};
