//! What is left, put together again.

use std::ops::Range;

use super::Kind;
use super::marks::Marks;
use super::token::Tokens;

/// A text without what was marked.
pub struct Joined {
    /// The text.
    pub text: String,
    /// What went or was replaced, by bytes of the text before.
    pub removed: Vec<(Range<usize>, Kind)>,
    /// Where pieces of the new text begin, and where they stood before.
    pub pieces: Vec<(usize, usize)>,
}

/// Marks that part words and go with them.
const SEPARATORS: &[char] = &[
    ' ', '_', '^', '-', '.', ',', ';', ':', '/', '\\', '=', '+', '#', '&', '@', '|', '\'', '’',
    '*', '~', '\u{3000}', '、', '·',
];

/// Takes the marked atoms out, with the separators that have become idle.
pub fn join(tokens: &Tokens<'_>, marks: &Marks, mask: &str) -> Joined {
    let mut joined = Joined {
        text: String::with_capacity(tokens.text.len()),
        removed: Vec::new(),
        pieces: vec![(0, 0)],
    };
    let mut at = 0;
    // The gap before the atom at hand is not written yet.
    while at < tokens.len() {
        if !marks.is(at) {
            let gap = tokens.gap(at);
            joined.copy(tokens, at, gap);
            joined.atom(tokens, marks, at);
            at += 1;
            continue;
        }
        let first = at;
        let mut end = at + 1;
        while marks.is(end) && !tokens.gap(end).contains('\n') {
            end += 1;
        }
        joined.note(tokens, marks, first..end);
        let (left, right) = outside(tokens, first, end);
        let is_start = first == 0;
        let is_end = end == tokens.len();
        let between = between(left, right, is_start, is_end, mask, &joined.text);
        joined.text.push_str(&between);
        if is_end {
            return joined;
        }
        if marks.is(end) {
            // The next run begins on another line; the gap before it is written.
            at = joined.rest(tokens, marks, end, mask);
        } else {
            joined.piece(tokens, end);
            joined.atom(tokens, marks, end);
            at = end + 1;
        }
    }
    let tail = tokens.gap(tokens.len());
    joined.copy(tokens, tokens.len(), tail);
    joined
}

impl Joined {
    fn copy(&mut self, tokens: &Tokens<'_>, at: usize, gap: &str) {
        let start = tokens
            .get(at)
            .map_or(tokens.text.len(), |token| token.start);
        self.pieces.push((self.text.len(), start - gap.len()));
        self.text.push_str(gap);
    }

    fn piece(&mut self, tokens: &Tokens<'_>, at: usize) {
        if let Some(token) = tokens.get(at) {
            self.pieces.push((self.text.len(), token.start));
        }
    }

    fn atom(&mut self, tokens: &Tokens<'_>, marks: &Marks, at: usize) {
        self.piece(tokens, at);
        match (marks.edit(at), tokens.get(at)) {
            (Some(edit), Some(token)) => {
                self.removed.push((token.start..token.end, Kind::Date));
                self.text.push_str(edit);
            }
            _ => self.text.push_str(tokens.raw(at)),
        }
    }

    fn note(&mut self, tokens: &Tokens<'_>, marks: &Marks, range: Range<usize>) {
        for at in range {
            let (Some(token), Some(kind)) = (tokens.get(at), marks.get(at)) else {
                continue;
            };
            match self.removed.last_mut() {
                Some((last, same))
                    if *same == kind
                        && tokens.gap(at).len() == token.start.wrapping_sub(last.end) =>
                {
                    last.end = token.end;
                }
                _ => self.removed.push((token.start..token.end, kind)),
            }
        }
    }

    /// Runs of marked atoms that follow one another on new lines.
    fn rest(&mut self, tokens: &Tokens<'_>, marks: &Marks, from: usize, mask: &str) -> usize {
        let mut at = from;
        while marks.is(at) {
            let mut end = at + 1;
            while marks.is(end) && !tokens.gap(end).contains('\n') {
                end += 1;
            }
            self.note(tokens, marks, at..end);
            let is_end = end == tokens.len();
            let between = between("", tokens.gap(end), false, is_end, mask, &self.text);
            self.text.push_str(&between);
            at = end;
        }
        if at < tokens.len() {
            self.piece(tokens, at);
            self.atom(tokens, marks, at);
            at += 1;
        }
        at
    }
}

