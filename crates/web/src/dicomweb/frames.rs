//! Retrieve Frames (PS3.18 §10.4.1.1.6): as they are stored, or in the media type asked for.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures::StreamExt as _;
use futures::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use sagittal_auth::permission;

use super::bulk_data::{frame, whole};
use super::instances::{etag_of, location};
use super::media_type::{self, Asked};
use crate::authorize::Access;
use crate::conditional;
use crate::error::{Error, Result};
use crate::multipart::{Part, Writer};
use crate::request::Request;
use crate::state::WebState;

/// Frames read ahead of the client.
const AHEAD: usize = 4;

/// `GET …/instances/{instance}/frames/{frames}`.
pub(crate) async fn retrieve(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let list = request.path("frames").unwrap_or_default();
    let frames = frame_list(list, state.config.limits.frames)?;
    let accept = request.accept()?;
    let Some(instance) = super::select(&state, &request).await?.into_iter().next() else {
        return Err(Error::NotFound("nothing is selected".to_owned()));
    };
    access.instances(1);
    if instance.number_of_frames == 0 {
        return Err(Error::NotFound(
            "the instance has no pixel data, and so no frames".to_owned(),
        ));
    }
    if media_type::is_video(instance.transfer_syntax_uid.as_str()) {
        let url = location(&request.base, &instance);
        return Err(Error::NotFound(format!(
            "the frames of a video are one stream, not to be had one by one; the whole of it is at {url}/pixeldata and {url}/bulkdata/7FE00010"
        )));
    }
    let asked = Asked {
        stored: instance.transfer_syntax_uid.as_str(),
        is_single: frames.len() == 1,
        prefers_single: false,
        is_frames: true,
    };
    let representation = media_type::negotiate_pixel_data(&accept, asked)?;
    let etag = etag_of(
        std::slice::from_ref(&instance),
        &format!(
            "{list}{}{}",
            representation.multipart,
            representation.content_type()
        ),
    );
    if let Some(beyond) = frames.iter().find(|n| **n > instance.number_of_frames) {
        return Err(Error::NotFound(format!(
            "frame {beyond} is not in the instance, which has {}",
            instance.number_of_frames
        )));
    }
    if conditional::is_known(&request.headers, &etag) {
        return Ok(conditional::not_modified(&etag));
    }
    let url = location(&request.base, &instance);
    let reader = state.archive.open_instance(instance).await?;
    let content_type = representation.content_type();
    let mut numbers = frames.into_iter();
    // The first is read before the head goes out, so that what fails has a status.
    let Some(first) = numbers.next() else {
        return Err(Error::bad("no frame is asked for"));
    };
    let bytes = frame(&reader, first - 1, &representation).await?;
    let mut response = if representation.multipart {
        let part = move |number: u32, bytes: bytes::Bytes| Part {
            content_type: content_type.clone(),
            location: Some(format!("{url}/frames/{number}")),
            length: Some(bytes.len() as u64),
            body: whole(bytes),
        };
        let head = part(first, bytes);
        let given = representation.clone();
        let rest = stream::iter(numbers)
            .map(move |number| {
                let (reader, given) = (reader.clone(), given.clone());
                async move { (number, frame(&reader, number - 1, &given).await) }
            })
            .buffered(AHEAD)
            .map(move |(number, bytes)| Ok(part(number, bytes?)));
        let parts = stream::once(async move { Ok(head) }).chain(rest);
        Writer::related(representation.media_type).respond(StatusCode::OK, parts)
    } else {
        let length = bytes.len() as u64;
        let mut response = Response::new(Body::from(bytes));
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(&content_type) {
            headers.insert(CONTENT_TYPE, value);
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        response
    };
    conditional::mark(response.headers_mut(), &etag);
    Ok(response)
}

/// Frame numbers from 1, separated by commas.
pub(crate) fn frame_list(text: &str, limit: usize) -> Result<Vec<u32>> {
    let mut frames = Vec::new();
    for piece in text.split(',') {
        let digits = !piece.is_empty() && piece.bytes().all(|b| b.is_ascii_digit());
        let number = match piece.parse::<u32>() {
            Ok(number) if digits && number > 0 => number,
            _ => {
                return Err(Error::bad("frames are numbers from 1, separated by commas"));
            }
        };
        if frames.len() >= limit {
            return Err(Error::bad(format!("more than {limit} frames")));
        }
        frames.push(number);
    }
    Ok(frames)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn frames_are_counted_from_one() {
        assert_eq!(frame_list("1", 10).unwrap(), [1]);
        assert_eq!(frame_list("3,1,3", 10).unwrap(), [3, 1, 3]);
        for bad in [
            "",
            "0",
            "1,",
            ",1",
            "a",
            "-1",
            "+1",
            "1-3",
            "1;2",
            "99999999999",
            "1, 2",
        ] {
            assert!(frame_list(bad, 10).is_err(), "{bad}");
        }
        assert!(frame_list("1,2,3", 2).is_err());
    }
}
