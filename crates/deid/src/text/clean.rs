//! The cleaner: what is known and what the rules find, taken out of one text.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::context::Context;
use super::index::Index;
use super::join::join;
use super::marks::Marks;
use super::token::{Class, Tokens};
use super::words::{AGE_LABEL, AGE_WORD, Vocabulary};
use super::{
    Cleaned, Identity, Kind, Leave, dates, identifiers, labels, names, numbers, places, times, web,
};

/// How often a text is gone over: what is taken out brings words together that were apart.
const PASSES: usize = 8;

/// Cleans texts of one data set.
#[derive(Clone, Debug)]
pub struct Cleaner {
    own: Arc<Index>,
    lists: Arc<Index>,
    leave: Leave,
    mask: Cow<'static, str>,
}

impl Cleaner {
    /// Compiles what is known.
    pub fn new(identity: Identity, leave: Leave) -> Cleaner {
        Cleaner {
            own: identity.index(),
            lists: Arc::default(),
            leave,
            mask: Cow::Borrowed(""),
        }
    }

    /// Also knows the terms of lists that many cleaners share (compiled once, however long).
    #[must_use]
    pub fn with_lists(mut self, lists: &Identity) -> Cleaner {
        self.lists = lists.index();
        self
    }

    /// Puts `mask` where something was taken out, instead of nothing.
    #[must_use]
    pub fn with_mask(mut self, mask: &str) -> Cleaner {
        self.mask = Cow::Owned(mask.to_owned());
        self
    }

    /// Takes what identifies out of `text` (one value, decoded).
    ///
    /// The result is stable: cleaned again, nothing more is found. (Dates that were moved would
    /// move again.)
    pub fn clean<'t>(&self, text: &'t str) -> Cleaned<'t> {
        let mut cleaned = Cleaned {
            text: Cow::Borrowed(text),
            removed: Vec::new(),
        };
        // Bytes of `cleaned.text`, in pieces, to bytes of `text`.
        let mut origin = vec![(0, 0)];
        for pass in 0..PASSES {
            let tokens = Tokens::new(&cleaned.text, Vocabulary::get());
            let marks = self.marks(&tokens, pass);
            if !marks.any() {
                break;
            }
            let joined = join(&tokens, &marks, &self.mask);
            let back = |at: usize| {
                let piece = origin.partition_point(|(from, _)| *from <= at);
                let (from, to) = piece
                    .checked_sub(1)
                    .and_then(|piece| origin.get(piece))
                    .copied()
                    .unwrap_or((0, 0));
                (to + at.saturating_sub(from)).min(text.len())
            };
            for (range, kind) in joined.removed {
                cleaned
                    .removed
                    .push((boundary(text, back(range.start)..back(range.end)), kind));
            }
            let pieces = joined.pieces.iter();
            origin = pieces.map(|(new, old)| (*new, back(*old))).collect();
            cleaned.text = Cow::Owned(joined.text);
        }
        cleaned
            .removed
            .sort_by_key(|(range, _)| (range.start, range.end));
        cleaned
    }

    fn marks(&self, tokens: &Tokens<'_>, pass: usize) -> Marks {
        let mut context = Context {
            tokens,
            known: [&self.own, &self.lists],
            leave: self.leave,
            marks: Marks::new(tokens.len()),
        };
        web::mark(&mut context);
        mark_dates(&mut context, pass > 0);
        mark_times(&mut context);
        numbers::mark(&mut context);
        identifiers::mark_needles(&mut context);
        names::mark_phrases(&mut context);
        labels::mark(&mut context);
        names::mark_words(&mut context);
        names::mark_announced(&mut context);
        names::mark_given(&mut context);
        places::mark(&mut context);
        names::mark_doubtful(&mut context);
        names::mark_around(&mut context);
        mark_ages(&mut context);
        context.marks
    }
}

/// Never within a character.
fn boundary(text: &str, range: Range<usize>) -> Range<usize> {
    let mut range = range;
    while !text.is_char_boundary(range.start) {
        range.start -= 1;
    }
    range.end = range.end.max(range.start);
    while !text.is_char_boundary(range.end) {
        range.end += 1;
    }
    range
}

