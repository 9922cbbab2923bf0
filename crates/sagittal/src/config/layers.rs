//! File, environment and flags laid over the defaults; every mistake is collected.

use std::collections::BTreeMap;

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem, Source, nearest};
use super::schema::{self, SECTIONS};
use super::setting::{Kind, Section, Setting};
use super::value::{Raw, Value, check};

/// Variables that begin with `SAGITTAL_` and are no settings.
const OTHER_VARIABLES: &[&str] = &[
    "SAGITTAL_CONFIG",
    "SAGITTAL_PEERS",
    "SAGITTAL_TOKEN",
    "SAGITTAL_USER",
    "SAGITTAL_DICOM_USER",
];
/// Prefixes of variables that belong to tests and tools.
const OTHER_PREFIXES: &[&str] = &["SAGITTAL_TEST_", "SAGITTAL_BIN", "SAGITTAL_BENCH_"];

/// A checked value and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The value.
    pub value: Value,
    /// `None` for the default.
    pub place: Option<Place>,
}

/// One table of a repeated section.
pub type Row = BTreeMap<&'static str, Held>;

/// All settings, checked one by one.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// By full path.
    pub single: BTreeMap<String, Held>,
    /// Rows of repeated sections, by the section's path.
    pub rows: BTreeMap<&'static str, Vec<Row>>,
    /// What is wrong so far.
    pub problems: Vec<Problem>,
}

impl Layers {
    /// The defaults.
    pub fn defaults() -> Layers {
        let mut layers = Layers::default();
        for section in SECTIONS.iter().filter(|section| !section.repeated) {
            for setting in section.settings {
                if let Some(value) = default_of(setting) {
                    let held = Held { value, place: None };
                    layers.single.insert(section.path_of(setting.key), held);
                }
            }
        }
        layers
    }

    /// Lays a file over what is there.
    pub fn add_file(&mut self, source: &Source) {
        let (document, errors) = DeTable::parse_recoverable(&source.text);
        for error in errors {
            let end = source.text.len();
            let span = error.span().unwrap_or(end..end);
            let message = format!("not TOML: {}", error.message().replace('\n', ", "));
            self.problems
                .push(Problem::new(Place::File(span), "", message));
        }
        let empty = self.problems.is_empty();
        self.add_table("", document.get_ref());
        if !empty {
            // What follows from a broken line is noise; a later occurrence of the same place is dropped.
            let mut seen = Vec::new();
            self.problems.retain(|problem| {
                let fresh = !seen.contains(&problem.place);
                seen.push(problem.place.clone());
                fresh
            });
        }
    }

