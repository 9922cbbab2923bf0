//! Which column of a table is what, by the words of its head.

use super::grid::{Grid, Row, flat};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    SopClass,
    SopClassUid,
    TransferSyntax,
    TransferSyntaxUid,
    Role,
    Scu,
    Scp,
    Supported,
    Preference,
    RequestorRoles,
    Level,
    Key,
    Tag,
    Matching,
    NotMatching,
    Returned,
    Type,
    Entity,
    AeTitle,
    Port,
    Item,
    Value,
    Terms,
    UsedIn,
    /// Told, and of no use here.
    Other,
    /// Not known.
    Unknown,
}

/// Words of heads, in lower case; those of several columns are told by what else is there.
const WORDS: &[(&str, Column)] = &[
    ("sop class", Column::SopClass),
    ("sop classes", Column::SopClass),
    ("sop class name", Column::SopClass),
    ("sop class sop class", Column::SopClass),
    ("sop class name name", Column::SopClass),
    ("name of sop class", Column::SopClass),
    ("abstract syntax", Column::SopClass),
    ("abstract syntax name", Column::SopClass),
    ("abstract syntax abstract syntax", Column::SopClass),
    ("sop class uid", Column::SopClassUid),
    ("sop class sop class uid", Column::SopClassUid),
    ("abstract syntax uid", Column::SopClassUid),
    ("abstract syntax id", Column::SopClassUid),
    ("transfer syntax", Column::TransferSyntax),
    ("transfer syntaxes", Column::TransferSyntax),
    ("transfer syntax name", Column::TransferSyntax),
    ("transfer syntax names", Column::TransferSyntax),
    ("transfer syntax name list", Column::TransferSyntax),
    ("supported transfer syntaxes", Column::TransferSyntax),
    ("transfer syntax transfer syntax", Column::TransferSyntax),
    ("transfer syntax uid", Column::TransferSyntaxUid),
    ("transfer syntax uid list", Column::TransferSyntaxUid),
    ("transfer syntax uids", Column::TransferSyntaxUid),
    ("transfer syntax id", Column::TransferSyntaxUid),
    ("role", Column::Role),
    ("roles", Column::Role),
    ("scu", Column::Scu),
    ("user of service (scu)", Column::Scu),
    ("user of service", Column::Scu),
    ("role scu", Column::Scu),
    ("scp", Column::Scp),
    ("provider of service (scp)", Column::Scp),
    ("provider of service", Column::Scp),
    ("role scp", Column::Scp),
    ("supported", Column::Supported),
    ("preference", Column::Preference),
    ("roles of the requestor", Column::RequestorRoles),
    ("level", Column::Level),
    ("query level", Column::Level),
    ("key", Column::Key),
    ("keys", Column::Key),
    ("attribute", Column::Key),
    ("attributes", Column::Key),
    ("attribute name", Column::Key),
    ("name", Column::Key),
    ("tag", Column::Tag),
    ("matching", Column::Matching),
    ("matching key", Column::Matching),
    ("matching keys", Column::Matching),
    ("types of matching", Column::Matching),
    ("type of matching", Column::Matching),
    ("match", Column::Matching),
    ("m", Column::Matching),
    ("not matching", Column::NotMatching),
    ("returned", Column::Returned),
    ("return", Column::Returned),
    ("return key", Column::Returned),
    ("return keys", Column::Returned),
    ("r", Column::Returned),
    ("type", Column::Type),
    ("application entity", Column::Entity),
    ("ae", Column::Entity),
    ("ae name", Column::Entity),
    ("ae title", Column::AeTitle),
    ("default ae title", Column::AeTitle),
    ("port", Column::Port),
    ("default tcp/ip port", Column::Port),
    ("tcp/ip port", Column::Port),
    ("default port", Column::Port),
    ("tcp port", Column::Port),
    ("item", Column::Item),
    ("parameter", Column::Item),
    ("value", Column::Value),
    ("default value", Column::Value),
    ("defined terms", Column::Terms),
    ("defined term", Column::Terms),
    ("specific character set", Column::Terms),
    ("used in", Column::UsedIn),
    ("remark", Column::Other),
    ("remarks", Column::Other),
    ("comment", Column::Other),
    ("comments", Column::Other),
    ("ext. neg.", Column::Other),
    ("ext. neg", Column::Other),
    ("extended negotiation", Column::Other),
    ("vr", Column::Other),
    ("presentation context id", Column::Other),
    ("service", Column::Other),
    ("service class", Column::Other),
    ("category", Column::Other),
    ("description", Column::Other),
];

/// A table with the meaning of its columns, and the rows below its head.
pub(super) struct Read<'a> {
    pub columns: Vec<Column>,
    pub head: Vec<String>,
    pub rows: &'a [Row],
}

