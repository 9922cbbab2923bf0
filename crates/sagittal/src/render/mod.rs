//! Pictures of files: what `sagittal render` does.

mod plan;
mod source;
mod terminal;
mod work;

pub use plan::{Format, Frames, Plan};
pub use source::Source;
pub use terminal::{Protocol, show};
pub use work::{Failure, Summary, run};
