//! Retrieve Bulk Data (PS3.18 §10.4.1.1.5): one value, with ranges; and how a value becomes parts.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use sagittal_archive::bulk_path;
use sagittal_archive::retrieve::{BulkData, InstanceReader, InstanceRef};
use sagittal_auth::permission;
use sagittal_core::{Tag, TagPath, Uid, tags};

use super::bulk_stream;
use super::instances::{etag_of, location};
use super::media_type::{self, Asked, OCTET_STREAM, Representation};
use crate::accept::Accept;
use crate::authorize::Access;
use crate::conditional;
use crate::error::{Error, Result};
use crate::multipart::{Part, Writer, byteranges};
use crate::range::{self, Wanted};
use crate::request::Request;
use crate::state::WebState;

/// Elements that hold pixel data (PS3.3 §C.7.6.24).
pub(super) const PIXEL_DATA: &[Tag] = &[
    tags::PIXEL_DATA,
    tags::FLOAT_PIXEL_DATA,
    tags::DOUBLE_FLOAT_PIXEL_DATA,
];

/// A value and how it is given.
pub(super) struct Item {
    pub location: String,
    pub content: Content,
    pub representation: Representation,
}

pub(super) enum Content {
    /// Bytes of the value.
    Value(BulkData),
    /// One frame (from 0) of compressed pixel data.
    Frame(InstanceRef, u32),
}

/// `GET …/bulkdata/{path}`.
pub(crate) async fn one(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let path = bulk_path::parse(request.path("path").unwrap_or_default()).ok_or_else(|| {
        Error::bad(
            "the bulk data path is not made of tags and item numbers, such as 00400555/0/0040A123",
        )
    })?;
    let accept = request.accept()?;
    let instance = only(super::select(&state, &request).await?)?;
    access.instances(1);
    let bulk = state.archive.bulk_data(&instance, &path).await?;
    let ranged = request.headers.contains_key(http::header::RANGE);
    if is_framewise(&instance, &path) {
        let representation = framewise(&accept, &instance)?;
        let etag = etag_of(
            std::slice::from_ref(&instance),
            &format!("frames{}", representation.content_type()),
        );
        if conditional::is_known(&request.headers, &etag) {
            return Ok(conditional::not_modified(&etag));
        }
        let items = frames_of(&request.base, &instance, &representation);
        let mut response = respond(&state, &representation, items);
        conditional::mark(response.headers_mut(), &etag);
        return Ok(response);
    }
    let representation = represent(&accept, &instance, &path, ranged)?;
    let etag = etag_of(
        std::slice::from_ref(&instance),
        &format!("{path}{}", representation.content_type()),
    );
    if conditional::is_known(&request.headers, &etag) {
        return Ok(conditional::not_modified(&etag));
    }
    let mut response = if representation.converted.is_some() && representation.multipart {
        let items = frames_of(&request.base, &instance, &representation);
        respond(&state, &representation, items)
    } else if representation.converted.is_some() {
        let reader = state.archive.open_instance(instance).await?;
        let frame = frame(&reader, 0, &representation).await?;
        let mut response = Response::new(Body::from(frame.clone()));
        put(&mut response, CONTENT_TYPE, &representation.content_type());
        put(&mut response, CONTENT_LENGTH, &frame.len().to_string());
        response
    } else if representation.multipart {
        let item = Item {
            location: request.resource_url() + "/bulkdata/" + request.path("path").unwrap_or(""),
            content: Content::Value(bulk),
            representation: representation.clone(),
        };
        respond(&state, &representation, vec![item])
    } else {
        let content_type = representation.content_type();
        body_with_ranges(&request.headers, &bulk, &content_type, &etag)?
    };
    conditional::mark(response.headers_mut(), &etag);
    Ok(response)
}

/// One value as the body, or ranges of it.
pub(crate) fn body_with_ranges(
    headers: &HeaderMap,
    bulk: &BulkData,
    content_type: &str,
    etag: &str,
) -> Result<Response> {
    let length = bulk.length;
    let mut response = match range::wanted(headers, length, Some(etag))? {
        Wanted::Everything => {
            let mut response =
                Response::new(Body::from_stream(bulk_stream::stream(bulk, 0..length)));
            put(&mut response, CONTENT_TYPE, content_type);
            put(&mut response, CONTENT_LENGTH, &length.to_string());
            response
        }
        Wanted::One(range) => {
            let stream = bulk_stream::stream(bulk, range.clone());
            let mut response = Response::new(Body::from_stream(stream));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            put(&mut response, CONTENT_TYPE, content_type);
            put(
                &mut response,
                CONTENT_LENGTH,
                &(range.end - range.start).to_string(),
            );
            let text = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            put(&mut response, CONTENT_RANGE, &text);
            response
        }
        Wanted::Several(ranges) => {
            let parts = ranges
                .into_iter()
                .map(|range| (range.clone(), bulk_stream::stream(bulk, range)))
                .collect();
            byteranges(length, content_type, parts)
        }
    };
    put(&mut response, ACCEPT_RANGES, "bytes");
    Ok(response)
}

