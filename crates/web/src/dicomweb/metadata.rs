//! Retrieve Metadata (PS3.18 §10.4.1.1.2): DICOM JSON, or Native DICOM Model XML.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use sagittal_archive::retrieve::InstanceRef;
use sagittal_auth::permission;
use sagittal_file::xml;

use super::gzip;
use crate::accept::Offer;
use crate::authorize::Access;
use crate::conditional;
use crate::error::{Error, Result};
use crate::multipart::{Part, Writer};
use crate::request::Request;
use crate::state::WebState;

const JSON: Offer = Offer {
    media_type: "application/dicom+json",
    multipart: false,
};
const PLAIN_JSON: Offer = Offer {
    media_type: "application/json",
    multipart: false,
};
const XML: Offer = Offer {
    media_type: "application/dicom+xml",
    multipart: true,
};

/// Headers read ahead of the client, for XML.
const AHEAD: usize = 8;

/// `GET …/metadata`.
pub(crate) async fn retrieve(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let offer = request.accept()?.choose(&[JSON, PLAIN_JSON, XML])?;
    let selector = request.selector()?;
    let state_tag = match state.archive.state_tag(&selector).await? {
        Some(tag) => tag,
        // Says whether there never was any, or no longer is.
        None => {
            super::select(&state, &request).await?;
            return Err(Error::NotFound("nothing is selected".to_owned()));
        }
    };
    // BulkDataURIs hold the base URL, so another base is another representation.
    let coding = match offer != XML && gzip::is_accepted(&request.headers) {
        true => "gzip",
        false => "identity",
    };
    let etag = conditional::etag(&[&state_tag, offer.media_type, &request.base, coding]);
    if conditional::is_known(&request.headers, &etag) {
        return Ok(conditional::not_modified(&etag));
    }
    let mut response = if offer == XML {
        let instances = super::select(&state, &request).await?;
        access.instances(instances.len());
        as_xml(&state, &request, instances)
    } else {
        as_json(&state, &request, &selector, offer).await?
    };
    conditional::mark(response.headers_mut(), &etag);
    Ok(response)
}

async fn as_json(
    state: &WebState,
    request: &Request,
    selector: &sagittal_archive::retrieve::Selector,
    offer: Offer,
) -> Result<Response> {
    let metadata = state.archive.metadata(selector, &request.base).await?;
    let chunks = metadata
        .chunks
        .map(|chunk| chunk.map_err(Error::from))
        .boxed();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(offer.media_type));
    headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    let body = if gzip::is_accepted(&request.headers) {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        gzip::compress(chunks)
    } else {
        chunks
    };
    let mut response = Response::new(Body::from_stream(body));
    *response.headers_mut() = headers;
    Ok(response)
}

fn as_xml(state: &WebState, request: &Request, instances: Vec<InstanceRef>) -> Response {
    let archive = state.archive.clone();
    let base = request.base.clone();
    let parts = futures::stream::iter(instances)
        .map(move |instance| {
            let (archive, base) = (archive.clone(), base.clone());
            async move {
                let header = archive.header(&instance, &base).await?;
                let mut out = Vec::new();
                xml::write(&header, &mut out);
                Ok(Part {
                    content_type: XML.media_type.to_owned(),
                    location: None,
                    length: Some(out.len() as u64),
                    body: futures::stream::once(async move { Ok(Bytes::from(out)) }).boxed(),
                })
            }
        })
        .buffered(AHEAD);
    Writer::related(XML.media_type).respond(StatusCode::OK, parts)
}
