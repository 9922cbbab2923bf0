//! Identifiers, phone numbers and names in signs: known ones, however they are set.

use std::ops::Range;

use super::Kind;
use super::context::Context;
use super::token::{Class, Tokens};
use super::words::UNIT;
use crate::residual::is_measure;

/// Identifiers, phone numbers, names in signs: anywhere in the folded text without gaps.
pub fn mark_needles(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    let mut found: Vec<(Range<usize>, Kind)> = Vec::new();
    for index in context.known {
        index.needles.search(&tokens.plain, |at, needle, kind| {
            let end = at + needle.len();
            let first = tokens.list.partition_point(|token| token.plain.end <= at);
            let after = tokens.list.partition_point(|token| token.plain.start < end);
            if stands_for_itself(tokens, first..after, at, needle, kind) {
                let sign = tokens.class(first) == Some(Class::Sign);
                let range = if sign {
                    first..after
                } else {
                    glued_run(tokens, first..after)
                };
                found.push((range, kind));
            }
        });
    }
    for (range, kind) in found {
        range.for_each(|at| context.mark(at, kind));
    }
    // Short ones: a run of glued atoms that is exactly the identifier.
    if context.known.iter().all(|index| index.short.is_empty()) {
        return;
    }
    let mut at = 0;
    while at < tokens.len() {
        let mut end = at + 1;
        while tokens.get(end).is_some_and(|token| token.glued) {
            end += 1;
        }
        let run = tokens
            .get(at)
            .zip(tokens.get(end - 1))
            .and_then(|(first, last)| tokens.plain.get(first.plain.start..last.plain.end))
            .unwrap_or("");
        let kind = context
            .known
            .iter()
            .find_map(|index| index.short.get(run).copied());
        let is_measure = tokens.is(end, UNIT) || tokens.gap(end).starts_with('%');
        let is_part = |gap: &str| matches!(gap, "." | "/" | ":" | ",");
        let three = run.len() > 2;
        if let Some(kind) = kind
            && three
            && !is_measure
            && !is_part(tokens.gap(at))
            && !is_part(tokens.gap(end))
        {
            (at..end).for_each(|at| context.mark(at, kind));
        }
        at = end;
    }
}

/// Is the identifier meant, and not digits of something else? Long ones are recognised anywhere,
/// also across single separators; short ones must begin and end with atoms and be no measure.
fn stands_for_itself(
    tokens: &Tokens<'_>,
    atoms: Range<usize>,
    at: usize,
    needle: &str,
    kind: Kind,
) -> bool {
    let end = at + needle.len();
    let (Some(first), Some(last)) = (
        tokens.get(atoms.start),
        tokens.get(atoms.end.wrapping_sub(1)),
    ) else {
        return false;
    };
    let inner = (atoms.start + 1)..atoms.end;
    let is_sign = first.class == Class::Sign;
    if is_sign {
        return inner.clone().all(|at| tokens.gap(at).trim().len() <= 3);
    }
    let letters = needle.chars().count();
    let is_close = |at: usize| {
        let gap = tokens.gap(at);
        gap.is_empty()
            || gap.len() == 1 && gap.starts_with(['-', '_', '.', '/', ' ', '^', ':'])
            || kind == Kind::Phone && gap.len() <= 3
    };
    if !inner.clone().all(is_close) {
        return false;
    }
    let before = tokens.plain.get(first.plain.start..at).unwrap_or("");
    let starts = before.bytes().all(|byte| byte == b'0');
    if kind == Kind::Phone {
        return starts && last.plain.end == end;
    }
    if letters >= 6 {
        return true;
    }
    let is_number = needle.bytes().all(|byte| byte.is_ascii_digit());
    let text = tokens.text.as_bytes();
    let is_measure = is_number
        && is_measure(text, first.start, last.end)
        && (tokens.is(atoms.end, UNIT)
            || tokens.gap(atoms.end).starts_with(['%', '°'])
            || matches!(tokens.gap(atoms.start), "." | ",") && atoms.start > 0
            || first.glued && is_number);
    let tight = inner.clone().all(|at| tokens.gap(at) != " ");
    starts && last.plain.end == end && !is_measure && tight
}

/// With what is written to it without a gap.
fn glued_run(tokens: &Tokens<'_>, range: Range<usize>) -> Range<usize> {
    let mut run = range;
    while run.start > 0 && tokens.get(run.start).is_some_and(|token| token.glued) {
        run.start -= 1;
    }
    while tokens.get(run.end).is_some_and(|token| token.glued) {
        run.end += 1;
    }
    run
}
