//! Postal addresses and institutions.

use super::Kind;
use super::context::Context;
use super::token::{Case, Class, Tokens};
use super::words::{
    CLINICAL, COMMON, INSTITUTION, PARTICLE, STREET, STREET_BEFORE, UNIT, VOCABULARY,
};

/// Ends of German and Dutch words that are streets.
const STREET_ENDS: [&str; 12] = [
    "strasse", "str", "weg", "platz", "allee", "gasse", "straat", "laan", "gracht", "plein",
    "damm", "ufer",
];
/// Ends of words that are institutions.
const INSTITUTION_ENDS: [&str; 10] = [
    "klinikum",
    "klinik",
    "krankenhaus",
    "spital",
    "hospital",
    "ziekenhuis",
    "kliniken",
    "sjukhus",
    "sykehus",
    "praxis",
];

/// Marks them.
pub fn mark(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    for at in 0..tokens.len() {
        if tokens.class(at) != Some(Class::Letters) {
            postal_code(context, at);
            post_box(context, at);
            continue;
        }
        if tokens.is(at, STREET) {
            street_after(context, at);
        }
        if tokens.is(at, STREET_BEFORE) {
            street_before(context, at);
        }
        street_word(context, at);
        if tokens.is(at, INSTITUTION) || is_institution(tokens, at) {
            institution(context, at);
        }
        medical_center(context, at);
        saint(context, at);
    }
}

/// A word with a capital that is in no vocabulary.
fn is_proper(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.is_capitalised(at) && !tokens.is(at, VOCABULARY)
}

/// `12 Main Street`, `Main St. 12`.
fn street_after(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let mut first = at;
    while first > 0
        && at - first < 4
        && tokens.gap(first) == " "
        && tokens.is_capitalised(first - 1)
        && (!tokens.is(first - 1, CLINICAL)
            || tokens
                .get(first - 1)
                .is_some_and(|token| token.case == Case::Title))
    {
        first -= 1;
    }
    let is_number = |at: usize| tokens.digits(at, 1, 5).is_some() && !tokens.is(at + 1, UNIT);
    let mut start = first;
    // `221B Baker Street`: the letter is at the number.
    if first > 0 && tokens.gap(first).trim().len() <= 1 && tokens.digits(first - 1, 1, 5).is_some()
    {
        start = first - 1;
    } else if first + 1 < at && tokens.get(first).is_some_and(|token| token.glued) {
        start = first.saturating_sub(1);
    }
    let clear = !matches!(
        tokens.plain(at),
        "st" | "dr"
            | "ct"
            | "pl"
            | "way"
            | "close"
            | "av"
            | "rd"
            | "place"
            | "drive"
            | "court"
            | "sq"
    ) || tokens.is_capitalised(at)
        && (tokens.gap(at + 1).starts_with(['.', ',']) || at + 1 == tokens.len() || start < first);
    if first < at && start < first && clear && tokens.is_capitalised(at) {
        (start..=at).for_each(|at| context.mark(at, Kind::Place));
    } else if first < at
        && clear
        && is_number(at + 1)
        && tokens.gap(at + 1).len() <= 2
        && tokens.is_capitalised(at)
        && (is_proper(tokens, at - 1)
            || matches!(
                tokens.plain(at),
                "street" | "road" | "avenue" | "lane" | "boulevard" | "terrace"
            ))
    {
        (first..at + 2).for_each(|at| context.mark(at, Kind::Place));
    }
}

