//! Conformance (PS3.2): the document of what systems do, the statement of this implementation, and
//! the probe that observes others.

pub mod compare;
pub mod departure;
pub mod document;
pub mod import;
pub mod library;
pub mod probe;
pub mod render;
pub mod statement;
pub mod twin;

pub use document::Document;
pub use statement::{Input, Route, statement};

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