impl<'a> Read<'a> {
    pub fn of(grid: &'a Grid) -> Option<Read<'a>> {
        let first = grid.rows.first()?;
        // A caption as the first row.
        let skip = usize::from(first.only().is_some() && grid.rows.len() > 2);
        let heads = grid
            .rows
            .iter()
            .skip(skip)
            .take_while(|row| row.is_head)
            .count()
            .min(3);
        let one = grid.rows.get(skip)?;
        let next = grid.rows.get(skip + 1);
        let of_next = next.map(|row| combined(&[one, row]));
        let is_second_head = of_next.as_ref().is_some_and(|both| {
            heads < 2 && next.is_some_and(is_sub_head) && known(both) >= known(&combined(&[one]))
        });
        let heads = if heads >= 2 {
            heads
        } else if is_second_head {
            2
        } else {
            1
        };
        let (head_rows, rows) = grid.rows.get(skip..)?.split_at_checked(heads)?;
        let head = combined(&head_rows.iter().collect::<Vec<_>>());
        let columns = columns(&head);
        Some(Read {
            columns,
            head,
            rows,
        })
    }

    pub fn has(&self, column: Column) -> bool {
        self.columns.contains(&column)
    }

    pub fn cell<'r>(&self, row: &'r Row, column: Column) -> Option<&'r str> {
        let at = self.columns.iter().position(|one| *one == column)?;
        Some(row.cell(at))
    }
}

/// Words of a second row of a head.
fn is_sub_head(row: &Row) -> bool {
    const WORDS: [&str; 12] = [
        "name",
        "uid",
        "name list",
        "uid list",
        "role",
        "scu",
        "scp",
        "id",
        "ext. neg.",
        "ext. neg",
        "tag",
        "names",
    ];
    let words: Vec<String> = row
        .cells
        .iter()
        .map(|cell| flat(cell).to_lowercase())
        .collect();
    let found = words
        .iter()
        .filter(|word| WORDS.contains(&word.as_str()))
        .count();
    found >= 2
}

/// The words of several head rows, column by column; what goes over several rows counts once.
fn combined(rows: &[&Row]) -> Vec<String> {
    let width = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let mut carried: Vec<String> = Vec::new();
    // A merged cell of a form without spans is followed by empty ones.
    if let Some(first) = rows.first() {
        let mut last = String::new();
        for at in 0..width {
            let cell = flat(first.cell(at)).to_lowercase();
            if !cell.is_empty() || rows.len() < 2 {
                last = cell;
            }
            carried.push(last.clone());
        }
    }
    for (at, words) in carried.iter_mut().enumerate() {
        for row in rows.iter().skip(1) {
            let word = flat(row.cell(at)).to_lowercase();
            if !word.is_empty() && *words != word {
                *words = format!("{words} {word}").trim().to_owned();
            }
        }
    }
    carried
}

fn known(head: &[String]) -> usize {
    columns(head)
        .iter()
        .filter(|column| **column != Column::Unknown)
        .count()
}

fn columns(head: &[String]) -> Vec<Column> {
    let mut found: Vec<Column> = Vec::new();
    for words in head {
        let words = words
            .trim_end_matches([':', '*'])
            .replace(" name name", " name");
        let words = words.replace("role role", "role");
        let mut column = match words.as_str() {
            // What a plain "UID" is of, the column before it tells.
            "uid" | "uid list" | "uids" => match found.last() {
                Some(Column::SopClass) => Column::SopClassUid,
                Some(Column::TransferSyntax) => Column::TransferSyntaxUid,
                _ => Column::Unknown,
            },
            words => WORDS
                .iter()
                .find(|(known, _)| *known == words)
                .map_or(Column::Unknown, |(_, column)| *column),
        };
        if column == Column::Unknown {
            column = by_part(&words);
        }
        if column != Column::Other && column != Column::Unknown && found.contains(&column) {
            column = Column::Other;
        }
        found.push(column);
    }
    found
}

/// Longer heads than the words known.
fn by_part(words: &str) -> Column {
    let has = |part: &str| words.contains(part);
    if has("transfer syntax") {
        if has("uid") {
            Column::TransferSyntaxUid
        } else {
            Column::TransferSyntax
        }
    } else if has("sop class") || has("abstract syntax") {
        if has("uid") {
            Column::SopClassUid
        } else {
            Column::SopClass
        }
    } else if has("(scu)") {
        Column::Scu
    } else if has("(scp)") {
        Column::Scp
    } else if has("ae title") {
        Column::AeTitle
    } else {
        Column::Unknown
    }
}
