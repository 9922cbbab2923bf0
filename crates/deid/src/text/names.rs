//! Names: known ones in any spelling, and those that something beside them announces.

use std::ops::Range;

use super::Kind;
use super::context::{Context, is_name_gap};
use super::token::{Case, Class, Tokens, without_digraphs};
use super::words::{
    BY, BY_VERB, CLINICAL, COMMON, CREDENTIAL, GIVEN, INSTITUTION, MONTH, NUMBER_WORD, PARTICLE,
    TITLE, TITLE_BY_CASE, TOWN, VOCABULARY,
};
use crate::residual::is_harmless;

/// Phrases of several words: institutions, addresses.
pub fn mark_phrases(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    for index in context.known {
        if index.phrases.is_empty() {
            continue;
        }
        for at in 0..tokens.len() {
            for (words, kind) in index.phrases.get(tokens.word(at)).into_iter().flatten() {
                let matches = words
                    .iter()
                    .enumerate()
                    .all(|(step, word)| tokens.word(at + step) == word);
                if matches && at + words.len() <= tokens.len() {
                    (at..at + words.len()).for_each(|at| context.mark(at, *kind));
                }
            }
        }
    }
}

/// Words of known names that are nothing else.
pub fn mark_words(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    if context.known.iter().all(|index| index.words.is_empty()) {
        return;
    }
    let mut at = 0;
    while at < tokens.len() {
        if tokens.class(at) != Some(Class::Letters) {
            at += 1;
            continue;
        }
        let run = tokens.letters_run(at);
        at = run.end;
        if tokens.is(run.start, VOCABULARY) {
            continue;
        }
        let joint = tokens.joint(run.clone());
        let found = context
            .known(joint)
            .map(|known| known.kind)
            .filter(|_| long_enough(tokens, run.clone(), joint))
            .or_else(|| joined(context, tokens.joint_plain(run.clone())));
        if let Some(kind) = found {
            run.for_each(|at| context.mark(at, kind));
            continue;
        }
        for position in run {
            let word = tokens.word(position);
            if !tokens.is(position, VOCABULARY)
                && let Some(known) = context.known(word)
                && long_enough(tokens, position..position + 1, word)
            {
                context.mark(position, known.kind);
            }
        }
    }
    mark_parts(context);
}

/// Two letters are a name only when written like one.
fn long_enough(tokens: &Tokens<'_>, run: Range<usize>, word: &str) -> bool {
    word.chars().count() > 2 || tokens.is_capitalised(run.start)
}

/// `JOHNDOE`, `DoeJohn`, `jdoe`, `doej`.
fn joined(context: &Context<'_, '_>, word: &str) -> Option<Kind> {
    let letters = word.chars().count();
    if letters < 4 {
        return None;
    }
    for index in context.known {
        let first = word.chars().next()?;
        let last = word.chars().next_back()?;
        let get = |name: &str| {
            let found = index.words.get(name);
            found.or_else(|| {
                let mut key = String::new();
                without_digraphs(name, &mut key);
                index.words.get(&key)
            })
        };
        let family =
            |name: &str| get(name).filter(|known| known.family && name.chars().count() > 2);
        if index.initials.contains(&first)
            && let Some(known) = word.get(first.len_utf8()..).and_then(family)
        {
            return Some(known.kind);
        }
        if !index.may_be_joined(word) {
            continue;
        }
        if index.initials.contains(&last)
            && let Some(known) = word.get(..word.len() - last.len_utf8()).and_then(family)
        {
            return Some(known.kind);
        }
        let splits = word.char_indices().map(|(at, _)| at).take(32).skip(3);
        for at in splits {
            let (Some(front), Some(back)) = (word.get(..at), word.get(at..)) else {
                continue;
            };
            if let Some(known) = get(front)
                && get(back).is_some()
            {
                return Some(known.kind);
            }
        }
    }
    None
}

/// Names of five letters and more within longer words: possessives, inflections, compounds. Of the
/// data set's own names, those of eight letters also within everyday words.
fn mark_parts(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    let mut found = Vec::new();
    let [own, lists] = context.known;
    for (index, parts, is_own) in [
        (own, &own.parts, false),
        (lists, &lists.parts, false),
        (own, &own.long_parts, true),
    ] {
        parts.search(&tokens.words, |at, needle, kind| {
            let first = tokens.list.partition_point(|token| token.word.end <= at);
            let after = tokens
                .list
                .partition_point(|token| token.word.start < at + needle.len());
            let one = (first + 1..after).all(|at| matches!(tokens.gap(at), "" | "-"));
            let run = tokens.letters_run(first);
            let is_word = tokens.is(first, VOCABULARY);
            let is_left = match is_own {
                true => !index.exact.contains(needle) || is_harmless(needle),
                false => is_word,
            };
            if one && !is_left {
                found.push((run.start..run.end.max(after), kind));
            }
        });
    }
    for (range, kind) in found {
        range.for_each(|at| context.mark(at, kind));
    }
}

