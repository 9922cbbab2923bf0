//! What is known to identify, made ready to be looked up: words of names, phrases, identifiers,
//! dates.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use sagittal_core::{Date, DateTime, PersonName, Time};

use super::Kind;
use super::needles::Needles;
use super::token::{Class, Tokens};
use super::words::{
    CREDENTIAL, INSTITUTION, PARTICLE, TITLE, TITLE_BY_CASE, TOWN, VOCABULARY, Vocabulary,
};
use crate::residual::{is_harmless, says_nothing};

/// A word that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// As what.
    pub kind: Kind,
    /// It is a family name (or the only one).
    pub family: bool,
}

/// Everything known, compiled.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Words of names, distinctive words of places and institutions; without digraphs.
    pub words: HashMap<String, Known>,
    /// Words of names and of single-word places as they are written, digraphs and all.
    pub exact: HashSet<String>,
    /// Phrases of two words and more, by their first word.
    pub phrases: HashMap<String, Vec<(Vec<String>, Kind)>>,
    /// Identifiers, phone numbers and names in signs, searched in folded text without gaps.
    pub needles: Needles,
    /// Names of five letters and more, searched within words.
    pub parts: Needles,
    /// Names of eight letters and more, everyday words or not: see [`super::names`].
    pub long_parts: Needles,
    /// Identifiers of two or three characters, which must stand alone.
    pub short: HashMap<String, Kind>,
    /// Dates, birth dates among them.
    pub dates: HashSet<Date>,
    /// Birth dates.
    pub births: HashSet<Date>,
    /// Hours and minutes.
    pub times: HashSet<(u8, u8)>,
    /// First letters of given and middle names.
    pub initials: HashSet<char>,
    /// First letters of family names.
    pub family_initials: HashSet<char>,
    /// First three bytes of names of three letters and more: which words are worth to be tried as
    /// two names written together.
    starts: HashSet<[u8; 3]>,
}

impl Index {
    /// Compiles `terms`.
    pub fn new(terms: &[(Kind, String)]) -> Index {
        let mut index = Index::default();
        for (kind, term) in terms {
            match kind {
                Kind::PatientName | Kind::StaffName => index.name(*kind, term),
                Kind::Identifier | Kind::Device => index.identifier(*kind, term),
                Kind::Phone => index.phone(term),
                Kind::Place | Kind::Institution | Kind::Address => index.phrase(*kind, term),
                Kind::Date | Kind::BirthDate => index.date(*kind, term),
                Kind::Time => index.time(term),
                Kind::Age => {}
            }
        }
        index
    }

    /// May a word that begins like this be two names written together?
    pub fn may_be_joined(&self, word: &str) -> bool {
        start(word).is_some_and(|start| self.starts.contains(&start))
    }

    fn name(&mut self, kind: Kind, term: &str) {
        let name = PersonName::tolerant(term);
        for group in name.groups() {
            let [family, given, middle, prefix, suffix] = group.components();
            // Free text in one component: `Dr. John Smith`, `SMITH, JOHN`.
            let single = given.is_empty() && middle.is_empty();
            for (at, component) in [family, given, middle].into_iter().enumerate() {
                self.component(kind, component, at == 0, single);
            }
            let whole = [family, given, middle, prefix, suffix].concat();
            self.signs(kind, &whole);
        }
    }

    fn component(&mut self, kind: Kind, component: &str, family: bool, single: bool) {
        let tokens = Tokens::new(component, Vocabulary::get());
        self.signs(kind, component);
        self.compound(kind, &tokens);
        let mut at = 0;
        let mut first = true;
        while at < tokens.len() {
            if tokens.class(at) != Some(Class::Letters) {
                if tokens.digits(at, 4, 64).is_some() {
                    self.identifier(Kind::Identifier, tokens.raw(at));
                }
                at += 1;
                continue;
            }
            let run = tokens.letters_run(at);
            let is_title = tokens.is(at, TITLE | TITLE_BY_CASE | CREDENTIAL) && single;
            let is_particle = tokens.is(at, PARTICLE) && tokens.len() > 1;
            let joint = tokens.joint(run.clone());
            if !is_title && !is_particle {
                let is_family = family && (!single || first || run.end == tokens.len());
                self.word(kind, joint, is_family);
                self.exactly(&tokens, run.clone());
                if tokens.get(run.end).is_some_and(|next| next.glued) {
                    // `User2`, `XR220`.
                    self.glued(kind, &tokens, run.clone());
                }
                if run.len() > 1 {
                    for position in run.clone() {
                        if tokens.word(position).chars().count() > 2 {
                            self.word(kind, tokens.word(position), is_family);
                        }
                    }
                }
                let initial = joint.chars().next();
                if !family || single {
                    self.initials.extend(initial);
                }
                if family {
                    self.family_initials.extend(initial);
                }
                first = false;
            }
            at = run.end;
        }
    }

    /// Keeps a word as it is written.
    fn exactly(&mut self, tokens: &Tokens<'_>, run: Range<usize>) {
        self.exact
            .insert(tokens.joint_plain(run.clone()).to_owned());
        for at in run {
            self.exact.insert(tokens.plain(at).to_owned());
        }
    }

    /// A word of a name with digits at it.
    fn glued(&mut self, kind: Kind, tokens: &Tokens<'_>, run: Range<usize>) {
        let mut end = run.end;
        while tokens.get(end).is_some_and(|next| next.glued) {
            end += 1;
        }
        let word = tokens.joint_plain(run.start..end).to_owned();
        if word.bytes().any(|byte| byte.is_ascii_digit()) {
            self.identifier(kind, &word);
        }
    }

