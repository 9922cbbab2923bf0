//! The transformation log: one JSON line for each element touched or knowingly kept, chained by
//! hashes and signed at the end, without any protected value in clear.
//!
//! A [`FileLog`] hears of the changes to one instance and becomes a [`Block`]; a [`Writer`] chains
//! the blocks of a run in the order in which they come and signs the last line. [`verify`] reads a
//! log again and finds any byte that was changed. [`csv`] and [`parquet`] write it as a table.
//!
//! A line is `{"n":17,"prev":"<64 digits>","kind":…}`: its number, the SHA-256 of the line before
//! (without the line feed), and one of the kinds of [`Line`]. The line `signature` has an Ed25519
//! signature over the ASCII text `sagittal-deid-log:<digits>`, the digits being the SHA-256 of the
//! line `end`.

mod block;
mod columns;
mod digest;
mod json;
mod line;
mod parquet;
mod sign;
mod table;
mod thrift;
mod verify;
mod writer;

pub use block::{Block, Done, FileLog};
pub use digest::Digest;
pub use line::{
    Counts, DoneLine, ElementLine, EndLine, FileLine, Line, NoteLine, RefusedLine, Run,
};
pub use parquet::parquet;
pub use sign::{LogKey, LogPublicKey};
pub use table::csv;
pub(crate) use table::record as csv_record;
pub use verify::{Outputs, Problem, Verification, lines, verify};
pub use writer::Writer;
