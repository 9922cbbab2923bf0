//! Retrieve Bulk Data and Pixel Data of a study, series or instance (PS3.18 §10.4.1.1.5,
//! §10.4.1.1.6): all values, each a part. They are looked for while the client takes those before.

use axum::extract::State;
use axum::response::Response;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use http::StatusCode;
use sagittal_archive::retrieve::InstanceRef;
use sagittal_archive::{Archive, Error as ArchiveError, bulk_path};
use sagittal_auth::permission;
use sagittal_core::{DataSet, TagPath, Value};

use super::bulk_data::{
    Content, Item, PIXEL_DATA, as_stored, frames_of, framewise, is_framewise, parts_of, represent,
};
use super::instances::{begun, etag_of, location};
use super::media_type::{OCTET_STREAM, Representation};
use crate::accept::{Accept, Offer};
use crate::authorize::Access;
use crate::conditional;
use crate::error::{Error, Result};
use crate::multipart::Writer;
use crate::request::Request;
use crate::state::WebState;

/// Headers read ahead of the client.
const AHEAD: usize = 4;

/// A value: whose, and where in it.
type Place = (InstanceRef, TagPath);

/// `GET …/bulkdata` of a study, series or instance.
pub(crate) async fn bulk_data(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let accept = request.accept()?;
    let instances = super::select(&state, &request).await?;
    access.instances(instances.len());
    respond(&state, &request, instances, accept).await
}

/// All bulk data of these instances, each a part named by its BulkDataURI.
pub(crate) async fn respond(
    state: &WebState,
    request: &Request,
    instances: Vec<InstanceRef>,
    accept: Accept,
) -> Result<Response> {
    let octets = accept.choose(&[Offer {
        media_type: OCTET_STREAM,
        multipart: true,
    }]);
    if octets.is_err() && !instances.iter().any(|i| negotiate(&accept, i).is_ok()) {
        return Err(Error::not_acceptable(format!(
            "only multipart/related of {OCTET_STREAM}, or of the pixel data as stored, can be given"
        )));
    }
    let etag = tag(&instances, "bulkdata", request, &accept);
    if conditional::is_known(&request.headers, &etag) {
        return Ok(conditional::not_modified(&etag));
    }
    let (archive, base) = (state.archive.clone(), request.base.clone());
    let is_single = instances.len() == 1;
    let places = stream::iter(instances)
        .map(move |instance| {
            let (archive, base) = (archive.clone(), base.clone());
            async move {
                let header = match archive.header(&instance, &base).await {
                    // One of several that a de-identified view does not give.
                    Err(ArchiveError::Withheld) if !is_single => return Ok(Vec::new()),
                    header => header?,
                };
                let mut paths = Vec::new();
                bulk_paths(&header, &TagPath::default(), &mut paths);
                Ok::<_, Error>(of_one(instance, paths))
            }
        })
        .buffered(AHEAD);
    let places = flattened(places.boxed()).await?;
    let places = places.ok_or_else(|| Error::NotFound("there are no bulk data".to_owned()))?;
    Ok(multipart(
        state,
        request,
        OCTET_STREAM,
        places,
        accept,
        &etag,
    ))
}

/// `GET …/pixeldata` of a study, series or instance.
pub(crate) async fn pixel_data(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let accept = request.accept()?;
    let mut instances = super::select(&state, &request).await?;
    access.instances(instances.len());
    let nothing = || Error::NotFound("there are no pixel data".to_owned());
    instances.retain(|instance| instance.number_of_frames > 0);
    let Some(first) = instances.first() else {
        return Err(nothing());
    };
    let refused = negotiate(&accept, first).err();
    instances.retain(|instance| negotiate(&accept, instance).is_ok());
    let Some(first) = instances.first() else {
        return Err(refused.unwrap_or_else(nothing));
    };
    let outer = negotiate(&accept, first)?;
    let etag = tag(&instances, "pixeldata", &request, &accept);
    if conditional::is_known(&request.headers, &etag) {
        return Ok(conditional::not_modified(&etag));
    }
    let archive = state.archive.clone();
    let is_single = instances.len() == 1;
    let places = stream::iter(instances)
        .map(move |instance| {
            let archive = archive.clone();
            async move {
                let path = match pixel_path(&archive, &instance).await {
                    Err(Error::Archive(ArchiveError::Withheld)) if !is_single => None,
                    path => path?,
                };
                Ok(of_one(instance, path.into_iter().collect()))
            }
        })
        .buffered(AHEAD);
    let places = flattened(places.boxed()).await?.ok_or_else(nothing)?;
    let response = multipart(&state, &request, outer.media_type, places, accept, &etag);
    Ok(response)
}

