//! Sending messages: fragmentation into P-DATA-TF PDUs (PS3.8 Annex E), a few large writes.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::{Buf, Bytes, BytesMut};
use futures::StreamExt;
use tokio::sync::Mutex;

use super::link::Writer;
use super::shared::Shared;
use super::{AbortReason, Data};
use crate::dimse::CommandSet;
use crate::error::{Error, Result};
use crate::negotiate::Negotiated;
use crate::pdu::{AbortSource, PDV_OVERHEAD, Pdu, ProviderAbortReason, pdv_header};
use crate::state::{Event, State};

/// Gathered before a write.
const BATCH: usize = 1024 * 1024;
/// Slices of one write; the kernel takes 1024.
const MAX_SLICES: usize = 256;
/// Bytes of headers per allocation.
const HEADERS: usize = 1024;
/// How long an abort waits for a write that is under way.
const ABORT_PATIENCE: std::time::Duration = std::time::Duration::from_millis(500);

/// The half of an association that sends. Clones share it; messages do not mix.
#[derive(Clone)]
pub struct Sender {
    pub(super) shared: Arc<Shared>,
    pub(super) writer: Arc<Mutex<Writer>>,
}

impl Sender {
    /// What was agreed on.
    pub fn negotiated(&self) -> &Arc<Negotiated> {
        &self.shared.negotiated
    }

    /// A message id that is not in use, for a request of ours.
    pub fn next_message_id(&self) -> u16 {
        let mut operations = self.shared.operations.lock();
        let super::shared::Operations { ids, invoked, .. } = &mut *operations;
        ids.allocate(|id| invoked.contains(id))
    }

    /// May another request be sent within the asynchronous operations window?
    pub fn may_invoke(&self) -> bool {
        self.shared.operations.lock().invoked.has_room()
    }

    /// Waits until [`Sender::may_invoke`]; somebody must receive meanwhile.
    pub async fn ready_to_invoke(&self) -> Result<()> {
        loop {
            let changed = self.shared.changed.notified();
            if self.may_invoke() {
                return Ok(());
            }
            tokio::select! {
                () = changed => {}
                () = self.shared.dead.cancelled() => return Err(self.dead()),
            }
        }
    }

    /// Requests of the peer that were received and not yet finally answered.
    pub fn operations_to_answer(&self) -> usize {
        self.shared.operations.lock().performed.len()
    }

    /// Is the connection gone?
    pub fn is_closed(&self) -> bool {
        self.shared.dead.is_cancelled()
    }

    /// Ends when the connection is gone or the association released or aborted.
    pub async fn closed(&self) {
        self.shared.dead.cancelled().await;
    }

    /// Sends a message and returns when the operating system has all of it. Command Data Set Type
    /// is set by whether there is `data`.
    ///
    /// If this future is dropped half-way, the association can only be aborted.
    pub async fn send(&self, context_id: u8, command: &CommandSet, data: Data<'_>) -> Result<()> {
        let negotiated = &self.shared.negotiated;
        if negotiated.context(context_id).is_none() {
            return Err(Error::UnknownContext { id: context_id });
        }
        let payload = payload(negotiated.peer_max_pdu, self.shared.config.max_pdu_send)?;
        tokio::select! {
            biased;
            () = self.shared.dead.cancelled() => Err(self.dead()),
            result = self.send_locked(context_id, command, data, payload) => {
                if matches!(&result, Err(error) if !matches!(error, Error::NotAllowed { .. } | Error::Source(_))) {
                    self.shared.dead.cancel();
                }
                result
            }
        }
    }

    /// Sends one command with each of these data sets, as so many messages but in one write: the
    /// pending responses of a C-FIND. As for [`Sender::send`], dropping the future half-way leaves
    /// nothing but to abort.
    pub async fn send_each(
        &self,
        context_id: u8,
        command: &CommandSet,
        data_sets: &[Bytes],
    ) -> Result<()> {
        let negotiated = &self.shared.negotiated;
        if negotiated.context(context_id).is_none() {
            return Err(Error::UnknownContext { id: context_id });
        }
        let payload = payload(negotiated.peer_max_pdu, self.shared.config.max_pdu_send)?;
        tokio::select! {
            biased;
            () = self.shared.dead.cancelled() => Err(self.dead()),
            result = self.send_each_locked(context_id, command, data_sets, payload) => {
                if matches!(&result, Err(error) if !matches!(error, Error::NotAllowed { .. })) {
                    self.shared.dead.cancel();
                }
                result
            }
        }
    }

