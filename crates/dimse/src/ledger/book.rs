//! The ledger in memory, with its bounds.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::departure::{Alarm, Departed, Departure, Expectations, Observed};
use super::record::{PeerRecord, Reason, Side, Summary, Transcoded};
use super::{Direction, Outcome, now_ms};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Peers. For one more, a stranger that was only ever rejected is forgotten, or else the peer that
    /// was not seen for the longest time.
    pub peers: usize,
    /// Contexts of a peer in one direction.
    pub contexts: usize,
    /// Contexts of all peers.
    pub all_contexts: usize,
    /// Departures of a peer, and reasons of rejections in one direction.
    pub texts: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            peers: 1000,
            contexts: 1000,
            all_contexts: 20_000,
            texts: 200,
        }
    }
}

/// Characters of an AE title or address that are kept.
const NAME: usize = 64;
/// Where reasons beyond the limit are counted.
const OTHERS: &str = "others";

/// What is known of the negotiations with peers.
#[derive(Default)]
pub struct Ledger {
    limits: Limits,
    book: Mutex<Book>,
    expectations: Option<Arc<dyn Expectations>>,
    alarm: Option<Alarm>,
}

#[derive(Default)]
struct Book {
    /// By AE title and address.
    peers: HashMap<(String, String), PeerRecord>,
    contexts: usize,
    /// Grows with each note.
    version: u64,
}

impl Ledger {
    /// An empty one.
    pub fn new(limits: Limits) -> Ledger {
        Ledger {
            limits,
            ..Ledger::default()
        }
    }

    /// With what was written down before, as far as it fits.
    pub fn with_records(self, mut records: Vec<PeerRecord>) -> Ledger {
        records.sort_by_key(|record| std::cmp::Reverse((record.is_known(), record.last_seen_ms)));
        {
            let mut book = self.book.lock();
            for record in records {
                let contexts = record.inbound.contexts.len() + record.outbound.contexts.len();
                if book.peers.len() < self.limits.peers
                    && book.contexts + contexts <= self.limits.all_contexts
                {
                    book.contexts += contexts;
                    let key = (record.ae_title.clone(), record.address.clone());
                    book.peers.insert(key, record);
                }
            }
        }
        self
    }

    /// Compares peers with what is expected of them; tells `alarm` of each distinct departure once.
    pub fn expecting(mut self, expectations: Arc<dyn Expectations>, alarm: Alarm) -> Ledger {
        self.expectations = Some(expectations);
        self.alarm = Some(alarm);
        self
    }

    /// Everything, by AE title and address.
    pub fn records(&self) -> Vec<PeerRecord> {
        let mut records: Vec<PeerRecord> = self.book.lock().peers.values().cloned().collect();
        records.sort_by(|a, b| (&a.ae_title, &a.address).cmp(&(&b.ae_title, &b.address)));
        records
    }

    /// All peers in a few figures, by AE title and address.
    pub fn summaries(&self) -> Vec<Summary> {
        let book = self.book.lock();
        let mut rows: Vec<Summary> = book.peers.values().map(PeerRecord::summary).collect();
        rows.sort_by(|a, b| (&a.ae_title, &a.address).cmp(&(&b.ae_title, &b.address)));
        rows
    }

    /// An AE title at each address from which it was seen.
    pub fn peer(&self, ae_title: &str) -> Vec<PeerRecord> {
        let book = self.book.lock();
        let found = book.peers.iter().filter(|(key, _)| key.0 == ae_title);
        let mut records: Vec<PeerRecord> = found.map(|(_, record)| record.clone()).collect();
        records.sort_by(|a, b| a.address.cmp(&b.address));
        records
    }

    /// Grows with each note: what is on disk is old if it differs.
    pub fn version(&self) -> u64 {
        self.book.lock().version
    }

    /// Takes a note of a negotiation. `failure` says why there is no association.
    pub fn note(&self, address: &str, observed: &Observed<'_>, failure: Option<&str>) {
        let departed = match &self.expectations {
            Some(expectations) => expectations.departures(observed),
            None => Vec::new(),
        };
        let ae_title = name(observed.ae_title);
        let address = name(address);
        let new = {
            let mut book = self.book.lock();
            let Book {
                peers, contexts, ..
            } = &mut *book;
            let record = entry(peers, contexts, self.limits, ae_title, address);
            let now = now_ms();
            record.last_seen_ms = now;
            describe(record, observed);
            let side = match observed.direction {
                Direction::Inbound => &mut record.inbound,
                Direction::Outbound => &mut record.outbound,
            };
            side.note(observed, failure, now, self.limits, contexts);
            let new = record.departed(&departed, now, self.limits.texts);
            book.version += 1;
            metrics::gauge!("sagittal_ledger_peers").set(book.peers.len() as f64);
            new
        };
        if let Some(alarm) = &self.alarm {
            for departed in new {
                alarm(ae_title, address, departed);
            }
        }
    }

