//! The rows.

use axum::routing::{MethodRouter, delete, get, on, post};
use sagittal_auth::Permission;

use super::media_types::{
    INSTANCE_TYPES, MODEL_TYPES, PIXEL_TYPES, SMALL_TYPES, STORE_ANSWERS, STORE_TYPES,
    WADO_URI_TYPES,
};
use super::negotiations;
use super::parameters::{
    ACCEPT_ONLY, DEID_PREVIEW, MPR, RENDERING, SEARCH, THREE_D, THUMBNAIL, WADO_URI,
};
use super::quality;
use super::route::{Base, Method, Parameter, Route, dicomweb};
use super::statuses::{
    BULK_STATUSES, DELETE_STATUSES, METADATA_STATUSES, RETRIEVE_STATUSES, SEARCH_STATUSES,
    STORE_STATUSES, VOLUME_STATUSES,
};
use crate::admin::{deid_jobs, events, health, metrics, status};
use crate::dicomweb::{
    bulk_collection, bulk_data, capabilities, deid_preview, delete as deletion, frames, instances,
    metadata, qido, stow,
};
use crate::rendered::{self, RENDERED, VOLUME_TYPES};
use crate::state::WebState;
use crate::{openapi, wado_uri};

const STUDY: &str = "/studies/{study}";
const SERIES: &str = "/studies/{study}/series/{series}";
const INSTANCE: &str = "/studies/{study}/series/{series}/instances/{instance}";

const fn store(name: &'static str, path: &'static str, summary: &'static str) -> Route {
    let mut route = dicomweb(
        name,
        Method::Post,
        path,
        Permission::Store,
        summary,
        "PS3.18 §10.5",
        ACCEPT_ONLY,
        STORE_ANSWERS,
        STORE_STATUSES,
        || post(stow::store),
    );
    route.consumes = STORE_TYPES;
    route
}

const fn retrieve(
    name: &'static str,
    path: &'static str,
    summary: &'static str,
    produces: &'static [&'static str],
    statuses: &'static [u16],
    handler: fn() -> MethodRouter<WebState>,
) -> Route {
    dicomweb(
        name,
        Method::Get,
        path,
        Permission::Retrieve,
        summary,
        "PS3.18 §10.4",
        ACCEPT_ONLY,
        produces,
        statuses,
        handler,
    )
}

const fn drawn(
    name: &'static str,
    path: &'static str,
    summary: &'static str,
    query: &'static [Parameter],
    produces: &'static [&'static str],
    handler: fn() -> MethodRouter<WebState>,
) -> Route {
    dicomweb(
        name,
        Method::Get,
        path,
        Permission::Retrieve,
        summary,
        "PS3.18 §10.4",
        query,
        produces,
        METADATA_STATUSES,
        handler,
    )
}

const fn volume(
    name: &'static str,
    path: &'static str,
    summary: &'static str,
    query: &'static [Parameter],
    handler: fn() -> MethodRouter<WebState>,
) -> Route {
    let mut route = drawn(name, path, summary, query, VOLUME_TYPES, handler);
    route.clause = "PS3.18 §10.4.1.1.7, §10.4.1.1.8";
    route.statuses = VOLUME_STATUSES;
    route
}

const fn search(
    name: &'static str,
    path: &'static str,
    summary: &'static str,
    handler: fn() -> MethodRouter<WebState>,
) -> Route {
    dicomweb(
        name,
        Method::Get,
        path,
        Permission::Query,
        summary,
        "PS3.18 §10.6",
        SEARCH,
        MODEL_TYPES,
        SEARCH_STATUSES,
        handler,
    )
}

const fn remove(name: &'static str, path: &'static str, summary: &'static str) -> Route {
    dicomweb(
        name,
        Method::Delete,
        path,
        Permission::Delete,
        summary,
        "extension",
        &[],
        &[],
        DELETE_STATUSES,
        || delete(deletion::delete),
    )
}

const fn root(
    name: &'static str,
    path: &'static str,
    permission: Option<Permission>,
    summary: &'static str,
    produces: &'static [&'static str],
    handler: fn() -> MethodRouter<WebState>,
) -> Route {
    Route {
        name,
        method: Method::Get,
        base: Base::Root,
        path,
        permission,
        summary,
        clause: "extension",
        query: &[],
        consumes: &[],
        produces,
        statuses: &[200, 503],
        handler,
    }
}

