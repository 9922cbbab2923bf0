//! Text in atoms: runs of letters (camel case taken apart), runs of digits, single ideographs.
//! All rules of the cleaner look at atoms and the gaps between them; nothing looks back, so that
//! time is linear in the length of the text.

use std::ops::Range;

use sagittal_core::fold::fold;

use super::words::{Flags, Vocabulary};

/// What an atom is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Letters of an alphabet, with their marks.
    Letters,
    /// Decimal digits.
    Digits,
    /// One character of a script that is written without spaces: Han, kana, Hangul, Thai.
    Sign,
}

/// How an atom's letters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// All capitals, or one capital.
    Upper,
    /// One capital, then small letters.
    Title,
    /// Small letters, or a script without case.
    Lower,
}

/// One atom.
#[derive(Clone, Debug)]
pub struct Token {
    /// Bytes of the text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it is made of.
    pub class: Class,
    /// How it is written.
    pub case: Case,
    /// Nothing stands between it and the atom before.
    pub glued: bool,
    /// The folded form in [`Tokens::plain`].
    pub plain: Range<usize>,
    /// The form without digraphs in [`Tokens::words`].
    pub word: Range<usize>,
    /// What the vocabulary says of it (for camel case, of the whole run if it knows that).
    pub flags: Flags,
}

/// A text in atoms.
#[derive(Debug)]
pub struct Tokens<'t> {
    /// The text.
    pub text: &'t str,
    /// Its atoms in order.
    pub list: Vec<Token>,
    /// Folded atoms, one after the other without gaps: what is searched for identifiers.
    pub plain: String,
    /// The same with `ae`, `oe`, `ue`, `aa` written `a`, `o`, `u`, `a`: what words are looked up by,
    /// so that Mueller, Müller and MULLER meet.
    pub words: String,
}

impl<'t> Tokens<'t> {
    /// Takes `text` apart.
    pub fn new(text: &'t str, vocabulary: &Vocabulary) -> Tokens<'t> {
        let mut tokens = Tokens {
            text,
            list: Vec::with_capacity(text.len() / 5 + 2),
            plain: String::with_capacity(text.len() + 8),
            words: String::with_capacity(text.len() + 8),
        };
        tokens.split();
        tokens.look_up(vocabulary);
        tokens
    }

    /// The atom at `at`.
    pub fn get(&self, at: usize) -> Option<&Token> {
        self.list.get(at)
    }

    /// How many atoms.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The atom as it stands in the text.
    pub fn raw(&self, at: usize) -> &'t str {
        self.get(at)
            .and_then(|token| self.text.get(token.start..token.end))
            .unwrap_or("")
    }

    /// The folded atom.
    pub fn plain(&self, at: usize) -> &str {
        self.get(at)
            .and_then(|token| self.plain.get(token.plain.clone()))
            .unwrap_or("")
    }

    /// The folded atom without digraphs.
    pub fn word(&self, at: usize) -> &str {
        self.get(at)
            .and_then(|token| self.words.get(token.word.clone()))
            .unwrap_or("")
    }

    /// The atoms `range` as one word without digraphs.
    pub fn joint(&self, range: Range<usize>) -> &str {
        let (Some(first), Some(last)) =
            (self.get(range.start), self.get(range.end.wrapping_sub(1)))
        else {
            return "";
        };
        self.words
            .get(first.word.start..last.word.end)
            .unwrap_or("")
    }

    /// The atoms `range` as one folded word.
    pub fn joint_plain(&self, range: Range<usize>) -> &str {
        let (Some(first), Some(last)) =
            (self.get(range.start), self.get(range.end.wrapping_sub(1)))
        else {
            return "";
        };
        self.plain
            .get(first.plain.start..last.plain.end)
            .unwrap_or("")
    }

