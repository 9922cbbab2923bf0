//! `--demo`: generated studies are stored at start, unless they are there.

use std::time::Duration;

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _};
use sagittal_archive::Archive;
use sagittal_archive::ingest::{Announced, Form, Source};

use crate::demo;

/// Stores all generated studies, several instances at a time so that they share syncs.
pub(super) async fn demo(archive: &Archive) -> anyhow::Result<()> {
    let started = std::time::Instant::now();
    // Making pictures is work: not on the runtime's own threads.
    let (send, receive) = tokio::sync::mpsc::channel(16);
    let maker = tokio::task::spawn_blocking(move || {
        for object in demo::objects() {
            if send.blocking_send(object.part10()).is_err() {
                return;
            }
        }
    });
    let files = futures::stream::unfold(receive, |mut receive| async move {
        receive.recv().await.map(|file| (file, receive))
    });
    let count = files
        .map(|file| async move {
            let source = Source {
                name: "demo".to_owned(),
            };
            let mut receiving = archive.receive(source, Announced::default(), Form::Part10);
            receiving.write(file?.into()).await?;
            receiving.finish().await?;
            anyhow::Ok(1u64)
        })
        .buffer_unordered(16)
        .try_fold(0, |sum, one| async move { Ok(sum + one) })
        .await
        .context("cannot store the demonstration studies")?;
    maker
        .await
        .context("cannot make the demonstration studies")?;
    let took = started.elapsed().max(Duration::from_millis(1));
    tracing::info!(
        instances = count,
        seconds = took.as_secs_f64(),
        "demonstration studies are there"
    );
    Ok(())
}
