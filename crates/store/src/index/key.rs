//! What values are compared and sorted by: folded text, dates, times and numbers as integers.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;

/// Text without case, diacritics and width (PS3.4 §C.2.2.2.1 lets names match so).
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        for c in c.to_lowercase() {
            match c {
                // Letters that Unicode does not decompose, but people leave the stroke out of.
                'ß' => folded.push_str("ss"),
                'æ' => folded.push_str("ae"),
                'œ' => folded.push_str("oe"),
                'þ' => folded.push_str("th"),
                'ø' => folded.push('o'),
                'ł' => folded.push('l'),
                'đ' | 'ð' => folded.push('d'),
                'ħ' => folded.push('h'),
                'ı' => folded.push('i'),
                _ => folded.push(c),
            }
        }
    }
    folded
}

/// A person name to compare by: folded, component groups kept apart by `=`, without spaces around
/// components and without empty components and groups at the end.
pub fn name_key(name: &str) -> String {
    let groups: Vec<String> = name.split('=').map(group_key).collect();
    groups.join("=").trim_end_matches('=').to_owned()
}

fn group_key(group: &str) -> String {
    let components: Vec<String> = fold(group).split('^').map(collapse).collect();
    components.join("^").trim_end_matches('^').to_owned()
}

fn collapse(component: &str) -> String {
    let mut words = component.split_whitespace();
    let mut out = words.next().unwrap_or("").to_owned();
    for word in words {
        out.push(' ');
        out.push_str(word);
    }
    out
}

/// `YYYYMMDD` as a number; also the older `YYYY.MM.DD`. `None` if this is no date.
pub fn date_key(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits: String = match text.len() {
        8 => text.to_owned(),
        10 => text.split(['.', '-']).collect(),
        _ => return None,
    };
    if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let date: i64 = digits.parse().ok()?;
    let (month, day) = (date / 100 % 100, date % 100);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(date)
}

