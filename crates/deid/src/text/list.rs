//! Lists of patients, staff and places as comma separated values (RFC 4180, also `;` and tab).

use super::{Identity, Kind, words};
use crate::{Error, Result};

/// What a header's words say, the first that fits. Words are in the form they are looked up by.
const HEADERS: &[(&[&str], Kind)] = &[
    (
        &[
            "birth",
            "dob",
            "geburt",
            "geb",
            "naissance",
            "nacimiento",
            "nascita",
            "nascimento",
            "geboorte",
        ],
        Kind::BirthDate,
    ),
    (&["mail", "url", "web"], Kind::Address),
    (
        &[
            "phone", "telefo", "telepho", "tel", "fax", "mobil", "handy", "cell",
        ],
        Kind::Phone,
    ),
    (
        &[
            "address",
            "adres",
            "street",
            "stras",
            "town",
            "city",
            "ort",
            "stadt",
            "zip",
            "plz",
            "postal",
            "postcode",
            "ville",
            "ciudad",
            "citta",
            "place",
            "cidade",
            "direccion",
            "indirizzo",
        ],
        Kind::Place,
    ),
    (
        &[
            "institution",
            "hospital",
            "klinik",
            "clinic",
            "organi",
            "department",
            "abteilung",
            "praxis",
        ],
        Kind::Institution,
    ),
    (
        &[
            "physician",
            "doctor",
            "staff",
            "arzt",
            "operator",
            "radiolog",
            "medecin",
            "medico",
            "nurse",
            "technolog",
        ],
        Kind::StaffName,
    ),
    (
        &["device", "station", "serial", "aetitle", "gerat"],
        Kind::Device,
    ),
    (&["date", "datum", "fecha", "data"], Kind::Date),
    (
        &["name", "nom", "naam", "apellido", "cognome", "surname"],
        Kind::PatientName,
    ),
    (
        &[
            "id",
            "mrn",
            "number",
            "nummer",
            "nr",
            "accession",
            "insurance",
            "ssn",
            "numero",
        ],
        Kind::Identifier,
    ),
    (&["patient"], Kind::PatientName),
];

/// Reads a list; see [`Identity::from_csv`].
pub fn read(text: &str) -> Result<Identity> {
    let text = text.trim_start_matches('\u{FEFF}');
    let first = text.lines().next().unwrap_or("");
    let separator = [';', '\t', ',']
        .into_iter()
        .max_by_key(|separator| first.matches(*separator).count())
        .unwrap_or(',');
    let rows = rows(text, separator)?;
    let mut rows = rows.into_iter();
    let (_, header) = rows.next().unwrap_or_default();
    let kinds: Vec<Option<Kind>> = header.iter().map(|cell| kind(cell)).collect();
    if kinds.iter().all(Option::is_none) {
        return Err(Error::List {
            line: 1,
            reason: "no column of the header row is understood (name, id, birth date, address, phone, …)",
        });
    }
    let mut identity = Identity::default();
    for (_, row) in rows {
        for (cell, kind) in row.iter().zip(&kinds) {
            if let Some(kind) = kind {
                identity.add(*kind, cell);
            }
        }
    }
    Ok(identity)
}

fn kind(header: &str) -> Option<Kind> {
    let key = words::key(header);
    let words: Vec<&str> = key
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let says = |stem: &&str| {
        // Short stems are whole words: `id` is not in `width`.
        words.iter().any(|word| {
            if stem.len() < 4 {
                word == stem
            } else {
                word.contains(*stem)
            }
        })
    };
    HEADERS
        .iter()
        .find(|(stems, _)| stems.iter().any(says))
        .map(|(_, kind)| *kind)
}

type Row = (usize, Vec<String>);

fn rows(text: &str, separator: char) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut cell = String::new();
    let (mut line, mut start) = (1, 1);
    let mut quoted = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if quoted.is_some() && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted.is_some() => quoted = None,
            _ if quoted.is_some() => cell.push(c),
            '"' if cell.trim().is_empty() => quoted = Some(line),
            '\n' => {
                row.push(std::mem::take(&mut cell));
                rows.push((start, std::mem::take(&mut row)));
                start = line;
            }
            '\r' => {}
            c if c == separator => row.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    if let Some(line) = quoted {
        return Err(Error::List {
            line,
            reason: "a quotation that begins here has no end",
        });
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push((start, row));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_by_its_header() {
        let csv = "\u{FEFF}Name;Patient ID;Date of birth;Straße;Telefon;Notes\n\"Doe; Jane\";4711;1970-01-31;\"Main \"\"St\"\"\";+49 1;x\n";
        let identity = read(csv).expect("a list");
        let has = |kind, term: &str| identity.terms().contains(&(kind, term.to_owned()));
        assert!(has(Kind::PatientName, "Doe; Jane"));
        assert!(has(Kind::BirthDate, "1970-01-31"));
        assert!(has(Kind::Place, "Main \"St\""));
        assert!(has(Kind::Phone, "+49 1"));
        assert!(has(Kind::Identifier, "4711"));
        assert!(!identity.terms().iter().any(|(_, term)| term == "x"));
    }

    #[test]
    fn a_list_that_is_none_is_refused() {
        assert!(matches!(
            read("a,b\n1,2\n"),
            Err(Error::List { line: 1, .. })
        ));
        assert!(matches!(
            read("name\n\"x\n"),
            Err(Error::List { line: 2, .. })
        ));
        assert!(read("").is_err());
    }
}
