//! A comparison as aligned text, with colours if they are wanted.

use std::fmt::Write as _;

use super::matrix::Matrix;
use super::report::{Comparison, Direction, Finding, Outcome, Side, Verdict};

/// Wrapped at this column where there are words to wrap.
const WIDTH: usize = 100;
/// Where the text of a finding begins.
const INDENT: usize = 14;

/// The text. Findings that work the same are told too, in one line each.
pub fn text(comparison: &Comparison, colored: bool) -> String {
    let mut out = String::new();
    for (letter, side) in [("A", &comparison.a), ("B", &comparison.b)] {
        let _ = writeln!(out, "{letter}  {}", described(side));
    }
    for (direction, title) in [
        (Direction::AToB, heading(&comparison.a, &comparison.b)),
        (Direction::BToA, heading(&comparison.b, &comparison.a)),
    ] {
        let of = comparison.findings.iter();
        let mut these: Vec<&Finding> = of
            .filter(|finding| finding.direction == direction)
            .collect();
        // What needs work comes first; workflows stay together otherwise.
        these.sort_by_key(|finding| (std::cmp::Reverse(weight(finding)), finding.workflow));
        let _ = writeln!(out, "\n{title}");
        if these.is_empty() {
            let _ = writeln!(out, "  nothing");
        }
        for finding in these {
            write_finding(&mut out, finding, colored);
        }
    }
    let _ = writeln!(out, "\n{}", summary(comparison));
    out
}

fn weight(finding: &Finding) -> (bool, Outcome) {
    (finding.counts(), finding.outcome)
}

fn heading(from: &Side, to: &Side) -> String {
    format!("What {} asks of {}", from.name, to.name)
}

/// A side in one line.
pub(super) fn described(side: &Side) -> String {
    let mut text = side.name.clone();
    if !side.product.is_empty() {
        text += &format!(", {}", side.product);
    }
    let titles: Vec<&str> = side.ae_titles.iter().map(String::as_str).collect();
    if !titles.is_empty() {
        text += &format!(" [{}]", titles.join(", "));
    }
    let known = side
        .status
        .map(|status| format!("{status:?}").to_lowercase());
    let known = [known, side.date.clone()];
    let known: Vec<String> = known.into_iter().flatten().collect();
    if !known.is_empty() {
        text += &format!(" ({})", known.join(" "));
    }
    text
}

/// The last line.
pub(super) fn summary(comparison: &Comparison) -> String {
    let count = |outcome, counts| {
        let findings = comparison.findings.iter();
        findings
            .filter(|one| one.outcome == outcome && one.counts() == counts)
            .count()
    };
    let need_not = [Outcome::Refused, Outcome::Unknown, Outcome::Impaired];
    let parts = [
        (count(Outcome::Refused, true), "refused"),
        (count(Outcome::Unknown, true), "unknown"),
        (count(Outcome::Impaired, true), "impaired"),
        (count(Outcome::Transcoding, true), "with transcoding"),
        (count(Outcome::Works, false), "work"),
        (
            need_not.iter().map(|outcome| count(*outcome, false)).sum(),
            "to know (do not count)",
        ),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let verdict = match comparison.verdict {
        Verdict::Works => "Works",
        Verdict::Look => "To look at before going live",
        Verdict::Refused => "Will not work as it is",
    };
    format!(
        "{verdict}: {}",
        if parts.is_empty() {
            "nothing to compare".to_owned()
        } else {
            parts.join(", ")
        }
    )
}

fn write_finding(out: &mut String, finding: &Finding, colored: bool) {
    let word = format!("{:<width$}", finding.outcome.name(), width = INDENT - 2);
    let word = if colored {
        paint(finding.outcome, &word)
    } else {
        word
    };
    let subject = format!("{}: {}", finding.workflow.name(), finding.subject);
    let mut lines = wrapped(&subject, WIDTH - INDENT).into_iter();
    let _ = writeln!(out, "  {word}{}", lines.next().unwrap_or_default());
    let pad = " ".repeat(INDENT);
    for line in lines {
        let _ = writeln!(out, "{pad}{line}");
    }
    let note = match finding.outcome {
        Outcome::Works => "",
        _ if finding.counts() => "",
        _ => " [to know; does not count]",
    };
    let clause = match finding.clause {
        "" => String::new(),
        clause => format!(" ({clause})"),
    };
    for line in wrapped(&format!("{}{clause}{note}", finding.detail), WIDTH - INDENT) {
        let _ = writeln!(out, "{pad}{line}");
    }
    for remedy in &finding.remedies {
        let text = format!("{}: {}", remedy.at, remedy.text);
        for (at, line) in wrapped(&text, WIDTH - INDENT - 3).iter().enumerate() {
            let mark = if at == 0 { "-> " } else { "   " };
            let _ = writeln!(out, "{pad}{mark}{line}");
        }
        for line in remedy.toml.iter().flat_map(|toml| toml.lines()) {
            let _ = writeln!(out, "{pad}     {line}");
        }
    }
}

fn paint(outcome: Outcome, text: &str) -> String {
    let color = match outcome {
        Outcome::Works => 32,
        Outcome::Transcoding => 36,
        Outcome::Impaired => 33,
        Outcome::Unknown => 35,
        Outcome::Refused => 31,
    };
    format!("\x1b[{color}m{text}\x1b[0m")
}

/// Lines of at most so many characters, if words allow it.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A matrix as a table: rows ask, columns answer.
pub fn matrix_text(matrix: &Matrix, colored: bool) -> String {
    let names: Vec<&str> = matrix
        .systems
        .iter()
        .map(|system| system.name.as_str())
        .collect();
    let first = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0)
        .max(6);
    let column = first.max(11);
    let mut out = format!("{:<first$}", "asks \\ of");
    for name in &names {
        let _ = write!(out, "  {name:<column$}");
    }
    let mut out = out.trim_end().to_owned() + "\n";
    for (row, name) in names.iter().enumerate() {
        let mut line = format!("{name:<first$}");
        for column_at in 0..names.len() {
            let (word, outcome) = match matrix.cell(row, column_at) {
                None => ("-".to_owned(), None),
                Some(cell) => (cell.word(), cell.worst),
            };
            let word = format!("{word:<column$}");
            let word = match outcome.filter(|_| colored) {
                Some(outcome) => paint(outcome, &word),
                None => word,
            };
            let _ = write!(line, "  {word}");
        }
        out += line.trim_end();
        out.push('\n');
    }
    for cell in matrix
        .cells
        .iter()
        .filter(|cell| cell.findings.iter().any(Finding::counts))
    {
        let name = |at: usize| names.get(at).copied().unwrap_or_default();
        let _ = writeln!(out, "\n{} asks of {}", name(cell.from), name(cell.to));
        let mut these: Vec<&Finding> = cell.findings.iter().filter(|one| one.counts()).collect();
        these.sort_by_key(|finding| (std::cmp::Reverse(weight(finding)), finding.workflow));
        for finding in these {
            write_finding(&mut out, finding, colored);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_wrapped_at_words() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("a verylongword b", 5), ["a", "verylongword", "b"]);
        assert!(wrapped("", 5).is_empty());
    }
}
