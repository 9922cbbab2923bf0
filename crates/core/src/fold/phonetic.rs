//! Keys by sound, for fuzzy matching of person names (PS3.4 §C.2.2.2.1.1 "fuzzy semantic matching").
//!
//! The key is that of the Cologne phonetics (H. J. Postel, 1969): one digit for a class of
//! consonants, vowels only at the start. It was chosen over Soundex and Metaphone because it takes
//! no spelling of one language for granted: it is as good for `Smyth` as for `Schmitt`.
//! Cyrillic and Greek are written in Latin letters first; of other scripts the folded text is the key.

use super::fold;

/// The keys of the words, separated by spaces.
pub fn phonetic(text: &str) -> String {
    phonetic_words(text).join(" ")
}

/// The key of each word of a name.
pub fn phonetic_words(text: &str) -> Vec<String> {
    let folded = fold(text).replace('\'', "");
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(key)
        .collect()
}

fn key(word: &str) -> String {
    let latin: String = word
        .chars()
        .map(|c| latin(c).map_or_else(|| c.to_string(), str::to_owned))
        .collect();
    if latin.is_ascii() {
        cologne(&latin)
    } else {
        latin
    }
}

fn cologne(word: &str) -> String {
    let letters = word.as_bytes();
    let mut digits: Vec<u8> = Vec::with_capacity(letters.len());
    let mut last = 0;
    for (at, letter) in letters.iter().copied().enumerate() {
        let before = at
            .checked_sub(1)
            .and_then(|i| letters.get(i))
            .copied()
            .unwrap_or(0);
        let after = letters.get(at + 1).copied().unwrap_or(0);
        for digit in code(letter, before, after).bytes() {
            if digit != last {
                digits.push(digit);
            }
            last = digit;
        }
    }
    let first = digits.first().copied();
    let kept = digits
        .into_iter()
        .enumerate()
        .filter(|(at, d)| *d != b'0' || *at == 0);
    let key: String = kept.map(|(_, d)| char::from(d)).collect();
    // A word of h alone makes no sound; it still is a word.
    if first.is_none() {
        word.to_owned()
    } else {
        key
    }
}

/// The digits of a letter between its neighbours (0 at the ends).
fn code(letter: u8, before: u8, after: u8) -> &'static str {
    match letter {
        b'a' | b'e' | b'i' | b'j' | b'o' | b'u' | b'y' => "0",
        b'p' if after == b'h' => "3",
        b'b' | b'p' => "1",
        b'd' | b't' if matches!(after, b'c' | b's' | b'z') => "8",
        b'd' | b't' => "2",
        b'f' | b'v' | b'w' => "3",
        b'c' => c_code(before, after),
        b'x' if matches!(before, b'c' | b'k' | b'q') => "8",
        b'x' => "48",
        b'g' | b'k' | b'q' => "4",
        b'l' => "5",
        b'm' | b'n' => "6",
        b'r' => "7",
        b's' | b'z' => "8",
        // Digits of a name (Ward3) count as they are.
        b'1' => "1",
        b'2' => "2",
        b'3' => "3",
        b'4' => "4",
        b'5' => "5",
        b'6' => "6",
        b'7' => "7",
        b'8' => "8",
        b'9' => "9",
        _ => "",
    }
}

fn c_code(before: u8, after: u8) -> &'static str {
    let hard = match before {
        0 => matches!(
            after,
            b'a' | b'h' | b'k' | b'l' | b'o' | b'q' | b'r' | b'u' | b'x'
        ),
        b's' | b'z' => false,
        _ => matches!(after, b'a' | b'h' | b'k' | b'o' | b'q' | b'u' | b'x'),
    };
    if hard { "4" } else { "8" }
}

/// Cyrillic and Greek letters, folded, in Latin.
fn latin(c: char) -> Option<&'static str> {
    Some(match c {
        'а' | 'α' => "a",
        'б' => "b",
        'β' | 'в' => "v",
        'г' | 'ґ' | 'γ' => "g",
        'д' | 'δ' | 'ђ' => "d",
        'е' | 'э' | 'є' | 'ε' => "e",
        'ж' => "zh",
        'з' | 'ζ' => "z",
        'и' | 'і' | 'ы' | 'η' | 'ι' => "i",
        'ј' => "j",
        'к' | 'κ' => "k",
        'л' | 'λ' => "l",
        'љ' => "lj",
        'м' | 'μ' => "m",
        'н' | 'ν' => "n",
        'њ' => "nj",
        'о' | 'ο' | 'ω' => "o",
        'п' | 'π' => "p",
        'р' | 'ρ' => "r",
        'с' | 'σ' => "s",
        'т' | 'τ' => "t",
        'θ' => "th",
        'ћ' => "c",
        'у' => "u",
        'υ' => "y",
        'ф' | 'φ' => "f",
        'х' | 'χ' => "h",
        'ц' => "ts",
        'ч' => "tsh",
        'џ' => "dzh",
        'ш' => "sh",
        'щ' => "shtsh",
        'ъ' | 'ь' => "",
        'ю' => "ju",
        'я' => "ja",
        'ξ' => "x",
        'ψ' => "ps",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_sound_alike_meet() {
        for group in [
            &["Meyer", "Maier", "Mayr", "Meier"][..],
            &["Müller", "Mueller", "Muller", "MILLER"],
            &["Schmidt", "Schmitt", "Smith", "Smyth"],
            &["Catherine", "Katherine", "Kathryn"],
            &["Philip", "Filip"],
            &["O'Brien", "OBrian"],
            &["Иванов", "Ivanov", "Iwanow"],
            &["Παπαδοπουλος", "Papadopoulos"],
            &["ヤマダ", "やまだ", "ﾔﾏﾀﾞ"],
        ] {
            for name in group {
                assert_eq!(phonetic(name), phonetic(group[0]), "{name}");
            }
        }
    }

    #[test]
    fn names_that_sound_different_do_not_meet() {
        for (a, b) in [
            ("Meyer", "Weber"),
            ("Doe", "Roe"),
            ("Smith", "Jones"),
            ("山田", "太郎"),
        ] {
            assert_ne!(phonetic(a), phonetic(b));
        }
    }

    #[test]
    fn the_examples_of_the_method() {
        assert_eq!(phonetic("Müller-Lüdenscheidt"), "657 52682");
        assert_eq!(phonetic("Wikipedia"), "3412");
        assert_eq!(phonetic("Breschnew"), "17863");
        assert_eq!(phonetic_words("Doe^Jane"), ["2", "06"]);
    }
}