    fn add_table(&mut self, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            let known_section = SECTIONS.iter().find(|section| section.path == full);
            match known_section {
                Some(section) if section.repeated => self.add_rows(section, key, value),
                Some(section) => match value.get_ref() {
                    DeValue::Table(inner) => self.add_table(section.path, inner),
                    _ => self.problem(
                        value,
                        &full,
                        format!("found a value, expected the table [{full}]"),
                        None,
                    ),
                },
                None => self.add_value(path, name, &full, key, value),
            }
        }
    }

    fn add_value(
        &mut self,
        path: &str,
        name: &str,
        full: &str,
        key: &Spanned<toml::de::DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let Some((_, setting)) = schema::find(full) else {
            let unknown = unknown(path, name, matches!(value.get_ref(), DeValue::Table(_)));
            let place = Place::File(key.span());
            let mut problem = Problem::new(place, full, "there is no such setting");
            problem.remedy = unknown;
            self.problems.push(problem);
            return;
        };
        if let Some(held) = self.checked(&setting.kind, full, value) {
            self.single.insert(full.to_owned(), held);
        }
    }

    fn add_rows(
        &mut self,
        section: &'static Section,
        key: &Spanned<toml::de::DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let tables: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => {
                let message = format!(
                    "found one table or value, expected a list: [[{}]]",
                    section.path
                );
                let remedy = format!("write [[{}]] in double brackets", section.path);
                self.problem(value, section.path, message, Some(remedy));
                return;
            }
        };
        for table in tables {
            let DeValue::Table(inner) = table.get_ref() else {
                let message = format!("found a value, expected a table of [[{}]]", section.path);
                self.problem(table, section.path, message, None);
                continue;
            };
            self.add_row(section, key, table, inner);
        }
    }

    fn add_row(
        &mut self,
        section: &'static Section,
        key: &Spanned<toml::de::DeString<'_>>,
        table: &Spanned<DeValue<'_>>,
        inner: &DeTable<'_>,
    ) {
        let mut row = Row::new();
        let mut refused: Vec<&str> = Vec::new();
        for (name, value) in inner {
            let full = section.path_of(name.get_ref());
            let found = section
                .settings
                .iter()
                .find(|setting| setting.key == name.get_ref().as_ref());
            match found {
                Some(setting) => match self.checked(&setting.kind, &full, value) {
                    Some(held) => {
                        row.insert(setting.key, held);
                    }
                    None => refused.push(setting.key),
                },
                None => {
                    let keys = section.settings.iter().map(|setting| setting.key);
                    let near = nearest(name.get_ref(), keys);
                    let mut problem =
                        Problem::new(Place::File(name.span()), full, "there is no such setting");
                    problem.remedy = near.map(|near| format!("did you mean \"{near}\"?"));
                    self.problems.push(problem);
                }
            }
        }
        for setting in section.settings {
            if row.contains_key(setting.key) || refused.contains(&setting.key) {
                continue;
            }
            match default_of(setting) {
                Some(value) => {
                    row.insert(setting.key, Held { value, place: None });
                }
                None => {
                    let span = if table.span().is_empty() {
                        key.span()
                    } else {
                        table.span()
                    };
                    let header = span.start..span.start + span.len().min(section.path.len() + 4);
                    let message = format!("missing; expected {}", setting.kind.expected());
                    let remedy = format!("add {} = … to this [[{}]]", setting.key, section.path);
                    self.problems.push(
                        Problem::new(Place::File(header), section.path_of(setting.key), message)
                            .remedy(remedy),
                    );
                }
            }
        }
        if refused.is_empty() {
            self.rows.entry(section.path).or_default().push(row);
        }
    }

    /// Lays environment variables over what is there.
    pub fn add_environment(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        let known: Vec<(String, String)> = SECTIONS
            .iter()
            .filter(|section| !section.repeated)
            .flat_map(|section| section.settings.iter().map(|s| section.path_of(s.key)))
            .map(|path| (schema::variable(&path), path))
            .collect();
        for (name, text) in variables {
            if !name.starts_with("SAGITTAL_")
                || OTHER_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            {
                continue;
            }
            if let Some((_, path)) = known.iter().find(|(variable, _)| *variable == name) {
                self.add_word(path, &text, Place::Environment(name));
            } else if name == "SAGITTAL_PEERS" {
                for peer in text
                    .split(',')
                    .map(str::trim)
                    .filter(|peer| !peer.is_empty())
                {
                    self.add_peer(peer, &Place::Environment(name.clone()));
                }
            } else if !OTHER_VARIABLES.contains(&name.as_str()) {
                let near = nearest(&name, known.iter().map(|(variable, _)| variable.as_str()));
                let mut problem = Problem::new(
                    Place::Environment(name.clone()),
                    "",
                    "there is no such setting",
                );
                problem.remedy = Some(match near {
                    Some(near) => format!("did you mean {near}?"),
                    None => "unset it; `sagittal config init -` lists the variables".into(),
                });
                self.problems.push(problem);
            }
        }
    }

    /// Lays one value from the environment or a flag over what is there.
    pub fn add_word(&mut self, path: &str, text: &str, place: Place) {
        let Some((_, setting)) = schema::find(path) else {
            return;
        };
        match check(&setting.kind, &Raw::Word(text.to_owned())) {
            Ok(value) => {
                let place = Some(place);
                self.single.insert(path.to_owned(), Held { value, place });
            }
            Err(refused) => self.problems.push(Problem {
                place,
                path: path.to_owned(),
                message: refused.message,
                remedy: refused.remedy,
            }),
        }
    }

    /// Adds a peer written `NAME=AE_TITLE@HOST:PORT`; one of the same name is replaced.
    pub fn add_peer(&mut self, text: &str, place: &Place) {
        match split_peer(text) {
            Some(parts) => {
                let section = schema::section("peer").unwrap_or(&SECTIONS[0]);
                let mut row = Row::new();
                for setting in section.settings {
                    let word = parts.iter().find(|(key, _)| *key == setting.key);
                    let value = match word {
                        Some((_, word)) => check(&setting.kind, &Raw::Word((*word).to_owned())),
                        None => Ok(default_of(setting).unwrap_or(Value::Text(String::new()))),
                    };
                    match value {
                        Ok(value) => {
                            let place = Some(place.clone());
                            row.insert(setting.key, Held { value, place });
                        }
                        Err(refused) => {
                            let message = format!("{}: {}", setting.key, refused.message);
                            self.problems
                                .push(Problem::new(place.clone(), "peer", message));
                            return;
                        }
                    }
                }
                let rows = self.rows.entry("peer").or_default();
                rows.retain(|other| {
                    other.get("name").map(|h| &h.value) != row.get("name").map(|h| &h.value)
                });
                rows.push(row);
            }
            None => {
                let message = format!("found {text:?}, expected NAME=AE_TITLE@HOST:PORT");
                let remedy = "for example PACS=ARCHIVE@10.0.0.5:104";
                self.problems
                    .push(Problem::new(place.clone(), "peer", message).remedy(remedy));
            }
        }
    }

    fn checked(&mut self, kind: &Kind, path: &str, value: &Spanned<DeValue<'_>>) -> Option<Held> {
        match check(kind, &Raw::from_toml(value.get_ref())) {
            Ok(checked) => Some(Held {
                value: checked,
                place: Some(Place::File(value.span())),
            }),
            Err(refused) => {
                self.problem(value, path, refused.message, refused.remedy);
                None
            }
        }
    }

    fn problem(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        path: &str,
        message: String,
        remedy: Option<String>,
    ) {
        self.problems.push(Problem {
            place: Place::File(value.span()),
            path: path.to_owned(),
            message,
            remedy,
        });
    }
}

