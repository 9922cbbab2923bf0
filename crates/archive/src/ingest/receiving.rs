//! An instance while its bytes come: bounded memory, hashed on the way.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use sagittal_core::{Finding, Uid, tags};
use sagittal_file::encoding::Encoding;
use sagittal_file::part10;
use sagittal_iod::quality::Surroundings;
use sagittal_store::blob::Spill;
use tokio::sync::OwnedSemaphorePermit;

use super::describe::describe_and_check;
use super::source::{Chunks, Source as _, Spilled};
use super::store::{Attempt, Body, Candidate, check};
use super::{Announced, Form, Source, Stored};
use crate::events::now_ms;
use crate::quality::surroundings;
use crate::{Archive, Error, Result};

/// Enough of a file to find where its data set begins; tried again with more if it is not.
const OPENING: usize = 64 << 10;
/// A File Meta Information longer than this is none.
const LONGEST_OPENING: usize = 4 << 20;
/// Smaller pieces are gathered, so that neither hashing nor writing is done in crumbs.
const SMALL: usize = 16 << 10;
/// Instances up to this length are looked at where they arrive: that takes less than handing them
/// to another thread and back.
const AT_ONCE: u64 = 64 << 10;
/// Gathered before a spill is written to.
const SPILL_WRITE: usize = 1 << 20;
/// A receiver without any memory waits so long for others to finish, then spills.
const PATIENCE: Duration = Duration::from_millis(100);

/// An instance on its way in. Dropped before [`Receiving::finish`], nothing is kept.
pub struct Receiving {
    archive: Archive,
    source: Source,
    announced: Announced,
    started: Instant,
    opening: Opening,
    findings: Vec<Finding>,
    hasher: blake3::Hasher,
    length: u64,
    small: BytesMut,
    held: Held,
}

/// What comes before the data set.
enum Opening {
    /// Part 10: its first bytes, until the data set is found.
    Sought(BytesMut),
    Found {
        transfer_syntax_uid: Uid,
        sop_class_uid: Option<Uid>,
        prefix: Bytes,
    },
}

/// Where the data set is gathered.
enum Held {
    Memory {
        chunks: Vec<Bytes>,
        permit: Option<OwnedSemaphorePermit>,
    },
    Disk {
        spill: Box<Spill>,
        pending: Vec<Bytes>,
        bytes: usize,
    },
    /// A write failed.
    Lost,
}

impl Archive {
    /// Begins to receive an instance.
    pub fn receive(&self, source: Source, announced: Announced, form: Form) -> Receiving {
        let opening = match form {
            Form::DataSet {
                transfer_syntax_uid,
            } => Opening::Found {
                transfer_syntax_uid,
                sop_class_uid: None,
                prefix: Bytes::new(),
            },
            Form::Part10 => Opening::Sought(BytesMut::new()),
        };
        Receiving {
            archive: self.clone(),
            source,
            announced,
            started: Instant::now(),
            opening,
            findings: Vec::new(),
            hasher: blake3::Hasher::new(),
            length: 0,
            small: BytesMut::new(),
            held: Held::Memory {
                chunks: Vec::new(),
                permit: None,
            },
        }
    }
}

