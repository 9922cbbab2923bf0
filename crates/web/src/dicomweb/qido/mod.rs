//! Search (QIDO-RS, PS3.18 §10.6): six resources, one matcher.

mod attributes;
mod parameters;
mod respond;

use axum::extract::State;
use axum::response::Response;
use sagittal_archive::query::{Level, Query};
use sagittal_auth::permission;

use crate::authorize::Access;
use crate::error::Result;
use crate::request::Request;
use crate::state::WebState;

/// A search resource: what one answer is, and for which levels it returns attributes
/// (PS3.18 Table 10.6.1-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    /// What one answer is.
    pub level: Level,
    /// Return study attributes.
    pub study: bool,
    /// Return series attributes.
    pub series: bool,
}

const STUDIES: Resource = Resource {
    level: Level::Study,
    study: true,
    series: false,
};
const ALL_SERIES: Resource = Resource {
    level: Level::Series,
    study: true,
    series: true,
};
const SERIES_OF_STUDY: Resource = Resource {
    level: Level::Series,
    study: false,
    series: true,
};
const ALL_INSTANCES: Resource = Resource {
    level: Level::Instance,
    study: true,
    series: true,
};
const INSTANCES_OF_STUDY: Resource = Resource {
    level: Level::Instance,
    study: false,
    series: true,
};
const INSTANCES_OF_SERIES: Resource = Resource {
    level: Level::Instance,
    study: false,
    series: false,
};

/// The instances of the path that have the values of `attributes`.
///
/// # Errors
/// 400 for what cannot be matched.
pub(crate) fn instances_that_match(
    request: &Request,
    attributes: Vec<(String, String)>,
) -> Result<Query> {
    let search = parameters::of_attributes(ALL_INSTANCES, request, &attributes, u64::MAX)?;
    Ok(search.query)
}

macro_rules! handlers {
    ($($(#[$doc:meta])* $name:ident => $resource:expr;)*) => { $(
        $(#[$doc])*
        pub(crate) async fn $name(
            access: Access<permission::Query>,
            State(state): State<WebState>,
            request: Request,
        ) -> Result<Response> {
            respond::search($resource, &access, &state, &request).await
        }
    )* };
}

handlers! {
    /// `GET /studies`.
    studies => STUDIES;
    /// `GET /series`.
    all_series => ALL_SERIES;
    /// `GET /studies/{study}/series`.
    series_of_study => SERIES_OF_STUDY;
    /// `GET /instances`.
    all_instances => ALL_INSTANCES;
    /// `GET /studies/{study}/instances`.
    instances_of_study => INSTANCES_OF_STUDY;
    /// `GET /studies/{study}/series/{series}/instances`.
    instances_of_series => INSTANCES_OF_SERIES;
}
