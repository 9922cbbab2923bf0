//! Retrieve Instances (PS3.18 §10.4.1.1.1) of a study, a series or one instance: in
//! `multipart/related`, as one body, as ZIP, or their bulk data alone.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream, Stream};
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, WARNING};
use http::{HeaderValue, StatusCode};
use sagittal_archive::retrieve::InstanceRef;
use sagittal_archive::{Archive, Error as ArchiveError};
use sagittal_audit::Action;
use sagittal_auth::permission;

use super::bulk_collection;
use super::syntax::{Given, Wishes};
use super::zip;
use crate::accept::Accept;
use crate::authorize::Access;
use crate::conditional;
use crate::error::{Error, Result};
use crate::multipart::{Part, Writer};
use crate::request::Request;
use crate::state::WebState;

/// PS3.10 files.
pub const DICOM: &str = "application/dicom";
const ZIP: &str = "application/zip";
const OCTET_STREAM: &str = "application/octet-stream";

/// Instances opened ahead of the client.
const AHEAD: usize = 4;

/// The forms in which instances are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Multipart,
    Single,
    Zip,
    BulkData,
}

/// An instance and how it is given.
pub type Chosen = (InstanceRef, Given);

/// `GET /studies/{study}[/series/{series}[/instances/{instance}]]`.
pub(crate) async fn retrieve(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let accept = request.accept()?;
    let instances = super::select(&state, &request).await?;
    let total = instances.len();
    let (form, wishes) = choose_form(&accept, total)?;
    access.note(|event| event.action = Action::InstancesTransferred);
    access.instances(total);
    if form == Form::BulkData {
        return bulk_collection::respond(&state, &request, instances, accept).await;
    }
    let etag = etag_of(&instances, &format!("{form:?}{}", wishes.describe()));
    let chosen = choose_syntaxes(instances, &wishes)?;
    if conditional::is_known(&request.headers, &etag) {
        return Ok(conditional::not_modified(&etag));
    }
    let left_out = total - chosen.len();
    let status = if left_out == 0 {
        StatusCode::OK
    } else {
        StatusCode::PARTIAL_CONTENT
    };
    let mut response = match form {
        Form::Single => single(&state.archive, chosen).await?,
        Form::Zip => as_zip(&state.archive, chosen, &request).await?,
        _ => multipart(&state.archive, chosen, status, request.base.clone()).await?,
    };
    *response.status_mut() = status;
    if left_out > 0 {
        let text = format!(
            "299 {}: \"{left_out} of {total} instances cannot be given in an accepted transfer syntax\"",
            state.config.ae_title
        );
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(WARNING, value);
        }
    }
    conditional::mark(response.headers_mut(), &etag);
    Ok(response)
}

/// The form of the best media range that can be fulfilled, and what all ranges of that form say of
/// transfer syntaxes.
fn choose_form(accept: &Accept, instances: usize) -> Result<(Form, Wishes)> {
    let form_of = |range: &crate::accept::MediaRange| -> Option<Form> {
        if range.is_anything() {
            return Some(Form::Multipart);
        }
        let parts = range.of_parts()?;
        if range.is_multipart() {
            return if parts.covers(DICOM) {
                Some(Form::Multipart)
            } else if parts.covers(OCTET_STREAM) {
                Some(Form::BulkData)
            } else {
                None
            };
        }
        if parts.covers(DICOM) && instances == 1 {
            return Some(Form::Single);
        }
        parts.covers(ZIP).then_some(Form::Zip)
    };
    let form = accept.ranges.iter().find_map(form_of).ok_or_else(|| {
        Error::not_acceptable(format!(
            "only multipart/related of {DICOM} or {OCTET_STREAM}, {ZIP}, and for one instance {DICOM} can be given"
        ))
    })?;
    let mut wishes = Wishes::default();
    for range in &accept.ranges {
        if form_of(range) == Some(form)
            && let Some(parts) = range.of_parts()
        {
            wishes.add(&parts);
        }
    }
    if wishes.is_empty() {
        return Err(Error::not_acceptable(
            "no transfer syntax asked for is a UID",
        ));
    }
    Ok((form, wishes))
}

