//! What happens to studies, for everybody who wants to follow (SSE, later routing, UPS, FHIR).

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::Archive;

/// Events remembered for followers that come back.
const REMEMBERED: usize = 4096;
/// Studies of which it is watched whether something still comes. Those beyond are not announced
/// as complete.
const WATCHED: usize = 100_000;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    /// Instances of a study were stored (one event a group, not one an instance).
    Stored {
        /// The study.
        study_instance_uid: String,
        /// Its series that got instances.
        series_instance_uids: Vec<String>,
        /// How many.
        instances: u64,
        /// From whom: AE title, user name, or `import`.
        source: String,
    },
    /// Nothing came for the study for `study_quiet`.
    Completed {
        /// The study.
        study_instance_uid: String,
        /// How many instances came since it was last complete.
        instances: u64,
    },
    /// Instances were deleted.
    Deleted {
        /// The study.
        study_instance_uid: String,
        /// How many.
        instances: u64,
    },
    /// What was stored cannot be read any more: found by scrubbing.
    Damaged {
        /// The pack.
        pack: u64,
        /// Where the damage begins in it.
        offset: u64,
        /// Instances it concerns, the first of them.
        sop_instance_uids: Vec<String>,
        /// How many in all.
        instances: u64,
        /// What is wrong.
        reason: String,
    },
    /// A de-identified view did not give an instance, for it cannot be de-identified.
    Withheld {
        /// The view.
        view: String,
        /// Its policy.
        policy: String,
        /// The study, by its pseudonym.
        study_instance_uid: String,
        /// The instance, by its pseudonym.
        sop_instance_uid: String,
        /// Why; no protected values.
        reason: String,
    },
    /// Space runs low, or is there again.
    Space {
        /// Bytes free on the volume.
        free_bytes: u64,
        /// Less than the configured watermark.
        low: bool,
    },
    /// A peer does something that its conformance document does not say; told once for each thing.
    Departed {
        /// AE title of the peer.
        ae_title: String,
        /// Its address.
        address: String,
        /// What it is about: `context`, `implementation`, `max-pdu`, `association`.
        about: String,
        /// In words.
        departure: String,
    },
}

/// An event with its number (grows, starts anew with each start) and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Numbered {
    /// The number.
    pub id: u64,
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// One who follows: first what is remembered, then what comes.
#[derive(Debug)]
pub struct Follower {
    backlog: VecDeque<Numbered>,
    receiver: broadcast::Receiver<Numbered>,
}

/// Follows a channel without a backlog.
impl From<broadcast::Receiver<Numbered>> for Follower {
    fn from(receiver: broadcast::Receiver<Numbered>) -> Follower {
        Follower {
            backlog: VecDeque::new(),
            receiver,
        }
    }
}

impl Follower {
    /// The next event. `Lagged` if some were lost, `Closed` when the archive is closed.
    pub async fn recv(&mut self) -> Result<Numbered, RecvError> {
        match self.backlog.pop_front() {
            Some(event) => Ok(event),
            None => self.receiver.recv().await,
        }
    }

    /// As [`Follower::recv`] without waiting.
    pub fn try_recv(&mut self) -> Result<Numbered, TryRecvError> {
        match self.backlog.pop_front() {
            Some(event) => Ok(event),
            None => self.receiver.try_recv(),
        }
    }
}

impl Archive {
    /// Follows events from now on, or from `after` if still remembered. A slow follower
    /// loses the oldest and is told by a gap in the numbers.
    pub fn events(&self, after: Option<u64>) -> Follower {
        self.inner().events.follow(after)
    }

    /// Tells followers of something that happened beside the archive.
    pub fn announce(&self, event: Event) {
        self.inner().events.send(event);
    }
}

/// What one record did to a study.
#[derive(Debug)]
pub(crate) enum Happened {
    Stored {
        study: String,
        series: String,
        source: String,
    },
    Deleted {
        /// Instances by study.
        studies: BTreeMap<String, u64>,
    },
}

/// Numbers, remembers and sends events.
#[derive(Debug)]
pub(crate) struct Events {
    state: Mutex<State>,
    /// `None` when closed.
    sender: Mutex<Option<broadcast::Sender<Numbered>>>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    remembered: VecDeque<Numbered>,
    /// Studies that got something, when, and how much.
    restless: HashMap<String, (Instant, u64)>,
}

impl Events {
    pub(crate) fn new() -> Arc<Events> {
        Arc::new(Events {
            state: Mutex::new(State {
                next: 1,
                ..State::default()
            }),
            sender: Mutex::new(Some(broadcast::Sender::new(1024))),
        })
    }

