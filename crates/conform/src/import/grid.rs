//! Tables of whatever form, with merged cells filled in.

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grid {
    /// The headings above it, outermost first, and its caption.
    pub headings: Vec<String>,
    /// The line where it begins, from 1.
    pub line: usize,
    /// Its rows, the head included.
    pub rows: Vec<Row>,
}

/// A row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub line: usize,
    pub cells: Vec<String>,
    /// All its cells are cells of a head.
    pub is_head: bool,
}

impl Row {
    pub fn cell(&self, at: usize) -> &str {
        self.cells.get(at).map_or("", |cell| cell.trim())
    }

    /// A row of one text, over all columns.
    pub fn only(&self) -> Option<&str> {
        let first = self.cells.first().map(|cell| cell.trim())?;
        let same = |cell: &String| cell.trim() == first;
        let rest_is_empty = self.cells.iter().skip(1).all(|cell| cell.trim().is_empty());
        let is_one = !first.is_empty() && (rest_is_empty || self.cells.iter().all(same));
        (is_one && self.cells.len() > 1).then_some(first)
    }

    /// A title between rows: one cell over all columns.
    pub fn is_title(&self) -> bool {
        self.only().is_some() && self.cells.iter().all(|cell| !cell.trim().is_empty())
    }

    pub fn text(&self) -> String {
        let cells: Vec<String> = self.cells.iter().map(|cell| flat(cell)).collect();
        cells.join(" | ")
    }
}

/// In one line.
pub(super) fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Headings as they come: a heading ends all of its level and below.
#[derive(Debug, Default)]
pub(super) struct Headings(Vec<(usize, String)>);

impl Headings {
    pub fn push(&mut self, level: usize, text: &str) {
        self.0.retain(|(known, _)| *known < level);
        self.0.push((level, flat(text)));
    }

    pub fn now(&self) -> Vec<String> {
        self.0.iter().map(|(_, text)| text.clone()).collect()
    }
}
