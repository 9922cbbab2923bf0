//! Files from one transfer syntax to another: what `sagittal transcode` does.

mod file;
mod summary;
mod syntax;
mod work;

pub use file::{Converted, Plan};
pub use summary::{Failure, Summary};
pub use syntax::{NAMES, parse_syntax};
pub use work::{Job, run};