/// `rue de la Paix 12`, `5, rue X`, `Via Roma 12`, `Calle Mayor 3`.
fn street_before(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let mut end = at + 1;
    let mut named = false;
    while end < at + 6
        && matches!(tokens.gap(end), " " | "'" | "’" | "-")
        && tokens.class(end) == Some(Class::Letters)
        && (tokens.is_capitalised(end) || tokens.is(end, PARTICLE))
    {
        named |= tokens.is_capitalised(end) && !tokens.is(end, CLINICAL);
        end += 1;
    }
    if !named {
        return;
    }
    let number_after = tokens.digits(end, 1, 4).is_some()
        && matches!(tokens.gap(end), " " | ", " | ", n. " | " n. " | ", nº ")
        && !tokens.is(end + 1, UNIT);
    let number_before =
        at > 0 && tokens.digits(at - 1, 1, 4).is_some() && matches!(tokens.gap(at), " " | ", ");
    if number_before || number_after && tokens.is_capitalised(at) {
        let start = at - usize::from(number_before);
        (start..end + usize::from(number_after)).for_each(|at| context.mark(at, Kind::Place));
    }
}

/// `Hauptstraße 5`, `Hauptstr. 5a`, `Kerkstraat 12`.
fn street_word(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let word = tokens.plain(at);
    let is_street = STREET_ENDS
        .iter()
        .any(|end| word.ends_with(end) && word.len() > end.len() + 2);
    let is_number = tokens.digits(at + 1, 1, 4).is_some() && !tokens.is(at + 2, UNIT);
    if is_street
        && tokens.is_capitalised(at)
        && !tokens.is(at, VOCABULARY)
        && is_number
        && matches!(tokens.gap(at + 1), " " | ". " | ".")
    {
        let letter =
            tokens.get(at + 2).is_some_and(|token| token.glued) && tokens.plain(at + 2).len() == 1;
        (at..at + 2 + usize::from(letter)).for_each(|at| context.mark(at, Kind::Place));
    }
}

/// `12345 Berlin`, `D-12345 Berlin`, `1234 AB Amsterdam`.
fn postal_code(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let is_town = |at: usize| {
        tokens
            .get(at)
            .is_some_and(|token| token.case == Case::Title)
            && is_proper(tokens, at)
            && tokens.plain(at).len() > 2
    };
    let starts = !tokens.get(at).is_some_and(|token| token.glued);
    if tokens.digits(at, 5, 5).is_some() && starts && tokens.gap(at + 1) == " " && is_town(at + 1) {
        (at..at + 2).for_each(|at| context.mark(at, Kind::Place));
        if at > 0 && tokens.gap(at) == "-" && tokens.plain(at - 1).len() <= 2 {
            context.mark(at - 1, Kind::Place);
        }
    }
    let letters = tokens.raw(at + 1);
    if tokens.digits(at, 4, 4).is_some()
        && starts
        && letters.len() == 2
        && letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && tokens.gap(at + 2) == " "
        && is_town(at + 2)
    {
        (at..at + 3).for_each(|at| context.mark(at, Kind::Place));
    }
}

/// `P.O. Box 123`, `Postfach 1234`.
fn post_box(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let Some(before) = at
        .checked_sub(1)
        .filter(|_| tokens.class(at) == Some(Class::Digits))
    else {
        return;
    };
    let is_box = tokens.plain(before) == "box"
        && before >= 1
        && matches!(tokens.plain(before - 1), "o" | "po");
    if is_box || matches!(tokens.plain(before), "postfach" | "postbus" | "apartado") {
        context.mark(at, Kind::Place);
    }
}

fn is_institution(tokens: &Tokens<'_>, at: usize) -> bool {
    let word = tokens.word(at);
    tokens.is_capitalised(at)
        && INSTITUTION_ENDS
            .iter()
            .any(|end| word.ends_with(end) && word.len() > end.len())
}

