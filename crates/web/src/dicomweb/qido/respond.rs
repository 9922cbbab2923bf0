//! Answers to searches: JSON or XML, 200 or 204, with warnings (PS3.18 §10.6.3).

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY, WARNING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sagittal_auth::permission;
use sagittal_core::DataSet;
use sagittal_file::xml;

use super::parameters::{self, Search};
use super::{Resource, attributes};
use crate::accept::Offer;
use crate::authorize::Access;
use crate::dicomweb::bulk_data::whole;
use crate::dicomweb::{gzip, json_stream};
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

/// Answers read before the head goes out: most pages are complete then, and their total is known
/// without counting.
const AHEAD: usize = 256;

/// Searches and answers.
pub(super) async fn search(
    resource: Resource,
    access: &Access<permission::Query>,
    state: &WebState,
    request: &Request,
) -> Result<Response> {
    let offer = request.accept()?.choose(&[JSON, PLAIN_JSON, XML])?;
    let most = state.config.limits.search_results;
    let search = parameters::read(resource, request, most)?;
    let limit = search.query.limit.unwrap_or(most);
    let offset = search.query.offset;
    let mut answers = state.archive.query(search.query.clone()).await?;
    // Read ahead below, and asked again for what follows: it may have ended by then.
    answers.answers = answers.answers.fuse().boxed();
    let mut warnings: Vec<String> = answers
        .unsupported
        .iter()
        .map(|tag| format!("{tag} cannot be matched and was ignored"))
        .collect();
    let mut ahead: Vec<DataSet> = Vec::new();
    let mut complete = limit == 0;
    while ahead.len() < AHEAD && !complete {
        match answers.answers.next().await {
            Some(answer) => ahead.push(answer?),
            None => complete = true,
        }
    }
    access.instances(ahead.len());
    // A page that is not full was the last one.
    let known = (complete && limit > 0 && (ahead.len() as u64) < limit && !ahead.is_empty())
        .then(|| offset + ahead.len() as u64);
    let full = !complete || ahead.len() as u64 >= limit;
    let total = match known {
        Some(total) => Some(total),
        None if full => count(state, &search).await?,
        None => None,
    };
    if total.is_none() && full && !ahead.is_empty() {
        warnings.push("There may be additional results that can be requested".to_owned());
    }
    if let Some(total) = total {
        let remaining = total.saturating_sub(offset.saturating_add(limit));
        if remaining > 0 {
            warnings.push(format!(
                "There are {remaining} additional results that can be requested"
            ));
        }
    }
    let mut headers = HeaderMap::new();
    put_warnings(&mut headers, &state.config.ae_title, &warnings);
    if let Some(total) = total {
        headers.insert(
            HeaderName::from_static("x-total-count"),
            HeaderValue::from(total),
        );
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if ahead.is_empty() {
        return Ok((StatusCode::NO_CONTENT, headers).into_response());
    }
    let data_sets = completed(resource, search, state, request, ahead, answers.answers);
    let mut response = match offer {
        XML => as_xml(data_sets),
        offer => as_json(data_sets, offer, request, &mut headers),
    };
    response.headers_mut().extend(headers);
    Ok(response)
}

async fn count(state: &WebState, search: &Search) -> Result<Option<u64>> {
    let mut query = search.query.clone();
    query.limit = None;
    query.offset = 0;
    Ok(state.archive.count(query).await?)
}

/// The answers with what the adapter adds.
fn completed(
    resource: Resource,
    search: Search,
    state: &WebState,
    request: &Request,
    ahead: Vec<DataSet>,
    rest: BoxStream<'static, sagittal_archive::Result<DataSet>>,
) -> BoxStream<'static, Result<DataSet>> {
    let base = request.base.clone();
    let ae_title = state.config.ae_title.clone();
    let all = search.query.all_attributes;
    let asked = search.asked;
    stream::iter(ahead.into_iter().map(Ok))
        .chain(rest)
        .map(move |answer| {
            let mut answer = answer.map_err(Error::from)?;
            attributes::complete(resource, &asked, all, &base, &ae_title, &mut answer);
            Ok(answer)
        })
        .boxed()
}

fn as_json(
    data_sets: BoxStream<'static, Result<DataSet>>,
    offer: Offer,
    request: &Request,
    headers: &mut HeaderMap,
) -> Response {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(offer.media_type));
    let chunks = json_stream::array(data_sets);
    let chunks = if gzip::is_accepted(&request.headers) {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        gzip::compress(chunks)
    } else {
        chunks
    };
    Response::new(Body::from_stream(chunks))
}

fn as_xml(data_sets: BoxStream<'static, Result<DataSet>>) -> Response {
    let parts = data_sets.map(|data_set| {
        let mut out = Vec::new();
        xml::write(&data_set?, &mut out);
        Ok(Part {
            content_type: XML.media_type.to_owned(),
            location: None,
            length: Some(out.len() as u64),
            body: whole(Bytes::from(out)),
        })
    });
    Writer::related(XML.media_type).respond(StatusCode::OK, parts)
}

/// `Warning: 299 {SERVICE}: text` (PS3.18 §10.6.3).
fn put_warnings(headers: &mut HeaderMap, service: &str, warnings: &[String]) {
    for text in warnings.iter().take(20) {
        if let Ok(value) = HeaderValue::from_str(&format!("299 {service}: \"{text}\"")) {
            headers.append(WARNING, value);
        }
    }
}
