//! Numbers by their shape: telephone, insurance and social security numbers, network addresses,
//! UIDs, long digits.

use super::Kind;
use super::context::Context;
use super::token::{Class, Tokens};
use super::words::{ID_LABEL, STATE, UNIT};

/// Marks them.
pub fn mark(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    let mut at = 0;
    while at < tokens.len() {
        if tokens.class(at) != Some(Class::Digits) || context.marks.is(at) {
            at += 1;
            continue;
        }
        let end = chain(context, at);
        let after_letters = tokens.get(at).is_some_and(|token| token.glued);
        let kind = if after_letters {
            None
        } else {
            kind(tokens, at, end)
        };
        match kind {
            Some((kind, count)) => {
                (at..at + count).for_each(|at| context.mark(at, kind));
                at += count;
            }
            None => {
                long_digits(context, at, end);
                at = end;
            }
        }
    }
    tax_codes(context);
}

/// Where the chain of numbers joined by separators of telephone numbers and addresses ends.
fn chain(context: &Context<'_, '_>, at: usize) -> usize {
    let tokens = context.tokens;
    let mut end = at + 1;
    while tokens.class(end) == Some(Class::Digits) && !context.marks.is(end) {
        let gap = tokens.gap(end);
        if gap.is_empty() || gap.len() > 3 || !gap.chars().all(|c| " -./()".contains(c)) {
            break;
        }
        end += 1;
    }
    end
}

/// What the numbers `at..end` are, and how many of them.
fn kind(tokens: &Tokens<'_>, at: usize, end: usize) -> Option<(Kind, usize)> {
    let count = end - at;
    let length = |step: usize| tokens.plain(at + step).len();
    let lengths: Vec<usize> = (0..count.min(24)).map(length).collect();
    let gaps: Vec<&str> = (1..count.min(24))
        .map(|step| tokens.gap(at + step))
        .collect();
    let total: usize = lengths.iter().sum();
    let before = tokens.gap(at);
    let only = |mark: &str| gaps.iter().all(|gap| *gap == mark);
    let dashed = gaps.iter().all(|gap| matches!(*gap, "-" | "."));
    let is_measure = tokens.is(end, UNIT);
    if count >= 6 && only(".") {
        return Some((Kind::Identifier, count));
    }
    if count == 4 && only(".") {
        let octets = (0..4).all(|step| tokens.number(at + step).is_some_and(|n| n < 256));
        let is_version = at > 0
            && matches!(
                tokens.plain(at - 1),
                "version"
                    | "v"
                    | "ver"
                    | "vers"
                    | "sw"
                    | "software"
                    | "release"
                    | "rel"
                    | "syngo"
                    | "rev"
                    | "build"
            );
        return (octets && !is_version).then_some((Kind::Address, 4));
    }
    if before.ends_with('+') && total >= 7 && count > 0 {
        return Some((Kind::Phone, phone_groups(&lengths, count)));
    }
    // Fractions and what follows a point are no groups of a number.
    if at > 0 && tokens.class(at - 1) == Some(Class::Digits) && matches!(before, "." | ",") {
        return None;
    }
    if before.ends_with('(')
        && count >= 2
        && gaps.first().is_some_and(|gap| gap.contains(')'))
        && total >= 7
    {
        return Some((Kind::Phone, phone_groups(&lengths, count)));
    }
    match lengths.as_slice() {
        [3, 2, 4] if only("-") || only(" ") && !is_measure => return Some((Kind::Identifier, 3)),
        [3, 3, 4] | [1, 3, 3, 4] | [3, 3, 4, ..]
            if dashed || !is_measure && gaps.iter().all(|gap| matches!(*gap, "-" | "." | " ")) =>
        {
            return Some((Kind::Phone, count.min(4)));
        }
        [3, 4]
            if only("-")
                && !is_measure
                && !tokens.plain(at + 1).ends_with('0')
                && !is_series(tokens, at) =>
        {
            return Some((Kind::Phone, 2));
        }
        [first, ..] if count >= 2 && *first >= 2 && tokens.plain(at).starts_with('0') => {
            let is_pairs = count >= 5 && lengths.iter().take(5).all(|length| *length == 2);
            let separators = gaps
                .iter()
                .all(|gap| matches!(*gap, " " | "/" | "-" | " / " | "." | ") " | " - "));
            let decimals = gaps.first() == Some(&".") && *first < 3 && !is_pairs;
            if separators && !decimals && (is_pairs || *first >= 3 && total >= 8) {
                return Some((Kind::Phone, count));
            }
        }
        _ => {}
    }
    let groups = lengths.iter().all(|length| (2..=5).contains(length));
    if count >= 3 && dashed && groups && total >= 9 && !is_measure {
        return Some((Kind::Identifier, count));
    }
    None
}

