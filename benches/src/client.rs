//! The DIMSE client: stores, finds, gets and moves, many at once.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::association::{Association, Part, Proposal};
use crate::measure::Timings;
use crate::message::{self, EXPLICIT, IMPLICIT, element, field};
use crate::population::Slot;
use crate::template::Load;

/// Our AE title, and the destination of C-MOVEs.
pub const AE_TITLE: &str = "BENCH";

/// A DIMSE peer.
#[derive(Clone, Debug)]
pub struct Peer {
    pub address: SocketAddr,
    pub ae_title: String,
}

impl Peer {
    fn open(&self, proposals: &[Proposal<'_>]) -> Result<Association> {
        Association::open(self.address, &self.ae_title, AE_TITLE, proposals)
    }
}

/// Runs the same work on several threads and collects their timings.
pub fn in_parallel(
    clients: usize,
    work: impl Fn(usize) -> Result<Timings> + Sync,
) -> Result<Timings> {
    let begun = Instant::now();
    let all = std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..clients)
            .map(|at| scope.spawn(move || work(at)))
            .collect();
        let results = threads.into_iter().map(|thread| thread.join());
        let results =
            results.map(|joined| joined.unwrap_or_else(|_| Err(anyhow::anyhow!("a client broke"))));
        results.collect::<Result<Vec<Timings>>>()
    })?;
    Ok(Timings::merged(all, begun.elapsed()))
}

/// Stores instances `range` in lock-step over several associations, each a series at a time.
pub fn store(
    peer: &Peer,
    load: &Load<'_>,
    range: std::ops::Range<u64>,
    associations: usize,
) -> Result<Timings> {
    let next = AtomicU64::new(range.start);
    let share = (range.end - range.start).div_ceil(associations as u64);
    let chunk = load.population.per_series.min(share).max(1);
    in_parallel(associations, |_| {
        let template = load.template;
        let class = template.sop_class_uid.as_str();
        let mut association = peer.open(&[(class, EXPLICIT, false)])?;
        let context = association.context(class)?;
        let mut copy = template.file.clone();
        let mut timings = Timings::default();
        loop {
            let first = next.fetch_add(chunk, Ordering::Relaxed);
            if first >= range.end {
                break;
            }
            for number in first..(first + chunk).min(range.end) {
                let identity = load.population.identity(number);
                template.patch(&mut copy, &identity);
                let uid = identity.text(Slot::SopInstanceUid);
                let id = association.next_message_id();
                let command = message::request(field::C_STORE_RQ, id, class, Some(&uid), None);
                let begun = Instant::now();
                association.send(context, &command, Some(&copy[template.data_set..]))?;
                let (_, response) = association.response(&mut 0)?;
                timings.add(begun.elapsed(), template.data_set_length() as u64);
                let status = message::number(&response, element::STATUS);
                ensure!(status == 0, "C-STORE of {uid} answered {status:04X}");
            }
        }
        association.release()?;
        Ok(timings)
    })
}

/// One C-FIND on an open association: how many answers.
pub fn find_once(association: &mut Association, identifier: &[u8]) -> Result<u64> {
    let context = association.context(message::FIND)?;
    let id = association.next_message_id();
    let command = message::request(field::C_FIND_RQ, id, message::FIND, None, None);
    association.send(context, &command, Some(identifier))?;
    let mut answers = 0;
    loop {
        let (_, response) = association.response(&mut 0)?;
        if !message::is_pending(&response) {
            let status = message::number(&response, element::STATUS);
            ensure!(status == 0, "C-FIND answered {status:04X}");
            return Ok(answers);
        }
        answers += 1;
    }
}

/// An association for queries.
pub fn open_find(peer: &Peer) -> Result<Association> {
    peer.open(&[(message::FIND, IMPLICIT, false)])
}

/// Gets whole studies by C-GET; bytes of data sets received.
pub fn get(peer: &Peer, class: &str, studies: &[String], per_study: u64) -> Result<Timings> {
    in_parallel(studies.len(), |at| {
        let mut association =
            peer.open(&[(message::GET, IMPLICIT, false), (class, EXPLICIT, true)])?;
        let context = association.context(message::GET)?;
        let identifier = retrieve_identifier(studies.get(at).context("a study per client")?);
        let id = association.next_message_id();
        let command = message::request(field::C_GET_RQ, id, message::GET, None, None);
        let begun = Instant::now();
        association.send(context, &command, Some(&identifier))?;
        let mut timings = Timings::default();
        let mut store = (0, Vec::new());
        let (mut bytes, mut instances) = (0, 0);
        loop {
            match association.receive(|_| timings.note_first(begun))? {
                Part::Command(context, command) => {
                    let kind = message::number(&command, element::COMMAND_FIELD);
                    if kind == field::C_STORE_RQ {
                        store = (context, command);
                    } else if !message::is_pending(&command) {
                        let status = message::number(&command, element::STATUS);
                        ensure!(status == 0, "C-GET answered {status:04X}");
                        break;
                    }
                }
                Part::DataSet(length) => {
                    bytes += length;
                    instances += 1;
                    association.send(store.0, &message::store_response(&store.1), None)?;
                }
                Part::End => anyhow::bail!("the peer ended the association"),
            }
        }
        ensure!(
            instances == per_study,
            "C-GET gave {instances} of {per_study} instances"
        );
        timings.add(begun.elapsed(), bytes);
        association.release()?;
        Ok(timings)
    })
}

/// Has studies moved to `AE_TITLE`, whose receiver discards them.
pub fn move_(peer: &Peer, studies: &[String], study_bytes: u64) -> Result<Timings> {
    in_parallel(studies.len(), |at| {
        let mut association = peer.open(&[(message::MOVE, IMPLICIT, false)])?;
        let context = association.context(message::MOVE)?;
        let identifier = retrieve_identifier(studies.get(at).context("a study per client")?);
        let id = association.next_message_id();
        let command = message::request(field::C_MOVE_RQ, id, message::MOVE, None, Some(AE_TITLE));
        let begun = Instant::now();
        association.send(context, &command, Some(&identifier))?;
        loop {
            let (_, response) = association.response(&mut 0)?;
            if !message::is_pending(&response) {
                let status = message::number(&response, element::STATUS);
                ensure!(status == 0, "C-MOVE answered {status:04X}");
                break;
            }
        }
        let mut timings = Timings::default();
        timings.add(begun.elapsed(), study_bytes);
        association.release()?;
        Ok(timings)
    })
}

fn retrieve_identifier(study_instance_uid: &str) -> Vec<u8> {
    message::identifier(&[(0x0008_0052, "STUDY"), (0x0020_000D, study_instance_uid)])
}
