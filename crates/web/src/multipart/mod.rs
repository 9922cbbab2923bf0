//! `multipart/related` (RFC 2387, RFC 2046 §5.1), streaming both ways.

mod parser;
mod read;
mod write;

pub use parser::{Limits, Parser, PartHeaders, Problem, Token};
pub use read::{Reader, boundary_of};
pub use write::{Part, Writer, byteranges};
