//! Tables of HTML, with row and column spans. Tolerant: what is not closed is closed by what follows.

use super::grid::{Grid, Headings, Row};

/// A table has at most so many columns, and a span is at most so long.
const MOST: usize = 200;

pub(super) fn grids(text: &str) -> Vec<Grid> {
    let mut reader = Reader::default();
    let mut line = 1;
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let (before, from) = rest.split_at(start);
        reader.text(before);
        line += before.matches('\n').count();
        let comment = from.starts_with("<!--");
        let end = if comment {
            from.find("-->").map(|at| at + 3)
        } else {
            from.find('>').map(|at| at + 1)
        };
        let Some((tag, after)) = end.and_then(|end| from.split_at_checked(end)) else {
            break;
        };
        let mut next = after;
        if !comment {
            reader.line = line;
            let inner = tag
                .trim_start_matches('<')
                .trim_end_matches('>')
                .trim_end_matches('/');
            let name: String = inner.chars().take_while(|c| !c.is_whitespace()).collect();
            let name = name.to_ascii_lowercase();
            reader.tag(&name, inner);
            // What stands in these is no text.
            if let Some(closing) = ["script", "style"].iter().find(|known| **known == name) {
                let skipped = close_of(after, closing).unwrap_or(after.len());
                next = after.get(skipped..).unwrap_or("");
                line += after.get(..skipped).unwrap_or("").matches('\n').count();
            }
        }
        line += tag.matches('\n').count();
        rest = next;
    }
    reader.end_table();
    reader.found
}

/// Where a tag is closed.
fn close_of(text: &str, name: &str) -> Option<usize> {
    let mut closings = text.match_indices("</").map(|(at, _)| at);
    closings.find(|at| {
        let word = text.get(at + 2..at + 2 + name.len());
        word.is_some_and(|word| word.eq_ignore_ascii_case(name))
    })
}

#[derive(Default)]
struct Reader {
    found: Vec<Grid>,
    headings: Headings,
    line: usize,
    /// Text of the heading, caption or cell that is open.
    text: Option<String>,
    heading: Option<usize>,
    table: Option<Open>,
    /// Tables within a cell.
    nested: usize,
}

/// A table that is being read.
#[derive(Default)]
struct Open {
    grid: Grid,
    row: Option<OpenRow>,
    /// By column: what goes on from above, and for how many rows.
    spans: Vec<Option<(usize, String)>>,
    cell: Option<(usize, usize)>,
}

#[derive(Default)]
struct OpenRow {
    line: usize,
    cells: Vec<String>,
    heads: usize,
    count: usize,
}

impl Reader {
    fn text(&mut self, text: &str) {
        if let Some(open) = &mut self.text {
            open.push_str(&decoded(text));
        }
    }

    fn tag(&mut self, name: &str, inner: &str) {
        match name {
            "br" | "/p" | "/div" | "/li" | "/tr" if self.nested > 0 || !name.starts_with("/tr") => {
                self.text("\n")
            }
            "table" if self.table.is_some() => self.nested += 1,
            "/table" if self.nested > 0 => self.nested -= 1,
            _ if self.nested > 0 => {}
            "table" => {
                self.table = Some(Open {
                    grid: Grid {
                        headings: self.headings.now(),
                        line: self.line,
                        rows: Vec::new(),
                    },
                    ..Open::default()
                });
            }
            "/table" => self.end_table(),
            "caption" => self.text = Some(String::new()),
            "/caption" => {
                if let (Some(open), Some(text)) = (&mut self.table, self.text.take()) {
                    open.grid.headings.push(super::grid::flat(&text));
                }
            }
            "tr" => {
                self.end_row();
                let line = self.line;
                if let Some(open) = &mut self.table {
                    open.row = Some(OpenRow {
                        line,
                        ..OpenRow::default()
                    });
                }
            }
            "/tr" => self.end_row(),
            "td" | "th" => self.begin_cell(name == "th", inner),
            "/td" | "/th" => self.end_cell(),
            _ => self.heading(name),
        }
    }

    fn heading(&mut self, name: &str) {
        let level = |name: &str| {
            let digit = name.strip_prefix('h')?;
            digit.parse().ok().filter(|level| (1..=6).contains(level))
        };
        if let Some(level) = level(name).filter(|_| self.table.is_none()) {
            self.heading = Some(level);
            self.text = Some(String::new());
        } else if name.strip_prefix('/').and_then(level).is_some()
            && let (Some(level), Some(text)) = (self.heading.take(), self.text.take())
        {
            self.headings.push(level, &text);
        }
    }

    fn begin_cell(&mut self, is_head: bool, inner: &str) {
        self.end_cell();
        let Some(open) = &mut self.table else {
            return;
        };
        let row = open.row.get_or_insert_with(OpenRow::default);
        row.count += 1;
        row.heads += usize::from(is_head);
        open.cell = Some((span(inner, "rowspan"), span(inner, "colspan")));
        self.text = Some(String::new());
    }

    fn end_cell(&mut self) {
        let Some(open) = &mut self.table else {
            return;
        };
        let (Some((rows, columns)), Some(text)) = (open.cell.take(), self.text.take()) else {
            return;
        };
        let text = text.trim().to_owned();
        open.carry();
        for _ in 0..columns {
            let Some(row) = &mut open.row else {
                return;
            };
            let at = row.cells.len();
            if at >= MOST {
                return;
            }
            row.cells.push(text.clone());
            if open.spans.len() <= at {
                open.spans.resize(at + 1, None);
            }
            if let Some(span) = open.spans.get_mut(at) {
                *span = (rows > 1).then(|| (rows - 1, text.clone()));
            }
        }
    }

    fn end_row(&mut self) {
        self.end_cell();
        let Some(open) = &mut self.table else {
            return;
        };
        open.carry();
        if let Some(row) = open.row.take().filter(|row| !row.cells.is_empty()) {
            open.grid.rows.push(Row {
                line: row.line,
                is_head: row.heads == row.count && row.heads > 0,
                cells: row.cells,
            });
        }
    }

    fn end_table(&mut self) {
        self.end_row();
        if let Some(open) = self.table.take() {
            self.found.push(open.grid);
        }
    }
}

impl Open {
    /// Fills in cells that go on from above, as far as the next free column.
    fn carry(&mut self) {
        let Some(row) = &mut self.row else {
            return;
        };
        while let Some(span) = self.spans.get_mut(row.cells.len()) {
            let Some((left, text)) = span.take() else {
                return;
            };
            row.cells.push(text.clone());
            if left > 1 {
                *span = Some((left - 1, text));
            }
        }
    }
}

fn span(inner: &str, name: &str) -> usize {
    let lower = inner.to_ascii_lowercase();
    let value = lower.split_once(name).map_or("", |(_, rest)| rest);
    let digits: String = value
        .trim_start_matches(['=', ' ', '"', '\''])
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or(1).clamp(1, MOST)
}

/// Character references that tables have.
fn decoded(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    const NAMED: &[(&str, &str)] = &[
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#160;", " "),
        ("&ndash;", "-"),
        ("&mdash;", "-"),
        ("&amp;", "&"),
    ];
    NAMED.iter().fold(text.to_owned(), |text, (name, char)| {
        text.replace(name, char)
    })
}