    async fn send_each_locked(
        &self,
        context_id: u8,
        command: &CommandSet,
        data_sets: &[Bytes],
        payload: usize,
    ) -> Result<()> {
        if data_sets.is_empty() {
            return Ok(());
        }
        let command_bytes = command.encode(true);
        let total: usize = data_sets.iter().map(Bytes::len).sum();
        let mut out =
            Vec::with_capacity(total + data_sets.len() * (command_bytes.len() + 2 * PDV_OVERHEAD));
        let mut pdus = 0;
        for data_set in data_sets {
            for (is_command, part) in [(true, command_bytes.as_slice()), (false, data_set)] {
                pdus += fragment(context_id, is_command, part, payload, &mut out);
            }
        }
        let mut writer = self.writer.lock().await;
        if writer.is_broken() {
            return Err(Error::Interrupted);
        }
        self.shared.step(Event::Evt9)?;
        for _ in data_sets {
            self.shared.note_sent(command);
        }
        writer.begin()?;
        let before = writer.bytes;
        writer.write(&mut [IoSlice::new(&out)]).await?;
        writer.end().await?;
        self.shared
            .count
            .bytes_sent
            .fetch_add(writer.bytes - before, Relaxed);
        self.shared.count.pdus_sent.fetch_add(pdus, Relaxed);
        self.shared.touch();
        Ok(())
    }

    async fn send_locked(
        &self,
        context_id: u8,
        command: &CommandSet,
        data: Data<'_>,
        payload: usize,
    ) -> Result<()> {
        let mut writer = self.writer.lock().await;
        if writer.is_broken() {
            return Err(Error::Interrupted);
        }
        let mut source = Source::new(data, payload);
        // Before anything leaves: a source that fails at once fails this message only.
        source.fetch().await.map_err(Error::Source)?;
        self.shared.step(Event::Evt9)?;
        self.shared.note_sent(command);
        writer.begin()?;
        let before = writer.bytes;
        let mut batch = Batch {
            context_id,
            payload,
            pdus: 0,
            headers: BytesMut::new(),
        };
        let command = Bytes::from(command.encode(source.exists));
        let result = batch.send(&mut writer, command, &mut source).await;
        self.shared
            .count
            .bytes_sent
            .fetch_add(writer.bytes - before, Relaxed);
        self.shared.count.pdus_sent.fetch_add(batch.pdus, Relaxed);
        self.shared.touch();
        if matches!(result, Err(Error::Source(_))) {
            // Half a data set has left; there is no other way to say that it is not whole.
            drop(writer);
            self.abort_unclean().await;
        }
        result
    }

    /// Aborts after an interrupted message. If the last write ended with a whole PDU, the peer gets
    /// an A-ABORT, else just the end of the connection.
    async fn abort_unclean(&self) {
        if let Ok(mut writer) = tokio::time::timeout(ABORT_PATIENCE, self.writer.lock()).await {
            self.shared.machine.lock().step(Event::Evt15);
            let pdu = Pdu::Abort {
                source: AbortSource::ServiceUser,
                reason: 0,
            };
            let bytes = pdu.encode();
            let _ = writer.write(&mut [IoSlice::new(&bytes)]).await;
            let _ = writer.end().await;
            writer.shutdown().await;
        }
        self.shared.dead.cancel();
    }

    /// Sends a PDU other than P-DATA-TF.
    pub(super) async fn pdu(&self, pdu: &Pdu) -> Result<()> {
        let mut writer = self.writer.lock().await;
        let before = writer.bytes;
        let result = writer.pdu(pdu).await;
        self.shared
            .count
            .bytes_sent
            .fetch_add(writer.bytes - before, Relaxed);
        self.shared.count.pdus_sent.fetch_add(1, Relaxed);
        self.shared.touch();
        if result.is_err() {
            self.shared.dead.cancel();
        }
        result
    }

    /// Aborts the association: A-ABORT if a whole PDU can still be sent soon, then nothing more.
    pub async fn abort(&self, reason: AbortReason) {
        let event = match reason {
            AbortReason::ServiceUser => Event::Evt15,
            AbortReason::Provider(_) => Event::Evt19,
        };
        if self.shared.machine.lock().step(event).is_some() {
            self.send_abort(reason).await;
        }
        self.shared.dead.cancel();
    }

    /// The A-ABORT of AA-1, AA-7 and AA-8.
    pub(super) async fn send_abort(&self, reason: AbortReason) {
        let (source, reason) = match reason {
            AbortReason::ServiceUser => {
                (AbortSource::ServiceUser, ProviderAbortReason::NotSpecified)
            }
            AbortReason::Provider(reason) => (AbortSource::ServiceProvider, reason),
        };
        let pdu = Pdu::Abort {
            source,
            reason: reason as u8,
        };
        // A peer that stopped reading must not delay the end: whoever sends gives up as well.
        let sent = tokio::time::timeout(ABORT_PATIENCE, self.pdu(&pdu)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::debug!("A-ABORT could not be sent");
        }
        self.shared.dead.cancel();
    }

