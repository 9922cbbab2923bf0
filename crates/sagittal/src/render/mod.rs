//! Pictures of files: what `sagittal render` does.

mod document;
mod library;
mod plan;
mod sixel;
mod source;
mod terminal;
mod work;

pub use library::Library;
pub use plan::{Format, Frames, Plan};
pub use source::Source;
pub use terminal::{Protocol, room, show};
pub use work::{Failure, How, Summary, run};
