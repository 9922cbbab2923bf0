//! Conditional requests (RFC 9110 §13): entity tags and 304.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

/// An entity tag from parts that together name a representation; strong.
pub fn etag(parts: &[&str]) -> String {
    let clean = |part: &&str| -> String {
        part.chars()
            .filter(|c| c.is_ascii_graphic() && *c != '"')
            .collect()
    };
    let joined: Vec<String> = parts.iter().map(clean).collect();
    format!("\"{}\"", joined.join("~"))
}

/// Does the client have it already? Weak comparison.
pub fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag.trim_start_matches("W/"))
}

/// 304 with the tag.
pub fn not_modified(etag: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    mark(response.headers_mut(), etag);
    response
}

/// Puts the tag, and how caches may use it: ask each time, for patients' data are private and may
/// be deleted.
pub fn mark(headers: &mut HeaderMap, etag: &str) {
    if let Ok(value) = HeaderValue::from_str(etag) {
        headers.insert(ETAG, value);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.append(VARY, HeaderValue::from_static("Accept"));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tags_are_found_in_lists_weak_or_strong() {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, "\"x\", W/\"a~b\"".parse().unwrap());
        assert!(is_known(&headers, &etag(&["a", "b"])));
        assert!(!is_known(&headers, &etag(&["a"])));
        headers.insert(IF_NONE_MATCH, "*".parse().unwrap());
        assert!(is_known(&headers, "\"anything\""));
        assert!(!is_known(&HeaderMap::new(), "\"a\""));
    }

    #[test]
    fn a_tag_cannot_break_out_of_its_quotes() {
        assert_eq!(etag(&["a\"b\r\n", "c"]), "\"ab~c\"");
    }
}