    fn follow(&self, after: Option<u64>) -> Follower {
        let state = self.state.lock();
        let backlog = match after {
            Some(after) => state
                .remembered
                .iter()
                .filter(|event| event.id > after)
                .cloned()
                .collect(),
            None => VecDeque::new(),
        };
        let receiver = match &*self.sender.lock() {
            Some(sender) => sender.subscribe(),
            None => broadcast::Sender::new(1).subscribe(),
        };
        Follower { backlog, receiver }
    }

    pub(crate) fn close(&self) {
        *self.sender.lock() = None;
    }

    pub(crate) fn send(&self, event: Event) {
        // Under the lock, so that a follower misses nothing between backlog and channel.
        let mut state = self.state.lock();
        let event = Numbered {
            id: state.next,
            at_ms: now_ms(),
            event,
        };
        state.next += 1;
        if state.remembered.len() == REMEMBERED {
            state.remembered.pop_front();
        }
        state.remembered.push_back(event.clone());
        if let Some(sender) = &*self.sender.lock() {
            let _ = sender.send(event);
        }
    }

    /// What a group of records did, one event for each study and source.
    pub(crate) fn happened(&self, all: impl Iterator<Item = Happened>) {
        let mut stored: BTreeMap<(String, String), (BTreeSet<String>, u64)> = BTreeMap::new();
        for happened in all {
            match happened {
                Happened::Stored {
                    study,
                    series,
                    source,
                } => {
                    let (all_series, count) = stored.entry((study, source)).or_default();
                    all_series.insert(series);
                    *count += 1;
                }
                Happened::Deleted { studies } => {
                    for (study_instance_uid, instances) in studies {
                        self.send(Event::Deleted {
                            study_instance_uid,
                            instances,
                        });
                    }
                }
            }
        }
        for ((study_instance_uid, source), (series, instances)) in stored {
            self.note_restless(&study_instance_uid, instances);
            self.send(Event::Stored {
                study_instance_uid,
                series_instance_uids: series.into_iter().collect(),
                instances,
                source,
            });
        }
    }

    fn note_restless(&self, study: &str, instances: u64) {
        let mut state = self.state.lock();
        let now = Instant::now();
        if let Some((since, count)) = state.restless.get_mut(study) {
            *since = now;
            *count += instances;
        } else if state.restless.len() < WATCHED {
            state.restless.insert(study.to_owned(), (now, instances));
        }
    }

    /// Announces the studies that have been quiet for so long.
    pub(crate) fn announce_quiet(&self, quiet: Duration) {
        let mut complete = Vec::new();
        self.state
            .lock()
            .restless
            .retain(|study, (since, instances)| {
                let is_quiet = since.elapsed() >= quiet;
                if is_quiet {
                    complete.push((study.clone(), *instances));
                }
                !is_quiet
            });
        for (study_instance_uid, instances) in complete {
            self.send(Event::Completed {
                study_instance_uid,
                instances,
            });
        }
    }
}

/// Milliseconds since 1970 UTC.
pub(crate) fn now_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn stored(study: &str, series: &str) -> Happened {
        Happened::Stored {
            study: study.into(),
            series: series.into(),
            source: "CT1".into(),
        }
    }

    #[test]
    fn a_group_makes_one_event_a_study_and_a_follower_may_come_back() {
        let events = Events::new();
        let mut follower = events.follow(None);
        events.happened([stored("1", "1.1"), stored("2", "2.1"), stored("1", "1.2")].into_iter());
        let first = follower.try_recv().unwrap();
        assert_eq!(first.id, 1);
        assert_eq!(
            first.event,
            Event::Stored {
                study_instance_uid: "1".into(),
                series_instance_uids: vec!["1.1".into(), "1.2".into()],
                instances: 2,
                source: "CT1".into(),
            }
        );
        let mut back = events.follow(Some(1));
        assert_eq!(back.try_recv().unwrap().id, 2);
        assert!(back.try_recv().is_err());
        let json = serde_json::to_value(&first).unwrap();
        assert_eq!(
            (&json["type"], &json["instances"]),
            (&"stored".into(), &2.into())
        );
    }

    #[test]
    fn a_study_is_complete_when_it_has_been_quiet() {
        let events = Events::new();
        events.happened([stored("1", "1.1")].into_iter());
        events.announce_quiet(Duration::from_secs(100));
        assert!(events.follow(Some(1)).try_recv().is_err());
        events.announce_quiet(Duration::ZERO);
        events.announce_quiet(Duration::ZERO);
        let mut follower = events.follow(Some(1));
        assert_eq!(
            follower.try_recv().unwrap().event,
            Event::Completed {
                study_instance_uid: "1".into(),
                instances: 1,
            }
        );
        assert!(follower.try_recv().is_err());
    }
}