    /// What stands before the atom `at`, after the one before it; what stands after the last atom
    /// for `at == len()`.
    pub fn gap(&self, at: usize) -> &'t str {
        let from = match at.checked_sub(1) {
            Some(before) => self.get(before).map_or(self.text.len(), |token| token.end),
            None => 0,
        };
        let to = self.get(at).map_or(self.text.len(), |token| token.start);
        self.text.get(from..to).unwrap_or("")
    }

    /// The class of an atom.
    pub fn class(&self, at: usize) -> Option<Class> {
        self.get(at).map(|token| token.class)
    }

    /// Digits, as few as `least`, as many as `most`.
    pub fn digits(&self, at: usize, least: usize, most: usize) -> Option<&str> {
        let digits = self.plain(at);
        let fits = self.class(at) == Some(Class::Digits)
            && (least..=most).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then_some(digits)
    }

    /// The number that an atom of up to nine digits is.
    pub fn number(&self, at: usize) -> Option<u32> {
        self.digits(at, 1, 9)?.parse().ok()
    }

    /// Does the vocabulary say any of `flags` of it?
    pub fn is(&self, at: usize, flags: Flags) -> bool {
        self.get(at).is_some_and(|token| token.flags & flags != 0)
    }

    /// Letters that begin with a capital.
    pub fn is_capitalised(&self, at: usize) -> bool {
        self.get(at)
            .is_some_and(|token| token.class == Class::Letters && token.case != Case::Lower)
    }

    /// The first atom of the run of letters that `at` is in, and where the run ends.
    pub fn letters_run(&self, at: usize) -> Range<usize> {
        let is_letters = |at: usize| self.class(at) == Some(Class::Letters);
        let mut run = at..at + 1;
        while run.start > 0
            && self.get(run.start).is_some_and(|token| token.glued)
            && is_letters(run.start - 1)
        {
            run.start -= 1;
        }
        while self.get(run.end).is_some_and(|token| token.glued) && is_letters(run.end) {
            run.end += 1;
        }
        run
    }

    fn split(&mut self) {
        let mut open: Option<(usize, Class)> = None;
        let mut previous = ' ';
        let mut chars = self.text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let class = classify(c);
            let continues = match (open, class) {
                // A mark goes with what it stands on.
                (Some(_), Kind::Mark) => true,
                (Some((_, Class::Letters)), Kind::Of(Class::Letters)) => {
                    let next_is_small = chars.peek().is_some_and(|(_, next)| next.is_lowercase());
                    let hump = c.is_uppercase()
                        && (previous.is_lowercase() || previous.is_uppercase() && next_is_small);
                    !hump
                }
                (Some((_, Class::Digits)), Kind::Of(Class::Digits)) => true,
                _ => false,
            };
            if !continues {
                if let Some((start, class)) = open.take() {
                    self.push(start, at, class);
                }
                if let Kind::Of(class) = class {
                    open = Some((at, class));
                }
            }
            previous = c;
        }
        if let Some((start, class)) = open {
            self.push(start, self.text.len(), class);
        }
    }

    fn push(&mut self, start: usize, end: usize, class: Class) {
        let raw = self.text.get(start..end).unwrap_or("");
        let (plain_start, word_start) = (self.plain.len(), self.words.len());
        if raw.is_ascii() {
            self.plain
                .extend(raw.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            self.plain.push_str(&fold(raw));
        }
        let plain = plain_start..self.plain.len();
        without_digraphs(self.plain.get(plain.clone()).unwrap_or(""), &mut self.words);
        let glued = self.list.last().is_some_and(|last| last.end == start);
        self.list.push(Token {
            start,
            end,
            class,
            case: case(raw),
            glued,
            plain,
            word: word_start..self.words.len(),
            flags: 0,
        });
    }

    fn look_up(&mut self, vocabulary: &Vocabulary) {
        let mut at = 0;
        while at < self.list.len() {
            if self.class(at) != Some(Class::Letters) {
                at += 1;
                continue;
            }
            let mut end = at + 1;
            while self
                .get(end)
                .is_some_and(|token| token.glued && token.class == Class::Letters)
            {
                end += 1;
            }
            let whole = if end > at + 1 {
                vocabulary.flags(self.joint_plain(at..end), self.joint(at..end))
            } else {
                0
            };
            for position in at..end {
                let flags = if whole != 0 {
                    whole
                } else {
                    vocabulary.flags(self.plain(position), self.word(position))
                };
                if let Some(token) = self.list.get_mut(position) {
                    token.flags = flags;
                }
            }
            at = end;
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Of(Class),
    Mark,
    Gap,
}

fn classify(c: char) -> Kind {
    if c.is_ascii() {
        return match c {
            'a'..='z' | 'A'..='Z' => Kind::Of(Class::Letters),
            '0'..='9' => Kind::Of(Class::Digits),
            _ => Kind::Gap,
        };
    }
    match c {
        '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{20D0}'..='\u{20FF}' => Kind::Mark,
        '\u{200B}'..='\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{AD}' | '\u{2060}' => Kind::Mark,
        '\u{FF10}'..='\u{FF19}' => Kind::Of(Class::Digits),
        // Ordinal signs are letters to Unicode.
        'ª' | 'º' => Kind::Gap,
        _ if is_sign(c) => Kind::Of(Class::Sign),
        _ if c.is_alphabetic() => Kind::Of(Class::Letters),
        _ if c.is_numeric() && c.to_digit(10).is_none() && !is_decimal(c) => Kind::Gap,
        _ if c.is_numeric() => Kind::Of(Class::Digits),
        // Marks of other scripts, which Unicode does not count as alphabetic.
        '\u{591}'..='\u{5C7}' | '\u{610}'..='\u{61A}' | '\u{64B}'..='\u{65F}' => Kind::Mark,
        '\u{93C}'..='\u{94D}' | '\u{E47}'..='\u{E4E}' => Kind::Mark,
        _ => Kind::Gap,
    }
}

/// Decimal digits of scripts used in hospitals besides ASCII: Arabic, Persian, Devanagari, Thai.
fn is_decimal(c: char) -> bool {
    matches!(c, '\u{660}'..='\u{669}' | '\u{6F0}'..='\u{6F9}' | '\u{966}'..='\u{96F}' | '\u{E50}'..='\u{E59}')
}

/// Scripts written without spaces, where a name may begin and end anywhere.
pub fn is_sign(c: char) -> bool {
    matches!(c,
        '\u{E01}'..='\u{E46}' | '\u{1100}'..='\u{11FF}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30FF}'
        | '\u{3130}'..='\u{318F}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9D}' | '\u{20000}'..='\u{3FFFF}')
}

fn case(raw: &str) -> Case {
    let mut letters = raw.chars();
    if !letters.next().is_some_and(char::is_uppercase) {
        return Case::Lower;
    }
    if letters.any(char::is_lowercase) {
        Case::Title
    } else {
        Case::Upper
    }
}

/// Writes `ae`, `oe`, `ue`, `aa` as the letter they stand for without its mark.
///
/// What would be shorter than three letters is left: Doe is not `do`.
pub fn without_digraphs(plain: &str, out: &mut String) {
    let from = out.len();
    write_without_digraphs(plain, out);
    let is_short = out.len() < from + plain.len() && out.len() < from + 3;
    if is_short {
        out.truncate(from);
        out.push_str(plain);
    }
}

fn write_without_digraphs(plain: &str, out: &mut String) {
    let mut chars = plain.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        let next = chars.peek().copied();
        if matches!((c, next), ('a' | 'o' | 'u', Some('e')) | ('a', Some('a'))) {
            chars.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atoms(text: &str) -> Vec<String> {
        let tokens = Tokens::new(text, Vocabulary::get());
        (0..tokens.len())
            .map(|at| tokens.raw(at).to_owned())
            .collect()
    }

    #[test]
    fn text_is_taken_apart_at_humps_digits_and_ideographs() {
        assert_eq!(
            atoms("DOE_JohnT1 12.5"),
            ["DOE", "John", "T", "1", "12", "5"]
        );
        assert_eq!(atoms("MRIScan"), ["MRI", "Scan"]);
        assert_eq!(atoms("山田31日"), ["山", "田", "31", "日"]);
        assert_eq!(atoms("Mu\u{308}ller"), ["Mu\u{308}ller"]);
        assert_eq!(atoms(""), Vec::<String>::new());
    }

    #[test]
    fn spellings_of_a_name_have_one_word() {
        for text in ["Müller", "Mueller", "MULLER", "Mu\u{308}ller"] {
            let tokens = Tokens::new(text, Vocabulary::get());
            assert_eq!(tokens.word(0), "muller", "{text}");
        }
    }
}
