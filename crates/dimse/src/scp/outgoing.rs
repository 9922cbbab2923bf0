//! An instance on its way to a receiver: which presentation context, and its bytes read ahead.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use sagittal_archive::Archive;
use sagittal_archive::retrieve::{InstanceReader, InstanceRef};
use sagittal_core::{AeTitle, Uid, transfer_syntax};
use sagittal_net::dimse::{CStoreRequest, Priority, Status};
use sagittal_net::{Data, Negotiated, PresentationContext};
use sagittal_pixel::transcode;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::composite;
use super::retrieve::Form;
use crate::even;
use crate::ledger::Ledger;
use crate::lossy::Lossy;
use crate::registry::Operation as Kind;
use crate::status::{Failure, UNABLE_TO_EXTRACT_FRAMES};

/// Instances up to this length are read at once.
const AT_ONCE: u64 = 4 << 20;
/// Instances whose pixels are decoded are complete before they are sent, up to this length: one that
/// is broken at its end then fails alone. Of a longer one half has left by then, and it takes the
/// association along.
const COMPLETE: usize = 16 << 20;
/// Chunks read ahead of larger ones.
const READ_AHEAD: usize = 4;

/// An instance that can be sent.
pub(super) struct Outgoing {
    pub(super) context_id: u8,
    sop_class_uid: Uid,
    sop_instance_uid: Uid,
    pub(super) data: Data<'static>,
    pub(super) converted: Option<Converted>,
}

/// How an instance differs from what is stored.
#[derive(Clone)]
pub(super) struct Converted {
    from: Uid,
    to: Uid,
    lossy: bool,
}

impl Converted {
    fn between(from: &Uid, to: &Uid, lossy: bool) -> Option<Converted> {
        (from != to).then(|| Converted {
            from: from.clone(),
            to: to.clone(),
            lossy,
        })
    }

    /// Taken down for a peer when it was sent.
    pub(super) fn note(&self, ledger: &Ledger, ae_title: &AeTitle, address: &str) {
        let Converted { from, to, lossy } = self;
        ledger.transcoded(
            ae_title.as_str(),
            address,
            from.as_str(),
            to.as_str(),
            *lossy,
        );
        let name = transfer_syntax::by_uid(to.as_str()).map_or("other", |row| row.name);
        metrics::counter!("sagittal_dimse_instances_transcoded_total",
            "to" => name, "lossy" => if *lossy { "yes" } else { "no" })
        .increment(1);
    }
}

impl Outgoing {
    /// The C-STORE-RQ for it.
    pub(super) fn request(&self, message_id: u16) -> CStoreRequest {
        CStoreRequest {
            affected_sop_class_uid: self.sop_class_uid.clone(),
            message_id,
            priority: Priority::Medium,
            affected_sop_instance_uid: self.sop_instance_uid.clone(),
            move_originator_ae_title: None,
            move_originator_message_id: None,
        }
    }
}

/// Begins to read an instance, so that it is at hand when its turn comes.
pub(super) fn read_ahead(
    archive: &Archive,
    negotiated: &Arc<Negotiated>,
    instance: &InstanceRef,
    form: &Form,
    lossy: &[Lossy],
) -> JoinHandle<Result<Outgoing, Failure>> {
    let (archive, negotiated) = (archive.clone(), negotiated.clone());
    let (instance, form, lossy) = (instance.clone(), form.clone(), lossy.to_vec());
    tokio::spawn(async move { prepare(&archive, &negotiated, instance, &form, &lossy).await })
}

async fn prepare(
    archive: &Archive,
    negotiated: &Negotiated,
    instance: InstanceRef,
    form: &Form,
    lossy: &[Lossy],
) -> Result<Outgoing, Failure> {
    let opened = archive.open_instance(archive.seen(instance)).await;
    let reader = opened.map_err(|error| Failure::of(Kind::Get, &error))?;
    let context = match choose(negotiated, &reader.instance, form) {
        Ok(context) => context,
        Err(failure) => {
            return with_loss(negotiated, &reader, form, lossy, failure).await;
        }
    };
    let instance = &reader.instance;
    let mut sop_instance_uid = instance.sop_instance_uid.clone();
    let data = match form {
        Form::Whole => whole(&reader, &context.transfer_syntax).await?,
        Form::Frames(frames) => {
            let (uid, bytes) = reader
                .with_frames(frames)
                .await
                .map_err(|error| Failure::new(UNABLE_TO_EXTRACT_FRAMES, error.to_string()))?;
            sop_instance_uid = uid;
            let stored = instance.transfer_syntax_uid.clone();
            converted(bytes, stored, context.transfer_syntax.clone()).await?
        }
        Form::WithoutBulkData => {
            composite::without_bulk_data(archive, instance, &context.transfer_syntax).await?
        }
    };
    Ok(Outgoing {
        context_id: context.id,
        sop_class_uid: instance.sop_class_uid.clone(),
        sop_instance_uid,
        data,
        converted: Converted::between(
            &instance.transfer_syntax_uid,
            &context.transfer_syntax,
            false,
        ),
    })
}

