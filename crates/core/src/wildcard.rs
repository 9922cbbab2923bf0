//! Wild card matching of query keys (PS3.4 §C.2.2.2.4): `*` is any text, `?` one character.
//!
//! There is no backtracking: each stretch between asterisks is sought once, at its leftmost place.
//! The time is that of a text search, or of a search times the length of a stretch with `?` in it.

/// Does a key have wild cards?
pub fn has_wildcards(key: &str) -> bool {
    key.contains(['*', '?'])
}

/// Does all of `text` match `pattern`? Case counts: fold both if it should not.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(head) = parts.next() else {
        return text.is_empty();
    };
    let Some(mut rest) = strip_head(head, text) else {
        return false;
    };
    let Some(tail) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match find(part, rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    ends_with(tail, rest)
}

/// What follows `part` at the start of `text`.
fn strip_head<'t>(part: &str, text: &'t str) -> Option<&'t str> {
    let mut characters = text.chars();
    for wanted in part.chars() {
        let found = characters.next()?;
        if wanted != '?' && wanted != found {
            return None;
        }
    }
    Some(characters.as_str())
}

/// What follows the leftmost place of `part` in `text`.
fn find<'t>(part: &str, text: &'t str) -> Option<&'t str> {
    if !part.contains('?') {
        return text.split_once(part).map(|(_, after)| after);
    }
    text.char_indices()
        .find_map(|(at, _)| strip_head(part, text.get(at..)?))
}

fn ends_with(part: &str, text: &str) -> bool {
    let mut characters = text.chars().rev();
    part.chars().rev().all(|wanted| {
        characters
            .next()
            .is_some_and(|c| wanted == '?' || wanted == c)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn asterisks_and_question_marks_match() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "abc"),
            ("a*", "a"),
            ("*c", "abc"),
            ("a*c", "abbc"),
            ("?", "é"),
            ("a?c", "abc"),
            ("*b?d*", "abcbcd"),
            ("**", "x"),
            ("a*b*c", "aXbbYc"),
            ("*?", "ab"),
            ("DOE^J*", "DOE^JANE"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", "ab"),
            ("a*a", "a"),
            ("?", ""),
            ("?", "ab"),
            ("a*bc", "abcd"),
            ("*ab*ab", "ab"),
            ("??*", "a"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        assert!(!matches(
            &"a*".repeat(5_000),
            &format!("{}b", "a".repeat(4_000))
        ));
        assert!(!matches(&"*a".repeat(2_000), &"b".repeat(100_000)));
    }

    /// The definition, by recursion.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                slow(rest, text) || !text.is_empty() && slow(pattern, &text[1..])
            }
            (['?', rest @ ..], [_, more @ ..]) => slow(rest, more),
            ([p, rest @ ..], [t, more @ ..]) => p == t && slow(rest, more),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(matches(&pattern, &text), slow(&p, &t));
        }
    }
}
