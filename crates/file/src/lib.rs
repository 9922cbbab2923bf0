//! Part 10 files, DICOMDIR, DICOM JSON and XML; transfer-syntax readers and writers
//! (PS3.5, PS3.10, PS3.18 Annex F, PS3.19 Annex A).

pub mod dicomdir;
pub mod dump;
pub mod encoding;
pub mod even;
pub mod extract;
pub mod json;
pub mod part10;
pub mod pixel_data;
pub mod read;
pub mod splice;
pub mod swap;
pub mod transcode;
pub mod walk;
pub mod write;
pub mod xml;

mod emit;
mod error;
mod inflate;
mod sniff;
pub use error::{Error, Result};
