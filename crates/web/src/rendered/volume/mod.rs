//! Rendered MPR and 3D volumes (PS3.18 §10.4.1.1.7, §10.4.1.1.8): pictures of planes through a
//! volume, and of the volume seen from outside.

mod draw;
mod matching;
mod module;
mod parameters;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, WARNING};
use sagittal_archive::retrieve::{InstanceRef, VolumeInput};
use sagittal_auth::permission;
use sagittal_pixel::render::Volume;

use crate::accept::Offer;
use crate::authorize::Access;
use crate::conditional;
use crate::dicomweb::instances::etag_of;
use crate::dicomweb::select;
use crate::error::{Error, Result};
use crate::request::Request;
use crate::state::WebState;

use super::Kind;
use parameters::VolumeParameters;

/// Which of the two resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    /// `…/renderedmpr`.
    Mpr,
    /// `…/rendered3d`.
    ThreeD,
}

const fn offer(media_type: &'static str) -> Offer {
    Offer {
        media_type,
        multipart: false,
    }
}

/// Of one picture.
const STILL: &[Offer] = &[offer("image/jpeg"), offer("image/png"), offer("image/gif")];
/// Of an animation.
const MOVING: &[Offer] = &[offer("image/gif")];
/// Of the parameters that were used.
const MODULE: &[Offer] = &[offer("application/dicom+json"), offer("application/json")];

/// All media types, for the table of routes.
pub(crate) const VOLUME_TYPES: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/gif",
    "application/dicom+json",
];

/// `GET …/renderedmpr`.
pub(crate) async fn mpr(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    retrieve(Resource::Mpr, &access, &state, &request).await
}

/// `GET …/rendered3d`.
pub(crate) async fn three_d(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    retrieve(Resource::ThreeD, &access, &state, &request).await
}

async fn retrieve(
    resource: Resource,
    access: &Access<permission::Retrieve>,
    state: &WebState,
    request: &Request,
) -> Result<Response> {
    let parameters = VolumeParameters::of(resource, request)?;
    let offers = match &parameters {
        wanted if wanted.is_module => MODULE,
        wanted if wanted.animation.is_some() => MOVING,
        _ => STILL,
    };
    let media_type = request.accept()?.choose(offers)?.media_type;
    let mut instances = select(state, request).await?;
    matching::retain(state, request, &mut instances).await?;
    instances.retain(|instance| Kind::of(instance) == Kind::Image);
    access.instances(instances.len());
    if instances.is_empty() {
        return Err(Error::not_acceptable(
            "there are no images that a volume could be made of",
        ));
    }
    check_references(&parameters, &instances)?;
    let form = format!("{resource:?} {media_type} {}", parameters.key());
    let etag = etag_of(&instances, &form);
    if conditional::is_known(&request.headers, &etag) {
        return Ok(conditional::not_modified(&etag));
    }
    let input = VolumeInput {
        instances,
        references: parameters.references.clone(),
    };
    let (joined, body) = if parameters.is_module {
        let volume = Box::pin(state.archive.volume(&input)).await?;
        let module = module::json(resource, &parameters, &volume)?;
        (volume.joined(), Bytes::from(module))
    } else {
        // The first byte says how coarse the volume is: it is kept with the picture.
        let draw = move |volume: &Volume| {
            let mut kept = vec![u8::try_from(volume.joined()).unwrap_or(u8::MAX)];
            kept.append(&mut draw::draw(&parameters, volume, media_type)?);
            Ok::<_, Error>(kept)
        };
        let making = Box::pin(state.archive.volume_picture(&input, &form, draw));
        let mut picture = making.await?;
        let joined = picture.split_to(picture.len().min(1));
        (joined.first().copied().unwrap_or(1).into(), picture)
    };
    let mut response = Response::new(Body::from(body.clone()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len() as u64));
    if joined > 1 {
        let text = format!(
            "299 {}: \"rows and columns of the slices were joined by {joined}, to save memory\"",
            state.config.ae_title
        );
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(WARNING, value);
        }
    }
    conditional::mark(headers, &etag);
    Ok(response)
}

/// What is referred to has to be there.
fn check_references(parameters: &VolumeParameters, instances: &[InstanceRef]) -> Result<()> {
    use sagittal_archive::retrieve::VolumeReference;
    for reference in &parameters.references {
        match reference {
            VolumeReference::Instance(uid) => {
                if !instances.iter().any(|one| one.sop_instance_uid == *uid) {
                    return Err(Error::bad(format!(
                        "volumeinputreference: {uid} is no image of the resource"
                    )));
                }
            }
            VolumeReference::Frame(number) => match instances {
                [one] if *number <= one.number_of_frames => {}
                [one] => {
                    return Err(Error::bad(format!(
                        "volumeinputreference: frame {number} is not in the instance, which has {}",
                        one.number_of_frames
                    )));
                }
                _ => {
                    return Err(Error::bad(
                        "volumeinputreference: frames are those of one instance",
                    ));
                }
            },
        }
    }
    Ok(())
}