fn respond(state: &WebState, outer: &Representation, items: Vec<Item>) -> Response {
    Writer::related(outer.media_type).respond(StatusCode::OK, parts_of(state, items))
}

pub(super) fn parts_of(state: &WebState, items: Vec<Item>) -> BoxStream<'static, Result<Part>> {
    let archive = state.archive.clone();
    stream::iter(items)
        .then(move |item| {
            let archive = archive.clone();
            async move {
                let content_type = item.representation.content_type();
                let (length, body) = match item.content {
                    Content::Value(bulk) => {
                        (bulk.length, bulk_stream::stream(&bulk, 0..bulk.length))
                    }
                    Content::Frame(instance, index) => {
                        let reader = archive.open_instance(instance).await?;
                        let frame = frame(&reader, index, &item.representation).await?;
                        (frame.len() as u64, whole(frame))
                    }
                };
                Ok(Part {
                    content_type,
                    location: Some(item.location),
                    length: Some(length),
                    body,
                })
            }
        })
        .boxed()
}

/// The whole of a short body.
pub(crate) fn whole(bytes: Bytes) -> BoxStream<'static, Result<Bytes>> {
    stream::once(async move { Ok(bytes) }).boxed()
}

/// A frame (from 0) as it is represented.
pub(super) async fn frame(
    reader: &InstanceReader,
    index: u32,
    representation: &Representation,
) -> Result<Bytes> {
    Ok(match representation.converted {
        Some(uid) => reader.frame_as(index, &Uid::from_static(uid)).await?,
        None => reader.frame(index).await?,
    })
}

/// How the frames of an instance are given, each by itself.
pub(super) fn framewise(accept: &Accept, instance: &InstanceRef) -> Result<Representation> {
    let asked = Asked {
        stored: instance.transfer_syntax_uid.as_str(),
        is_single: false,
        prefers_single: false,
        is_frames: true,
    };
    media_type::negotiate_pixel_data(accept, asked)
}

/// How a value is given: pixel data by their syntax, everything else as octets. The value of a
/// single frame can be converted.
pub(super) fn represent(
    accept: &Accept,
    instance: &InstanceRef,
    path: &TagPath,
    prefer_single: bool,
) -> Result<Representation> {
    let is_pixels = is_pixel_data(path);
    let stored = match is_pixels {
        true => instance.transfer_syntax_uid.as_str(),
        false => sagittal_core::transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
    };
    let asked = Asked {
        stored,
        is_single: true,
        prefers_single: prefer_single,
        is_frames: is_pixels && instance.number_of_frames == 1,
    };
    media_type::negotiate_pixel_data(accept, asked)
}

pub(super) fn as_stored(instance: &InstanceRef, path: &TagPath) -> Representation {
    let uid = instance.transfer_syntax_uid.as_str();
    let compressed = is_pixel_data(path) && media_type::is_encapsulated(uid);
    Representation {
        media_type: if compressed {
            media_type::of_transfer_syntax(uid)
        } else {
            OCTET_STREAM
        },
        transfer_syntax: compressed.then(|| uid.to_owned()),
        converted: None,
        multipart: true,
    }
}

fn is_pixel_data(path: &TagPath) -> bool {
    PIXEL_DATA.iter().any(|tag| *path == TagPath::root(*tag))
}

/// Compressed frames are parts of their own (PS3.18 §8.7.3.3); a video is one stream.
pub(super) fn is_framewise(instance: &InstanceRef, path: &TagPath) -> bool {
    let uid = instance.transfer_syntax_uid.as_str();
    is_pixel_data(path)
        && instance.number_of_frames > 1
        && media_type::is_encapsulated(uid)
        && !media_type::is_video(uid)
}

pub(super) fn frames_of(
    base: &str,
    instance: &InstanceRef,
    representation: &Representation,
) -> Vec<Item> {
    let url = location(base, instance);
    (0..instance.number_of_frames)
        .map(|index| Item {
            location: format!("{url}/frames/{}", u64::from(index) + 1),
            content: Content::Frame(instance.clone(), index),
            representation: representation.clone(),
        })
        .collect()
}

fn only(instances: Vec<InstanceRef>) -> Result<InstanceRef> {
    instances
        .into_iter()
        .next()
        .ok_or_else(|| Error::NotFound("nothing is selected".to_owned()))
}

fn put(response: &mut Response, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
