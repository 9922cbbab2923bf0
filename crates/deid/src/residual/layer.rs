//! Identifiers spelled out and ready to be searched, and kept for the next instance of a study.

use std::sync::{Arc, Mutex, PoisonError};

use sagittal_core::{CharacterSet, Date, PersonName, TagPath};

use super::exemption::{Exempt, Exemption, is_gradient};
use super::matcher::{Fit, Matcher, Pattern};
use super::needle::{Kind, Needles, Term};
use super::search::Searcher;
use super::spelling::Spelling;
use super::{spelling, words};

/// Terms and their patterns; a pattern's needle is a position in `terms`.
pub(super) struct Layer {
    pub terms: Vec<Term>,
    pub matcher: Matcher,
    /// Terms of which not everything is looked for everywhere.
    exempt: Vec<(u32, Exemption)>,
    character_set: CharacterSet,
}

impl Layer {
    pub fn new(terms: Vec<Term>, character_set: &CharacterSet) -> Layer {
        let mut speller = Speller {
            patterns: Vec::with_capacity(terms.len() * 32),
            exempt: Vec::new(),
            needle: 0,
            character_set,
        };
        for (number, (kind, text)) in terms.iter().enumerate() {
            speller.needle = u32::try_from(number).unwrap_or(u32::MAX);
            speller.term(*kind, text);
        }
        Layer {
            matcher: Matcher::new(speller.patterns),
            exempt: speller.exempt,
            character_set: character_set.clone(),
            terms,
        }
    }

    /// What of the terms is not looked for; `origins` are where the input has them.
    pub fn exempt(&self, origins: &[TagPath]) -> impl Iterator<Item = Exempt> {
        self.exempt.iter().filter_map(|(needle, exemption)| {
            Some(Exempt {
                exemption: *exemption,
                kind: self.terms.get(*needle as usize)?.0,
                origin: origins.get(*needle as usize)?.clone(),
                place: None,
            })
        })
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
    exempt: Vec<(u32, Exemption)>,
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
                    self.pattern(&text, Fit::Word, Form::Plain);
                }
            }
            Kind::Time | Kind::Unreadable => {}
            Kind::Phone => {
                for text in spelling::phones(text) {
                    if text.len() >= 6 {
                        self.pattern(&text, Fit::Word, Form::Plain);
                    }
                }
            }
            Kind::Identifier => self.identifier(text),
            Kind::Uid => {
                if text.len() >= 8 {
                    self.pattern(text, Fit::Word, Form::Plain);
                }
            }
            _ => {
                if text.chars().count() < 4 {
                    self.exempt(Exemption::Short);
                } else if words::is_harmless(text) || words::says_nothing(text) {
                    self.exempt(Exemption::CommonWord);
                } else {
                    self.pattern(text, Fit::Word, Form::Plain);
                }
            }
        }
    }

    fn exempt(&mut self, exemption: Exemption) {
        let entry = (self.needle, exemption);
        if self.exempt.last() != Some(&entry) {
            self.exempt.push(entry);
        }
    }

    fn identifier(&mut self, text: &str) {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        if text.chars().count() < 4 {
            return self.exempt(Exemption::Short);
        }
        if words::is_harmless(text) || words::says_nothing(text) {
            return self.exempt(Exemption::CommonWord);
        }
        if is_gradient(text.as_bytes()) {
            self.exempt(Exemption::Gradient);
        }
        let has_digit = text.contains(|c: char| c.is_numeric());
        let form = if has_digit { Form::Whole } else { Form::Word };
        // Shorter ones may well be part of a UID or of a number by chance.
        let is_long = text.len() >= if is_number { 12 } else { 6 };
        let fit = if is_long { Fit::Anywhere } else { Fit::Word };
        self.pattern(text, fit, form);
        let bare: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        if bare != text && bare.len() >= 6 {
            self.pattern(&bare, Fit::Word, Form::Plain);
        }
        let significant = text.trim_start_matches('0');
        if is_number && significant != text && significant.len() >= 5 {
            self.pattern(significant, Fit::Word, Form::Plain);
        }
    }

    fn name(&mut self, text: &str) {
        let name = PersonName::tolerant(text);
        let is_row = text.contains(['^', ' ', ',']) && text.chars().count() >= 5;
        if is_row {
            self.pattern(text, Fit::Word, Form::Whole);
        }
        for whole in spelling::whole_names(&name, words::is_harmless) {
            self.pattern(&whole, Fit::Word, Form::Whole);
        }
        for part in spelling::name_parts(&name) {
            let counted = part.chars().filter(|c| c.is_alphanumeric());
            let letters = counted.count();
            let is_ideographic = part.chars().all(|c| c >= '\u{2E80}');
            let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
            let least = match is_number {
                true => 4,
                false if is_ideographic => 2,
                false => 3,
            };
            if letters < least {
                if letters > 0 {
                    self.exempt(Exemption::Short);
                }
                continue;
            }
            if words::is_harmless(&part) || words::says_nothing(&part) {
                self.exempt(Exemption::CommonWord);
                continue;
            }
            let is_long = is_ideographic || letters >= 8;
            let fit = if is_long { Fit::Anywhere } else { Fit::Word };
            self.pattern(&part, fit, Form::Part);
        }
    }

    fn pattern(&mut self, text: &str, fit: Fit, form: Form) {
        let inline = matches!(form, Form::Whole | Form::Word);
        let spelling = Spelling {
            text,
            fit,
            needle: self.needle,
            // A month's name in UTF-16 is hardly worth the time; a number is.
            wide: fit == Fit::Anywhere || text.len() <= 10 || inline,
            inline,
            single: matches!(form, Form::Word | Form::Part),
        };
        spelling::encode(&spelling, self.character_set, &mut self.patterns);
    }
}

/// What a pattern is of its term.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The whole: also in base64.
    Whole,
    /// The whole, and a single word.
    Word,
    /// One part.
    Part,
    /// A spelling.
    Plain,
}