/// Names after titles, `by` and before credentials.
pub fn mark_announced(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    let mut at = 0;
    while at < tokens.len() {
        if let Some(name) = title(context, at) {
            let end = context.take_name(name, 4, Kind::StaffName);
            if end > name {
                (at..name).for_each(|at| context.mark(at, Kind::StaffName));
            }
            at = end.max(at + 1);
            continue;
        }
        if tokens.is(at, BY_VERB) && tokens.is(at + 1, BY) && tokens.gap(at + 1) == " " {
            by(context, at + 2);
        }
        credential(context, at);
        at += 1;
    }
}

/// Where the name begins, if a title stands at `at`.
fn title(context: &Context<'_, '_>, at: usize) -> Option<usize> {
    let tokens = context.tokens;
    let mut next = at;
    let mut sure = false;
    while next < tokens.len() && next < at + 4 {
        let dotted = tokens.gap(next + 1).starts_with('.');
        let is_title = tokens.is(next, TITLE);
        let by_case = tokens.is(next, TITLE_BY_CASE)
            && (tokens.get(next)?.case == Case::Title || next > at || dotted);
        let med = next > at
            && matches!(
                tokens.plain(next),
                "med" | "dent" | "nat" | "rer" | "h" | "c"
            );
        if !(is_title || by_case || med) {
            break;
        }
        sure |= is_title;
        next += 1;
        if !matches!(tokens.gap(next), " " | ". " | "." | "-" | ".-" | ": ") {
            break;
        }
    }
    if next == at || !matches!(tokens.gap(next), " " | ". " | "." | ": " | "^" | "_") {
        return None;
    }
    if tokens.class(next)? != Class::Letters {
        return None;
    }
    let dotted = tokens.gap(next).contains('.');
    let is_name = match tokens.get(next)?.case {
        Case::Title => !tokens.is(next, CLINICAL) || dotted || sure && tokens.raw(at) != "DR",
        // `DR CHEST` is a modality and a region.
        Case::Upper => !tokens.is(next, VOCABULARY) || dotted && !tokens.is(next, NUMBER_WORD),
        Case::Lower => {
            sure && !tokens.is(next, VOCABULARY | BY | BY_VERB)
                || tokens.is(next, PARTICLE) && tokens.is_capitalised(next + 1)
        }
    };
    is_name.then_some(next)
}

/// `seen by …`: also after the title that may stand there.
fn by(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    if !tokens.gap(at).starts_with(' ') && tokens.gap(at) != ": " {
        return;
    }
    let is_known = tokens.is_capitalised(at) && context.known(tokens.word(at)).is_some();
    if title(context, at).is_none()
        && (is_known || context.may_be_name(at))
        && !tokens.is(at, INSTITUTION)
    {
        context.take_name(at, 4, Kind::StaffName);
    }
}

/// `John Smith, MD`, `J. Smith M.D.`: back from the credential.
fn credential(context: &mut Context<'_, '_>, at: usize) {
    let tokens = context.tokens;
    let dotted =
        tokens.plain(at) == "m" && tokens.plain(at + 1) == "d" && tokens.gap(at + 1) == ".";
    let is_credential = tokens.is(at, CREDENTIAL)
        && tokens
            .get(at)
            .is_some_and(|token| token.case != Case::Lower);
    if !(dotted || is_credential) || !matches!(tokens.gap(at), ", " | " " | "," | ". ") {
        return;
    }
    let mut first = at;
    let mut names = 0;
    while let Some(before) = first.checked_sub(1) {
        let gap_is_fine = first == at || is_name_gap(tokens.gap(first), tokens.plain(before));
        let is_initial = tokens.plain(before).chars().count() == 1;
        let is_name = context.may_be_name(before)
            && tokens.is_capitalised(before)
            && (is_initial || !tokens.is(before, VOCABULARY) || names > 0 || first == at);
        if !gap_is_fine || !is_name || at - first >= 4 || tokens.is(before, CREDENTIAL) {
            break;
        }
        names += usize::from(!is_initial && !tokens.is(before, VOCABULARY));
        first = before;
    }
    if names > 0 {
        let end = at + if dotted { 2 } else { 1 };
        (first..end).for_each(|at| context.mark(at, Kind::StaffName));
    }
}

