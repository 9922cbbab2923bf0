//! Whole ways through the archive, on a temporary folder.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod compaction_cuts;
mod compression;
mod crash;
mod deidentified;
mod duplicates;
mod large;
mod lifecycle;
mod objects;
mod quality;
mod round_trip;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use sagittal_core::Uid;
use sagittal_store::index::Row;

use crate::ingest::{Announced, Form, Source, Stored};
use crate::retrieve::{InstanceReader, InstanceRef};
use crate::{Archive, Options, Result};

fn options(folder: &Path) -> Options {
    Options {
        pack_size: 4 << 20,
        reserve: 0,
        study_quiet: Duration::from_millis(40),
        ..Options::new(folder)
    }
}

async fn open(folder: &Path) -> Archive {
    Archive::open(options(folder)).await.unwrap()
}

fn from(name: &str) -> Source {
    Source {
        name: name.to_owned(),
    }
}

/// Sends a data set in pieces, as PDVs come.
async fn send(archive: &Archive, data_set: &[u8], ts: &str) -> Result<Stored> {
    let form = Form::DataSet {
        transfer_syntax_uid: Uid::new(ts).unwrap(),
    };
    send_as(archive, data_set, Announced::default(), form, 16_000).await
}

async fn send_as(
    archive: &Archive,
    bytes: &[u8],
    announced: Announced,
    form: Form,
    piece: usize,
) -> Result<Stored> {
    let mut receiving = archive.receive(from("SENDER"), announced, form);
    for chunk in bytes.chunks(piece) {
        receiving.write(Bytes::copy_from_slice(chunk)).await?;
    }
    receiving.finish().await
}

/// The shown instance with this UID, as a query would find it.
async fn find(archive: &Archive, uid: &str) -> Option<InstanceRef> {
    archive.wait_indexed().await.unwrap();
    let row = archive.index().instance(uid).unwrap()?;
    let Row::Instance(study, series, instance) = row else {
        panic!()
    };
    let uid = |text: &str| Uid::tolerant(text).unwrap();
    Some(InstanceRef {
        study_instance_uid: uid(&study.attributes.study_instance_uid),
        series_instance_uid: uid(&series.attributes.series_instance_uid),
        sop_instance_uid: uid(&instance.attributes.sop_instance_uid),
        sop_class_uid: uid(&instance.attributes.sop_class_uid),
        transfer_syntax_uid: uid(&instance.transfer_syntax_uid),
        number_of_frames: instance.attributes.number_of_frames.unwrap_or(1),
        hash: instance.hash,
        locator: instance.locator,
        received_ms: instance.received_ms,
        original: None,
    })
}

async fn reader(archive: &Archive, uid: &str) -> InstanceReader {
    archive
        .open_instance(find(archive, uid).await.unwrap())
        .await
        .unwrap()
}

async fn collect(mut chunks: futures::stream::BoxStream<'static, Result<Bytes>>) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(chunk) = chunks.next().await {
        whole.extend_from_slice(&chunk.unwrap());
    }
    whole
}

async fn data_set(archive: &Archive, uid: &str) -> Vec<u8> {
    let reader = reader(archive, uid).await;
    collect(reader.stream(0, reader.len())).await
}

async fn close(archive: Archive) {
    archive.close(Duration::from_secs(10)).await.unwrap();
}
