//! What a report consists of, whatever it is written as.

/// A report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Title.
    pub title: String,
    /// One line below it.
    pub subtitle: String,
    /// The rest, in order.
    pub blocks: Vec<Block>,
}

/// A part of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// A paragraph that must not be overlooked.
    Warning(String),
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// A table.
    Table(Table),
    /// A picture (PNG) and what it shows.
    Picture(Vec<u8>, String),
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, a cell for each column.
    pub rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What is in it.
    pub name: &'static str,
    /// Its share of the width.
    pub weight: u16,
    /// Numbers, set flush right.
    pub is_number: bool,
}

impl Table {
    /// Without rows; columns by name and share of the width, those of numbers with `#` before it.
    pub fn new(caption: &str, columns: &[(&'static str, u16)]) -> Table {
        let columns = columns.iter().map(|(name, weight)| Column {
            name: name.strip_prefix('#').unwrap_or(name),
            weight: *weight,
            is_number: name.starts_with('#'),
        });
        Table {
            caption: caption.to_owned(),
            columns: columns.collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }
}
