//! Mistakes in a configuration, each with its place and remedy.

use std::fmt;
use std::ops::Range;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Bytes of the configuration file.
    File(Range<usize>),
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
    /// Nowhere: something is missing.
    Nowhere,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// Which setting, as a path; empty for the file as a whole.
    pub path: String,
    /// What was found, and what was expected.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Problem {
    /// A mistake without a remedy.
    pub fn new(place: Place, path: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem {
            place,
            path: path.into(),
            message: message.into(),
            remedy: None,
        }
    }

    /// With a remedy.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Problem {
        self.remedy = Some(remedy.into());
        self
    }
}

/// The text of a configuration file, for line numbers and excerpts.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its name in messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// Line and column (in characters) of a byte, both from 1.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }

    /// The line around a byte.
    fn line(&self, offset: usize) -> &str {
        let start = self.text.get(..offset).map_or(0, |before| {
            before.rfind('\n').map_or(0, |newline| newline + 1)
        });
        let rest = self.text.get(start..).unwrap_or("");
        rest.lines().next().unwrap_or("")
    }
}

/// A problem together with its source, to be shown.
pub struct Shown<'a> {
    /// The problem.
    pub problem: &'a Problem,
    /// The file it may point into.
    pub source: &'a Source,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem {
            place,
            path,
            message,
            remedy,
        } = self.problem;
        let subject = if path.is_empty() {
            String::new()
        } else {
            format!("{path}: ")
        };
        match place {
            Place::File(span) => {
                let (line, column) = self.source.position(span.start);
                writeln!(
                    f,
                    "{}:{line}:{column}: {subject}{message}",
                    self.source.name
                )?;
                let excerpt = self.source.line(span.start);
                let width = span.len().min(excerpt.len()).max(1);
                writeln!(f, "{line:>5} | {excerpt}")?;
                write!(f, "      | {}{}", " ".repeat(column - 1), "^".repeat(width))?;
            }
            Place::Environment(name) => write!(f, "environment variable {name}: {message}")?,
            Place::Flag(name) => write!(f, "{name}: {message}")?,
            Place::Nowhere if self.source.name.is_empty() => write!(f, "{subject}{message}")?,
            Place::Nowhere => write!(f, "{}: {subject}{message}", self.source.name)?,
        }
        if let Some(remedy) = remedy {
            write!(f, "\n        remedy: {remedy}")?;
        }
        Ok(())
    }
}

/// The known word most like `word`, if any is like enough.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| {
            (
                distance(&word.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits from one word to another: insert, delete, replace, swap neighbors.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut best = (rows[i][j] + usize::from(a != b))
                .min(rows[i][j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && from[i - 1] == *b && to[j - 1] == *a {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_typing_error_is_recognized() {
        let known = ["ae_title", "port", "address", "max_pdu"];
        assert_eq!(nearest("adress", known), Some("address"));
        assert_eq!(nearest("prot", known), Some("port"));
        assert_eq!(nearest("aetitle", known), Some("ae_title"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn positions_count_characters_not_bytes() {
        let source = Source {
            name: "x".into(),
            text: "a = 1\nb = \"ä\" # x\n".into(),
        };
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(6), (2, 1));
        let hash = source.text.find('#').unwrap();
        assert_eq!(source.position(hash), (2, 9));
    }
}
