//! A log as a table: one row for each line about an instance, the same columns in every format.

use std::io::BufRead;

use super::{Line, lines};
use crate::Result;

/// Columns of numbers; the others are text.
pub const NUMBERS: [&str; 2] = ["line", "length"];

/// All columns. `input` names the instance that a row is about by the digest of its file.
pub const COLUMNS: [&str; 18] = [
    "line",
    "kind",
    "input",
    "path",
    "keyword",
    "creator",
    "vr",
    "by",
    "row",
    "asked",
    "taken",
    "reason",
    "length",
    "before",
    "after",
    "after_hash",
    "output",
    "instance",
];

/// A row: a cell for each of [`COLUMNS`].
pub type Row = [Option<String>; COLUMNS.len()];

/// Calls `each` with every row, in the order of the log.
pub fn rows(reader: impl BufRead, mut each: impl FnMut(Row) -> Result<()>) -> Result<()> {
    let mut input = None;
    lines(reader, |number, line| {
        if let Line::File(file) = &line {
            input = Some(file.input.clone());
        }
        row(number, line, &input).map_or(Ok(()), &mut each)
    })
}

fn row(number: u64, line: Line, input: &Option<String>) -> Option<Row> {
    let mut row: Row = Default::default();
    let mut put = |name: &str, value: Option<String>| {
        let at = COLUMNS.iter().position(|column| *column == name);
        if let Some(cell) = at.and_then(|at| row.get_mut(at)) {
            *cell = value.filter(|text| !text.is_empty());
        }
    };
    put("line", Some(number.to_string()));
    put("input", input.clone());
    match line {
        Line::File(file) => {
            put("kind", Some("file".into()));
            put("before", Some(file.instance));
        }
        Line::Element(element) => {
            put("kind", Some("element".into()));
            put("path", Some(element.path));
            put("keyword", Some(element.keyword));
            put("creator", element.creator);
            put("vr", Some(element.vr));
            put("by", Some(element.by));
            put("row", Some(element.row));
            put("asked", Some(element.asked));
            put("taken", Some(element.taken));
            put("reason", Some(element.reason));
            put("length", Some(element.length.to_string()));
            put("before", element.before);
            put("after", element.after);
            put("after_hash", element.after_hash);
        }
        Line::Note(note) => {
            put("kind", Some("note".into()));
            put("reason", Some(note.note));
        }
        Line::Done(done) => {
            put("kind", Some("done".into()));
            put("output", Some(done.output));
            put("instance", Some(done.instance));
        }
        Line::Refused(refused) => {
            put("kind", Some("refused".into()));
            put("reason", Some(refused.reason));
        }
        Line::Run { .. } | Line::End(_) | Line::Signature { .. } => return None,
    }
    Some(row)
}