/// Dates go, or move; those that were moved in an earlier pass stay.
fn mark_dates(context: &mut Context<'_, '_>, is_again: bool) {
    let tokens = context.tokens;
    let known = context.known.map(|index| &index.dates);
    let births = context.known.map(|index| &index.births);
    // One of the two is almost always empty.
    let [own, lists] = known;
    let all = if lists.is_empty() {
        Cow::Borrowed(own)
    } else if own.is_empty() {
        Cow::Borrowed(lists)
    } else {
        Cow::Owned(own.union(lists).copied().collect())
    };
    let mut at = 0;
    while at < tokens.len() {
        let found = if context.marks.is(at) {
            None
        } else {
            dates::at(tokens, at, &all)
        };
        let Some(found) = found else {
            at += 1;
            continue;
        };
        let is_birth = found
            .date
            .is_some_and(|date| births.iter().any(|births| births.contains(&date)));
        let end = found.end;
        let kind = if is_birth {
            Kind::BirthDate
        } else {
            Kind::Date
        };
        let moved = context
            .leave
            .shift_days
            .filter(|_| !is_birth)
            .and_then(|days| dates::shifted(tokens, at, &found, days));
        if moved.is_some() && is_again {
            context.marks.protect(at..end);
            at = end;
            continue;
        }
        if let Some(edits) = moved {
            context.marks.edits.extend(edits);
            at = end;
            continue;
        }
        let until = times::after_date(tokens, end);
        (at..until).for_each(|at| context.mark(at, kind));
        at = until.max(at + 1);
    }
}

/// Times that stand alone: with seconds, with a word that says so, next to a date, or known.
/// A ratio (`1:2`) and the face of a clock (`3 o'clock`) stay.
fn mark_times(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    // Days move, times of day do not.
    if context.leave.dates || context.leave.shift_days.is_some() {
        return;
    }
    let mut at = 0;
    while at < tokens.len() {
        let Some(end) = times::time(tokens, at).filter(|_| !context.marks.is(at)) else {
            at += 1;
            continue;
        };
        let has_colon = tokens.gap(at + 1) == ":" || tokens.plain(at + 1) == "h";
        let is_long = end - at > 2;
        let is_announced = at > 0
            && tokens.is(at - 1, super::words::TIME_WORD)
            && !tokens.is(at, super::words::UNIT)
            && matches!(tokens.gap(at), " ");
        let follows = |from: usize| {
            let skip = usize::from(tokens.is(from, super::words::TIME_WORD));
            context.marks.get(from + skip) == Some(Kind::Date) && tokens.gap(from).len() <= 3
        };
        let hour_minute = tokens.number(at).zip(tokens.number(at + 1));
        let is_known = hour_minute.is_some_and(|(hour, minute)| {
            let pair = u8::try_from(hour).ok().zip(u8::try_from(minute).ok());
            pair.is_some_and(|pair| {
                context
                    .known
                    .iter()
                    .any(|index| index.times.contains(&pair))
            })
        });
        if is_long || has_colon && (is_announced || follows(end) || is_known) || follows(end) {
            (at..end).for_each(|at| context.mark(at, Kind::Time));
        }
        at = end;
    }
}

/// Ages over 89: `93 years old`, `94yo`, `aged 91`, `093Y`.
fn mark_ages(context: &mut Context<'_, '_>) {
    let tokens = context.tokens;
    for at in 0..tokens.len() {
        let Some(age) = tokens.digits(at, 2, 3).and_then(|_| tokens.number(at)) else {
            continue;
        };
        if !(90..=125).contains(&age) || context.marks.is(at) {
            continue;
        }
        let is_before = tokens.is(at + 1, AGE_WORD)
            && tokens.class(at + 1) == Some(Class::Letters)
            && matches!(tokens.gap(at + 1), "" | " " | "-")
            && (tokens.plain(at + 1).len() > 1
                || tokens.gap(at + 1).is_empty()
                || tokens.gap(at + 2) == "/");
        let is_after = at > 0
            && tokens.is(at - 1, AGE_LABEL)
            && tokens.gap(at).chars().all(|c| matches!(c, ' ' | ':' | '='));
        if is_before || is_after {
            context.mark(at, Kind::Age);
        }
    }
}