/// The capitalised words before and after `Hospital`, `Klinikum`, `Universität`.
fn institution(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    if !tokens.is_capitalised(at) {
        return;
    }
    let all_capitals = tokens
        .get(at)
        .is_some_and(|token| token.case == Case::Upper);
    let belongs = |at: usize| {
        tokens.is_capitalised(at)
            && (!tokens.is(at, VOCABULARY)
                || tokens.is(at, INSTITUTION)
                || tokens.is(at, COMMON) && !tokens.is(at, CLINICAL)
                || !all_capitals
                    && tokens
                        .get(at)
                        .is_some_and(|token| token.case == Case::Title)
                    && tokens.is(at, COMMON))
    };
    let mut first = at;
    let mut named = is_institution(tokens, at) && !tokens.is(at, VOCABULARY | INSTITUTION);
    while first > 0 && at - first < 5 {
        let before = first - 1;
        let gap = tokens.gap(first);
        let joined = matches!(gap, " " | "-" | "'" | "’" | ". " | "_") || gap.is_empty();
        let possessive = tokens.plain(before) == "s" && matches!(tokens.gap(before), "'" | "’");
        // `City General Hospital`: words of every day, capitalised.
        if !joined || !(belongs(before) || possessive) {
            break;
        }
        named |= !tokens.is(before, INSTITUTION) && !possessive;
        first = before;
    }
    let mut end = at + 1;
    while end < at + 6 && matches!(tokens.gap(end), " " | "-" | "'" | "’" | ". " | ".") {
        let is_link = tokens.is(end, PARTICLE)
            || matches!(
                tokens.plain(end),
                "of" | "für" | "fur" | "in" | "am" | "and" | "und" | "im"
            );
        let twice = tokens.is(end + 1, PARTICLE) && is_proper(tokens, end + 2);
        let linked = is_link
            && !tokens.is_capitalised(end)
            && (twice
                || tokens.is(end, PARTICLE) && end > at + 1 && is_proper(tokens, end + 1)
                || is_proper(tokens, end + 1)
                || tokens.is(end + 1, INSTITUTION) && tokens.is_capitalised(end + 1));
        if belongs(end)
            || linked
            || is_link && tokens.is_capitalised(end) && is_proper(tokens, end + 1)
        {
            named |= !tokens.is(end, VOCABULARY);
            end += 1;
        } else {
            break;
        }
    }
    if named {
        (first..end).for_each(|at| context.mark(at, Kind::Institution));
    }
}

/// `Springfield Medical Center`, `… Health System`, `… Cancer Centre`.
fn medical_center(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let pair = matches!(
        (tokens.plain(at), tokens.plain(at + 1)),
        (
            "medical" | "cancer" | "imaging" | "health" | "heart" | "trauma" | "diagnostic",
            "center" | "centre" | "centers" | "system" | "group" | "associates"
        )
    );
    if !pair || !tokens.is_capitalised(at) || !tokens.is_capitalised(at + 1) {
        return;
    }
    let mut first = at;
    while first > 0
        && at - first < 4
        && matches!(tokens.gap(first), " " | "-" | "'" | "’" | ". ")
        && (is_proper(tokens, first - 1)
            || tokens.plain(first - 1) == "s"
            || tokens.is(first - 1, INSTITUTION) && tokens.is_capitalised(first - 1))
    {
        first -= 1;
    }
    if first < at {
        (first..at + 2).for_each(|at| context.mark(at, Kind::Institution));
    }
}

/// `St. Mary's`, `St. Thomas`; `ST elevation` and `St. p. TEP` stay.
fn saint(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let name = at + 1;
    let dotted = tokens.gap(name) == ". " || tokens.gap(name) == ".";
    let possessive = matches!(tokens.gap(name + 1), "'" | "’") && tokens.plain(name + 1) == "s";
    let is_saint = matches!(tokens.raw(at), "St" | "ST" | "Saint" | "Sankt" | "Sint");
    if is_saint
        && (dotted || possessive || tokens.raw(at).len() > 2)
        && tokens.is_capitalised(name)
        && tokens.plain(name).len() > 2
        && (!tokens.is(name, CLINICAL) || possessive)
    {
        let end = name + 1 + usize::from(possessive);
        (at..end).for_each(|at| context.mark(at, Kind::Institution));
    }
}