/// The default of a setting, checked like everything else.
pub fn default_of(setting: &Setting) -> Option<Value> {
    if setting.default.is_empty() {
        return None;
    }
    let value = DeValue::parse(setting.default).ok()?;
    check(&setting.kind, &Raw::from_toml(value.get_ref()))
        .ok()
        .or_else(|| empty_text(setting))
}

/// An empty text stands for "none" where the kind itself would not allow it.
fn empty_text(setting: &Setting) -> Option<Value> {
    (setting.default == "\"\"").then(|| Value::Text(String::new()))
}

fn split_peer(text: &str) -> Option<[(&'static str, &str); 4]> {
    let (name, rest) = text.split_once('=')?;
    let (ae_title, address) = rest.rsplit_once('@')?;
    let (host, port) = address.rsplit_once(':')?;
    Some([
        ("name", name.trim()),
        ("ae_title", ae_title.trim()),
        ("host", host.trim()),
        ("port", port.trim()),
    ])
}

/// What may have been meant by a key that does not exist.
fn unknown(path: &str, name: &str, is_table: bool) -> Option<String> {
    if is_table {
        let full = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        return nearest(&full, SECTIONS.iter().map(|section| section.path))
            .filter(|near| !near.is_empty())
            .map(|near| format!("did you mean [{near}]?"));
    }
    let here = schema::section(path)?;
    if let Some(near) = nearest(name, here.settings.iter().map(|setting| setting.key)) {
        return Some(format!("did you mean \"{near}\"?"));
    }
    let elsewhere: Vec<String> = SECTIONS
        .iter()
        .filter(|section| section.settings.iter().any(|setting| setting.key == name))
        .map(|section| match (section.path, section.repeated) {
            ("", _) => "the top of the file".to_owned(),
            (path, true) => format!("[[{path}]]"),
            (path, false) => format!("[{path}]"),
        })
        .collect();
    if elsewhere.is_empty() {
        let keys: Vec<&str> = here.settings.iter().map(|setting| setting.key).collect();
        return Some(format!("allowed here: {}", keys.join(", ")));
    }
    Some(format!("\"{name}\" belongs in {}", elsewhere.join(" or ")))
}
