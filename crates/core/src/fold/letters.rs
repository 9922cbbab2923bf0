//! The folded form of text.

use unicode_normalization::UnicodeNormalization;

/// A key under which spellings of the same text meet: case, diacritics, full and half width and
/// compatibility forms go; katakana becomes hiragana; runs of spaces become one; spaces at the
/// ends and around `^` and `=`, and delimiters at the end, go. Wild cards stay.
///
/// Marks that are vowels or tones of their script (Thai, Devanagari) and the voicing marks of
/// kana stay: without them other words would meet.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return tidy(text.to_ascii_lowercase());
    }
    let mut folded = String::with_capacity(text.len());
    for character in text.nfkd().filter(|c| !is_diacritic(*c)) {
        for lower in character.to_lowercase() {
            match plain(lower) {
                Some(replacement) => folded.push_str(replacement),
                None => folded.push(simple(lower)),
            }
        }
    }
    // Puts Hangul syllables and voiced kana together again.
    tidy(folded.nfc().collect())
}

/// Marks of Latin, Greek, Cyrillic, Hebrew and Arabic, and characters that are not seen.
fn is_diacritic(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}' | '\u{5C2}'
        | '\u{5C4}' | '\u{5C5}' | '\u{5C7}' | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}'
        | '\u{6D6}'..='\u{6DC}' | '\u{6DF}'..='\u{6E4}' | '\u{6E7}' | '\u{6E8}' | '\u{6EA}'..='\u{6ED}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}'
        | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

/// Letters that Unicode does not decompose.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' => "o",
        'đ' | 'ð' | 'ɖ' => "d",
        'ł' => "l",
        'ħ' => "h",
        'ı' => "i",
        'ŧ' => "t",
        'ŋ' => "n",
        'ə' => "e",
        'ƒ' => "f",
        _ => return None,
    })
}

fn simple(c: char) -> char {
    match c {
        'ς' => 'σ',
        // Forms of the same Arabic and Persian letters.
        'ى' | 'ی' => 'ي',
        'ک' => 'ك',
        'ة' => 'ه',
        '\u{2018}' | '\u{2019}' | '\u{2BC}' | '\u{2BB}' | '\u{B4}' | '`' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{30A1}'..='\u{30F6}' => char::from_u32(c as u32 - 0x60).unwrap_or(c),
        _ => c,
    }
}

fn tidy(text: String) -> String {
    let is_space = |c: char| c.is_whitespace() || c.is_control();
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    for c in text.chars() {
        if is_space(c) {
            space = true;
            continue;
        }
        let delimiter = matches!(c, '^' | '=');
        if space && !delimiter && !out.is_empty() && !out.ends_with(['^', '=']) {
            out.push(' ');
        }
        space = false;
        // Delimiters at the end of a component group carry nothing.
        if c == '=' {
            out.truncate(out.trim_end_matches('^').len());
        }
        out.push(c);
    }
    out.truncate(out.trim_end_matches(['^', '=']).len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_meet() {
        for (a, b) in [
            ("MÜLLER^Jürgen", "muller^jurgen"),
            ("Ångström", "A\u{30A}ngstro\u{308}m"),
            ("Łukasz Đoković", "lukasz dokovic"),
            ("Groß", "GROSS"),
            ("Søren Æbler", "soren aebler"),
            ("İSTANBUL", "ıstanbul"),
            ("ΔΙΟΝΎΣΙΟΣ", "διονυσιος"),
            ("Йолкин Ёж", "иолкин еж"),
            ("ﾔﾏﾀﾞ", "ヤマダ"),
            ("ヤマダ", "やまだ"),
            ("Ｙａｍａｄａ", "yamada"),
            ("Doe^Jane^^^ ", "doe ^ jane"),
            ("Doe^Jane^^=山田^", "doe^jane=山田"),
            ("O’Brien", "o'brien"),
            ("Anna\u{A0} \tMaria", "anna maria"),
            ("مُحَمَّد", "محمد"),
        ] {
            assert_eq!(fold(a), fold(b));
        }
    }

    #[test]
    fn different_names_do_not_meet() {
        for (a, b) in [
            ("た", "だ"),
            ("홍", "호"),
            ("สี", "สา"),
            ("Doe^J", "Doe J"),
            ("=a", "a"),
        ] {
            assert_ne!(fold(a), fold(b));
        }
        assert_eq!(fold("홍^길동"), "홍^길동");
        assert_eq!(fold("MÜ*L?R"), "mu*l?r");
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in [
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田",
            "Ḿüller ^ x= ^=",
            "İıŁ ﬁ ½ ㍿",
            "a\u{300}^\u{300}=",
        ] {
            assert_eq!(fold(&fold(text)), fold(text));
        }
    }
}
