//! Tables of the standard, written by `cargo xtask codegen` from `standard/*.tsv`.

// One row a line, however long, reads best and keeps differences small.
#[rustfmt::skip]
pub(crate) mod clean_structured_content;
#[rustfmt::skip]
pub(crate) mod confidentiality_profile;
#[rustfmt::skip]
pub(crate) mod safe_private;
