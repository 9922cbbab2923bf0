//! DICOMDIR: the Basic Directory of a file-set (PS3.10 §8, PS3.3 Annex F), both ways.

mod builder;
mod encode;
mod file_id;
mod keys;
mod read;
mod record_type;

pub use builder::Builder;
pub use file_id::{FileId, FileIds};
pub use read::{Directory, Record, read};
pub use record_type::RecordType;

#[cfg(test)]
mod tests;