/// How many groups a telephone number has: fifteen digits at most (ITU-T E.164).
fn phone_groups(lengths: &[usize], count: usize) -> usize {
    let mut total = 0;
    let fitting = lengths.iter().take_while(|length| {
        total += **length;
        total <= 16
    });
    fitting.count().clamp(1, count)
}

/// `b 500-1001`, `images 100-1233`.
fn is_series(tokens: &Tokens<'_>, at: usize) -> bool {
    at > 0
        && (tokens.is(at - 1, UNIT)
            || matches!(
                tokens.plain(at - 1),
                "b" | "image"
                    | "im"
                    | "slice"
                    | "range"
                    | "values"
                    | "value"
                    | "frame"
                    | "series"
                    | "from"
            ))
}

/// Eight digits and more in one piece measure nothing.
fn long_digits(context: &mut Context<'_, '_>, from: usize, to: usize) {
    let tokens = context.tokens;
    for at in from..to {
        let is_fraction = at > 0
            && tokens.class(at - 1) == Some(Class::Digits)
            && matches!(tokens.gap(at), "." | ",");
        if tokens.plain(at).len() >= 8 && !is_fraction {
            context.mark(at, Kind::Identifier);
            // Letters that are written to it belong to it.
            for beside in [at.wrapping_sub(1), at + 1] {
                let glued = tokens.get(at.max(beside)).is_some_and(|token| token.glued);
                if glued
                    && tokens.class(beside) == Some(Class::Letters)
                    && beside.abs_diff(at) == 1
                    && tokens.plain(beside).len() <= 4
                {
                    context.mark(beside, Kind::Identifier);
                }
            }
        }
    }
}

/// Codes of letters and digits: Italian tax code (6 letters, 2 digits, letter, 2 digits, letter,
/// 3 digits, letter), British national insurance number (2 letters, 6 digits, letter), postal codes.
fn tax_codes(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    let shape = |at: usize, wanted: &[(Class, usize)]| {
        !tokens.get(at).is_some_and(|token| token.glued)
            && wanted.iter().enumerate().all(|(step, (class, length))| {
                tokens.get(at + step).is_some_and(|token| {
                    token.class == *class
                        && token.plain.len() == *length
                        && (step == 0 || token.glued)
                })
            })
            && !tokens
                .get(at + wanted.len())
                .is_some_and(|token| token.glued)
    };
    const L: Class = Class::Letters;
    const D: Class = Class::Digits;
    for at in 0..tokens.len() {
        if shape(
            at,
            &[(L, 6), (D, 2), (L, 1), (D, 2), (L, 1), (D, 3), (L, 1)],
        ) {
            context.marks.set_all(at..at + 7, Kind::Identifier);
        }
        if shape(at, &[(L, 2), (D, 6), (L, 1)]) {
            context.marks.set_all(at..at + 3, Kind::Identifier);
        }
        uk_postal_code(context, at);
        // `MA 02139`.
        if tokens.is(at, STATE)
            && (!tokens.is(at, ID_LABEL) || tokens.gap(at) == ", ")
            && tokens.raw(at).len() == 2
            && tokens.raw(at).bytes().all(|byte| byte.is_ascii_uppercase())
            && tokens.gap(at + 1) == " "
            && tokens.digits(at + 1, 5, 5).is_some()
            && !tokens.is(at + 2, UNIT)
        {
            let more = tokens.gap(at + 2) == "-" && tokens.digits(at + 2, 4, 4).is_some();
            let end = at + 2 + usize::from(more);
            (at..end).for_each(|at| context.mark(at, Kind::Place));
            if at > 0 && tokens.is_capitalised(at - 1) && tokens.gap(at).starts_with(',') {
                context.mark(at - 1, Kind::Place);
            }
        }
    }
}

/// `SW1A 1AA`, `EH3 9YW`; letters before the digits are an area's.
fn uk_postal_code(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let is_upper = |at: usize, least: usize, most: usize| {
        let raw = tokens.raw(at);
        (least..=most).contains(&raw.len()) && raw.bytes().all(|byte| byte.is_ascii_uppercase())
    };
    let glued = |at: usize| tokens.get(at).is_some_and(|token| token.glued);
    if !is_upper(at, 1, 2) || glued(at) || tokens.digits(at + 1, 1, 2).is_none() || !glued(at + 1) {
        return;
    }
    let mut inward = at + 2;
    if is_upper(inward, 1, 1) && glued(inward) {
        inward += 1;
    }
    let is_area =
        tokens.raw(at).len() == 2 || matches!(tokens.raw(at), "B" | "E" | "G" | "M" | "N" | "W");
    if is_area
        && tokens.gap(inward) == " "
        && tokens.digits(inward, 1, 1).is_some()
        && is_upper(inward + 1, 2, 2)
        && glued(inward + 1)
        && !glued(inward + 2)
        && !tokens.is(inward + 1, UNIT)
    {
        (at..inward + 2).for_each(|at| context.mark(at, Kind::Place));
    }
}