/// Given names of the list, with the words beside them that can be the rest of the name; towns.
pub fn mark_given(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    for at in 0..tokens.len() {
        if tokens.is(at, TOWN) && !tokens.is(at, VOCABULARY) && tokens.is_capitalised(at) {
            context.mark(at, Kind::Place);
            continue;
        }
        if !tokens.is(at, GIVEN) || tokens.is(at, VOCABULARY | MONTH) || !tokens.is_capitalised(at)
        {
            continue;
        }
        let number = tokens.get(at + 1).is_some_and(|next| next.glued);
        if number && tokens.class(at + 1) == Some(Class::Digits) && tokens.plain(at).len() < 4 {
            continue;
        }
        context.mark(at, Kind::StaffName);
        let beside = |other: usize, gap: &str| {
            matches!(gap, " " | "^" | "_" | ", " | "-" | "")
                && tokens.is_capitalised(other)
                && tokens.plain(other).chars().count() > 2
                && !tokens.is(other, !(GIVEN | COMMON))
        };
        let is_common = |other: usize| tokens.is(other, COMMON);
        let mut next = at + 1;
        // `Mary J. Doe`.
        if tokens.plain(next).chars().count() == 1
            && tokens.is_capitalised(next)
            && tokens.gap(next) == " "
            && beside(next + 1, tokens.gap(next + 1).trim_start_matches('.'))
        {
            context.mark(next, Kind::StaffName);
            next += 1;
        }
        if beside(next, tokens.gap(next).trim_start_matches('.')) && !is_common(next) {
            context.mark(next, Kind::StaffName);
        }
        if let Some(before) = at.checked_sub(1)
            && beside(before, tokens.gap(at))
            && !is_common(before)
        {
            context.mark(before, Kind::StaffName);
        }
    }
}

/// Known names that are words of the vocabulary too: only where they stand like names.
pub fn mark_doubtful(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    if context.known.iter().all(|index| index.words.is_empty()) {
        return;
    }
    let is_known_name = |context: &Context<'_, '_>, at: usize| {
        let known = context.known(tokens.word(at));
        let known = known.filter(|known| matches!(known.kind, Kind::PatientName | Kind::StaffName));
        known.filter(|_| tokens.plain(at).chars().count() > 1)
    };
    for at in 0..tokens.len() {
        if !tokens.is(at, VOCABULARY) || context.marks.is(at) {
            continue;
        }
        if let Some(kind) = surely_known(context, at) {
            context.mark(at, kind);
            continue;
        }
        let Some(known) = is_known_name(context, at) else {
            continue;
        };
        let beside = |context: &Context<'_, '_>, other: usize, gap: &str| {
            let is_name = context.marks.is_name(other)
                || tokens.is(other, VOCABULARY)
                    && is_known_name(context, other).is_some()
                    && tokens.word(other) != tokens.word(at)
                    && tokens.is_capitalised(at)
                    && tokens.is_capitalised(other);
            is_name && gap.chars().count() <= 2 && !gap.contains('\n')
        };
        let initial = |other: usize, gap: &str| {
            let letter = tokens.plain(other);
            let is_initial = letter.chars().count() == 1
                && tokens.is_capitalised(other)
                && letter.chars().next().is_some_and(|letter| {
                    context
                        .known
                        .iter()
                        .any(|index| index.initials.contains(&letter))
                });
            let is_side = matches!(letter, "l" | "r" | "a" | "p" | "s" | "i" | "t" | "c");
            is_initial && (gap.contains(['.', ',', '^']) || !is_side && gap.chars().count() <= 1)
        };
        let before = at.checked_sub(1);
        let stands = before.is_some_and(|before| {
            beside(context, before, tokens.gap(at)) || initial(before, tokens.gap(at))
        }) || beside(context, at + 1, tokens.gap(at + 1))
            || initial(at + 1, tokens.gap(at + 1))
            || tokens.gap(at).contains('^')
            || tokens.gap(at + 1).contains('^')
            || matches!(tokens.gap(at + 1), "'" | "’") && tokens.plain(at + 1) == "s"
            || before.is_some_and(|before| {
                tokens.is(before, PARTICLE)
                    && tokens.is_capitalised(at)
                    && matches!(
                        tokens.plain(before),
                        "van" | "von" | "der" | "ter" | "ten" | "di" | "del" | "della"
                    )
                    && matches!(tokens.gap(at), " " | "")
            })
            || in_a_sentence(tokens, at);
        if stands {
            context.mark(at, known.kind);
        }
    }
}