    /// Closes our direction of the connection, unless somebody is stuck in a write.
    pub(super) async fn shutdown(&self) {
        if let Ok(mut writer) = self.writer.try_lock() {
            writer.shutdown().await;
        }
    }

    fn dead(&self) -> Error {
        match self.shared.state() {
            State::Sta13 => Error::AbortedHere,
            _ => Error::Closed,
        }
    }
}

/// Bytes of a fragment: what fits into the peer's PDUs, even, as fragments have to be.
fn payload(peer_max_pdu: u32, cap: u32) -> Result<usize> {
    let length = match peer_max_pdu {
        0 => cap,
        length => length.min(cap),
    };
    let room = (length as usize).saturating_sub(PDV_OVERHEAD - 6) & !1;
    if room < 2 {
        Err(Error::PeerPduTooSmall { length })
    } else {
        Ok(room)
    }
}

/// Appends `part` in P-DATA-TF PDUs of one fragment each; returns how many.
fn fragment(
    context_id: u8,
    is_command: bool,
    mut part: &[u8],
    payload: usize,
    out: &mut Vec<u8>,
) -> u64 {
    let mut pdus = 0;
    loop {
        let (head, rest) = part.split_at(part.len().min(payload));
        let count = u32::try_from(head.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&pdv_header(context_id, is_command, rest.is_empty(), count));
        out.extend_from_slice(head);
        pdus += 1;
        if rest.is_empty() {
            return pdus;
        }
        part = rest;
    }
}

/// The data set, a batch of chunks at a time.
struct Source<'a> {
    stream: Data<'a>,
    exists: bool,
    /// Enough to fill a PDU and know that it is not the last.
    want: usize,
    chunks: VecDeque<Bytes>,
    length: usize,
    ended: bool,
}

impl<'a> Source<'a> {
    fn new(data: Data<'a>, payload: usize) -> Source<'a> {
        Source {
            exists: !data.is_none(),
            want: (payload + 1).max(BATCH),
            chunks: VecDeque::new(),
            length: 0,
            ended: false,
            stream: data,
        }
    }

    /// Gathers the next batch.
    async fn fetch(&mut self) -> std::io::Result<()> {
        while !self.ended && self.length < self.want {
            let chunk = match &mut self.stream {
                Data::None => None,
                Data::Bytes(bytes) => Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty()),
                Data::Stream(stream) => stream.next().await.transpose()?,
            };
            match chunk {
                None => self.ended = true,
                Some(chunk) if chunk.is_empty() => {}
                Some(chunk) => {
                    self.length += chunk.len();
                    self.chunks.push_back(chunk);
                }
            }
        }
        Ok(())
    }

    /// Up to `count` bytes off the front, as slices of the chunks.
    fn take(&mut self, mut count: usize, out: &mut Vec<Bytes>) {
        self.length -= count;
        while count > 0 {
            let Some(front) = self.chunks.front_mut() else {
                return;
            };
            if front.len() > count {
                out.push(front.split_to(count));
                return;
            }
            count -= front.len();
            out.extend(self.chunks.pop_front());
        }
    }
}

/// Writes of whole PDUs, many at a time.
struct Batch {
    context_id: u8,
    payload: usize,
    pdus: u64,
    /// Where headers are written; an allocation serves many.
    headers: BytesMut,
}

impl Batch {
    async fn send(
        &mut self,
        writer: &mut Writer,
        mut command: Bytes,
        source: &mut Source<'_>,
    ) -> Result<()> {
        let mut parts: Vec<Bytes> = Vec::new();
        while !command.is_empty() {
            let count = command.len().min(self.payload);
            let is_last = count == command.len();
            parts.push(self.header(true, is_last, count));
            parts.push(command.copy_to_bytes(count));
        }
        let mut ended = !source.exists;
        while !ended {
            source.fetch().await.map_err(Error::Source)?;
            loop {
                let is_last = source.ended && source.length <= self.payload;
                if !is_last && source.length <= self.payload {
                    break;
                }
                let count = source.length.min(self.payload);
                parts.push(self.header(false, is_last, count));
                source.take(count, &mut parts);
                ended = is_last;
                if ended || parts.len() >= MAX_SLICES {
                    break;
                }
            }
            flush(writer, &mut parts).await?;
        }
        flush(writer, &mut parts).await?;
        writer.end().await
    }

    fn header(&mut self, is_command: bool, is_last: bool, count: usize) -> Bytes {
        self.pdus += 1;
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if self.headers.capacity() < PDV_OVERHEAD {
            self.headers.reserve(HEADERS);
        }
        self.headers
            .extend_from_slice(&pdv_header(self.context_id, is_command, is_last, count));
        self.headers.split().freeze()
    }
}

async fn flush(writer: &mut Writer, parts: &mut Vec<Bytes>) -> Result<()> {
    let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    writer.write(&mut slices).await?;
    parts.clear();
    Ok(())
}
