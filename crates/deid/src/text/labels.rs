//! Labels and what follows them: `MRN 12345`, `Acc# A-17`, `Tel. 030 1234`, `Patient: …`, `DOB …`.

use super::Kind;
use super::context::Context;
use super::token::{Class, Tokens};
use super::words::{
    BIRTH_LABEL, CLINICAL, COMMON, ID_LABEL, NAME_LABEL, NUMBER_WORD, PHONE_LABEL, TITLE, UNIT,
    WEAK_LABEL,
};

/// Marks the values of labels.
pub fn mark(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    for at in 0..tokens.len() {
        if tokens.class(at) != Some(Class::Letters) || context.marks.is(at) {
            continue;
        }
        if tokens.is(at, ID_LABEL) || tokens.is(at, NUMBER_WORD) && follows_person(tokens, at) {
            identifier(context, at);
        }
        if tokens.is(at, PHONE_LABEL) {
            phone(context, at);
        }
        if tokens.is(at, BIRTH_LABEL) {
            birth(context, at);
        }
        if tokens.is(at, NAME_LABEL) {
            name(context, at);
        }
    }
}

/// `Patient ID`, `Pat. Nr.`, `Fall-Nr.`, `Study ID`.
fn follows_person(tokens: &Tokens<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    let is_owner = tokens.is(before, NAME_LABEL | ID_LABEL)
        || matches!(
            tokens.plain(before),
            "fall"
                | "study"
                | "exam"
                | "auftrags"
                | "versicherten"
                | "aufnahme"
                | "record"
                | "hospital"
                | "insurance"
                | "security"
                | "medicare"
                | "medicaid"
                | "passport"
        );
    is_owner && tokens.gap(at).len() <= 2
}

/// The value after an identifier's label: atoms joined by separators, a digit among them.
fn identifier(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let mut start = at + 1;
    let mut pointed = tokens.gap(start).contains([':', '#', '=']);
    while tokens.is(start, NUMBER_WORD | ID_LABEL)
        && tokens.class(start) == Some(Class::Letters)
        && start < at + 3
        && tokens.gap(start).len() <= 3
        && !tokens.get(start + 1).is_some_and(|next| next.glued)
    {
        start += 1;
        pointed = true;
    }
    let gap = tokens.gap(start);
    pointed |= gap.contains([':', '#', '=']);
    if gap.contains('\n')
        || gap.chars().count() > 4
        || gap.contains(['(', ')', '/', ',']) && !pointed
    {
        return;
    }
    let mut end = start;
    let mut digits = 0;
    while end < tokens.len() && !context.marks.is(end) {
        let joined = end == start
            || matches!(tokens.gap(end), "" | "-" | "." | "/" | "_")
            || tokens.gap(end) == " "
                && tokens.class(end) == Some(Class::Digits)
                && tokens.class(end - 1) == Some(Class::Digits)
                && !tokens.is(end + 1, UNIT);
        if !joined {
            break;
        }
        if tokens.class(end) == Some(Class::Digits) {
            digits += tokens.plain(end).len();
        }
        end += 1;
    }
    let is_measure = tokens.is(end, UNIT) && tokens.gap(end).trim().is_empty();
    let weak = tokens.is(at, WEAK_LABEL | CLINICAL | COMMON);
    let enough = if pointed {
        digits >= 1
    } else if weak {
        digits >= 4
    } else {
        digits >= 3
    };
    if enough && !is_measure {
        (start..end).for_each(|at| context.mark(at, Kind::Identifier));
    }
}

fn phone(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let mut start = at + 1;
    while start < at + 3
        && tokens.is(start, NUMBER_WORD | PHONE_LABEL)
        && tokens.class(start) == Some(Class::Letters)
    {
        start += 1;
    }
    if tokens.gap(start).contains('\n') || tokens.gap(start).chars().count() > 5 {
        return;
    }
    let mut end = start;
    let mut digits = 0;
    while let Some(group) = tokens.digits(end, 1, 15) {
        let gap = tokens.gap(end);
        let joined =
            end == start || gap.chars().count() <= 3 && gap.chars().all(|c| " -./()".contains(c));
        if !joined || tokens.is(end + 1, UNIT) && digits > 0 && gap == " " {
            break;
        }
        digits += group.len();
        end += 1;
    }
    let is_inner = matches!(
        tokens.plain(at),
        "pager" | "bleep" | "beeper" | "ext" | "extension" | "durchwahl"
    );
    let pointed = tokens.gap(start).contains([':', '.', '#']);
    if digits >= 5 || (is_inner || pointed) && digits >= 3 {
        (start..end).for_each(|at| context.mark(at, Kind::Phone));
    }
}

/// The year, or the six digits, after `born`; whole dates are found by their shape.
fn birth(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let mut start = at + 1;
    while start < at + 4
        && tokens.class(start) == Some(Class::Letters)
        && matches!(
            tokens.plain(start),
            "in" | "on"
                | "am"
                | "date"
                | "le"
                | "en"
                | "el"
                | "il"
                | "em"
                | "datum"
                | "de"
                | "of"
                | "year"
        )
    {
        start += 1;
    }
    let gap = tokens.gap(start);
    if gap.contains('\n') || gap.chars().count() > 4 {
        return;
    }
    let is_year = tokens.digits(start, 4, 4).is_some()
        && (1880..2100).contains(&tokens.number(start).unwrap_or(0));
    if is_year || tokens.digits(start, 6, 6).is_some() {
        context.mark(start, Kind::BirthDate);
    }
}

/// `Name: …`, `Patient: …`, `Referring physician: …`, `Operator=…`.
fn name(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let mut start = at + 1;
    if matches!(tokens.plain(start), "name" | "names" | "s") && tokens.gap(start).len() <= 2 {
        start += if tokens.plain(start) == "s" && tokens.is(start + 1, NAME_LABEL) {
            2
        } else {
            1
        };
    }
    let gap = tokens.gap(start);
    let pointed = gap.contains([':', '=']) || gap == ". " && tokens.plain(at) == "gez";
    if !pointed || gap.contains('\n') || gap.chars().count() > 4 {
        return;
    }
    if matches!(tokens.plain(at), "name" | "nom" | "nome" | "nombre") && names_a_thing(tokens, at) {
        return;
    }
    // `Patient: Dr. …` and the like are found by the title.
    if tokens.is(start, TITLE) {
        return;
    }
    let is_name = tokens.class(start) == Some(Class::Letters)
        && (context.may_be_name(start)
            || tokens.is_capitalised(start)
                && (context.known(tokens.word(start)).is_some()
                    || matches!(tokens.gap(start + 1), ", " | "^" | ",")
                        && context.may_be_name(start + 1))
            || tokens.plain(start).chars().count() == 1
                && tokens.gap(start + 1).starts_with('.')
                && tokens.is_capitalised(start + 1));
    if is_name {
        context.take_name(start, 4, Kind::StaffName);
    }
}

/// `Protocol name:`, `series name:`.
fn names_a_thing(tokens: &Tokens<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    tokens.gap(at).len() <= 1
        && tokens.is(before, CLINICAL | COMMON)
        && !tokens.is(before, NAME_LABEL)
        && !matches!(
            tokens.plain(before),
            "full" | "first" | "last" | "family" | "given" | "middle" | "maiden"
        )
}