impl Receiving {
    /// Takes in the next bytes. Waits while the archive's memory budget is used up; an object
    /// larger than `large_instance` goes to disk as it comes.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.archive.must_be_no_view()?;
        if let Opening::Sought(first) = &mut self.opening {
            // A whole file in one piece is not copied.
            if first.is_empty() && bytes.len() >= OPENING {
                return self.open(bytes, false).await;
            }
            first.extend_from_slice(&bytes);
            if first.len() < OPENING {
                return Ok(());
            }
            let first = std::mem::take(first).freeze();
            return self.open(first, false).await;
        }
        self.take(bytes).await
    }

    /// Finds the data set in the first bytes of a file.
    async fn open(&mut self, first: Bytes, is_all: bool) -> Result<()> {
        let opening = part10::open(&first).map_err(unreadable)?;
        let begins_at = usize::try_from(opening.data_set_offset).unwrap_or(usize::MAX);
        // The meta may go on beyond what is here.
        if !is_all && begins_at + 1024 > first.len() && first.len() < LONGEST_OPENING {
            self.opening = Opening::Sought(BytesMut::from(&first[..]));
            return Ok(());
        }
        let begins_at = begins_at.min(first.len());
        let sop_class_uid = opening
            .meta
            .uid(tags::MEDIA_STORAGE_SOP_CLASS_UID)
            .ok()
            .flatten();
        self.findings = opening.findings;
        self.opening = Opening::Found {
            transfer_syntax_uid: opening.transfer_syntax_uid,
            sop_class_uid,
            prefix: first.slice(..begins_at),
        };
        self.take(first.slice(begins_at..)).await
    }

    /// Bytes of the data set.
    async fn take(&mut self, bytes: Bytes) -> Result<()> {
        self.length += bytes.len() as u64;
        if bytes.len() >= SMALL {
            self.take_small().await?;
            return self.keep(bytes).await;
        }
        self.small.extend_from_slice(&bytes);
        if self.small.len() >= 4 * SMALL {
            self.take_small().await?;
        }
        Ok(())
    }

    async fn take_small(&mut self) -> Result<()> {
        if self.small.is_empty() {
            return Ok(());
        }
        let bytes = self.small.split().freeze();
        self.keep(bytes).await
    }

    async fn keep(&mut self, bytes: Bytes) -> Result<()> {
        self.hasher.update(&bytes);
        if let Held::Memory { chunks, permit } = &mut self.held {
            let large = self.length > self.archive.options().large_instance;
            if !large && self.archive.remember(permit, bytes.len()).await? {
                chunks.push(bytes);
                return Ok(());
            }
            self.spill().await?;
        }
        self.keep_on_disk(bytes).await
    }

    /// What is held goes to disk, and so does what follows.
    async fn spill(&mut self) -> Result<()> {
        let Opening::Found { prefix, .. } = &self.opening else {
            return Err(Error::Stopping);
        };
        let (inner, prefix) = (self.archive.inner().clone(), prefix.clone());
        let held = std::mem::replace(&mut self.held, Held::Lost);
        let Held::Memory { chunks, permit } = held else {
            return Err(Error::Stopping);
        };
        let spill = self.archive.blocking(move || {
            let mut spill = inner.packs.spill(prefix)?;
            for chunk in chunks {
                spill.write(chunk)?;
            }
            drop(permit);
            Ok(spill)
        });
        let spill = Box::new(spill.await?);
        metrics::counter!("sagittal_ingest_spills_total").increment(1);
        self.held = Held::Disk {
            spill,
            pending: Vec::new(),
            bytes: 0,
        };
        Ok(())
    }

    async fn keep_on_disk(&mut self, new: Bytes) -> Result<()> {
        let Held::Disk { pending, bytes, .. } = &mut self.held else {
            return Err(Error::Stopping);
        };
        *bytes += new.len();
        pending.push(new);
        if *bytes < SPILL_WRITE {
            return Ok(());
        }
        let held = std::mem::replace(&mut self.held, Held::Lost);
        if let Held::Disk {
            mut spill, pending, ..
        } = held
        {
            let written = self.archive.blocking(move || {
                for chunk in pending {
                    spill.write(chunk)?;
                }
                Ok(spill)
            });
            let spill = written.await?;
            self.held = Held::Disk {
                spill,
                pending: Vec::new(),
                bytes: 0,
            };
        }
        Ok(())
    }

    /// Bytes of the data set that came so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// All bytes are here: checks, writes, and returns when they are durable.
    pub async fn finish(mut self) -> Result<Stored> {
        let result = self.end().await;
        let label = if result.is_ok() { "stored" } else { "failed" };
        metrics::histogram!("sagittal_ingest_seconds", "outcome" => label)
            .record(self.started.elapsed().as_secs_f64());
        metrics::counter!("sagittal_ingest_bytes_total").increment(self.length);
        result
    }

    async fn end(&mut self) -> Result<Stored> {
        if let Opening::Sought(first) = &mut self.opening {
            let first = std::mem::take(first).freeze();
            self.open(first, true).await?;
        }
        self.take_small().await?;
        let hash = *self.hasher.finalize().as_bytes();
        *self.archive.inner().busy.lock() = Some(Instant::now());
        let opening = std::mem::replace(&mut self.opening, Opening::Sought(BytesMut::new()));
        let Opening::Found {
            transfer_syntax_uid,
            sop_class_uid,
            prefix,
        } = opening
        else {
            return Err(Error::Unreadable {
                reason: "no data set".to_owned(),
            });
        };
        let (held, permit) = match std::mem::replace(&mut self.held, Held::Lost) {
            Held::Memory { chunks, permit } => (Whole::Memory(prefix, chunks), permit),
            Held::Disk { spill, pending, .. } => (Whole::Disk(spill, pending), None),
            Held::Lost => return Err(Error::Stopping),
        };
        let inner = self.archive.inner().clone();
        let announced = std::mem::take(&mut self.announced);
        let source = std::mem::take(&mut self.source.name);
        let class_elsewhere = announced.sop_class_uid.clone().or(sop_class_uid);
        // What is deflated may be far longer than it looks.
        let at_once = self.length <= AT_ONCE
            && matches!(held, Whole::Memory(..))
            && !Encoding::of(transfer_syntax_uid.as_str()).deflated
            && !inner.compresses_on_arrival()
            && !inner.options.quality.may_validate(&source);
        let checks = surroundings(&inner.options);
        let look = move || {
            let (mut body, mut described) =
                held.describe(&transfer_syntax_uid, class_elsewhere.as_ref(), checks)?;
            check(&announced, &described)?;
            if let Some(all) = inner.wants_examined(&described, &source, body.length()) {
                let bytes = body.whole()?;
                inner.examine(&bytes, transfer_syntax_uid.as_str(), &mut described);
                drop((bytes, all));
            }
            let turn = match at_once {
                true => inner.try_turn_now(&described.uids.sop_instance)?,
                false => inner.try_turn(&described.uids.sop_instance)?,
            };
            Ok(Candidate {
                body,
                hash,
                transfer_syntax_uid,
                source,
                received_ms: now_ms(),
                described,
                original: None,
                verdict: None,
                turn,
            })
        };
        let attempt = match at_once {
            true => Attempt::Not(Box::new(self.archive.at_once(look)?)),
            false => self.archive.attempt(look).await?,
        };
        let mut stored = match attempt {
            Attempt::Done(stored) => stored?,
            Attempt::Not(candidate) => self.archive.store(*candidate).await?,
        };
        // The memory is given back only now: until durable, the pack's queue holds it.
        drop(permit);
        self.findings.append(&mut stored.findings);
        stored.findings = std::mem::take(&mut self.findings);
        Ok(stored)
    }
}

