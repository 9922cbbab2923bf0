//! Store (STOW-RS, PS3.18 §10.5): Part 10 instances, or metadata with bulk data.
//!
//! Every part is durable before the response says so. What fails is named in the response
//! (PS3.18 Annex I) and does not touch the others.

mod assemble;
mod codestream;
mod instances;
mod model;
mod report;
mod spool;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use sagittal_archive::ingest::{Announced, Source};
use sagittal_auth::permission;

use self::report::Report;
use crate::accept::MediaRange;
use crate::authorize::Access;
use crate::error::{Error, Result};
use crate::multipart::{Reader, boundary_of};
use crate::request::Request;
use crate::state::WebState;

const DICOM: &str = "application/dicom";
const JSON: &str = "application/dicom+json";
const XML: &str = "application/dicom+xml";

/// What all parts of a request share.
#[derive(Clone)]
struct Session {
    state: WebState,
    source: Source,
    announced: Announced,
}

/// How data sets are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    Json,
    Xml,
}

/// `POST /studies[/{study}]`.
pub(crate) async fn store(
    access: Access<permission::Store>,
    State(state): State<WebState>,
    request: Request,
    body: Body,
) -> Result<Response> {
    let media_type = content_type(&request)?;
    let accept = request.accept()?;
    let study_instance_uid = request.uid("study")?;
    let body = crate::body::incoming(&request.headers, body, &state.config.limits)?;
    let session = Session {
        source: Source {
            name: source_name(access.caller()),
        },
        announced: Announced {
            study_instance_uid,
            ..Announced::default()
        },
        state,
    };
    let essence = media_type.essence();
    let report = if media_type.is_multipart() {
        let boundary = boundary_of(&media_type)?.to_owned();
        let parts = Reader::new(body, &boundary);
        let kind = media_type
            .parameter("type")
            .and_then(MediaRange::parse)
            .map_or_else(|| DICOM.to_owned(), |parts| parts.essence());
        match kind.as_str() {
            DICOM => instances::store_parts(&session, parts).await?,
            JSON | "application/json" => {
                model::store_parts(&session, parts, Notation::Json).await?
            }
            XML | "application/xml" | "text/xml" => {
                model::store_parts(&session, parts, Notation::Xml).await?
            }
            _ => return Err(unsupported()),
        }
    } else {
        match essence.as_str() {
            DICOM => instances::store_one(&session, body).await?,
            JSON | "application/json" => model::store_one(&session, body, Notation::Json).await?,
            XML => model::store_one(&session, body, Notation::Xml).await?,
            _ => return Err(unsupported()),
        }
    };
    note(&access, &report);
    Ok(report.respond(&request.base, &session.state.config.ae_title, &accept))
}

fn note(access: &Access<permission::Store>, report: &Report) {
    access.note(|event| {
        event.instances = report.stored.len() as u64;
        for stored in &report.stored {
            event.add_study(stored.study_instance_uid.as_str());
        }
        let failed = report.failed.len();
        if failed > 0 {
            event.detail = Some(format!("{failed} instances were not stored"));
        }
    });
}

/// How the sender is called in the archive: its name, or its address if nobody is known.
fn source_name(caller: &sagittal_auth::Caller) -> String {
    match (caller.name.as_str(), caller.address) {
        ("", Some(address)) => address.to_string(),
        ("", None) => "http".to_owned(),
        (name, _) => name.to_owned(),
    }
}

fn content_type(request: &Request) -> Result<MediaRange> {
    let value = request
        .headers
        .get(CONTENT_TYPE)
        .ok_or_else(unsupported)?
        .to_str()
        .map_err(|_| Error::bad("Content-Type is not ASCII text"))?;
    MediaRange::parse(value).ok_or_else(|| Error::bad("Content-Type is not a media type"))
}

fn unsupported() -> Error {
    Error::UnsupportedMediaType(format!(
        "{DICOM}, {JSON} or {XML} expected, alone or as type of multipart/related"
    ))
}
