//! Routes of data quality.

use axum::routing::{MethodRouter, delete, get, post};
use sagittal_auth::Permission;

use super::parameters::{FINDINGS as FILTER, QUALITY_REPORT};
use super::route::{Base, Method, Parameter, Route};
use crate::admin::quality;
use crate::state::WebState;

const JSON: &[&str] = &["application/json"];

const fn route(
    name: &'static str,
    method: Method,
    path: &'static str,
    permission: Permission,
    summary: &'static str,
    handler: fn() -> MethodRouter<WebState>,
) -> Route {
    Route {
        name,
        method,
        base: Base::Root,
        path,
        permission: Some(permission),
        summary,
        clause: "extension",
        query: &[],
        consumes: &[],
        produces: JSON,
        statuses: &[200, 400],
        handler,
    }
}

const fn findings(name: &'static str, path: &'static str, summary: &'static str) -> Route {
    let handler = || get(quality::findings_of);
    let mut route = route(name, Method::Get, path, Permission::Query, summary, handler);
    route.base = Base::DicomWeb;
    route.query = FILTER;
    route
}

const fn of_one(mut route: Route) -> Route {
    route.statuses = &[200, 400, 404];
    route
}

const fn asked(mut route: Route, query: &'static [Parameter]) -> Route {
    route.query = query;
    route
}

pub(super) const REPORT: Route = {
    let mut route = asked(
        route(
            "qualityReport",
            Method::Get,
            "/quality",
            Permission::Observe,
            "What was found in what came, by source and modality, as a page or as JSON",
            || get(quality::report),
        ),
        QUALITY_REPORT,
    );
    route.produces = &["text/html", "application/json"];
    route
};

pub(super) const FINDINGS: Route = asked(
    route(
        "qualityFindings",
        Method::Get,
        "/quality/findings",
        Permission::Query,
        "Instances in which something was found, the last ones first",
        || get(quality::findings),
    ),
    FILTER,
);

pub(super) const STUDY_FINDINGS: Route = findings(
    "studyFindings",
    "/studies/{study}/findings",
    "What was found in the instances of a study",
);

pub(super) const SERIES_FINDINGS: Route = findings(
    "seriesFindings",
    "/studies/{study}/series/{series}/findings",
    "What was found in the instances of a series",
);

pub(super) const INSTANCE_FINDINGS: Route = findings(
    "instanceFindings",
    "/studies/{study}/series/{series}/instances/{instance}/findings",
    "What was found in an instance",
);

pub(super) const QUARANTINE: Route = asked(
    route(
        "quarantine",
        Method::Get,
        "/quality/quarantine",
        Permission::Administer,
        "Instances that are held back, the last ones first",
        || get(quality::quarantine),
    ),
    FILTER,
);

pub(super) const RELEASE: Route = of_one(route(
    "releaseQuarantined",
    Method::Post,
    "/quality/quarantine/{number}/release",
    Permission::Administer,
    "Release an instance that is held back",
    || post(quality::release),
));

pub(super) const DELETE: Route = of_one(route(
    "deleteQuarantined",
    Method::Delete,
    "/quality/quarantine/{number}",
    Permission::Administer,
    "Delete an instance that is held back",
    || delete(quality::remove),
));