fn negotiate(accept: &Accept, instance: &InstanceRef) -> Result<Representation> {
    framewise(accept, instance)
}

/// What the parts are depends on the instances and what is accepted; their locations on the base.
fn tag(instances: &[InstanceRef], what: &str, request: &Request, accept: &Accept) -> String {
    etag_of(instances, &format!("{what} {} {accept:?}", request.base))
}

fn of_one(instance: InstanceRef, paths: Vec<TagPath>) -> Vec<Place> {
    let place = |path| (instance.clone(), path);
    paths.into_iter().map(place).collect()
}

/// The values one by one; `None` if there is none at all.
async fn flattened(
    places: BoxStream<'static, Result<Vec<Place>>>,
) -> Result<Option<BoxStream<'static, Result<Place>>>> {
    let places = places.flat_map(|places| {
        let places: Vec<Result<Place>> = match places {
            Ok(places) => places.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        };
        stream::iter(places)
    });
    let mut places = Box::pin(begun(places).await?.peekable());
    let is_empty = places.as_mut().peek().await.is_none();
    Ok((!is_empty).then(|| places.boxed()))
}

/// The values as parts, each opened when the client has taken the one before it.
fn multipart(
    state: &WebState,
    request: &Request,
    media_type: &str,
    places: BoxStream<'static, Result<Place>>,
    accept: Accept,
    etag: &str,
) -> Response {
    let (base, inner) = (request.base.clone(), state.clone());
    let parts = places
        .then(move |place| {
            let (state, base, accept) = (inner.clone(), base.clone(), accept.clone());
            async move {
                let items = items(&state, &base, &accept, place?).await?;
                Ok(parts_of(&state, items))
            }
        })
        .flat_map(|parts| match parts {
            Ok(parts) => parts,
            Err(error) => stream::once(async { Err(error) }).boxed(),
        });
    let mut response = Writer::related(media_type).respond(StatusCode::OK, parts);
    conditional::mark(response.headers_mut(), etag);
    response
}

async fn items(
    state: &WebState,
    base: &str,
    accept: &Accept,
    (instance, path): Place,
) -> Result<Vec<Item>> {
    // Whoever takes octets alone still gets compressed pixels, named for what they are.
    let representation = match is_framewise(&instance, &path) {
        true => framewise(accept, &instance),
        false => represent(accept, &instance, &path, false),
    };
    let representation = representation.unwrap_or_else(|_| as_stored(&instance, &path));
    if is_framewise(&instance, &path) || representation.converted.is_some() {
        return Ok(frames_of(base, &instance, &representation));
    }
    let bulk = state.archive.bulk_data(&instance, &path).await?;
    let (instance, path) = (location(base, &instance), bulk_path::format(&path));
    Ok(vec![Item {
        location: format!("{instance}/bulkdata/{path}"),
        content: Content::Value(bulk),
        representation,
    }])
}

/// The element that holds an instance's pixels, if it has any.
async fn pixel_path(archive: &Archive, instance: &InstanceRef) -> Result<Option<TagPath>> {
    for tag in PIXEL_DATA {
        let path = TagPath::root(*tag);
        match archive.bulk_data(instance, &path).await {
            Ok(_) => return Ok(Some(path)),
            Err(ArchiveError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Where a header refers to bulk data.
fn bulk_paths(data_set: &DataSet, at: &TagPath, paths: &mut Vec<TagPath>) {
    for element in data_set.elements() {
        let path = at.element(element.tag);
        match &element.value {
            Value::BulkDataUri(_) => paths.push(path),
            Value::Sequence(items) => {
                for (index, item) in (0u32..).zip(items) {
                    bulk_paths(item, &path.item(index), paths);
                }
            }
            _ => {}
        }
    }
}
