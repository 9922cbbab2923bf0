//! Does a value match? (PS3.4 §C.2.2.2). The one place that decides; SQL only narrows down.

use sagittal_core::fold::{fold, phonetic_words};
use sagittal_core::wildcard;

use super::key;

/// An inclusive range of dates, times or moments as `key` numbers them; open where `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First.
    pub from: Option<i64>,
    /// Last.
    pub to: Option<i64>,
}

impl Span {
    /// Is it in?
    pub fn contains(&self, value: i64) -> bool {
        self.from.is_none_or(|from| from <= value) && self.to.is_none_or(|to| value <= to)
    }
}

/// Text to be equal to, or with wildcards: `*` any run of characters, `?` any one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The text.
    pub text: String,
    /// Are `*` and `?` wildcards in it?
    pub wildcard: bool,
}

impl Pattern {
    /// Equal.
    pub fn literal(text: impl Into<String>) -> Pattern {
        Pattern {
            text: text.into(),
            wildcard: false,
        }
    }

    /// With wildcards, if it contains any.
    pub fn wildcard(text: impl Into<String>) -> Pattern {
        let text = text.into();
        let wildcard = wildcard::has_wildcards(&text);
        Pattern { text, wildcard }
    }

    /// Does the whole of `value` match?
    pub fn matches(&self, value: &str) -> bool {
        if self.wildcard {
            wildcard::matches(&self.text, value)
        } else {
            self.text == value
        }
    }

    /// What every match begins with.
    pub fn prefix(&self) -> &str {
        if self.wildcard {
            self.text.split(['*', '?']).next().unwrap_or("")
        } else {
            &self.text
        }
    }
}

/// A person name to match: by component group, without case and diacritics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern {
    /// Folded groups; an empty one matches anything.
    groups: Vec<Pattern>,
}

impl NamePattern {
    /// From a key value; wildcards are always honored in names (PS3.4 §C.2.2.2.4).
    pub fn new(name: &str) -> NamePattern {
        let groups = name.split('=').map(|group| {
            // The key's trailing carets say nothing, unless a wildcard follows them.
            Pattern::wildcard(key::name_key(group))
        });
        let mut groups: Vec<Pattern> = groups.collect();
        while groups.len() > 1 && groups.last().is_some_and(|g| g.text.is_empty()) {
            groups.pop();
        }
        NamePattern { groups }
    }

    /// Does the name (as `key::name_key` gives it) match? A key of one group matches any group
    /// of the name; of several, each matches its own, and at least one must be there.
    pub fn matches_key(&self, name_key: &str) -> bool {
        let names = || name_key.split('=').filter(|group| !group.is_empty());
        if let [only] = self.groups.as_slice() {
            return names().any(|name| group_matches(only, name));
        }
        let mut met = false;
        for (pattern, name) in self.groups.iter().zip(name_key.split('=')) {
            if pattern.text.is_empty() || name.is_empty() {
                continue;
            }
            if !group_matches(pattern, name) {
                return false;
            }
            met = true;
        }
        met
    }

    /// The patterns one of whose prefixes a group of every matching name begins with.
    pub(super) fn groups(&self) -> impl Iterator<Item = &Pattern> {
        self.groups.iter().filter(|group| !group.text.is_empty())
    }
}

fn group_matches(pattern: &Pattern, name: &str) -> bool {
    // `SMITH^*` also means a name whose other components are empty.
    pattern.matches(name)
        || pattern.wildcard
            && pattern.text.ends_with("^*")
            && pattern.matches(&format!("{name}^^^^"))
}

/// What a value must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Matching {
    /// Without a value.
    Empty,
    /// Any of these, letter by letter.
    Texts(Vec<Pattern>),
    /// Any of these person names.
    Names(Vec<NamePattern>),
    /// A person name in which all of these phonetic codes occur, or those of another list.
    /// A code ending in `*` stands for words that begin so, folded and not coded.
    Sounds(Vec<Vec<String>>),
    /// Any of these numbers.
    Numbers(Vec<f64>),
    /// A date (DA) in any of these.
    Dates(Vec<Span>),
    /// A time (TM) in any of these.
    Times(Vec<Span>),
    /// A moment (DT, or a date and its time) in any of these.
    Moments(Vec<Span>),
}