/// Another instance with less in it, if the peer is configured to get such and takes it; else the
/// reason why it gets nothing.
async fn with_loss(
    negotiated: &Negotiated,
    reader: &InstanceReader,
    form: &Form,
    lossy: &[Lossy],
    mut failure: Failure,
) -> Result<Outgoing, Failure> {
    let instance = &reader.instance;
    if *form != Form::Whole || instance.number_of_frames == 0 {
        return Err(failure);
    }
    for lossy in lossy {
        let to = &lossy.transfer_syntax_uid;
        let context = negotiated
            .contexts_for(&instance.sop_class_uid)
            .find(|context| context.transfer_syntax == *to && negotiated.may_be_scu(context));
        let Some(context) = context.filter(|_| lossy.is_possible(&instance.transfer_syntax_uid))
        else {
            continue;
        };
        let made = async { completed(reader.data_set_encoded(to, &lossy.encode).await?).await };
        match made.await {
            Ok(data) => {
                return Ok(Outgoing {
                    context_id: context.id,
                    sop_class_uid: instance.sop_class_uid.clone(),
                    sop_instance_uid: reader.uid_encoded(to, &lossy.encode),
                    data,
                    converted: Converted::between(&instance.transfer_syntax_uid, to, true),
                });
            }
            // Not every coding can hold every image.
            Err(error) => failure = Failure::of(Kind::Get, &error),
        }
    }
    Err(failure)
}

/// The context in which an instance is sent: as it is stored if that was accepted, else in a
/// transfer syntax that differs in encoding only, else in one for which pixels are decoded and
/// encoded without loss.
fn choose<'a>(
    negotiated: &'a Negotiated,
    instance: &InstanceRef,
    form: &Form,
) -> Result<&'a PresentationContext, Failure> {
    let accepted: Vec<&PresentationContext> = negotiated
        .contexts_for(&instance.sop_class_uid)
        .filter(|context| negotiated.may_be_scu(context))
        .collect();
    if accepted.is_empty() {
        return Err(Failure::new(
            Status::SOP_CLASS_NOT_SUPPORTED,
            format!("SOP class {} was not accepted", instance.sop_class_uid),
        ));
    }
    let stored = &instance.transfer_syntax_uid;
    let cost = |context: &&PresentationContext| -> Option<usize> {
        let target = context.transfer_syntax.as_str();
        match transcode::rank(stored.as_str(), target) {
            // A header has no pixels to be kept from anything.
            None if *form == Form::WithoutBulkData => Some(usize::MAX),
            rank => rank,
        }
    };
    accepted
        .into_iter()
        .filter_map(|context| cost(&context).map(|cost| (cost, context)))
        .min_by_key(|(cost, _)| *cost)
        .map(|(_, context)| context)
        .ok_or_else(|| {
            Failure::new(
                Status::PROCESSING_FAILURE,
                format!("stored as {stored}; no accepted syntax can hold it without loss"),
            )
        })
}

async fn whole(reader: &InstanceReader, target: &Uid) -> Result<Data<'static>, Failure> {
    let failure = |error| Failure::of(Kind::Get, &error);
    if reader.instance.transfer_syntax_uid != *target {
        let stream = reader.data_set_as(target).await.map_err(failure)?;
        return completed(stream).await.map_err(failure);
    }
    if reader.len() % 2 == 1 {
        let mender = even::survey(reader).await.map_err(failure)?;
        return Ok(pumped(even::mended(reader.stream(0, reader.len()), mender)));
    }
    if reader.len() > AT_ONCE {
        return Ok(pumped(reader.stream(0, reader.len())));
    }
    let bytes = reader.read(0, reader.len()).await.map_err(failure)?;
    Ok(Data::from(bytes))
}

/// As much as is held before anything is sent.
async fn completed(
    mut stream: BoxStream<'static, sagittal_archive::Result<Bytes>>,
) -> sagittal_archive::Result<Data<'static>> {
    let mut chunks = Vec::new();
    let mut length = 0;
    while length <= COMPLETE {
        let Some(chunk) = stream.next().await.transpose()? else {
            return Ok(Data::stream(futures::stream::iter(
                chunks.into_iter().map(Ok),
            )));
        };
        length += chunk.len();
        chunks.push(chunk);
    }
    let begin = futures::stream::iter(chunks.into_iter().map(Ok));
    Ok(pumped(begin.chain(stream).boxed()))
}

async fn converted(bytes: Bytes, from: Uid, to: Uid) -> Result<Data<'static>, Failure> {
    if from == to && bytes.len().is_multiple_of(2) {
        return Ok(Data::from(bytes));
    }
    let convert = move || {
        if from == to {
            return Ok(sagittal_file::even::mended(&bytes, to.as_str()));
        }
        let mut out = Vec::with_capacity(bytes.len());
        let options = transcode::Options::default();
        let (from, to) = (from.as_str(), to.as_str());
        transcode::transcode(&bytes[..], 0, from, to, &options, &mut out).map(|_| out)
    };
    let failure = |reason: String| Failure::new(Status::PROCESSING_FAILURE, reason);
    tokio::task::spawn_blocking(convert)
        .await
        .map_err(|error| failure(error.to_string()))?
        .map(Data::from)
        .map_err(|error| failure(error.to_string()))
}

/// Read by a task of its own, a few chunks ahead of the connection.
fn pumped(mut stream: BoxStream<'static, sagittal_archive::Result<Bytes>>) -> Data<'static> {
    let (sender, mut receiver) = mpsc::channel(READ_AHEAD);
    tokio::spawn(async move {
        while let Some(chunk) = stream.next().await {
            if sender.send(chunk.map_err(io::Error::other)).await.is_err() {
                return;
            }
        }
    });
    Data::stream(futures::stream::poll_fn(move |context| {
        receiver.poll_recv(context)
    }))
}
