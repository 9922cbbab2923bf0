//! One stored instance, de-identified and checked.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use sagittal_core::{Limits, tags};
use sagittal_deid::log::{Block, Digest, Done, FileLog};
use sagittal_deid::{
    Checked, Explained, Output, Project, Recorder, deidentify_checked, explain_checked,
};
use sagittal_file::part10;
use sagittal_store::blob::{Locator, Packs};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Named;
use crate::retrieve::InstanceRef;
use crate::{Archive, Error, Result};

/// What a permit stands for.
const UNIT: u64 = 1 << 16;
/// What is being de-identified is in memory as input, as output, and while it is written.
const COPIES: u64 = 3;
/// How long one waits for others to be done with theirs.
const PATIENCE: Duration = Duration::from_secs(60);

/// An instance that a policy lets be given away: engine and residual check went well.
pub struct Deidentified {
    /// What came out.
    pub output: Output,
    /// Its Part 10 file.
    pub file: Bytes,
    /// The Part 10 file that went in.
    pub input: Bytes,
    /// Bytes that the residual check searched.
    pub searched: u64,
    /// Its share of the memory.
    pub(crate) _memory: OwnedSemaphorePermit,
}

/// Memory for de-identification: bounded however many ask.
pub(crate) struct Room {
    memory: Arc<Semaphore>,
    bytes: u64,
}

impl Room {
    pub(crate) fn new(bytes: u64) -> Room {
        let permits = usize::try_from(bytes / UNIT).unwrap_or(usize::MAX);
        Room {
            memory: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
            bytes,
        }
    }

    /// A share for an instance of so many bytes.
    async fn take(&self, length: u64) -> Result<OwnedSemaphorePermit> {
        let what = "bytes of an instance to be de-identified (deid.memory / 3)";
        self.share(length, COPIES, what).await
    }

    /// A share for a series that is looked at.
    pub(super) async fn take_for_series(&self, length: u64) -> Result<OwnedSemaphorePermit> {
        let what = "bytes of a series to be defaced (deid.memory / 2)";
        self.share(length, COPIES - 1, what).await
    }

    async fn share(
        &self,
        length: u64,
        copies: u64,
        what: &'static str,
    ) -> Result<OwnedSemaphorePermit> {
        let needed = length.saturating_mul(copies).max(UNIT);
        let permits = u32::try_from(needed.div_ceil(UNIT)).ok();
        let Some(permits) = permits.filter(|_| needed <= self.bytes) else {
            return Err(Error::TooLarge {
                what,
                limit: self.bytes / copies,
            });
        };
        let waiting = self.memory.clone().acquire_many_owned(permits);
        let taken = tokio::time::timeout(PATIENCE, waiting).await;
        taken.map_err(|_| Error::Busy)?.map_err(|_| Error::Stopping)
    }
}

impl Archive {
    /// De-identifies a stored instance and searches what comes out for what went in. `recorder`
    /// is told every change. What other objects of the patient tell of people is known.
    ///
    /// The instance is one of the archive itself, not of a view.
    ///
    /// # Errors
    /// [`Error::NotDeidentified`] if engine or residual check fail: nothing is to be given then.
    /// The recorder comes back in any case.
    pub async fn deidentify<R: Recorder + Send + 'static>(
        &self,
        instance: &InstanceRef,
        policy: &Arc<Named>,
        mut recorder: R,
    ) -> (R, Result<Deidentified>) {
        let project = match self.project_for(instance, policy).await {
            Ok(project) => project,
            Err(error) => return (recorder, Err(error)),
        };
        let room = &self.inner().deidentifying;
        let memory = match room.take(instance.locator.length).await {
            Ok(memory) => memory,
            Err(error) => return (recorder, Err(error)),
        };
        let (policy, instance, archive) = (policy.clone(), instance.clone(), self.clone());
        let work = move || {
            let run = || {
                let input = file(&archive.inner().packs, &instance)?;
                run(input, &policy, &project, memory, &mut recorder)
            };
            let done = run();
            (recorder, done)
        };
        // Run to its end even when nobody waits any more; a panic is a bug and is passed on.
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// What a policy makes of an instance, with the lines that a log has to have of it.
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    pub(crate) block: Block,
    /// Its share of the memory, as long as there is anything of it.
    _memory: Option<OwnedSemaphorePermit>,
}

/// What may become of an instance.
pub(crate) enum Verdict {
    /// It may be given away.
    Given(Box<Checked>),
    /// The residual check found something in it.
    Quarantined(Box<Checked>),
    /// There is nothing to be given.
    Refused,
}

impl Archive {
    /// De-identifies a stored instance, searches it, and writes the lines of the log.
    ///
    /// # Errors
    /// When it cannot be read; that the policy refuses it is no error.
    pub(crate) async fn deidentified(
        &self,
        instance: &InstanceRef,
        policy: &Arc<Named>,
    ) -> Result<Judged> {
        let project = match self.project_for(instance, policy).await {
            Ok(project) => project,
            Err(error) => return unread(instance, policy, error),
        };
        let room = &self.inner().deidentifying;
        let memory = match room.take(instance.locator.length).await {
            Ok(memory) => memory,
            Err(error) => return unread(instance, policy, error),
        };
        let (policy, instance, archive) = (policy.clone(), instance.clone(), self.clone());
        self.blocking(move || {
            let input = file(&archive.inner().packs, &instance)?;
            let old = instance.sop_instance_uid.as_str();
            let mut log = FileLog::begin(&project.key, Digest::of(&input), old);
            if let Ok(read) = part10::read(&input, Limits::default()) {
                log.set_character_set(read.data_set.character_set().clone());
            }
            let checked = deidentify_checked(&input, &project, policy.check(), &mut log);
            let (block, verdict) = judged(log, checked);
            Ok(Judged {
                verdict,
                block,
                _memory: Some(memory),
            })
        })
        .await
    }
}

