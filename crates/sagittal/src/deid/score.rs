//! A score card that the report shows.

use std::path::Path;

use anyhow::Context as _;
use sagittal_deid::report::Score;

/// Reads what `cargo xtask deid-bench --json FILE` wrote.
///
/// # Errors
/// When it cannot be read, or is something else.
pub fn read(path: &Path) -> anyhow::Result<Score> {
    let shown = || format!("cannot read the score card {}", path.display());
    let text = std::fs::read(path).with_context(shown)?;
    serde_json::from_slice(&text).with_context(shown)
}
