//! The router, made from the table of routes.

use std::any::Any;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

use crate::cors::cors;
use crate::error::Error;
use crate::observe::observe;
use crate::routes::{Base, ROUTES, Route};
use crate::state::WebState;

/// Everything that is answered.
pub fn router(state: WebState) -> Router {
    let mut router = routes(&state, |_| true);
    let views = state.archive.options().policies.views.iter();
    for view in views.filter_map(|view| state.of_view(&view.name)) {
        router = router.merge(routes(&view, Route::is_in_views));
    }
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(state.clone(), observe))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(state.clone(), cors));
    router
        .fallback(|| async { Error::NotFound("there is no such resource".to_owned()) })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .layer(layers)
}

/// The routes of some bases, at the paths that the state names.
fn routes(state: &WebState, wanted: impl Fn(&Route) -> bool) -> Router {
    let mut router = Router::new();
    for route in ROUTES.iter().filter(|route| wanted(route)) {
        let path = route.full_path(&state.config);
        router = router.route(&path, (route.handler)());
        // The base of the service is meant with and without its slash.
        if route.base == Base::DicomWeb && route.path == "/" && path.len() > 1 {
            router = router.route(path.trim_end_matches('/'), (route.handler)());
        }
    }
    router.with_state(state.clone())
}

fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response {
    let text = cause
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Error::Internal(format!("panic: {text}")).into_response()
}