/// A word that the data set itself gives a person or place, and no word that the residual check
/// takes for harmless by itself; or two such parts of a name beside each other.
fn surely_known(context: &Context<'_, '_>, at: usize) -> Option<Kind> {
    let tokens = context.tokens;
    let [own, _] = context.known;
    let exactly = |at: usize| {
        let known = own.words.get(tokens.word(at))?;
        own.exact.contains(tokens.plain(at)).then_some(*known)
    };
    let known = exactly(at)?;
    if tokens.plain(at).chars().count() > 2 && !is_harmless(tokens.raw(at)) {
        return Some(known.kind);
    }
    let is_pair = |other: usize, gap: &str| {
        let of_name = |kind: Kind| matches!(kind, Kind::PatientName | Kind::StaffName);
        matches!(gap, "" | " " | "^" | "," | ", " | "_" | "-" | ".")
            && exactly(other).is_some_and(|other| {
                of_name(other.kind) && of_name(known.kind) && (other.family || known.family)
            })
            && tokens.plain(other) != tokens.plain(at)
    };
    let before = at
        .checked_sub(1)
        .is_some_and(|before| is_pair(before, tokens.gap(at)));
    (before || is_pair(at + 1, tokens.gap(at + 1))).then_some(known.kind)
}

/// An everyday word, no clinical one, with a capital between words without.
fn in_a_sentence(tokens: &Tokens<'_>, at: usize) -> bool {
    let is_small = |at: usize| {
        tokens
            .get(at)
            .is_some_and(|token| token.class == Class::Letters && token.case == Case::Lower)
    };
    tokens.is(at, COMMON)
        && !tokens.is(at, CLINICAL)
        && tokens
            .get(at)
            .is_some_and(|token| token.case == Case::Title)
        && at > 0
        && is_small(at - 1)
        && tokens.gap(at) == " "
        && (at + 1 >= tokens.len() || is_small(at + 1) || tokens.gap(at + 1).starts_with('.'))
}

/// What belongs to a name that goes: initials, particles, `'s`, numerals.
pub fn mark_around(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    for at in 0..tokens.len() {
        if !context.marks.is_name(at) {
            continue;
        }
        let kind = context.marks.get(at).unwrap_or(Kind::StaffName);
        forward(context, at, kind);
        backward(context, at, kind);
    }
}

fn forward(context: &mut Context<'_, '_>, at: usize, kind: Kind) {
    let tokens = context.tokens;
    let mut next = at + 1;
    while next < tokens.len() && next < at + 4 && !context.marks.is(next) {
        let gap = tokens.gap(next);
        let possessive = matches!(gap, "'" | "’") && tokens.plain(next) == "s";
        let numeral = gap == " "
            && matches!(
                tokens.raw(next),
                "Jr" | "Sr" | "II" | "III" | "jun" | "sen" | "jr" | "JR"
            );
        if !possessive && !numeral && !is_initial(context, next, gap, tokens.gap(next + 1)) {
            break;
        }
        context.mark(next, kind);
        next += 1;
    }
}

fn backward(context: &mut Context<'_, '_>, at: usize, kind: Kind) {
    let tokens = context.tokens;
    let mut first = at;
    while let Some(before) = first.checked_sub(1) {
        if context.marks.is(before) || at - first >= 4 {
            break;
        }
        let gap = tokens.gap(first);
        let particle = tokens.is(before, PARTICLE)
            && matches!(gap, " " | "_" | "-" | "'" | "’" | "")
            && tokens.class(before) == Some(Class::Letters)
            // `Befund von Müller`, `bruit de Doe`: only what is in the name, or stands in one.
            && (is_known_particle(context, before) || tokens.is_capitalised(before) || matches!(tokens.plain(before), "van" | "von" | "zu" | "ter" | "bin" | "ibn" | "der"));
        if !particle && !is_initial(context, before, gap, gap) {
            break;
        }
        context.mark(before, kind);
        first = before;
    }
}

fn is_known_particle(context: &Context<'_, '_>, at: usize) -> bool {
    context.known(context.tokens.word(at)).is_some()
}

/// One capital (or `J.`) beside a name: surely an initial with a point, else if some known given
/// name begins with it and it is no side of the body.
fn is_initial(context: &Context<'_, '_>, at: usize, gap: &str, after: &str) -> bool {
    let tokens = context.tokens;
    let letter = tokens.plain(at);
    let glued_number = tokens.class(at + 1) == Some(Class::Digits) && tokens.gap(at + 1).is_empty();
    if tokens.class(at) != Some(Class::Letters)
        || letter.chars().count() != 1
        || !tokens.is_capitalised(at)
        || glued_number
        || gap.contains('\n')
        || gap.chars().count() > 2
    {
        return false;
    }
    let known = letter.chars().next().is_some_and(|letter| {
        context.known.iter().any(|index| {
            index.initials.contains(&letter) || index.family_initials.contains(&letter)
        })
    });
    let dotted = after.starts_with('.') || gap.contains('.');
    known || dotted && !matches!(letter, "l" | "r") || gap.contains('^')
}
