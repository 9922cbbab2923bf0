//! Tables of Markdown, CSV (comma, semicolon, tabulator) and aligned text.

use super::grid::{Grid, Headings, Row};

pub(super) fn grids(text: &str) -> Vec<Grid> {
    let separator = separator(text);
    let mut headings = Headings::default();
    let mut found: Vec<Grid> = Vec::new();
    let mut open: Option<Grid> = None;
    let mut pending = String::new();
    let mut begun = 0;
    for (at, line) in text.lines().enumerate() {
        // A quoted cell of CSV may go over several lines.
        let is_new = pending.is_empty();
        if is_new {
            begun = at + 1;
        } else {
            pending.push('\n');
        }
        pending.push_str(line);
        let is_csv = matches!(separator, Separator::Char(_));
        if is_csv && pending.matches('"').count() % 2 == 1 && pending.len() < 1 << 16 {
            continue;
        }
        let line = std::mem::take(&mut pending);
        let cells = cells(&line, separator);
        match cells {
            Some(cells) if cells.iter().all(|cell| is_rule(cell)) => {
                // The rule below a head of Markdown: what is above is the head.
                if let Some(row) = open.as_mut().and_then(|grid| grid.rows.last_mut()) {
                    row.is_head = true;
                }
            }
            Some(cells)
                if cells.iter().filter(|cell| !cell.trim().is_empty()).count() > 0
                    && (cells.len() > 1 || open.is_some())
                    && !is_heading_row(&cells, open.is_some()) =>
            {
                let grid = open.get_or_insert_with(|| Grid {
                    headings: headings.now(),
                    line: begun,
                    rows: Vec::new(),
                });
                grid.rows.push(Row {
                    line: begun,
                    cells,
                    is_head: false,
                });
            }
            other => {
                found.extend(open.take());
                let words = match other {
                    Some(cells) => cells
                        .into_iter()
                        .find(|cell| !cell.trim().is_empty())
                        .unwrap_or_default(),
                    None => line.clone(),
                };
                heading(&words, &mut headings);
            }
        }
    }
    found.extend(open);
    found
}

/// One text in a row of CSV, where no table is open, is a heading.
fn is_heading_row(cells: &[String], is_open: bool) -> bool {
    let full = cells.iter().filter(|cell| !cell.trim().is_empty()).count();
    full == 1 && !is_open
}

fn heading(line: &str, headings: &mut Headings) {
    let line = line.trim();
    let marks = line.chars().take_while(|c| *c == '#').count();
    if (1..=6).contains(&marks) {
        headings.push(marks, line.trim_start_matches('#').trim_matches([' ', '#']));
    } else if let Some(depth) = numbered(line) {
        headings.push(depth, line);
    } else if !line.is_empty() && line.len() < 120 && !line.starts_with(['-', '>', '*']) {
        // The last line of text above a table, its caption perhaps.
        headings.push(9, line);
    }
}

/// How deep a heading such as `4.2.1 Name` is.
fn numbered(line: &str) -> Option<usize> {
    let (number, rest) = line.split_once(' ')?;
    let number = number.trim_end_matches('.');
    let parts: Vec<&str> = number.split('.').collect();
    let is_number = parts.iter().all(|part| {
        !part.is_empty() && part.len() < 4 && part.chars().all(|c| c.is_ascii_alphanumeric())
    }) && parts
        .iter()
        .any(|part| part.chars().all(|c| c.is_ascii_digit()));
    (is_number && !rest.trim().is_empty() && line.len() < 120).then_some(parts.len().min(6))
}

#[derive(Clone, Copy)]
enum Separator {
    Pipe,
    Char(char),
    Spaces,
}

/// What separates cells in most lines.
fn separator(text: &str) -> Separator {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let count = |wanted: &dyn Fn(&str) -> bool| lines().filter(|line| wanted(line)).count();
    let pipes = count(&|line| line.trim().starts_with('|') && line.matches('|').count() > 1);
    if pipes > 1 {
        return Separator::Pipe;
    }
    let candidates =
        ['\t', ';', ','].map(|char| (count(&|line| line.matches(char).count() > 0), char));
    let best = candidates
        .into_iter()
        .max_by_key(|(count, char)| (*count, *char == '\t'));
    match best {
        Some((found, char)) if found * 2 > lines().count() => Separator::Char(char),
        _ => Separator::Spaces,
    }
}

fn is_rule(cell: &str) -> bool {
    let cell = cell.trim();
    cell.len() > 1 && cell.chars().all(|c| matches!(c, '-' | ':' | '=' | '+'))
}

/// The cells of a line; `None` if it is none of a table.
fn cells(line: &str, separator: Separator) -> Option<Vec<String>> {
    match separator {
        Separator::Pipe => {
            let line = line.trim();
            let line = line.strip_prefix('|')?;
            let line = line
                .strip_suffix('|')
                .filter(|rest| !rest.ends_with('\\'))
                .unwrap_or(line);
            Some(
                split(line, '|', false)
                    .into_iter()
                    .map(|cell| of_markdown(&cell))
                    .collect(),
            )
        }
        Separator::Char(char) => {
            let cells = split(line, char, true);
            cells
                .iter()
                .any(|cell| !cell.trim().is_empty())
                .then_some(cells)
        }
        Separator::Spaces => {
            let mut cells: Vec<String> = Vec::new();
            for part in line.trim_end().replace('\t', "   ").split("  ") {
                let part = part.trim();
                if !part.is_empty() || cells.is_empty() {
                    cells.push(part.to_owned());
                }
            }
            (cells.len() > 1 && !line.trim().is_empty()).then_some(cells)
        }
    }
}

fn of_markdown(cell: &str) -> String {
    let cell = ["<br>", "<br/>", "<br />"]
        .iter()
        .fold(cell.to_owned(), |text, part| text.replace(part, "\n"));
    cell.replace("**", "").replace('`', "").trim().to_owned()
}

/// Splits at a character that is not escaped or, in CSV, quoted.
fn split(line: &str, at: char, quotes: bool) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut chars = line.chars().peekable();
    let mut quoted = false;
    while let Some(char) = chars.next() {
        let push = |cells: &mut Vec<String>, char| {
            if let Some(cell) = cells.last_mut() {
                cell.push(char);
            }
        };
        match char {
            '\\' if !quotes && chars.peek() == Some(&at) => {
                chars.next();
                push(&mut cells, at);
            }
            '"' if quotes && quoted && chars.peek() == Some(&'"') => {
                chars.next();
                push(&mut cells, '"');
            }
            '"' if quotes => quoted = !quoted,
            char if char == at && !quoted => cells.push(String::new()),
            char => push(&mut cells, char),
        }
    }
    cells
}
