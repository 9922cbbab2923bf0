//! Tables of PS3.3, made by `cargo xtask codegen` from `standard/*.tsv`.

// One row a line, however long, reads best and keeps differences small.
#[rustfmt::skip]
pub mod attribute_types;
#[rustfmt::skip]
pub mod rules;