impl Matching {
    /// Does one value match? Values are trimmed; the empty one matches only [`Matching::Empty`].
    pub fn matches(&self, value: &str) -> bool {
        let value = value.trim_matches([' ', '\0']);
        if value.is_empty() {
            return *self == Matching::Empty;
        }
        match self {
            Matching::Empty => false,
            Matching::Texts(any) => any.iter().any(|pattern| pattern.matches(value)),
            Matching::Names(any) => {
                let name = key::name_key(value);
                any.iter().any(|pattern| pattern.matches_key(&name))
            }
            Matching::Sounds(any) => {
                let codes = phonetic_words(value);
                let folded = fold(value);
                any.iter()
                    .any(|all| all.iter().all(|code| sounds_in(code, &codes, &folded)))
            }
            Matching::Numbers(any) => key::number(value).is_some_and(|value| any.contains(&value)),
            Matching::Dates(any) => within(any, key::date_key(value)),
            Matching::Times(any) => within(any, key::time_key(value)),
            Matching::Moments(any) => within(any, key::date_time_key(value)),
        }
    }

    /// Does any of several values match (or is there none, for [`Matching::Empty`])?
    pub fn matches_any<'a>(&self, values: impl IntoIterator<Item = &'a str>) -> bool {
        let mut none = true;
        for value in values {
            if value.trim_matches([' ', '\0']).is_empty() {
                continue;
            }
            none = false;
            if self.matches(value) {
                return true;
            }
        }
        none && *self == Matching::Empty
    }
}

fn within(spans: &[Span], value: Option<i64>) -> bool {
    value.is_some_and(|value| spans.iter().any(|span| span.contains(value)))
}

fn sounds_in(code: &str, codes: &[String], folded: &str) -> bool {
    match code.strip_suffix('*') {
        Some(prefix) => folded
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word.starts_with(prefix)),
        None => codes.iter().any(|known| known == code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_matches(pattern: &str, name: &str) -> bool {
        Matching::Names(vec![NamePattern::new(pattern)]).matches(name)
    }

    #[test]
    fn wildcards_match_the_whole_value() {
        let matches = |p: &str, v: &str| Pattern::wildcard(p).matches(v);
        assert!(matches("*", "") && matches("a*", "a") && matches("a*c*e", "abcde"));
        assert!(matches("?b?", "abc") && matches("*ä?", "xäß"));
        assert!(!matches("a?", "a") && !matches("a", "ab") && !matches("*b", "abc"));
        assert!(matches("[a]*", "[a]b") && !matches("[a]*", "ab"));
    }

    #[test]
    fn names_match_without_case_and_diacritics_in_any_group() {
        assert!(name_matches("muller^jorg", "MÜLLER^Jörg"));
        assert!(name_matches("Müller^*", "MULLER"));
        assert!(!name_matches("Müller^*", "MULLERSON^A"));
        assert!(name_matches(
            "yamada*",
            "Yamada^Tarou=山田^太郎=やまだ^たろう"
        ));
        assert!(name_matches(
            "山田*",
            "Yamada^Tarou=山田^太郎=やまだ^たろう"
        ));
        assert!(name_matches("=山田^太郎", "Yamada^Tarou=山田^太郎"));
        assert!(!name_matches("Suzuki*=山田*", "Yamada^Tarou=山田^太郎"));
        assert!(name_matches("Yamada*=山田*", "Yamada^Tarou"));
        assert!(!name_matches("Smith", "Smith^John"));
        assert!(name_matches("Smith^John^^", "SMITH^JOHN"));
    }

    #[test]
    fn only_empty_matches_no_value() {
        assert!(Matching::Empty.matches_any(["", " "]));
        assert!(Matching::Empty.matches_any([]));
        assert!(!Matching::Empty.matches_any(["x"]));
        assert!(!Matching::Texts(vec![Pattern::literal("x")]).matches_any([]));
        assert!(
            !Matching::Dates(vec![Span {
                from: None,
                to: None
            }])
            .matches("")
        );
    }

    #[test]
    fn numbers_match_by_value() {
        assert!(Matching::Numbers(vec![1.0]).matches("+01 "));
        assert!(!Matching::Numbers(vec![1.0]).matches("1x"));
    }

    #[test]
    fn fuzzy_names_match_by_sound_in_any_order() {
        let sounds = |words: &[&str]| {
            Matching::Sounds(vec![words.iter().map(|w| (*w).to_owned()).collect()])
        };
        let codes = phonetic_words("Maier Johann");
        let all: Vec<&str> = codes.iter().map(String::as_str).collect();
        assert!(sounds(&all).matches("MEYER^JOHANN^K"));
        assert!(!sounds(&all).matches("MEYER^PETER"));
        assert!(sounds(&["joh*"]).matches("MEYER^JOHANN"));
        assert!(!sounds(&["job*"]).matches("MEYER^JOHANN"));
    }
}
