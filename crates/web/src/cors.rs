//! Cross-origin requests from the configured origins (Fetch Standard §3.2).
//!
//! `OPTIONS` is also Retrieve Capabilities (PS3.18 §8.9): only what a browser marks as a preflight
//! is answered here.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::state::WebState;

const METHODS: &str = "GET, HEAD, POST, DELETE, OPTIONS";
const REQUEST_HEADERS: &str = "Accept, Authorization, Content-Type, Content-Encoding, \
                               If-None-Match, If-Range, Range, Last-Event-ID";
const RESPONSE_HEADERS: &str = "Content-Disposition, Content-Encoding, Content-Length, \
                                Content-Location, Content-Range, ETag, Warning, X-Total-Count";

/// Answers preflights and marks responses.
pub(crate) async fn cors(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let allowed = allowed_origin(request.headers(), &state.config.cors_origins);
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let configured = !state.config.cors_origins.is_empty();
    let mut response = if preflight && configured {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if allowed.is_some() {
            let headers = response.headers_mut();
            headers.insert(
                ACCESS_CONTROL_ALLOW_METHODS,
                HeaderValue::from_static(METHODS),
            );
            headers.insert(
                ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static(REQUEST_HEADERS),
            );
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        }
        response
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    if let Some(origin) = allowed {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(RESPONSE_HEADERS),
        );
    }
    if configured {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    response
}

/// What to say of the request's origin. Credentials are in the Authorization header, never in
/// cookies, so that `*` gives nothing away.
fn allowed_origin(headers: &HeaderMap, origins: &[String]) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    if origins.iter().any(|allowed| allowed == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    let text = origin.to_str().ok()?;
    origins
        .iter()
        .any(|allowed| allowed.trim_end_matches('/').eq_ignore_ascii_case(text))
        .then(|| origin.clone())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_configured_origins_are_allowed() {
        let ask = |origin: &str, origins: &[&str]| {
            let mut headers = HeaderMap::new();
            headers.insert(ORIGIN, origin.parse().unwrap());
            let origins: Vec<String> = origins.iter().map(|o| (*o).to_owned()).collect();
            allowed_origin(&headers, &origins).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(
            ask("https://a", &["https://a/"]).as_deref(),
            Some("https://a")
        );
        assert_eq!(ask("https://b", &["https://a"]), None);
        assert_eq!(ask("https://a.evil", &["https://a"]), None);
        assert_eq!(ask("null", &["https://a"]), None);
        assert_eq!(ask("https://b", &["*"]).as_deref(), Some("*"));
        assert_eq!(allowed_origin(&HeaderMap::new(), &["*".to_owned()]), None);
    }
}
