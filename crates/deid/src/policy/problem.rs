//! Mistakes in a policy, each with its line and a remedy.

use std::fmt;

/// One mistake, or one thing worth a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1; 0 for the policy as a whole.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Which setting, e.g. `dates.mode` or `tag[2].action`.
    pub path: String,
    /// What was found, and what was expected.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, " (remedy: {remedy})"),
            None => Ok(()),
        }
    }
}

/// All of them, one a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// The known word most like `word`, if any is like enough.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate, limit), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits from one word to another, letters of either case being equal; more than `limit` if they
/// differ much in length.
fn distance(from: &str, to: &str, limit: usize) -> usize {
    if from.len().abs_diff(to.len()) > 2 * limit {
        return limit + 1;
    }
    let from: Vec<char> = from.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=from.len()).collect();
    for (line, letter) in to.to_lowercase().chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(&from) {
            let substituted = diagonal + usize::from(*other != letter);
            diagonal = *cell;
            *cell = substituted.min(left + 1).min(diagonal + 1);
            left = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_recognized() {
        let known = ["mode", "range", "clean_descriptors"];
        assert_eq!(nearest("mod", known), Some("mode"));
        assert_eq!(
            nearest("clean-descriptor", known),
            Some("clean_descriptors")
        );
        assert_eq!(nearest("zzz", known), None);
    }
}
