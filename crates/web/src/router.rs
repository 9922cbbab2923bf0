//! The router, made from the table of routes.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, Method, header};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::WebConfig;
use crate::error::Error;
use crate::observe::observe;
use crate::routes::{Base, ROUTES};
use crate::state::WebState;

/// Everything that is answered.
pub fn router(state: WebState) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let path = route.full_path(&state.config);
        router = router.route(&path, (route.handler)());
        // The base of the service is meant with and without its slash.
        if route.base == Base::DicomWeb && route.path == "/" && path.len() > 1 {
            router = router.route(path.trim_end_matches('/'), (route.handler)());
        }
    }
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(state.clone(), observe))
        .layer(CatchPanicLayer::custom(panicked))
        .option_layer(cors(&state.config));
    router
        .fallback(|| async { Error::NotFound("there is no such resource".to_owned()) })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .layer(layers)
        .with_state(state)
}

/// Cross-origin requests from the configured origins.
fn cors(config: &WebConfig) -> Option<CorsLayer> {
    if config.cors_origins.is_empty() {
        return None;
    }
    let any = config.cors_origins.iter().any(|origin| origin == "*");
    let origins: Vec<HeaderValue> = config
        .cors_origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin.trim_end_matches('/')).ok())
        .collect();
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
            header::IF_NONE_MATCH,
            header::IF_RANGE,
            header::RANGE,
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            header::CONTENT_DISPOSITION,
            header::CONTENT_LENGTH,
            header::CONTENT_LOCATION,
            header::CONTENT_RANGE,
            header::ETAG,
            header::WARNING,
            HeaderName::from_static("x-total-count"),
        ])
        .max_age(Duration::from_secs(3600));
    // Credentials are in the Authorization header, never in cookies: `*` gives away nothing.
    Some(if any {
        layer.allow_origin(AllowOrigin::any())
    } else {
        layer.allow_origin(AllowOrigin::list(origins))
    })
}

fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response {
    let text = cause
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Error::Internal(format!("panic: {text}")).into_response()
}
