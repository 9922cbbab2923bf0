//! The report of a run, for those who decide about it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Context as _;
use sagittal_deid::report::Report;

use super::private;

/// Writes `report.html` and `report.pdf` beside the log, from the log.
///
/// # Errors
/// When the log cannot be read again, or the report not be written.
pub fn write(work: &Path, log: &Path) -> anyhow::Result<()> {
    let open = || {
        let file = File::open(log).with_context(|| format!("cannot read {}", log.display()))?;
        anyhow::Ok(BufReader::new(file))
    };
    let mut report = Report::read(open()?, None)?;
    report.set_verification(sagittal_deid::log::verify(open()?, None, None)?);
    private::write(&work.join("report.html"), report.html().as_bytes())?;
    private::write(&work.join("report.pdf"), &report.pdf())
}
