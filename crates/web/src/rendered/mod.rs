//! Retrieve Rendered, thumbnails and volumes (PS3.18 §10.4.1.1.3, §10.4.1.1.4, §10.4.1.1.7,
//! §10.4.1.1.8): pictures and documents as a browser shows them.

mod blended;
mod document;
mod kind;
mod media;
mod parameters;
mod picture;
mod placeholder;
mod representative;
mod thumbnail;
mod uri_parameters;
mod volume;

pub(crate) use media::{RENDERED, media_type};
pub(crate) use thumbnail::retrieve as thumbnail;
pub(crate) use uri_parameters::UriParameters;
pub(crate) use volume::{VOLUME_TYPES, mpr, three_d};

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use sagittal_archive::retrieve::InstanceRef;
use sagittal_auth::permission;

use crate::authorize::Access;
use crate::conditional;
use crate::dicomweb::bulk_data::body_with_ranges;
use crate::dicomweb::bulk_stream;
use crate::dicomweb::frames::frame_list;
use crate::dicomweb::instances::{etag_of, location};
use crate::dicomweb::select;
use crate::error::{Error, Result};
use crate::multipart::{Part, Writer};
use crate::request::Request;
use crate::state::WebState;
use kind::Kind;
use media::Form;
use parameters::Parameters;
use picture::draw;

/// Pictures that are made ahead of the client.
const AHEAD: usize = 2;

/// One thing that is rendered: an instance, or one of its frames (from 1).
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub instance: InstanceRef,
    pub frame: Option<u32>,
}

/// `GET …/rendered` of a study, a series, an instance or frames.
pub(crate) async fn retrieve(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let accept = request.accept()?;
    let parameters = Parameters::of(&request)?;
    let instances = select(&state, &request).await?;
    access.instances(instances.len());
    let subjects = subjects(&state, &request, instances.clone())?;
    let form = media::choose(&accept, &subjects)?;
    let etag = etag_of(
        &instances,
        &format!(
            "rendered {} {} {}",
            request.path("frames").unwrap_or_default(),
            form.describe(),
            parameters.key()
        ),
    );
    if conditional::is_known(&request.headers, &etag) {
        return Ok(conditional::not_modified(&etag));
    }
    let mut response = match form {
        Form::Single(media_type) => {
            let Some(subject) = subjects.into_iter().next() else {
                return Err(Error::NotFound("nothing is selected".to_owned()));
            };
            let ranged = (&request.headers, etag.as_str());
            single(&state, subject, media_type, parameters, ranged).await?
        }
        Form::Multipart(media_type) => {
            multipart(&state, request.base, subjects, media_type, parameters).await?
        }
    };
    conditional::mark(response.headers_mut(), &etag);
    Ok(response)
}

/// Frames of the path, else whole instances.
fn subjects(
    state: &WebState,
    request: &Request,
    instances: Vec<InstanceRef>,
) -> Result<Vec<Subject>> {
    let Some(list) = request.path("frames") else {
        let whole = |instance| Subject {
            instance,
            frame: None,
        };
        return Ok(instances.into_iter().map(whole).collect());
    };
    let frames = frame_list(list, state.config.limits.frames)?;
    let Some(instance) = instances.into_iter().next() else {
        return Ok(Vec::new());
    };
    if let Some(beyond) = frames.iter().find(|n| **n > instance.number_of_frames) {
        return Err(Error::NotFound(format!(
            "frame {beyond} is not in the instance, which has {}",
            instance.number_of_frames
        )));
    }
    let one = |frame| Subject {
        instance: instance.clone(),
        frame: Some(frame),
    };
    Ok(frames.into_iter().map(one).collect())
}

/// A rendered subject: its bytes, and how many they are if that is known.
struct Rendering {
    length: Option<u64>,
    bytes: BoxStream<'static, Result<Bytes>>,
}

async fn body(
    state: &WebState,
    subject: &Subject,
    media_type: &'static str,
    parameters: &Parameters,
) -> Result<Rendering> {
    match Kind::of(&subject.instance) {
        kind if kind.is_given_as(media_type) => {
            let found = document::open(state, &subject.instance).await?;
            Ok(Rendering {
                length: Some(found.length),
                bytes: bulk_stream::stream(&found, 0..found.length),
            })
        }
        _ => {
            let bytes = Box::pin(draw(state, subject, media_type, parameters)).await?;
            Ok(Rendering {
                length: Some(bytes.len() as u64),
                bytes: stream::once(async move { Ok(bytes) }).boxed(),
            })
        }
    }
}

/// One thing as the whole body; what is given as it is stored, also in ranges of it, if the headers
/// ask for that and know the entity tag.
pub(crate) async fn single(
    state: &WebState,
    subject: Subject,
    media_type: &'static str,
    parameters: Parameters,
    (headers, etag): (&HeaderMap, &str),
) -> Result<Response> {
    if Kind::of(&subject.instance).is_given_as(media_type) {
        // A player asks for the end of a video before it shows the beginning.
        let found = document::open(state, &subject.instance).await?;
        return body_with_ranges(headers, &found, media_type, etag);
    }
    let Rendering { length, bytes } = body(state, &subject, media_type, &parameters).await?;
    let mut response = Response::new(Body::from_stream(bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(response)
}

/// The first part is made before the head goes out, so that what fails has a status. Later ones
/// that cannot be drawn are left out: the others are worth having.
async fn multipart(
    state: &WebState,
    base: String,
    subjects: Vec<Subject>,
    media_type: &'static str,
    parameters: Parameters,
) -> Result<Response> {
    let mut left = subjects.into_iter();
    let mut first = None;
    let mut refused = None;
    for subject in left.by_ref() {
        match body(state, &subject, media_type, &parameters).await {
            Ok(body) => {
                first = Some(part(&base, &subject, media_type, body));
                break;
            }
            Err(error) if error.status() == StatusCode::NOT_ACCEPTABLE => refused = Some(error),
            Err(error) => return Err(error),
        }
    }
    let Some(first) = first else {
        return Err(refused.unwrap_or_else(|| Error::NotFound("nothing is selected".to_owned())));
    };
    let state = state.clone();
    let rest = stream::iter(left)
        .map(move |subject| {
            let (state, parameters) = (state.clone(), parameters.clone());
            async move {
                let body = body(&state, &subject, media_type, &parameters).await;
                (subject, body)
            }
        })
        .buffered(AHEAD)
        .filter_map(move |(subject, body)| {
            let part = match body {
                Ok(body) => Some(Ok(part(&base, &subject, media_type, body))),
                Err(error) if error.status() == StatusCode::NOT_ACCEPTABLE => None,
                Err(error) => Some(Err(error)),
            };
            async move { part }
        });
    let parts = stream::once(async move { Ok(first) }).chain(rest);
    Ok(Writer::related(media_type).respond(StatusCode::OK, parts))
}

fn part(base: &str, subject: &Subject, media_type: &'static str, body: Rendering) -> Part {
    let mut url = location(base, &subject.instance);
    if let Some(frame) = subject.frame {
        url.push_str(&format!("/frames/{frame}"));
    }
    url.push_str("/rendered");
    Part {
        content_type: media_type.to_owned(),
        location: Some(url),
        length: body.length,
        body: body.bytes,
    }
}