    /// Several words written as one: `vanderberg`, `muellerluedenscheidt`.
    fn compound(&mut self, kind: Kind, tokens: &Tokens<'_>) {
        let letters = (0..tokens.len()).filter(|at| tokens.class(*at) == Some(Class::Letters));
        let words: Vec<&str> = letters.map(|at| tokens.word(at)).collect();
        let joint = words.concat();
        if words.len() > 1 && joint.chars().count() > 4 {
            self.word(kind, &joint, false);
        }
    }

    /// Names without spaces: each run of two signs and more.
    fn signs(&mut self, kind: Kind, text: &str) {
        let tokens = Tokens::new(text, Vocabulary::get());
        let mut at = 0;
        while at < tokens.len() {
            let mut run = String::new();
            let from = at;
            while tokens.class(at) == Some(Class::Sign) {
                run.push_str(tokens.plain(at));
                at += 1;
            }
            if at - from > 1 {
                self.needles.add(run, kind);
            }
            at += usize::from(at == from);
        }
    }

    fn word(&mut self, kind: Kind, word: &str, family: bool) {
        let letters = word.chars().count();
        if letters < 2 {
            return;
        }
        let is_new = !self.words.contains_key(word);
        let known = self
            .words
            .entry(word.to_owned())
            .or_insert(Known { kind, family });
        known.family |= family;
        if matches!(kind, Kind::PatientName | Kind::StaffName) {
            known.kind = known.kind.min(kind);
            self.starts.extend(start(word));
            if is_new && letters >= 8 {
                self.long_parts.add(word.to_owned(), kind);
            }
            if is_new && letters >= 5 && Vocabulary::get().flags(word, word) & VOCABULARY == 0 {
                self.parts.add(word.to_owned(), kind);
            }
        }
    }

    fn identifier(&mut self, kind: Kind, term: &str) {
        let tokens = Tokens::new(term, Vocabulary::get());
        let has_digit = tokens.plain.bytes().any(|byte| byte.is_ascii_digit());
        let known_word = tokens
            .list
            .iter()
            .all(|token| token.class == Class::Letters && token.flags & VOCABULARY != 0);
        if known_word {
            if !says_nothing(term) && !is_harmless(term) {
                self.needles.add(tokens.plain.clone(), kind);
            }
            return;
        }
        if !has_digit {
            if kind == Kind::Identifier && tokens.plain.chars().count() >= 6 {
                self.needles.add(tokens.plain.clone(), kind);
            }
            return self.phrase(kind, term);
        }
        let bare = tokens.plain.trim_start_matches('0');
        match bare.chars().count() {
            0 | 1 => {}
            2 | 3 => {
                self.short.insert(tokens.plain.clone(), kind);
            }
            _ => self.needles.add(bare.to_owned(), kind),
        }
    }

    fn phone(&mut self, term: &str) {
        let digits: String = term.chars().filter(char::is_ascii_digit).collect();
        let bare = digits.trim_start_matches('0');
        if bare.len() >= 6 {
            self.needles.add(bare.to_owned(), Kind::Phone);
        }
        // The same number without its country or trunk prefix.
        if bare.len() >= 10
            && let Some(local) = bare.get(bare.len() - 8..)
        {
            self.needles.add(local.to_owned(), Kind::Phone);
        }
    }

    fn phrase(&mut self, kind: Kind, term: &str) {
        // Parts of an address stand apart in other texts.
        for part in term.split(['\n', '\r', ',', ';', '^', '=']) {
            let tokens = Tokens::new(part, Vocabulary::get());
            let words: Vec<String> = (0..tokens.len())
                .map(|at| tokens.word(at).to_owned())
                .collect();
            for at in 0..tokens.len() {
                let distinctive = tokens.class(at) == Some(Class::Letters)
                    && tokens.get(at).is_some_and(|token| token.flags & !TOWN == 0)
                    && tokens.word(at).chars().count() >= 4;
                if distinctive {
                    self.word(kind, tokens.word(at), false);
                }
                if kind != Kind::Institution
                    && let Some(digits) = tokens.digits(at, 5, 12)
                {
                    self.needles.add(digits.to_owned(), kind);
                }
            }
            let all_vocabulary = (0..tokens.len()).all(|at| tokens.is(at, VOCABULARY));
            let says_nothing = all_vocabulary
                && !(0..tokens.len()).any(|at| tokens.is(at, INSTITUTION))
                && says_nothing(part);
            if all_vocabulary
                && let [only] = words.as_slice()
                && tokens.plain(0).chars().count() > 3
            {
                self.word(kind, only, false);
                self.exactly(&tokens, 0..1);
            }
            if let [first, _, ..] = words.as_slice()
                && !says_nothing
            {
                let first = first.clone();
                self.phrases.entry(first).or_default().push((words, kind));
            } else if let [only] = words.as_slice()
                && tokens.class(0) == Some(Class::Sign)
            {
                self.needles.add(only.clone(), kind);
            }
        }
        self.signs(kind, term);
    }

    fn date(&mut self, kind: Kind, term: &str) {
        let date = DateTime::parse(term.trim())
            .ok()
            .and_then(DateTime::date)
            .or_else(|| Date::parse(term.trim()).ok());
        let date = date.or_else(|| super::dates::read(term));
        self.dates.extend(date);
        if kind == Kind::BirthDate {
            self.births.extend(date);
        }
    }

    fn time(&mut self, term: &str) {
        if let Ok(time) = Time::parse(term.trim())
            && let Some(minute) = time.minute()
            // Midnight to the second is what devices write for want of a time.
            && (time.hour(), minute) != (0, 0)
        {
            self.times.insert((time.hour(), minute));
        }
    }
}

fn start(word: &str) -> Option<[u8; 3]> {
    word.as_bytes().first_chunk::<3>().copied()
}