/// The gaps around what goes, without a bracket whose other half goes: `(617) 555-0199`.
fn outside<'t>(tokens: &Tokens<'t>, first: usize, end: usize) -> (&'t str, &'t str) {
    let (mut left, mut right) = (tokens.gap(first), tokens.gap(end));
    let from = tokens.get(first).map_or(0, |token| token.start);
    let to = tokens.get(end - 1).map_or(from, |token| token.end);
    let gone = tokens.text.get(from..to).unwrap_or("");
    let (open, close) = (gone.matches('(').count(), gone.matches(')').count());
    if close > open {
        left = left.strip_suffix('(').unwrap_or(left);
    } else if open > close {
        right = right.strip_prefix(')').unwrap_or(right);
    }
    (left, right)
}

/// What stands where `left` + something + `right` stood.
fn between(
    left: &str,
    right: &str,
    is_start: bool,
    is_end: bool,
    mask: &str,
    before: &str,
) -> String {
    let (left, right) = without_brackets(left, right);
    if !mask.is_empty() {
        return format!("{left}{mask}{right}");
    }
    if is_start && is_end {
        let rest: String = [left, right].concat();
        return rest.trim_matches(SEPARATORS).to_owned();
    }
    let line_start = left.is_empty() && before.ends_with('\n');
    if is_start || line_start {
        let rest = right.trim_start_matches(SEPARATORS);
        // Opening brackets and signs that belonged to what went.
        let left = left.trim_end_matches(SEPARATORS);
        return format!("{left}{rest}");
    }
    if is_end {
        let kept = left.trim_end_matches(SEPARATORS);
        let rest = right.trim_start_matches(SEPARATORS);
        let point = right.starts_with('.') && rest.is_empty() && !left.contains(['_', '^', '-']);
        let tail = if point && kept.is_empty() { "." } else { "" };
        return format!("{kept}{tail}{rest}");
    }
    if left.contains('\n') || right.contains('\n') {
        let kept = left.trim_end_matches(SEPARATORS);
        let rest = right.trim_start_matches(SEPARATORS);
        return format!("{kept}{rest}");
    }
    if left == right {
        return left.to_owned();
    }
    let rest = right.trim_start_matches(SEPARATORS);
    let kept = left.trim_end_matches(SEPARATORS);
    if rest.starts_with([')', ']', '}']) && kept.is_empty() {
        return rest.to_owned();
    }
    if !rest.is_empty() || !kept.is_empty() {
        // Brackets and operators stay with a space where there was one.
        let space = if left.ends_with(' ')
            && !kept.is_empty()
            && rest.is_empty()
            && !right.starts_with(' ')
            || left.starts_with(' ') && kept.is_empty()
        {
            " "
        } else {
            ""
        };
        let after = if rest.is_empty() && kept.ends_with(['(', '[', '{', '"']) {
            ""
        } else {
            right
        };
        let after = if rest.is_empty() { after } else { rest };
        return format!("{kept}{space}{after}");
    }
    if right.starts_with([',', ';', ':']) || right.starts_with(". ") {
        return right.to_owned();
    }
    if left.is_empty() || left.chars().all(|c| c == ' ') && !right.is_empty() {
        if left.is_empty() && right.is_empty() {
            return String::new();
        }
        return if right.is_empty() {
            left.to_owned()
        } else {
            right.to_owned()
        };
    }
    left.to_owned()
}

/// `(` … `)` around what went, with nothing else in it.
fn without_brackets<'a>(left: &'a str, right: &'a str) -> (&'a str, &'a str) {
    const PAIRS: [(char, char); 7] = [
        ('(', ')'),
        ('[', ']'),
        ('{', '}'),
        ('<', '>'),
        ('"', '"'),
        ('„', '“'),
        ('（', '）'),
    ];
    let (open, close) = (
        left.trim_end_matches(SEPARATORS),
        right.trim_start_matches(SEPARATORS),
    );
    for pair in PAIRS {
        if let (Some(left), Some(right)) = (open.strip_suffix(pair.0), close.strip_prefix(pair.1)) {
            return (left, right);
        }
    }
    (left, right)
}
