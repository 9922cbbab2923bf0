//! Tab-separated tables: `#` comment lines, one header row, then rows.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// A table in memory.
pub struct Rows {
    name: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// One row, with its table's header.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    table: &'a Rows,
    cells: &'a [String],
}

impl Rows {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Rows> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Rows::parse(&name, &text)
    }

    fn parse(name: &str, text: &str) -> Result<Rows> {
        let mut lines = text.lines().filter(|line| !line.starts_with("# "));
        let cells = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
        let header = cells(lines.next().context("no header row")?);
        let rows: Vec<_> = lines.map(cells).collect();
        for row in &rows {
            ensure!(
                row.len() == header.len(),
                "{name}: a row of {} cells: {row:?}",
                row.len()
            );
        }
        Ok(Rows {
            name: name.to_owned(),
            header,
            rows,
        })
    }

    /// The rows in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { table: self, cells })
    }
}

impl<'a> Row<'a> {
    /// The cell of a column.
    pub fn get(&self, column: &str) -> Result<&'a str> {
        match self.table.header.iter().position(|name| name == column) {
            Some(at) => Ok(&self.cells[at]),
            None => bail!("{} has no column {column:?}", self.table.name),
        }
    }

    /// A cell of `Y` or `N`.
    pub fn flag(&self, column: &str) -> Result<bool> {
        match self.get(column)? {
            "Y" => Ok(true),
            "N" => Ok(false),
            other => bail!("{}: {column} is {other:?}, not Y or N", self.table.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_the_name_of_their_column() {
        let rows = Rows::parse("t", "# note\na\tb\n1\tY\n").expect("a table");
        let row = rows.iter().next().expect("a row");
        assert_eq!(row.get("a").ok(), Some("1"));
        assert_eq!(row.flag("b").ok(), Some(true));
        assert!(row.get("c").is_err());
        assert!(Rows::parse("t", "a\tb\n1\n").is_err());
    }
}
