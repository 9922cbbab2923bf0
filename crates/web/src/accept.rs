//! Content negotiation (PS3.18 §8.7; RFC 9110 §12.5.1): media ranges with weights, `type=` and
//! `transfer-syntax=` parameters, and the `accept` query parameter.

use http::HeaderMap;
use http::header::ACCEPT;

use crate::error::{Error, Result};

/// Media ranges looked at in one request; more is an attack or a mistake.
const RANGES: usize = 64;

/// A media type or range with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRange {
    /// Before the slash, lower case; `*` for any.
    pub kind: String,
    /// After the slash, lower case; `*` for any.
    pub subtype: String,
    /// Names in lower case, values unquoted; `q` is not among them.
    pub parameters: Vec<(String, String)>,
    /// Weight in thousandths.
    pub weight: u16,
}

/// What the client accepts, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    /// Ranges with a weight above zero: by weight, then in the client's order.
    pub ranges: Vec<MediaRange>,
}

/// A representation that a resource has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Of each part, or of the whole.
    pub media_type: &'static str,
    /// In `multipart/related`.
    pub multipart: bool,
}

impl MediaRange {
    /// Reads one media type or range; `None` if it is none.
    pub fn parse(text: &str) -> Option<MediaRange> {
        let mut pieces = split_outside_quotes(text, ';').into_iter();
        let (kind, subtype) = pieces.next()?.trim().split_once('/')?;
        let (kind, subtype) = (kind.trim(), subtype.trim());
        // `+` of an unescaped `accept=application/dicom+json` arrives as a space.
        let subtype = subtype.replace(' ', "+");
        if !is_token(kind) || !is_token(&subtype) {
            return None;
        }
        let mut range = MediaRange {
            kind: kind.to_ascii_lowercase(),
            subtype: subtype.to_ascii_lowercase(),
            parameters: Vec::new(),
            weight: 1000,
        };
        for piece in pieces {
            let piece = piece.trim();
            if piece.is_empty() {
                continue;
            }
            let (name, value) = piece.split_once('=')?;
            let name = name.trim().to_ascii_lowercase();
            let value = unquote(value.trim());
            if name == "q" {
                range.weight = weight(&value)?;
            } else {
                range.parameters.push((name, value));
            }
        }
        Some(range)
    }

    /// A parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// `type/subtype`.
    pub fn essence(&self) -> String {
        format!("{}/{}", self.kind, self.subtype)
    }

    /// Is it `*/*`?
    pub fn is_anything(&self) -> bool {
        self.kind == "*"
    }

    /// Does it cover `multipart/related`?
    pub fn is_multipart(&self) -> bool {
        self.kind == "multipart" && matches!(self.subtype.as_str(), "related" | "*")
    }

    /// The range of the parts: the `type` parameter of a multipart (`*/*` if it has none),
    /// else the range itself.
    pub fn of_parts(&self) -> Option<MediaRange> {
        if !self.is_multipart() {
            return Some(self.clone());
        }
        let text = self.parameter("type").unwrap_or("*/*");
        let mut range = MediaRange::parse(text)?;
        // PS3.18 §8.7.3.5.2 puts transfer-syntax outside the quotes of type; some put it inside.
        if range.parameter("transfer-syntax").is_none()
            && let Some(uid) = self.parameter("transfer-syntax")
        {
            range
                .parameters
                .push(("transfer-syntax".to_owned(), uid.to_owned()));
        }
        range.weight = self.weight;
        Some(range)
    }

    /// `transfer-syntax=`, if given.
    pub fn transfer_syntax(&self) -> Option<&str> {
        self.parameter("transfer-syntax")
    }

    /// Does it cover this media type, parameters aside?
    pub fn covers(&self, media_type: &str) -> bool {
        let Some((kind, subtype)) = media_type.split_once('/') else {
            return false;
        };
        (self.kind == "*" || self.kind.eq_ignore_ascii_case(kind))
            && (self.subtype == "*" || self.subtype.eq_ignore_ascii_case(subtype))
    }

