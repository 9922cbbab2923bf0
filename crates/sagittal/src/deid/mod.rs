//! De-identification of files: what `sagittal deid` does.
//!
//! Two passes: the first learns who is known, the second does the work. An output appears under its
//! new UIDs when it was searched for what identifies and its log lines are written; else the
//! instance is refused, or put into quarantine.

mod file_set;
mod key_file;
mod maps;
mod named;
pub mod ocr;
mod outputs;
mod pixels;
mod resume;
mod run;
mod scan;
mod score;
mod setting;
mod summary;
mod work;

pub use key_file::{create as create_key, read as read_key};
pub use named::{policies, policy};
pub use outputs::outputs;
pub use run::run;
pub use setting::{Settings, read_policy};
pub use summary::{Failure, Summary};
