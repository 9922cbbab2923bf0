//! Identifiers spelled out and ready to be searched, and kept for the next instance of a study.

use std::sync::{Arc, Mutex, PoisonError};

use sagittal_core::{CharacterSet, Date, PersonName};

use super::matcher::{Fit, Matcher, Pattern};
use super::needle::{Kind, Needles, Term};
use super::search::Searcher;
use super::{spelling, words};

/// Terms and their patterns; a pattern's needle is a position in `terms`.
pub(super) struct Layer {
    pub terms: Vec<Term>,
    pub matcher: Matcher,
    character_set: CharacterSet,
}

impl Layer {
    pub fn new(terms: Vec<Term>, character_set: &CharacterSet) -> Layer {
        let mut speller = Speller {
            patterns: Vec::with_capacity(terms.len() * 32),
            needle: 0,
            character_set,
        };
        for (number, (kind, text)) in terms.iter().enumerate() {
            speller.needle = u32::try_from(number).unwrap_or(u32::MAX);
            speller.term(*kind, text);
        }
        Layer {
            matcher: Matcher::new(speller.patterns),
            character_set: character_set.clone(),
            terms,
        }
    }
}

/// Keeps what the instances of a study have in common: spelling it out costs more than searching.
/// Used from many threads; works best when each works on one study at a time.
#[derive(Default)]
pub struct Cache {
    common: Mutex<Option<Arc<Layer>>>,
}

impl Cache {
    /// Empty.
    pub fn new() -> Cache {
        Cache::default()
    }

    /// As [`Needles::searcher`], and finds exactly the same.
    pub fn searcher(&self, mut needles: Needles) -> Searcher {
        needles.leave_coincidences();
        let kept = self
            .common
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let kept = kept.filter(|layer| layer.character_set == needles.character_set);
        let shared: Vec<Term> = kept
            .iter()
            .flat_map(|layer| &layer.terms)
            .cloned()
            .collect();
        let (shared, gone): (Vec<Term>, Vec<Term>) = shared
            .into_iter()
            .partition(|term| needles.terms.contains_key(term));
        let common = match kept.filter(|_| gone.is_empty()) {
            Some(layer) => layer,
            None => {
                // What two instances have in common the third will have too.
                let terms = match shared.len() * 2 >= needles.terms.len() {
                    true => shared,
                    false => needles.terms.keys().cloned().collect(),
                };
                let layer = Arc::new(Layer::new(terms, &needles.character_set));
                let mut common = self.common.lock().unwrap_or_else(PoisonError::into_inner);
                *common = Some(Arc::clone(&layer));
                layer
            }
        };
        let is_common: std::collections::HashSet<&Term> = common.terms.iter().collect();
        let own = needles
            .terms
            .keys()
            .filter(|term| !is_common.contains(term));
        let own = Layer::new(own.cloned().collect(), &needles.character_set);
        needles.with(vec![common, Arc::new(own)])
    }
}

struct Speller<'c> {
    patterns: Vec<Pattern>,
    needle: u32,
    character_set: &'c CharacterSet,
}

impl Speller<'_> {
    fn term(&mut self, kind: Kind, text: &str) {
        match kind {
            Kind::Name => self.name(text),
            Kind::Date => {
                let date = text.parse().ok().and_then(Date::from_days);
                for text in date.map(spelling::dates).unwrap_or_default() {
                    self.pattern(&text, Fit::Word, false);
                }
            }
            Kind::Time | Kind::Unreadable => {}
            Kind::Phone => {
                for text in spelling::phones(text) {
                    if text.len() >= 6 {
                        self.pattern(&text, Fit::Word, false);
                    }
                }
            }
            Kind::Identifier => self.identifier(text),
            Kind::Uid => {
                if text.len() >= 8 {
                    self.pattern(text, Fit::Word, false);
                }
            }
            _ => {
                if text.chars().count() >= 4 && !words::is_harmless(text) {
                    self.pattern(text, Fit::Word, false);
                }
            }
        }
    }

    fn identifier(&mut self, text: &str) {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        if text.chars().count() < 4 || words::is_harmless(text) {
            return;
        }
        // Shorter ones may well be part of a UID or of a number by chance.
        let is_long = text.len() >= if is_number { 12 } else { 6 };
        let fit = if is_long { Fit::Anywhere } else { Fit::Word };
        self.pattern(text, fit, true);
        let bare: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        if bare != text && bare.len() >= 6 {
            self.pattern(&bare, Fit::Word, false);
        }
        let significant = text.trim_start_matches('0');
        if is_number && significant != text && significant.len() >= 5 {
            self.pattern(significant, Fit::Word, false);
        }
    }

    fn name(&mut self, text: &str) {
        let name = PersonName::tolerant(text);
        if text.contains(['^', ' ', ',']) && text.chars().count() >= 5 {
            self.pattern(text, Fit::Word, true);
        }
        for whole in spelling::whole_names(&name) {
            self.pattern(&whole, Fit::Word, true);
        }
        for part in spelling::name_parts(&name) {
            let letters = part.chars().count();
            let is_ideographic = part.chars().all(|c| c >= '\u{2E80}');
            if letters < if is_ideographic { 2 } else { 3 } || words::is_harmless(&part) {
                continue;
            }
            let is_long = is_ideographic || letters >= 8;
            let fit = if is_long { Fit::Anywhere } else { Fit::Word };
            self.pattern(&part, fit, false);
        }
    }

    fn pattern(&mut self, text: &str, fit: Fit, is_inline: bool) {
        // A month's name in UTF-16 is hardly worth the time; a number is.
        let is_wide = fit == Fit::Anywhere || text.len() <= 10 || is_inline;
        let (set, patterns) = (self.character_set, &mut self.patterns);
        spelling::encode(text, fit, self.needle, set, is_wide, is_inline, patterns);
    }
}
