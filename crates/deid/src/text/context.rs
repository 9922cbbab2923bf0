//! What every rule looks at and writes to.

use super::index::{Index, Known};
use super::marks::Marks;
use super::token::{Class, Tokens};
use super::words::{CLINICAL, COMMON, PARTICLE, VOCABULARY};
use super::{Kind, Leave};

/// One text under the rules.
pub struct Context<'a, 't> {
    /// The text in atoms.
    pub tokens: &'a Tokens<'t>,
    /// What is known: of the data set, of the lists.
    pub known: [&'a Index; 2],
    /// What may stay.
    pub leave: Leave,
    /// What goes.
    pub marks: Marks,
}

impl Context<'_, '_> {
    /// Does this kind stay, by the options?
    pub fn stays(&self, kind: Kind) -> bool {
        match kind {
            Kind::Institution => self.leave.institutions,
            Kind::Device => self.leave.devices,
            Kind::Date | Kind::Time => self.leave.dates,
            _ => false,
        }
    }

    /// The atom goes, unless its kind stays.
    pub fn mark(&mut self, at: usize, kind: Kind) {
        if !self.stays(kind) {
            self.marks.set(at, kind);
        }
    }

    /// A word that is known.
    pub fn known(&self, word: &str) -> Option<Known> {
        self.known
            .iter()
            .find_map(|index| index.words.get(word).copied())
    }

    /// Letters that are no clinical word, and if small no everyday word: what can be a name after
    /// a word that announces one.
    pub fn may_be_name(&self, at: usize) -> bool {
        let tokens = self.tokens;
        tokens.class(at) == Some(Class::Letters)
            && if tokens.is_capitalised(at) {
                !tokens.is(at, CLINICAL)
            } else {
                !tokens.is(at, VOCABULARY | PARTICLE) && tokens.plain(at).chars().count() > 1
            }
    }

    /// Marks the name that begins at `from`, its first word taken for granted; returns where it
    /// ends. Takes up to `most` words: capitalised or unknown ones, particles and initials between.
    pub fn take_name(&mut self, from: usize, most: usize, kind: Kind) -> usize {
        let tokens = self.tokens;
        let mut end = from;
        let mut at = from;
        let mut words = 0;
        while words < most && at < tokens.len() {
            if at > from && !is_name_gap(tokens.gap(at), tokens.plain(at - 1)) {
                break;
            }
            let is_initial = tokens.plain(at).chars().count() == 1 && tokens.is_capitalised(at);
            let is_particle = tokens.is(at, PARTICLE) && at + 1 < tokens.len();
            if tokens.class(at) != Some(Class::Letters) {
                break;
            }
            // `Smith T1`: a letter with a number at it is no initial.
            let has_number = tokens.get(at + 1).is_some_and(|next| next.glued)
                && tokens.class(at + 1) == Some(Class::Digits);
            let is_first = at == from;
            if is_first || is_initial && !has_number || self.continues_name(at) {
                words += usize::from(!is_particle || is_first);
                at += 1;
                end = at;
            } else if is_particle && !tokens.is(at, CLINICAL) {
                at += 1;
            } else {
                break;
            }
        }
        (from..end).for_each(|at| self.mark(at, kind));
        end
    }

    /// A further word of a name: capitalised and no word of any vocabulary, or small, unknown and
    /// joined to it.
    fn continues_name(&self, at: usize) -> bool {
        let tokens = self.tokens;
        let joined = matches!(tokens.gap(at), "-" | "'" | "’" | "^" | "");
        let unknown = !tokens.is(at, VOCABULARY);
        tokens.is_capitalised(at) && (unknown || joined && !tokens.is(at, CLINICAL))
            || tokens.is_capitalised(at) && tokens.is(at, COMMON) && !tokens.is(at, CLINICAL) && {
                // `John White` but not `Smith For Review`.
                tokens.plain(at).chars().count() > 3 && tokens.gap(at).trim().is_empty()
            }
            || joined && unknown
            || unknown && !tokens.is_capitalised(at) && tokens.plain(at).chars().count() > 3
    }
}

/// What may stand between two words of one name.
pub fn is_name_gap(gap: &str, before: &str) -> bool {
    matches!(gap, " " | "-" | "'" | "’" | "^" | "_" | "" | "  ")
        || matches!(gap, ". " | "." | ".-") && before.chars().count() <= 2
        || matches!(gap, ", " | ",") && before.chars().count() > 1
}
