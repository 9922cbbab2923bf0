//! Thumbnails (PS3.18 §10.4.1.1.4): one small picture of a study, a series, an instance or a frame.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use sagittal_auth::permission;
use sagittal_pixel::render::{Options, Viewport};

use super::parameters::bad;
use super::representative::candidates;
use super::{Parameters, Subject, draw, placeholder, subjects};
use crate::accept::Offer;
use crate::authorize::Access;
use crate::conditional;
use crate::dicomweb::instances::etag_of;
use crate::dicomweb::select;
use crate::error::Result;
use crate::request::Request;
use crate::state::WebState;

/// Columns and rows, unless asked for otherwise.
const SIDE: u32 = 128;
/// Instances that are tried.
const TRIED: usize = 5;

const OFFERS: [Offer; 3] = [
    Offer {
        media_type: "image/jpeg",
        multipart: false,
    },
    Offer {
        media_type: "image/png",
        multipart: false,
    },
    Offer {
        media_type: "image/gif",
        multipart: false,
    },
];

/// `GET …/thumbnail`.
pub(crate) async fn retrieve(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let media_type = request.accept()?.choose(&OFFERS)?.media_type;
    let viewport = match request.parameter("viewport") {
        Some(text) if !text.is_empty() => Viewport::parse(text).map_err(bad)?,
        _ => Viewport::size(SIDE, SIDE).map_err(bad)?,
    };
    let instances = select(&state, &request).await?;
    access.instances(1);
    let etag = etag_of(
        &instances,
        &format!(
            "thumbnail {} {media_type} {viewport:?}",
            request.path("frames").unwrap_or_default()
        ),
    );
    if conditional::is_known(&request.headers, &etag) {
        return Ok(conditional::not_modified(&etag));
    }
    let tried = match request.path("frames") {
        Some(_) => subjects(&state, &request, instances.clone())?,
        None => {
            let whole = |instance| Subject {
                instance,
                frame: None,
            };
            let found = candidates(&instances, TRIED);
            found.into_iter().map(whole).collect()
        }
    };
    let options = Options {
        viewport: Some(viewport),
        ..Options::default()
    };
    let parameters = Parameters::new(options, format!("thumbnail {viewport:?}"));
    // A moving picture is no thumbnail.
    let still = |subject: &Subject| Subject {
        frame: Some(
            subject
                .frame
                .unwrap_or(subject.instance.number_of_frames / 2 + 1),
        ),
        ..subject.clone()
    };
    let mut picture = None;
    for subject in &tried {
        let subject = still(subject);
        match Box::pin(draw(&state, &subject, media_type, &parameters)).await {
            Ok(bytes) => {
                picture = Some(bytes);
                break;
            }
            Err(error) if error.status() == StatusCode::NOT_ACCEPTABLE => {}
            Err(error) => return Err(error),
        }
    }
    let picture = match picture {
        Some(picture) => picture,
        None => {
            Box::pin(placeholder::sketch(
                &state, &instances, viewport, media_type,
            ))
            .await?
        }
    };
    let mut response = Response::new(Body::from(picture.clone()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(picture.len() as u64));
    conditional::mark(headers, &etag);
    Ok(response)
}