enum Whole {
    Memory(Bytes, Vec<Bytes>),
    Disk(Box<Spill>, Vec<Bytes>),
}

impl Whole {
    /// Blocks.
    fn describe(
        self,
        transfer_syntax_uid: &Uid,
        class_elsewhere: Option<&Uid>,
        checks: Option<Surroundings>,
    ) -> Result<(Body, super::Described)> {
        let ts = transfer_syntax_uid.as_str();
        match self {
            Whole::Memory(prefix, data) => {
                let mut source = Chunks::new(&data);
                if source.length() == 0 {
                    return Err(Error::Unreadable {
                        reason: "no data set".to_owned(),
                    });
                }
                let described = describe_and_check(&mut source, ts, class_elsewhere, checks)
                    .map_err(as_unreadable)?;
                Ok((Body::Memory { prefix, data }, described))
            }
            Whole::Disk(mut spill, pending) => {
                for chunk in pending {
                    spill.write(chunk)?;
                }
                let mut source = Spilled(&mut spill);
                let described = describe_and_check(&mut source, ts, class_elsewhere, checks)
                    .map_err(as_unreadable)?;
                Ok((Body::Spill(spill), described))
            }
        }
    }
}

fn unreadable(error: sagittal_file::Error) -> Error {
    Error::Unreadable {
        reason: error.to_string(),
    }
}

fn as_unreadable(error: Error) -> Error {
    match error {
        Error::File(error) => unreadable(error),
        other => other,
    }
}

impl Archive {
    /// Looks at an instance and stores it, if that is simple, without another change of thread.
    async fn attempt(
        &self,
        look: impl FnOnce() -> Result<Candidate> + Send + 'static,
    ) -> Result<Attempt> {
        let (answer, wait) = tokio::sync::oneshot::channel();
        let inner = self.inner().clone();
        // Its end is not waited for: it may go on and do the work of others.
        self.begin_blocking(move || match look() {
            Ok(candidate) => inner.store_here(candidate, answer),
            Err(error) => drop(answer.send(Err(error))),
        })?;
        wait.await.map_err(|_| Error::Stopping)?
    }

    /// Takes `bytes` from the memory budget into `permit`. False if the receiver must spill: one
    /// that holds some at once, so that receivers never wait for each other; one that holds
    /// nothing after a moment.
    async fn remember(
        &self,
        permit: &mut Option<OwnedSemaphorePermit>,
        bytes: usize,
    ) -> Result<bool> {
        let budget = &self.inner().memory;
        let Ok(wanted) = u32::try_from(bytes) else {
            return Ok(false);
        };
        let more = match budget.clone().try_acquire_many_owned(wanted) {
            Ok(more) => more,
            Err(_) if permit.is_some() => return Ok(false),
            Err(_) => {
                let waiting = budget.clone().acquire_many_owned(wanted);
                match tokio::time::timeout(PATIENCE, waiting).await {
                    Ok(more) => more.map_err(|_| Error::Stopping)?,
                    Err(_) => return Ok(false),
                }
            }
        };
        match permit {
            Some(permit) => permit.merge(more),
            None => *permit = Some(more),
        }
        Ok(true)
    }
}
