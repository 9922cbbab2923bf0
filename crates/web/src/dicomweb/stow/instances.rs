//! Storing Part 10 files: each part streams into the archive; several wait for the disk together,
//! so that one flush serves them all.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use http::StatusCode;
use sagittal_archive::ingest::{Form, Receiving, Stored};
use sagittal_core::{Uid, tags};
use sagittal_file::part10;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::report::{Failure, Report, reason};
use super::{DICOM, Session};
use crate::accept::MediaRange;
use crate::error::{Error, Result};
use crate::multipart::{PartHeaders, Reader, Token};

/// First bytes of a part, kept to name it if it fails.
const PREFIX: usize = 4096;

/// One body, one instance.
pub(super) async fn store_one(
    session: &Session,
    mut body: BoxStream<'static, Result<Bytes>>,
) -> Result<Report> {
    let mut part = Part::begin(session);
    while let Some(chunk) = body.next().await {
        part.write(chunk?).await;
    }
    let mut report = Report::default();
    report.add(part.finish().await);
    Ok(report)
}

/// A part an instance.
pub(super) async fn store_parts(session: &Session, mut parts: Reader) -> Result<Report> {
    let limits = &session.state.config.limits;
    let slots = Arc::new(Semaphore::new(limits.concurrent_stores.max(1)));
    let mut running: JoinSet<(usize, Result<Stored, Failure>)> = JoinSet::new();
    let mut results: Vec<(usize, Result<Stored, Failure>)> = Vec::new();
    let mut number = 0;
    let broken_off = loop {
        // Whoever sent the part before need not wait; whoever sends thousands does.
        let slot = slots.clone().acquire_owned().await;
        let headers = match next_part(&mut parts).await {
            Ok(Some(headers)) => headers,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        number += 1;
        if number > limits.parts {
            break Some(Error::TooLarge(format!("more than {} parts", limits.parts)));
        }
        let mut part = match refusal(&headers) {
            None => Part::begin(session),
            Some(failure) => Part::refused(session, failure),
        };
        match read_part(&mut parts, &mut part).await {
            Err(error) => break Some(error),
            Ok(()) => {
                running.spawn(async move {
                    let result = part.finish().await;
                    drop(slot);
                    (number, result)
                });
            }
        }
        while let Some(done) = running.try_join_next() {
            results.extend(done);
        }
    };
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
    match broken_off {
        Some(error) => report.broken_off(error),
        None if number == 0 => Err(Error::bad("the message has no parts")),
        None => {
            parts.drain().await;
            Ok(report)
        }
    }
}

/// Goes on to the next part.
pub(super) async fn next_part(parts: &mut Reader) -> Result<Option<PartHeaders>> {
    loop {
        match parts.next().await? {
            Token::Start(headers) => return Ok(Some(headers)),
            Token::Close => return Ok(None),
            Token::Data(_) | Token::End => {}
        }
    }
}

async fn read_part(parts: &mut Reader, part: &mut Part) -> Result<()> {
    loop {
        match parts.next().await? {
            Token::Data(bytes) => part.write(bytes).await,
            _ => return Ok(()),
        }
    }
}

/// Why a part cannot be an instance.
fn refusal(headers: &PartHeaders) -> Option<Failure> {
    let unsupported = |message: &str| {
        Failure::new(
            reason::CANNOT_UNDERSTAND,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            message,
        )
    };
    if let Some(text) = headers.get("content-type") {
        let media_type = MediaRange::parse(text);
        if media_type.is_none_or(|media_type| !media_type.covers(DICOM)) {
            return Some(unsupported("the part is not application/dicom"));
        }
    }
    transfer_encoding(headers)
        .err()
        .map(|()| unsupported("the part has a Content-Transfer-Encoding"))
}

/// Parts must come as they are: HTTP needs no transfer encoding (RFC 9110 §8.4).
pub(super) fn transfer_encoding(headers: &PartHeaders) -> Result<(), ()> {
    match headers.get("content-transfer-encoding") {
        None => Ok(()),
        Some(encoding) => match encoding.to_ascii_lowercase().as_str() {
            "binary" | "8bit" | "7bit" => Ok(()),
            _ => Err(()),
        },
    }
}

/// A part on its way into the archive.
struct Part {
    receiving: Result<Receiving, Failure>,
    prefix: Vec<u8>,
    length: u64,
    limit: u64,
}

impl Part {
    fn begin(session: &Session) -> Part {
        let receiving = session.state.archive.receive(
            session.source.clone(),
            session.announced.clone(),
            Form::Part10,
        );
        Part {
            receiving: Ok(receiving),
            prefix: Vec::new(),
            length: 0,
            limit: session.state.config.limits.instance_bytes,
        }
    }

    /// A part that is read past.
    fn refused(session: &Session, failure: Failure) -> Part {
        Part {
            receiving: Err(failure),
            prefix: Vec::new(),
            length: 0,
            limit: session.state.config.limits.instance_bytes,
        }
    }

    /// After a failure the rest of the part is read past, so that the next can be found.
    async fn write(&mut self, bytes: Bytes) {
        let Ok(receiving) = &mut self.receiving else {
            return;
        };
        if self.prefix.len() < PREFIX {
            let room = PREFIX - self.prefix.len();
            self.prefix
                .extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        }
        self.length += bytes.len() as u64;
        if self.length > self.limit {
            self.receiving = Err(Failure::new(
                reason::OUT_OF_RESOURCES,
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the instance has more than {} bytes", self.limit),
            ));
        } else if let Err(error) = receiving.write(bytes).await {
            self.receiving = Err(Failure::of(&error));
        }
    }

    async fn finish(self) -> Result<Stored, Failure> {
        let result = match self.receiving {
            Ok(receiving) => receiving.finish().await.map_err(|e| Failure::of(&e)),
            Err(failure) => Err(failure),
        };
        result.map_err(|failure| {
            let (class, instance) = named(&self.prefix);
            failure.naming(class, instance)
        })
    }
}

/// SOP Class and Instance UID of a file, from its File Meta Information.
fn named(prefix: &[u8]) -> (Option<Uid>, Option<Uid>) {
    let Ok(opening) = part10::open(prefix) else {
        return (None, None);
    };
    let uid = |tag| opening.meta.uid(tag).ok().flatten();
    (
        uid(tags::MEDIA_STORAGE_SOP_CLASS_UID),
        uid(tags::MEDIA_STORAGE_SOP_INSTANCE_UID),
    )
}