/// How each instance is given; those that cannot be are left out. None at all is 406.
pub(crate) fn choose_syntaxes(instances: Vec<InstanceRef>, wishes: &Wishes) -> Result<Vec<Chosen>> {
    let mut refused = None;
    let mut chosen = Vec::with_capacity(instances.len());
    for instance in instances {
        match wishes.choose(instance.transfer_syntax_uid.as_str()) {
            Some(given) => chosen.push((instance, given)),
            None => {
                refused.get_or_insert(instance.transfer_syntax_uid);
            }
        }
    }
    match refused {
        Some(stored) if chosen.is_empty() => Err(Error::not_acceptable(format!(
            "stored as {stored}, which cannot become {}; transfer-syntax=* gives it as it is",
            wishes.describe()
        ))),
        _ => Ok(chosen),
    }
}

/// A tag of the bytes of these instances in one form.
pub(crate) fn etag_of(instances: &[InstanceRef], form: &str) -> String {
    use std::hash::Hasher as _;
    // Content hashes are mixed in order; 64 bits are plenty to notice a change.
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    for instance in instances {
        hasher.write(&instance.hash);
        hasher.write(instance.transfer_syntax_uid.as_str().as_bytes());
    }
    hasher.write(form.as_bytes());
    conditional::etag(&[
        &instances.len().to_string(),
        &format!("{:016x}", hasher.finish()),
    ])
}

/// Of several instances one that cannot be converted is given as it is stored, and says so: it
/// alone is broken, and the others are worth having.
fn among_others(mut chosen: Vec<Chosen>) -> Vec<Chosen> {
    if chosen.len() > 1 {
        for (_, given) in &mut chosen {
            if let Given::Converted(uid) = given {
                *given = Given::Preferred(uid.clone());
            }
        }
    }
    chosen
}

/// A Part 10 file on its way out.
struct Opened {
    content_type: String,
    /// Bytes, if known.
    length: Option<u64>,
    body: BoxStream<'static, Result<Bytes>>,
}

/// The Part 10 file of an instance.
async fn open(archive: &Archive, (instance, given): Chosen) -> Result<Opened> {
    let reader = archive.open_instance(instance).await?;
    let stored = reader.instance.transfer_syntax_uid.clone();
    let converted = match &given {
        Given::Stored => None,
        Given::Converted(uid) => Some((uid, reader.part10_as(uid).await?)),
        Given::Preferred(uid) => match reader.part10_as(uid).await {
            Ok(converted) => Some((uid, converted)),
            Err(ArchiveError::Unconvertible { .. }) => None,
            Err(error) => return Err(error.into()),
        },
    };
    let (uid, (length, chunks)) = match converted {
        Some(converted) => converted,
        None => {
            let (length, chunks) = reader.part10().await?;
            (&stored, (Some(length), chunks))
        }
    };
    Ok(Opened {
        content_type: format!("{DICOM}; transfer-syntax={uid}"),
        length,
        body: chunks.map(|chunk| chunk.map_err(Error::from)).boxed(),
    })
}

/// With the first item made: if that fails, it does so while there still is a status to say so.
pub(crate) async fn begun<T: Send + 'static>(
    items: impl Stream<Item = Result<T>> + Send + 'static,
) -> Result<BoxStream<'static, Result<T>>> {
    let mut items = items.boxed();
    let first = items.next().await.transpose()?;
    Ok(stream::iter(first.map(Ok)).chain(items).boxed())
}

/// Of several instances those are left out that a de-identified view does not give.
fn without_withheld<T: Send + 'static>(
    items: impl Stream<Item = Result<T>> + Send + 'static,
    is_single: bool,
) -> BoxStream<'static, Result<T>> {
    let is_left_out = move |item: &Result<T>| {
        !is_single && matches!(item, Err(Error::Archive(ArchiveError::Withheld)))
    };
    let kept = items.filter(move |item| std::future::ready(!is_left_out(item)));
    kept.boxed()
}

