//! Tables of PS3.3, made by `cargo xtask codegen` from `standard/*.tsv`.

pub mod attribute_types;
