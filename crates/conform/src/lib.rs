//! Conformance (PS3.2): the statement of this implementation.

pub mod statement;

pub use statement::{Input, Route, Statement};
