//! Storing metadata (DICOM JSON or Native DICOM Model XML) with bulk data parts (PS3.18 §10.5.2).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use http::StatusCode;
use sagittal_archive::ingest::Stored;
use sagittal_core::{DataSet, Limits, Uid, tags};
use sagittal_file::{json, xml};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::assemble;
use super::instances::{next_part, transfer_encoding};
use super::report::{Failure, Report, reason};
use super::spool::Spool;
use super::{Notation, Session};
use crate::accept::MediaRange;
use crate::error::{Error, Result};
use crate::multipart::{PartHeaders, Reader, Token};

/// A bulk data part.
pub(super) struct Bulk {
    /// Its Content-Location, as sent.
    pub location: Option<String>,
    /// Its Content-ID without angle brackets.
    pub id: Option<String>,
    /// Its media type.
    pub media_type: MediaRange,
    /// Its bytes.
    pub spool: Spool,
}

/// A body of metadata alone.
pub(super) async fn store_one(
    session: &Session,
    mut body: BoxStream<'static, Result<Bytes>>,
    notation: Notation,
) -> Result<Report> {
    let mut text = BytesMut::new();
    while let Some(chunk) = body.next().await {
        append(
            &mut text,
            &chunk?,
            session.state.config.limits.metadata_bytes,
        )?;
    }
    let data_sets = parse(&text, notation)?;
    store(session, data_sets, Vec::new()).await
}

/// Parts of metadata, and of bulk data that they refer to.
pub(super) async fn store_parts(
    session: &Session,
    mut parts: Reader,
    notation: Notation,
) -> Result<Report> {
    let limits = &session.state.config.limits;
    let mut data_sets = Vec::new();
    let mut bulk: Vec<Bulk> = Vec::new();
    let mut metadata = 0usize;
    let mut number = 0usize;
    while let Some(headers) = next_part(&mut parts).await? {
        number += 1;
        if number > limits.parts {
            return Err(Error::TooLarge(format!("more than {} parts", limits.parts)));
        }
        transfer_encoding(&headers).map_err(|()| {
            Error::UnsupportedMediaType("a part has a Content-Transfer-Encoding".to_owned())
        })?;
        let media_type = part_type(&headers, notation)?;
        if let Some(notation) = notation_of(&media_type) {
            let room = limits.metadata_bytes.saturating_sub(metadata);
            let text = read_text(&mut parts, room).await?;
            metadata += text.len();
            data_sets.extend(parse(&text, notation)?);
        } else {
            let spool = read_bulk(&mut parts, session).await?;
            bulk.push(Bulk {
                location: headers.get("content-location").map(str::to_owned),
                id: headers
                    .get("content-id")
                    .map(|id| id.trim_matches(['<', '>']).to_owned()),
                media_type,
                spool,
            });
        }
    }
    parts.drain().await;
    store(session, data_sets, bulk).await
}

/// A part without a type is metadata, for that is what the message is said to be of.
fn part_type(headers: &PartHeaders, notation: Notation) -> Result<MediaRange> {
    let text = headers.get("content-type").unwrap_or(match notation {
        Notation::Json => super::JSON,
        Notation::Xml => super::XML,
    });
    MediaRange::parse(text).ok_or_else(|| Error::bad("a part's Content-Type is not a media type"))
}

fn notation_of(media_type: &MediaRange) -> Option<Notation> {
    match media_type.essence().as_str() {
        super::JSON | "application/json" => Some(Notation::Json),
        super::XML | "application/xml" | "text/xml" => Some(Notation::Xml),
        _ => None,
    }
}

async fn read_text(parts: &mut Reader, limit: usize) -> Result<BytesMut> {
    let mut text = BytesMut::new();
    loop {
        match parts.next().await? {
            Token::Data(bytes) => append(&mut text, &bytes, limit)?,
            _ => return Ok(text),
        }
    }
}

async fn read_bulk(parts: &mut Reader, session: &Session) -> Result<Spool> {
    let config = &session.state.config;
    let mut spool = Spool::new();
    loop {
        match parts.next().await? {
            Token::Data(bytes) => {
                spool
                    .write(&bytes, config.limits.bulk_in_memory, &config.spool)
                    .await?;
                if spool.length() > config.limits.instance_bytes {
                    return Err(Error::TooLarge(format!(
                        "a part has more than {} bytes",
                        config.limits.instance_bytes
                    )));
                }
            }
            _ => return Ok(spool),
        }
    }
}

fn append(text: &mut BytesMut, bytes: &Bytes, limit: usize) -> Result<()> {
    if text.len() + bytes.len() > limit {
        return Err(Error::TooLarge(
            "the metadata of one request are larger than allowed".to_owned(),
        ));
    }
    text.extend_from_slice(bytes);
    Ok(())
}

fn parse(text: &[u8], notation: Notation) -> Result<Vec<DataSet>> {
    let limits = Limits::default();
    match notation {
        Notation::Json => {
            json::read(text, limits).map_err(|error| Error::bad(format!("DICOM JSON: {error}")))
        }
        Notation::Xml => xml::read(text, limits)
            .map(|data_set| vec![data_set])
            .map_err(|error| Error::bad(format!("Native DICOM Model: {error}"))),
    }
}

/// Makes instances of the data sets, and waits until they are durable, several at a time.
async fn store(session: &Session, data_sets: Vec<DataSet>, mut bulk: Vec<Bulk>) -> Result<Report> {
    if data_sets.is_empty() {
        return Err(Error::bad("the message has no metadata"));
    }
    let slots = Arc::new(Semaphore::new(
        session.state.config.limits.concurrent_stores.max(1),
    ));
    let mut running: JoinSet<(usize, Result<Stored, Failure>)> = JoinSet::new();
    let mut results: Vec<(usize, Result<Stored, Failure>)> = Vec::new();
    for (number, data_set) in data_sets.into_iter().enumerate() {
        let slot = slots.clone().acquire_owned().await;
        let uid = |tag| data_set.uid(tag).ok().flatten();
        let (class, instance): (Option<Uid>, Option<Uid>) =
            (uid(tags::SOP_CLASS_UID), uid(tags::SOP_INSTANCE_UID));
        match assemble::send(session, data_set, &mut bulk).await {
            Err(failure) => results.push((number, Err(failure.naming(class, instance)))),
            Ok(receiving) => {
                running.spawn(async move {
                    let result = receiving.finish().await;
                    drop(slot);
                    let result = result.map_err(|e| Failure::of(&e).naming(class, instance));
                    (number, result)
                });
            }
        }
    }
    while let Some(done) = running.join_next().await {
        results.push(done.unwrap_or_else(|_| {
            let failure = Failure::new(
                reason::PROCESSING_FAILURE,
                StatusCode::INTERNAL_SERVER_ERROR,
                "the task that stored the instance failed",
            );
            (usize::MAX, Err(failure))
        }));
    }
    results.sort_by_key(|(number, _)| *number);
    let mut report = Report::default();
    for (_, result) in results {
        report.add(result);
    }
    Ok(report)
}
