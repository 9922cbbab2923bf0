//! Loading files into an archive: from folders and ZIP files, into a data folder or a running
//! server, many at a time.

mod feed;
mod item;
mod journal;
mod progress;
mod summary;
mod target;
mod worker;

pub use feed::{Totals, totals};
pub use journal::Journal;
pub use summary::{Fate, Summary};
pub use target::Target;
pub use worker::{Options, run};
