//! What proves a run of de-identification, in a folder of its own that is not to be given out: the
//! signed log, pictures of what was blanked, the quasi-identifiers of the outputs, and the reports
//! made of them. Runs over files and durable jobs keep the same books.

mod book;
mod log;
mod pictures;
mod place;
pub mod private;
mod quasi;
mod report;

pub use book::{Book, Kept, Sealed};
pub use log::logs;
pub use place::place;
pub use report::write as write_reports;

/// As logs and reports call this program.
pub const TOOL: &str = concat!("Sagittal ", env!("CARGO_PKG_VERSION"));

/// Now, as RFC 3339.
pub fn now() -> String {
    let now = time::OffsetDateTime::now_utc();
    now.format(&time::format_description::well_known::Rfc3339)
        .unwrap_or_default()
}
