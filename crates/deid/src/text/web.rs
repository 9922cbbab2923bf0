//! E-mail addresses, URLs, host names and network addresses.

use super::Kind;
use super::context::Context;

/// Last labels of host names.
const TOP_LEVEL: [&str; 30] = [
    "com",
    "org",
    "net",
    "edu",
    "gov",
    "mil",
    "int",
    "info",
    "local",
    "lan",
    "intern",
    "intra",
    "intranet",
    "internal",
    "corp",
    "localdomain",
    "home",
    "health",
    "hospital",
    "clinic",
    "biz",
    "eu",
    "de",
    "uk",
    "fr",
    "it",
    "es",
    "nl",
    "ch",
    "at",
];

/// Marks them, one stretch without spaces after the other.
pub fn mark(context: &mut Context<'_, '_>) {
    let text = context.tokens.text;
    if !text.contains(['@', '.', ':', '-']) {
        return;
    }
    let mut from = 0;
    for stretch in
        text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ',' | ';'))
    {
        let start = from;
        from += stretch.len();
        from += text
            .get(from..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8);
        if stretch.len() >= 5
            && let Some((begin, end)) = found(stretch)
        {
            mark_bytes(context, start + begin, start + end);
        }
    }
}

/// Which bytes of a stretch are an address.
fn found(stretch: &str) -> Option<(usize, usize)> {
    let end = stretch
        .trim_end_matches(['.', ')', ']', '!', '?', ':', '\''])
        .len();
    if let Some(at) = stretch.find("://") {
        let scheme = stretch.get(..at)?;
        let letters = scheme
            .chars()
            .rev()
            .take_while(char::is_ascii_alphabetic)
            .count();
        return Some((at - letters, end));
    }
    for start in ["www.", "WWW.", "mailto:", "\\\\"] {
        if let Some(at) = stretch.find(start) {
            return Some((at, end));
        }
    }
    if let Some(at) = stretch.find('@') {
        let (user, host) = (stretch.get(..at)?, stretch.get(at + 1..)?);
        let local = user
            .chars()
            .rev()
            .take_while(|c| c.is_alphanumeric() || "._%+-".contains(*c))
            .map(char::len_utf8)
            .sum::<usize>();
        let domain = host
            .chars()
            .take_while(|c| c.is_alphanumeric() || ".-_".contains(*c))
            .map(char::len_utf8)
            .sum::<usize>();
        let has_letters =
            |text: Option<&str>| text.is_some_and(|text| text.contains(char::is_alphabetic));
        if has_letters(user.get(user.len() - local..)) && has_letters(host.get(..domain)) {
            return Some((at - local, at + 1 + domain));
        }
    }
    if is_hardware_address(stretch.get(..end)?) || is_ip6(stretch.get(..end)?) {
        return Some((0, end));
    }
    host_name(stretch, end)
}

/// Six pairs of hexadecimal digits.
fn is_hardware_address(stretch: &str) -> bool {
    let separated = |mark: char| {
        let pairs: Vec<&str> = stretch.split(mark).collect();
        pairs.len() == 6
            && pairs
                .iter()
                .all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    separated(':') || separated('-')
}

fn is_ip6(stretch: &str) -> bool {
    let colons = stretch.matches(':').count();
    let whole = stretch
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b':');
    whole && (colons >= 5 || colons >= 2 && stretch.contains("::"))
}

/// `pacs01.radiology.example.org`: labels of letters, digits and hyphens, the last one a known one.
fn host_name(stretch: &str, end: usize) -> Option<(usize, usize)> {
    let body = stretch.get(..end)?;
    let start = body.len() - body.trim_start_matches(['(', '[', '\'']).len();
    let host = body.get(start..)?.split(['/', ':']).next()?;
    let labels: Vec<&str> = host.split('.').collect();
    let [first, .., last] = labels.as_slice() else {
        return None;
    };
    let well_formed = labels.iter().all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    // `seen.It` is the end of a sentence.
    let is_top = TOP_LEVEL.contains(&last.to_ascii_lowercase().as_str())
        && (last.len() > 2 && !last.starts_with(char::is_uppercase)
            || labels.len() > 2
            || last.chars().all(char::is_uppercase));
    (well_formed && is_top && first.len() > 1).then_some((start, end))
}

fn mark_bytes(context: &mut Context<'_, '_>, start: usize, end: usize) {
    let tokens = context.tokens;
    let first = tokens.list.partition_point(|token| token.end <= start);
    let after = tokens.list.partition_point(|token| token.start < end);
    for at in first..after {
        context.mark(at, Kind::Address);
    }
}
