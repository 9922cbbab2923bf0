//! A log as CSV (RFC 4180).

use std::io::{BufRead, Write};

use super::columns::{COLUMNS, rows};
use crate::{Error, Result};

/// Writes a log as CSV with a line of column names.
///
/// # Errors
/// [`Error::Read`], [`Error::LogLine`] and [`Error::Write`].
pub fn csv(log: impl BufRead, mut out: impl Write) -> Result<()> {
    let names = COLUMNS.map(|name| Some(name.to_owned()));
    let mut line = String::new();
    record(&names, &mut line);
    rows(log, |row| {
        record(&row, &mut line);
        if line.len() > 64 << 10 {
            out.write_all(line.as_bytes()).map_err(Error::Write)?;
            line.clear();
        }
        Ok(())
    })?;
    out.write_all(line.as_bytes()).map_err(Error::Write)?;
    out.flush().map_err(Error::Write)
}

/// Appends a record.
pub(crate) fn record(cells: &[Option<String>], line: &mut String) {
    for (position, cell) in cells.iter().enumerate() {
        if position > 0 {
            line.push(',');
        }
        let text = cell.as_deref().unwrap_or("");
        if text.contains([',', '"', '\n', '\r']) {
            line.push('"');
            line.push_str(&text.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(text);
        }
    }
    line.push_str("\r\n");
}
