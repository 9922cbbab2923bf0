//! Part 10 files, DICOMDIR, DICOM JSON and XML; transfer-syntax readers and writers
//! (PS3.5, PS3.10, PS3.18 Annex F, PS3.19 Annex A).

pub mod encoding;
pub mod json;
pub mod part10;
pub mod read;
pub mod transcode;
pub mod walk;
pub mod write;
pub mod xml;

mod error;
pub use error::{Error, Result};