async fn multipart(
    archive: &Archive,
    chosen: Vec<Chosen>,
    status: StatusCode,
    base: String,
) -> Result<Response> {
    let archive = archive.clone();
    let is_single = chosen.len() == 1;
    let parts = stream::iter(among_others(chosen))
        .map(move |chosen| {
            let archive = archive.clone();
            let location = location(&base, &chosen.0);
            async move {
                let opened = open(&archive, chosen).await?;
                Ok(Part {
                    content_type: opened.content_type,
                    location: Some(location),
                    length: opened.length,
                    body: opened.body,
                })
            }
        })
        .buffered(AHEAD);
    let parts = without_withheld(parts, is_single);
    Ok(Writer::related(DICOM).respond(status, begun(parts).await?))
}

/// The URL of an instance.
pub(crate) fn location(base: &str, instance: &InstanceRef) -> String {
    format!(
        "{base}/studies/{}/series/{}/instances/{}",
        instance.study_instance_uid, instance.series_instance_uid, instance.sop_instance_uid
    )
}

/// One instance as the whole body.
pub(crate) async fn single(archive: &Archive, mut chosen: Vec<Chosen>) -> Result<Response> {
    let Some(chosen) = chosen.pop() else {
        return Err(Error::NotFound("nothing is selected".to_owned()));
    };
    let name = format!("{}.dcm", chosen.0.sop_instance_uid);
    let Opened {
        content_type,
        length,
        body,
    } = open(archive, chosen).await?;
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    attachment(&mut response, &name);
    Ok(response)
}

async fn as_zip(archive: &Archive, chosen: Vec<Chosen>, request: &Request) -> Result<Response> {
    let name = ["instance", "series", "study"]
        .iter()
        .find_map(|level| request.path(level))
        .unwrap_or("study");
    let file_name = format!("{name}.zip");
    let archive = archive.clone();
    let is_single = chosen.len() == 1;
    let files = stream::iter(among_others(chosen))
        .map(move |chosen| {
            let archive = archive.clone();
            async move {
                let instance = &chosen.0;
                let name = format!(
                    "{}/{}/{}.dcm",
                    instance.study_instance_uid,
                    instance.series_instance_uid,
                    instance.sop_instance_uid
                );
                let received_ms = instance.received_ms;
                let opened = open(&archive, chosen).await?;
                Ok(zip::File {
                    name,
                    length: opened.length,
                    modified_ms: received_ms,
                    body: opened.body,
                })
            }
        })
        .buffered(AHEAD);
    let files = begun(without_withheld(files, is_single)).await?;
    let mut response = Response::new(Body::from_stream(zip::archive(files)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(ZIP));
    attachment(&mut response, &file_name);
    Ok(response)
}

fn attachment(response: &mut Response, name: &str) {
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn form(accept: &str, instances: usize) -> Option<Form> {
        choose_form(&Accept::parse(accept).unwrap(), instances)
            .ok()
            .map(|(form, _)| form)
    }

    /// PS3.18 Table 8.7.3-1 for Instances, row by row.
    #[test]
    fn the_form_follows_the_best_range_that_can_be_fulfilled() {
        let rows = [
            ("", 5, Some(Form::Multipart)),
            ("*/*", 1, Some(Form::Multipart)),
            ("multipart/related", 5, Some(Form::Multipart)),
            (
                "multipart/related; type=\"application/dicom\"",
                5,
                Some(Form::Multipart),
            ),
            (
                "multipart/related; type=application/dicom; transfer-syntax=*",
                5,
                Some(Form::Multipart),
            ),
            (
                "multipart/related; type=\"application/octet-stream\"",
                5,
                Some(Form::BulkData),
            ),
            ("application/dicom", 1, Some(Form::Single)),
            ("application/dicom", 5, None),
            ("application/zip", 5, Some(Form::Zip)),
            (
                "application/zip;q=0.5, application/dicom",
                5,
                Some(Form::Zip),
            ),
            (
                "application/zip;q=0.5, application/dicom",
                1,
                Some(Form::Single),
            ),
            ("multipart/related; type=\"image/jpeg\"", 1, None),
            ("image/jpeg", 1, None),
            ("application/dicom+json", 1, None),
            ("text/html, */*;q=0.8", 2, Some(Form::Multipart)),
        ];
        for (accept, instances, expected) in rows {
            assert_eq!(
                form(accept, instances),
                expected,
                "{accept} for {instances}"
            );
        }
    }
}
