//! Where exported instances come from: an archive opened here, or a server.

use std::io::{Seek as _, SeekFrom, Write as _};

use anyhow::Context as _;
use futures::StreamExt as _;
use sagittal_archive::Archive;
use sagittal_archive::retrieve::InstanceRef;
use sagittal_core::Uid;

use super::destination::{Destination, Place};
use crate::client::{Remote, RemoteInstance};

/// Selected instances that are still to be written.
pub struct Origin {
    source: Source,
    position: usize,
}

enum Source {
    Archive(Archive, Vec<InstanceRef>),
    Server(Box<Remote>, Vec<RemoteInstance>),
}

impl Origin {
    /// From an archive.
    pub fn archive(archive: Archive, instances: Vec<InstanceRef>) -> Origin {
        Origin {
            source: Source::Archive(archive, instances),
            position: 0,
        }
    }

    /// From a server.
    pub fn server(remote: Remote, instances: Vec<RemoteInstance>) -> Origin {
        Origin {
            source: Source::Server(Box::new(remote), instances),
            position: 0,
        }
    }

    /// Nothing is selected.
    pub fn is_empty(&self) -> bool {
        match &self.source {
            Source::Archive(_, instances) => instances.is_empty(),
            Source::Server(_, instances) => instances.is_empty(),
        }
    }

    /// The archive, to be closed.
    pub fn into_archive(self) -> Option<Archive> {
        match self.source {
            Source::Archive(archive, _) => Some(archive),
            Source::Server(..) => None,
        }
    }

    /// Writes the next instance: its SOP Instance UID and its bytes, or what went wrong.
    pub async fn write_next(
        &mut self,
        destination: &mut Destination,
    ) -> Option<(Uid, anyhow::Result<u64>)> {
        let position = self.position;
        self.position += 1;
        match &mut self.source {
            Source::Archive(archive, instances) => {
                let instance = instances.get(position)?.clone();
                let uid = instance.sop_instance_uid.clone();
                Some((uid, from_archive(archive, instance, destination).await))
            }
            Source::Server(remote, instances) => {
                let instance = instances.get(position)?;
                let uid = instance.sop_instance_uid.clone();
                Some((uid, from_server(remote, instance, destination).await))
            }
        }
    }
}

async fn from_archive(
    archive: &Archive,
    instance: InstanceRef,
    destination: &mut Destination,
) -> anyhow::Result<u64> {
    let place = Place {
        study_instance_uid: instance.study_instance_uid.clone(),
        series_instance_uid: instance.series_instance_uid.clone(),
        sop_instance_uid: instance.sop_instance_uid.clone(),
    };
    let (_, mut chunks) = archive.open_instance(instance).await?.part10().await?;
    let mut writer = destination.begin(&place)?;
    let mut total = 0;
    while let Some(bytes) = chunks.next().await {
        let bytes = bytes?;
        total += bytes.len() as u64;
        writer.write(&bytes)?;
    }
    writer.finish()?;
    Ok(total)
}

/// Through a temporary file, so that a connection that breaks leaves no half instance.
async fn from_server(
    remote: &mut Remote,
    instance: &RemoteInstance,
    destination: &mut Destination,
) -> anyhow::Result<u64> {
    let place = Place {
        study_instance_uid: instance.study_instance_uid.clone(),
        series_instance_uid: instance.series_instance_uid.clone(),
        sop_instance_uid: instance.sop_instance_uid.clone(),
    };
    let mut spool = tempfile::tempfile().context("cannot make a temporary file")?;
    let total = remote.retrieve(instance, &mut spool).await?;
    spool.flush()?;
    spool.seek(SeekFrom::Start(0))?;
    let mut writer = destination.begin(&place)?;
    writer.copy(&mut spool)?;
    writer.finish()?;
    Ok(total)
}