/// A route of jobs of de-identification.
const fn job(
    name: &'static str,
    method: Method,
    path: &'static str,
    summary: &'static str,
    statuses: &'static [u16],
    handler: fn() -> MethodRouter<WebState>,
) -> Route {
    let mut route = root(
        name,
        path,
        Some(Permission::Administer),
        summary,
        &["application/json"],
        handler,
    );
    route.method = method;
    route.consumes = &["application/json"];
    route.statuses = statuses;
    route
}

/// Every route.
pub const ROUTES: &[Route] = &[
    search("searchStudies", "/studies", "Search for studies", || {
        get(qido::studies)
    }),
    search("searchSeries", "/series", "Search for series", || {
        get(qido::all_series)
    }),
    search(
        "searchInstances",
        "/instances",
        "Search for instances",
        || get(qido::all_instances),
    ),
    search(
        "searchSeriesOfStudy",
        "/studies/{study}/series",
        "Search for series of a study",
        || get(qido::series_of_study),
    ),
    search(
        "searchInstancesOfStudy",
        "/studies/{study}/instances",
        "Search for instances of a study",
        || get(qido::instances_of_study),
    ),
    search(
        "searchInstancesOfSeries",
        "/studies/{study}/series/{series}/instances",
        "Search for instances of a series",
        || get(qido::instances_of_series),
    ),
    store("storeInstances", "/studies", "Store instances"),
    store(
        "storeInstancesOfStudy",
        STUDY,
        "Store instances of one study",
    ),
    retrieve(
        "retrieveStudy",
        STUDY,
        "Retrieve a study",
        INSTANCE_TYPES,
        RETRIEVE_STATUSES,
        || get(instances::retrieve),
    ),
    retrieve(
        "retrieveSeries",
        SERIES,
        "Retrieve a series",
        INSTANCE_TYPES,
        RETRIEVE_STATUSES,
        || get(instances::retrieve),
    ),
    retrieve(
        "retrieveInstance",
        INSTANCE,
        "Retrieve an instance",
        INSTANCE_TYPES,
        RETRIEVE_STATUSES,
        || get(instances::retrieve),
    ),
    retrieve(
        "retrieveStudyMetadata",
        "/studies/{study}/metadata",
        "Retrieve the metadata of a study",
        MODEL_TYPES,
        METADATA_STATUSES,
        || get(metadata::retrieve),
    ),
    retrieve(
        "retrieveSeriesMetadata",
        "/studies/{study}/series/{series}/metadata",
        "Retrieve the metadata of a series",
        MODEL_TYPES,
        METADATA_STATUSES,
        || get(metadata::retrieve),
    ),
    retrieve(
        "retrieveInstanceMetadata",
        "/studies/{study}/series/{series}/instances/{instance}/metadata",
        "Retrieve the metadata of an instance",
        MODEL_TYPES,
        METADATA_STATUSES,
        || get(metadata::retrieve),
    ),
    retrieve(
        "retrieveStudyBulkdata",
        "/studies/{study}/bulkdata",
        "Retrieve the bulk data of a study",
        PIXEL_TYPES,
        RETRIEVE_STATUSES,
        || get(bulk_collection::bulk_data),
    ),
    retrieve(
        "retrieveSeriesBulkdata",
        "/studies/{study}/series/{series}/bulkdata",
        "Retrieve the bulk data of a series",
        PIXEL_TYPES,
        RETRIEVE_STATUSES,
        || get(bulk_collection::bulk_data),
    ),
    retrieve(
        "retrieveInstanceBulkdata",
        "/studies/{study}/series/{series}/instances/{instance}/bulkdata",
        "Retrieve the bulk data of an instance",
        PIXEL_TYPES,
        RETRIEVE_STATUSES,
        || get(bulk_collection::bulk_data),
    ),
    retrieve(
        "retrieveBulkdata",
        "/studies/{study}/series/{series}/instances/{instance}/bulkdata/{*path}",
        "Retrieve one bulk data value",
        PIXEL_TYPES,
        BULK_STATUSES,
        || get(bulk_data::one),
    ),
    retrieve(
        "retrieveStudyPixelData",
        "/studies/{study}/pixeldata",
        "Retrieve the pixel data of a study",
        PIXEL_TYPES,
        RETRIEVE_STATUSES,
        || get(bulk_collection::pixel_data),
    ),
    retrieve(
        "retrieveSeriesPixelData",
        "/studies/{study}/series/{series}/pixeldata",
        "Retrieve the pixel data of a series",
        PIXEL_TYPES,
        RETRIEVE_STATUSES,
        || get(bulk_collection::pixel_data),
    ),
    retrieve(
        "retrieveInstancePixelData",
        "/studies/{study}/series/{series}/instances/{instance}/pixeldata",
        "Retrieve the pixel data of an instance",
        PIXEL_TYPES,
        RETRIEVE_STATUSES,
        || get(bulk_collection::pixel_data),
    ),
    retrieve(
        "retrieveFrames",
        "/studies/{study}/series/{series}/instances/{instance}/frames/{frames}",
        "Retrieve frames, counted from 1, separated by commas",
        PIXEL_TYPES,
        RETRIEVE_STATUSES,
        || get(frames::retrieve),
    ),
    drawn(
        "retrieveStudyRendered",
        "/studies/{study}/rendered",
        "Retrieve a study as a picture or document",
        RENDERING,
        RENDERED,
        || get(rendered::retrieve),
    ),
    drawn(
        "retrieveSeriesRendered",
        "/studies/{study}/series/{series}/rendered",
        "Retrieve a series as a picture or document",
        RENDERING,
        RENDERED,
        || get(rendered::retrieve),
    ),
    drawn(
        "retrieveInstanceRendered",
        "/studies/{study}/series/{series}/instances/{instance}/rendered",
        "Retrieve an instance as a picture or document",
        RENDERING,
        RENDERED,
        || get(rendered::retrieve),
    ),
    drawn(
        "retrieveFramesRendered",
        "/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered",
        "Retrieve frames as a picture or document",
        RENDERING,
        RENDERED,
        || get(rendered::retrieve),
    ),
    drawn(
        "retrieveStudyThumbnail",
        "/studies/{study}/thumbnail",
        "Retrieve a study as one small picture",
        THUMBNAIL,
        SMALL_TYPES,
        || get(rendered::thumbnail),
    ),
    drawn(
        "retrieveSeriesThumbnail",
        "/studies/{study}/series/{series}/thumbnail",
        "Retrieve a series as one small picture",
        THUMBNAIL,
        SMALL_TYPES,
        || get(rendered::thumbnail),
    ),
    drawn(
        "retrieveInstanceThumbnail",
        "/studies/{study}/series/{series}/instances/{instance}/thumbnail",
        "Retrieve an instance as one small picture",
        THUMBNAIL,
        SMALL_TYPES,
        || get(rendered::thumbnail),
    ),
    drawn(
        "retrieveFramesThumbnail",
        "/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/thumbnail",
        "Retrieve frames as one small picture",
        THUMBNAIL,
        SMALL_TYPES,
        || get(rendered::thumbnail),
    ),
    volume(
        "retrieveStudyRenderedMpr",
        "/studies/{study}/renderedmpr",
        "Retrieve a study as a plane through its volume",
        MPR,
        || get(rendered::mpr),
    ),
    volume(
        "retrieveSeriesRenderedMpr",
        "/studies/{study}/series/{series}/renderedmpr",
        "Retrieve a series as a plane through its volume",
        MPR,
        || get(rendered::mpr),
    ),
    volume(
        "retrieveInstanceRenderedMpr",
        "/studies/{study}/series/{series}/instances/{instance}/renderedmpr",
        "Retrieve an instance as a plane through its volume",
        MPR,
        || get(rendered::mpr),
    ),
    volume(
        "retrieveStudyRendered3d",
        "/studies/{study}/rendered3d",
        "Retrieve a study as a volume seen from outside",
        THREE_D,
        || get(rendered::three_d),
    ),
    volume(
        "retrieveSeriesRendered3d",
        "/studies/{study}/series/{series}/rendered3d",
        "Retrieve a series as a volume seen from outside",
        THREE_D,
        || get(rendered::three_d),
    ),
    volume(
        "retrieveInstanceRendered3d",
        "/studies/{study}/series/{series}/instances/{instance}/rendered3d",
        "Retrieve an instance as a volume seen from outside",
        THREE_D,
        || get(rendered::three_d),
    ),
    dicomweb(
        "previewDeidentification",
        Method::Get,
        "/studies/{study}/series/{series}/instances/{instance}/deid-preview",
        Permission::Retrieve,
        "What a policy of de-identification would do to an instance, element by element",
        "extension",
        DEID_PREVIEW,
        &["application/json"],
        &[200, 400, 404, 410, 413, 503],
        || get(deid_preview::retrieve),
    ),
    remove("deleteStudy", STUDY, "Delete a study"),
    remove("deleteSeries", SERIES, "Delete a series"),
    remove("deleteInstance", INSTANCE, "Delete an instance"),
    dicomweb(
        "capabilities",
        Method::Options,
        "/",
        Permission::Verify,
        "Retrieve the capabilities of the service",
        "PS3.18 §8.9",
        ACCEPT_ONLY,
        &["application/vnd.sun.wadl+xml", "application/json"],
        &[200, 406],
        || on(axum::routing::MethodFilter::OPTIONS, capabilities::retrieve),
    ),
    Route {
        name: "wadoUri",
        method: Method::Get,
        base: Base::WadoUri,
        path: "",
        permission: Some(Permission::Retrieve),
        summary: "Retrieve an instance, or render it (WADO-URI)",
        clause: "PS3.18 §9.4, §9.5",
        query: WADO_URI,
        consumes: &[],
        produces: WADO_URI_TYPES,
        statuses: &[200, 304, 400, 404, 406, 410],
        handler: || get(wado_uri::retrieve),
    },
    root(
        "statusPage",
        "/",
        None,
        "What this server is",
        &["text/html"],
        || get(status::page),
    ),
    root(
        "health",
        "/healthz",
        None,
        "Is the server well? Details with the permission `observe`",
        &["application/json"],
        || get(health::health),
    ),
    root(
        "metrics",
        "/metrics",
        Some(Permission::Observe),
        "Measurements in Prometheus text format",
        &["text/plain"],
        || get(metrics::render),
    ),
    root(
        "events",
        "/events",
        Some(Permission::Events),
        "Follow what happens to studies (server-sent events)",
        &["text/event-stream"],
        || get(events::follow),
    ),
    root(
        "openApi",
        "/openapi.json",
        Some(Permission::Verify),
        "This interface as an OpenAPI 3.1 document",
        &["application/json"],
        || get(openapi::document),
    ),
    negotiations::ALL,
    negotiations::ONE,
    quality::REPORT,
    quality::FINDINGS,
    quality::STUDY_FINDINGS,
    quality::SERIES_FINDINGS,
    quality::INSTANCE_FINDINGS,
    quality::QUARANTINE,
    quality::RELEASE,
    quality::DELETE,
    job(
        "orderDeidJob",
        Method::Post,
        "/admin/deid-jobs",
        "De-identify studies as a durable job",
        &[201, 400, 404, 410, 413],
        || post(deid_jobs::order),
    ),
    job(
        "listDeidJobs",
        Method::Get,
        "/admin/deid-jobs",
        "All jobs of de-identification, oldest first",
        &[200],
        || get(deid_jobs::list),
    ),
    job(
        "showDeidJob",
        Method::Get,
        "/admin/deid-jobs/{job}",
        "How far a job of de-identification is",
        &[200, 404],
        || get(deid_jobs::show),
    ),
    job(
        "cancelDeidJob",
        Method::Delete,
        "/admin/deid-jobs/{job}",
        "Cancel a job of de-identification; what it has given stays",
        &[200, 400, 404],
        || delete(deid_jobs::cancel),
    ),
    job(
        "deidJobFile",
        Method::Get,
        "/admin/deid-jobs/{job}/{*file}",
        "report.html, report.pdf, report.json, log.jsonl, log-key.pub.pem, reports/<study>.html or .pdf of a job",
        &[200, 404],
        || get(deid_jobs::file),
    ),
];

#[cfg(test)]
mod tests;