    /// Does it cover the offer?
    pub fn covers_offer(&self, offer: Offer) -> bool {
        if self.is_anything() {
            return true;
        }
        if self.is_multipart() {
            return offer.multipart
                && self
                    .of_parts()
                    .is_some_and(|parts| parts.covers(offer.media_type));
        }
        !offer.multipart && self.covers(offer.media_type)
    }
}

impl Accept {
    /// From the `accept` query parameter if there is one, else the header, else anything
    /// (PS3.18 §8.7.8). A range that cannot be read is an error only if no other is left.
    pub fn from_request(headers: &HeaderMap, query: Option<&str>) -> Result<Accept> {
        if let Some(text) = query.filter(|text| !text.trim().is_empty()) {
            return Accept::parse(text);
        }
        let mut texts = Vec::new();
        for value in headers.get_all(ACCEPT) {
            texts.push(
                value
                    .to_str()
                    .map_err(|_| Error::bad("the Accept header is not ASCII text"))?,
            );
        }
        Accept::parse(&texts.join(","))
    }

    /// Reads a list of media ranges.
    pub fn parse(text: &str) -> Result<Accept> {
        if text.trim().is_empty() {
            return Ok(Accept::anything());
        }
        let pieces = split_outside_quotes(text, ',');
        if pieces.len() > RANGES {
            return Err(Error::bad(format!("more than {RANGES} media ranges")));
        }
        let mut ranges = Vec::new();
        let mut read = 0;
        for piece in pieces.iter().filter(|piece| !piece.trim().is_empty()) {
            if let Some(range) = MediaRange::parse(piece) {
                read += 1;
                if range.weight > 0 {
                    ranges.push(range);
                }
            }
        }
        if read == 0 {
            return Err(Error::bad("no media range of Accept can be read"));
        }
        ranges.sort_by_key(|range| std::cmp::Reverse(range.weight));
        Ok(Accept { ranges })
    }

    /// `*/*`.
    pub fn anything() -> Accept {
        Accept {
            ranges: vec![MediaRange {
                kind: "*".to_owned(),
                subtype: "*".to_owned(),
                parameters: Vec::new(),
                weight: 1000,
            }],
        }
    }

    /// The best of what is offered; offers are in the server's order of preference.
    pub fn choose(&self, offers: &[Offer]) -> Result<Offer> {
        self.ranges
            .iter()
            .find_map(|range| offers.iter().find(|offer| range.covers_offer(**offer)))
            .copied()
            .ok_or_else(|| {
                let list: Vec<String> = offers.iter().map(Offer::to_string).collect();
                Error::not_acceptable(format!("only {} can be given", list.join(", ")))
            })
    }
}

impl std::fmt::Display for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.multipart {
            write!(f, "multipart/related; type=\"{}\"", self.media_type)
        } else {
            f.write_str(self.media_type)
        }
    }
}

/// Splits at `separator`, not inside quoted strings.
fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == separator && !quoted => {
                pieces.push(text.get(start..at).unwrap_or_default());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(text.get(start..).unwrap_or_default());
    pieces
}

fn unquote(text: &str) -> String {
    match text
        .strip_prefix('"')
        .map(|rest| rest.strip_suffix('"').unwrap_or(rest))
    {
        None => text.to_owned(),
        Some(inner) => {
            let mut out = String::with_capacity(inner.len());
            let mut characters = inner.chars();
            while let Some(c) = characters.next() {
                match c {
                    '\\' => out.extend(characters.next()),
                    c => out.push(c),
                }
            }
            out
        }
    }
}

fn weight(text: &str) -> Option<u16> {
    let value: f32 = text.parse().ok()?;
    // 0..=1000, checked first: the cast cannot lose anything.
    (0.0..=1.0)
        .contains(&value)
        .then_some((value * 1000.0).round() as u16)
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests;