    /// Takes a note of an instance that was converted for a peer.
    pub fn transcoded(&self, ae_title: &str, address: &str, from: &str, to: &str, lossy: bool) {
        let mut book = self.book.lock();
        let Book {
            peers, contexts, ..
        } = &mut *book;
        let record = entry(peers, contexts, self.limits, name(ae_title), name(address));
        let now = now_ms();
        record.last_seen_ms = now;
        let is = |row: &&mut Transcoded| row.from == from && row.to == to && row.lossy == lossy;
        let room = record.transcoded.len() < self.limits.texts;
        match record.transcoded.iter_mut().find(is) {
            Some(row) => {
                row.count += 1;
                row.last_seen_ms = now;
            }
            None if room => {
                record.transcoded.push(Transcoded {
                    from: from.to_owned(),
                    to: to.to_owned(),
                    lossy,
                    count: 1,
                    first_seen_ms: now,
                    last_seen_ms: now,
                });
            }
            None => {}
        }
        book.version += 1;
    }
}

/// AE titles come from outside: no longer than they may be.
fn name(text: &str) -> &str {
    match text.char_indices().nth(NAME) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    }
}

/// The record of a peer; of a new one, with room made for it.
fn entry<'a>(
    peers: &'a mut HashMap<(String, String), PeerRecord>,
    contexts: &mut usize,
    limits: Limits,
    ae_title: &str,
    address: &str,
) -> &'a mut PeerRecord {
    let key = (ae_title.to_owned(), address.to_owned());
    if !peers.contains_key(&key) && peers.len() >= limits.peers {
        let worst = peers
            .iter()
            .min_by_key(|(_, record)| (record.is_known(), record.last_seen_ms))
            .map(|(key, _)| key.clone());
        if let Some(gone) = worst.and_then(|key| peers.remove(&key)) {
            let freed = gone.inbound.contexts.len() + gone.outbound.contexts.len();
            *contexts = contexts.saturating_sub(freed);
        }
    }
    peers.entry(key).or_insert_with(|| PeerRecord {
        ae_title: ae_title.to_owned(),
        address: address.to_owned(),
        first_seen_ms: now_ms(),
        ..PeerRecord::default()
    })
}

/// What the peer says of itself; what it does not say now it may have said before.
fn describe(record: &mut PeerRecord, observed: &Observed<'_>) {
    if let Some(uid) = observed.implementation_class_uid
        && record.implementation_class_uid.as_deref() != Some(uid.as_str())
    {
        record.implementation_class_uid = Some(uid.to_string());
    }
    if let Some(version) = observed.implementation_version_name
        && record.implementation_version_name.as_deref() != Some(version)
    {
        record.implementation_version_name = Some(name(version).to_owned());
    }
    if observed.max_pdu.is_some() {
        record.max_pdu = observed.max_pdu;
    }
}

impl PeerRecord {
    /// Keeps departures; returns those that were not known.
    fn departed<'a>(&mut self, found: &'a [Departed], now: i64, limit: usize) -> Vec<&'a Departed> {
        let mut new = Vec::new();
        for departed in found {
            let room = self.departures.len() < limit;
            let known = self
                .departures
                .iter_mut()
                .find(|known| known.text == departed.text);
            match known {
                Some(known) => {
                    known.count += 1;
                    known.last_seen_ms = now;
                }
                None if room => {
                    self.departures.push(Departure {
                        kind: departed.kind.to_owned(),
                        text: departed.text.clone(),
                        count: 1,
                        first_seen_ms: now,
                        last_seen_ms: now,
                    });
                    new.push(departed);
                }
                None => self.departures_left_out += 1,
            }
        }
        new
    }
}

impl Side {
    fn note(
        &mut self,
        observed: &Observed<'_>,
        failure: Option<&str>,
        now: i64,
        limits: Limits,
        all: &mut usize,
    ) {
        self.last_seen_ms = now;
        match failure {
            None => self.accepted += 1,
            Some(failure) => {
                self.rejected += 1;
                self.reject(failure, now, limits.texts);
            }
        }
        for context in &observed.contexts {
            let before = self.contexts.len();
            let room = before < limits.contexts && *all < limits.all_contexts;
            let row = self
                .contexts
                .entry(context.sop_class, context.transfer_syntaxes, room);
            let Some(row) = row else {
                self.contexts_left_out += 1;
                continue;
            };
            if row.proposed == 0 {
                row.first_seen_ms = now;
            }
            row.proposed += 1;
            row.last_seen_ms = now;
            match context.outcome {
                Outcome::Accepted(uid) => count(&mut row.accepted, uid.as_str()),
                Outcome::Refused(result) => count(&mut row.refused, super::note::label(result)),
                Outcome::NotDecided => {}
            }
            *all += self.contexts.len() - before;
        }
    }

    fn reject(&mut self, failure: &str, now: i64, limit: usize) {
        let is_known = self.rejections.iter().any(|row| row.reason == failure);
        let reason = if is_known || self.rejections.len() < limit {
            failure
        } else {
            OTHERS
        };
        match self.rejections.iter_mut().find(|row| row.reason == reason) {
            Some(row) => {
                row.count += 1;
                row.last_seen_ms = now;
            }
            None => self.rejections.push(Reason {
                reason: reason.to_owned(),
                count: 1,
                first_seen_ms: now,
                last_seen_ms: now,
            }),
        }
    }
}

fn count(counts: &mut std::collections::BTreeMap<String, u64>, key: &str) {
    match counts.get_mut(key) {
        Some(count) => *count += 1,
        None => {
            counts.insert(key.to_owned(), 1);
        }
    }
}