/// `HH[MM[SS[.FFFFFF]]]`, or with colons, as microseconds of the day. `None` if this is no time.
pub fn time_key(text: &str) -> Option<i64> {
    let (whole, fraction) = match text.trim().split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (text.trim(), ""),
    };
    let digits: String = whole.split(':').collect();
    let numeric = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if !matches!(digits.len(), 2 | 4 | 6) || !numeric(&digits) || !numeric(fraction) {
        return None;
    }
    let part = |at: usize| -> i64 {
        digits
            .get(at..at + 2)
            .and_then(|two| two.parse().ok())
            .unwrap_or(0)
    };
    let (hours, minutes, seconds) = (part(0), part(2), part(4));
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let micros = format!("{fraction:0<6}")
        .get(..6)
        .and_then(|six| six.parse::<i64>().ok())
        .unwrap_or(0);
    // A leap second ends within its day.
    Some((((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros).min(DAY - 1))
}

/// Date and time in one number that sorts; 0 without a date.
pub fn moment(date: &str, time: &str) -> i64 {
    date_key(date).map_or(0, |date| date * DAY + time_key(time).unwrap_or(0))
}

/// A DT value as a moment: `YYYY[MM[DD[HH[MM[SS[.F]]]]]]`, missing parts as small as they can be.
/// The offset from UTC is left out of account: values are compared as they are written.
pub fn date_time_key(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = text.split(['+', '-']).next().unwrap_or(text);
    let (whole, _) = text.split_once('.').unwrap_or((text, ""));
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let date = match whole.len() {
        4 => format!("{whole}0101"),
        6 => format!("{whole}01"),
        8.. => whole.get(..8)?.to_owned(),
        _ => return None,
    };
    let time = match text.get(8..) {
        None | Some("") => 0,
        Some(time) => time_key(time)?,
    };
    Some(date_key(&date)? * DAY + time)
}

/// The number in an IS or DS value.
pub fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

/// What series and instances are sorted by: their number, those without one last.
pub fn number_key(text: &str) -> i64 {
    match number(text) {
        // Far beyond any IS, and exact in both types.
        Some(n) if n.abs() < 1e15 => (n * 1000.0).round() as i64,
        _ => i64::MAX,
    }
}

/// 64 bits of a UID's hash, for sets that must be small.
pub fn uid_hash(uid: &str) -> i64 {
    let hash = blake3::hash(uid.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    i64::from_le_bytes(first)
}

/// The words of a name, each as a phonetic code (for fuzzy matching): Latin words by sound,
/// others folded as they are. Sorted, each once.
pub fn phonetic_words(name: &str) -> Vec<String> {
    let mut codes: Vec<String> = fold(name)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(phonetic)
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

/// A code that is equal for Latin words that sound alike in most European languages: letters are
/// brought together in classes, vowels after the first letter and repetitions fall away.
pub fn phonetic(word: &str) -> String {
    if !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let mut text = word.to_owned();
    for (from, to) in [
        ("sch", "s"),
        ("sh", "s"),
        ("ch", "k"),
        ("ck", "k"),
        ("ph", "f"),
        ("th", "t"),
        ("gh", "g"),
        ("tz", "s"),
        ("cz", "s"),
        ("dt", "t"),
        ("qu", "k"),
        ("kn", "n"),
        ("wr", "r"),
    ] {
        text = text.replace(from, to);
    }
    let mut code = String::new();
    for (at, c) in text.chars().enumerate() {
        let class = match c {
            'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'j' | 'h' if at > 0 => continue,
            'a' | 'e' | 'i' | 'o' | 'u' => 'a',
            'y' | 'j' => 'j',
            'b' | 'p' => 'p',
            'c' | 'k' | 'q' | 'g' => 'k',
            'd' | 't' => 't',
            'f' | 'v' | 'w' => 'f',
            's' | 'z' => 's',
            'x' => {
                code.push('k');
                's'
            }
            other => other,
        };
        if !code.ends_with(class) {
            code.push(class);
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_across_case_diacritics_and_width() {
        assert_eq!(name_key("MÜLLER^Jörg "), "muller^jorg");
        assert_eq!(name_key("Weiß ^ Åsa^^^"), "weiss^asa");
        assert_eq!(
            name_key("ＹＡＭＡＤＡ^Tarou=山田^太郎="),
            "yamada^tarou=山田^太郎"
        );
        assert_eq!(name_key("Łukasz^Søren"), "lukasz^soren");
    }

    #[test]
    fn dates_and_times_become_numbers_and_nonsense_does_not() {
        assert_eq!(date_key("20240229"), Some(20_240_229));
        assert_eq!(date_key("2024.02.29"), Some(20_240_229));
        for bad in ["2024-13", "20241301", "20240100", "2024", "x0240101", ""] {
            assert_eq!(date_key(bad), None, "{bad}");
        }
        assert_eq!(time_key("10"), Some(36_000_000_000));
        assert_eq!(time_key("103005.25"), Some(37_805_250_000));
        assert_eq!(time_key("10:30:05"), Some(37_805_000_000));
        for bad in ["1", "2400", "1060", "103", "", "10300500", "10x0"] {
            assert_eq!(time_key(bad), None, "{bad}");
        }
        assert!(moment("20240229", "235960") < moment("20240301", ""));
    }

    #[test]
    fn words_that_sound_alike_have_one_code() {
        for (a, b) in [
            ("Meyer", "Maier"),
            ("Schmidt", "Smith"),
            ("Philipp", "Filip"),
            ("Becker", "Beker"),
        ] {
            assert_eq!(phonetic_words(a), phonetic_words(b), "{a} {b}");
        }
        assert_ne!(phonetic_words("Meyer"), phonetic_words("Miller"));
        assert_eq!(phonetic_words("Doe^John"), phonetic_words("JOHN doe"));
    }

    #[test]
    fn instances_without_a_number_sort_last() {
        assert!(number_key("-3") < number_key("2"));
        assert!(number_key(" 10 ") > number_key("9.5"));
        assert_eq!(number_key("A"), i64::MAX);
    }
}