/// Refused if it, or its series, is too large to be looked at: another try would end the same.
fn unread(instance: &InstanceRef, policy: &Named, error: Error) -> Result<Judged> {
    if !matches!(error, Error::TooLarge { .. }) {
        return Err(error);
    }
    let old = instance.sop_instance_uid.as_str();
    // It was not read: the digest of its UID stands for that of its bytes.
    let log = FileLog::begin(&policy.project.key, Digest::of(old.as_bytes()), old);
    Ok(Judged {
        block: log.refuse(&error.to_string()),
        verdict: Verdict::Refused,
        _memory: None,
    })
}

fn judged(mut log: FileLog<'_>, checked: sagittal_deid::Result<Checked>) -> (Block, Verdict) {
    let checked = match checked {
        Ok(checked) => Box::new(checked),
        Err(error) => {
            let reason = error.to_string();
            return (log.refuse(&reason), Verdict::Refused);
        }
    };
    for note in checked.found.exemptions() {
        log.note(&note);
    }
    if let Some(first) = checked.found.hits.first() {
        for hit in checked.found.hits.iter().take(100) {
            log.note(&format!("residual check: {hit}"));
        }
        let count = checked.found.hits.len();
        let reason = format!("{count} found by the residual check, first {first}");
        return (log.refuse(&reason), Verdict::Quarantined(checked));
    }
    let text = |tag| checked.output.data_set.first_text(tag).unwrap_or_default();
    let block = log.finish(&Done {
        output: Digest::of(&checked.file),
        sop_instance_uid: &text(tags::SOP_INSTANCE_UID),
        study_instance_uid: &text(tags::STUDY_INSTANCE_UID),
        modality: &text(tags::MODALITY),
        searched: checked.found.searched,
        hits: 0,
    });
    (block, Verdict::Given(checked))
}

/// What a policy would do to an instance. Shows originals.
pub struct Preview {
    /// What would be done to every element, in order; empty if the instance would be refused.
    pub elements: Vec<Explained>,
    /// Code and meaning of what would be applied.
    pub applied: Vec<(String, String)>,
    /// Why it would be refused.
    pub refused: Option<String>,
    /// What the residual check would find: places and kinds.
    pub found: Vec<String>,
}

impl Archive {
    /// What a policy would do to a stored instance.
    ///
    /// # Errors
    /// When it cannot be read; that the policy refuses it is no error.
    pub async fn deidentification_preview(
        &self,
        instance: &InstanceRef,
        policy: &Arc<Named>,
    ) -> Result<Preview> {
        let project = self.project_for(instance, policy).await?;
        let room = &self.inner().deidentifying;
        let memory = room.take(instance.locator.length).await?;
        let (policy, instance, archive) = (policy.clone(), instance.clone(), self.clone());
        self.blocking(move || {
            let _memory = memory;
            let input = file(&archive.inner().packs, &instance)?;
            Ok(match explain_checked(&input, &project, policy.check()) {
                Ok((elements, checked)) => Preview {
                    elements,
                    applied: checked
                        .output
                        .applied
                        .codes
                        .iter()
                        .map(|(code, meaning)| (code.to_string(), meaning.to_string()))
                        .collect(),
                    refused: None,
                    found: checked.found.hits.iter().map(ToString::to_string).collect(),
                },
                Err(error) => Preview {
                    elements: Vec::new(),
                    applied: Vec::new(),
                    refused: Some(error.to_string()),
                    found: Vec::new(),
                },
            })
        })
        .await
    }
}

fn run(
    input: Bytes,
    policy: &Named,
    project: &Project,
    memory: OwnedSemaphorePermit,
    recorder: &mut dyn Recorder,
) -> Result<Deidentified> {
    let checked =
        deidentify_checked(&input, project, policy.check(), recorder).map_err(|error| {
            Error::NotDeidentified {
                reason: error.to_string(),
            }
        })?;
    if let Some(first) = checked.found.hits.first() {
        let more = checked.found.hits.len();
        return Err(Error::NotDeidentified {
            reason: format!("{more} found by the residual check, first {first}"),
        });
    }
    Ok(Deidentified {
        output: checked.output,
        file: checked.file,
        input,
        searched: checked.found.searched,
        _memory: memory,
    })
}

/// The Part 10 file of a record: as it came, else with new File Meta Information.
pub(super) fn file(packs: &Packs, instance: &InstanceRef) -> Result<Bytes> {
    let locator: Locator = instance.locator;
    let header = match locator.prefix_length {
        0 => Bytes::from(part10::write_header(&part10::Meta {
            sop_class_uid: instance.sop_class_uid.clone(),
            sop_instance_uid: instance.sop_instance_uid.clone(),
            transfer_syntax_uid: instance.transfer_syntax_uid.clone(),
            source_ae_title: None,
        })),
        _ => packs.read_prefix(&locator)?,
    };
    let length = usize::try_from(locator.length).unwrap_or(usize::MAX);
    let data_set = packs.read(&locator, 0, length)?;
    let mut file = BytesMut::with_capacity(header.len() + data_set.len());
    file.extend_from_slice(&header);
    file.extend_from_slice(&data_set);
    Ok(file.freeze())
}
