//! Tables of the standard, written by `cargo xtask codegen` from `standard/*.tsv`.

// One row a line, however long, reads best and keeps differences small.
#[rustfmt::skip]
pub(crate) mod elements;
#[rustfmt::skip]
pub(crate) mod private_elements;
#[rustfmt::skip]
pub(crate) mod sop_class;
#[rustfmt::skip]
pub mod tags;
#[rustfmt::skip]
pub(crate) mod transfer_syntax;
#[rustfmt::skip]
pub(crate) mod uids;
