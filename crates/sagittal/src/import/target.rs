//! Where instances go: a data folder, or a running server over STOW-RS.

use sagittal_archive::ingest::{Announced, Form, Outcome, Receiving, Source};
use sagittal_archive::{Archive, Error};

use super::item::Body;
use super::summary::Fate;
use crate::client::{self, StowClient};

/// Where instances go.
#[derive(Clone)]
pub enum Target {
    /// An archive that this process has opened.
    Archive(Archive),
    /// A server.
    Server(StowClient),
}

/// Nothing more can be stored.
#[derive(Debug)]
pub(super) struct Fatal(pub String);

impl Target {
    /// Stores one instance whose first bytes are read already.
    pub(super) async fn store(
        &mut self,
        source: &str,
        first: bytes::Bytes,
        body: Body,
    ) -> Result<Fate, Fatal> {
        match self {
            Target::Archive(archive) => store_here(archive, source, first, body).await,
            Target::Server(client) => store_there(client, first, body).await,
        }
    }
}

async fn store_here(
    archive: &Archive,
    source: &str,
    first: bytes::Bytes,
    mut body: Body,
) -> Result<Fate, Fatal> {
    let source = Source {
        name: source.to_owned(),
    };
    let mut receiving = archive.receive(source, Announced::default(), Form::Part10);
    if let Err(error) = receiving.write(first).await {
        return judge(error);
    }
    loop {
        match body.next().await {
            Ok(Some(bytes)) => {
                if let Err(error) = receiving.write(bytes).await {
                    return judge(error);
                }
            }
            Ok(None) => break,
            Err(error) => return Ok(Fate::Unreadable(format!("cannot be read: {error}"))),
        }
    }
    finish(receiving).await
}

async fn finish(receiving: Receiving) -> Result<Fate, Fatal> {
    match receiving.finish().await {
        Ok(stored) => Ok(match stored.outcome {
            Outcome::New => Fate::Stored,
            Outcome::Identical => Fate::Identical,
            Outcome::KeptHidden | Outcome::Quarantined => Fate::KeptHidden,
            Outcome::Replaced => Fate::Replaced,
        }),
        Err(error) => judge(error),
    }
}

/// Is it this object, or the archive?
fn judge(error: Error) -> Result<Fate, Fatal> {
    match error {
        Error::Store(_) | Error::Stopping => Err(Fatal(crate::chain(&error))),
        error => Ok(Fate::Refused(crate::chain(&error))),
    }
}

async fn store_there(
    client: &mut StowClient,
    first: bytes::Bytes,
    body: Body,
) -> Result<Fate, Fatal> {
    match client.store(first, body_stream(body)).await {
        Ok(client::Stowed::Stored) => Ok(Fate::Stored),
        Ok(client::Stowed::Refused(reason)) => Ok(Fate::Refused(reason)),
        Err(error) => Err(Fatal(format!("{error:#}"))),
    }
}

fn body_stream(body: Body) -> futures::stream::BoxStream<'static, std::io::Result<bytes::Bytes>> {
    use futures::StreamExt as _;
    futures::stream::try_unfold(body, |mut body| async move {
        Ok(body.next().await?.map(|bytes| (bytes, body)))
    })
    .boxed()
}
