//! All jobs: ordered, listed, canceled, and gone on with after a start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::job::{Counts, Destination, Job, Order, State};
use super::run;
use crate::proof::{now, private};
use crate::retrieve::Selector;
use crate::{Archive, Error, Result};

/// Jobs at work at the same time; the others wait.
const AT_WORK: usize = 1;
/// Studies of one job.
const STUDIES: usize = 100_000;
/// Files of a job that are given to those who may see them.
const GIVEN: [&str; 5] = [
    "report.html",
    "report.pdf",
    "report.json",
    "log.jsonl",
    "log-key.pub.pem",
];

/// A job and what is to become of it.
pub(super) struct Entry {
    pub(super) job: Mutex<Job>,
    pub(super) folder: PathBuf,
    pub(super) canceled: AtomicBool,
}

impl Entry {
    /// Changes the job, and puts it on disk.
    pub(super) fn change(&self, change: impl FnOnce(&mut Job)) -> Result<Job> {
        let mut job = self.job.lock();
        let mut new = job.clone();
        change(&mut new);
        new.save(&self.folder)?;
        *job = new.clone();
        Ok(new)
    }

    pub(super) fn is_canceled(&self) -> bool {
        self.canceled.load(Ordering::Acquire)
    }
}

/// Who hears when a job is over.
pub(super) type Told = Arc<dyn Fn(&Job) + Send + Sync>;

/// All jobs.
pub(crate) struct Jobs {
    entries: Mutex<BTreeMap<String, Arc<Entry>>>,
    pub(super) slots: Semaphore,
    stopping: AtomicBool,
    told: Mutex<Option<Told>>,
}

impl Default for Jobs {
    fn default() -> Jobs {
        Jobs {
            entries: Mutex::default(),
            slots: Semaphore::new(AT_WORK),
            stopping: AtomicBool::new(false),
            told: Mutex::new(None),
        }
    }
}

impl Jobs {
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(super) fn tell(&self, job: &Job) {
        let told = self.told.lock().clone();
        if let Some(told) = told {
            told(job);
        }
    }
}

impl Archive {
    fn jobs_folder(&self) -> PathBuf {
        self.options().data.join("deid-jobs")
    }

    /// Takes orders from now on, and goes on with what an earlier server has not finished. `told`
    /// hears of every job that is over.
    ///
    /// # Errors
    /// When the folder of the jobs cannot be read.
    pub fn start_deid_jobs(&self, told: impl Fn(&Job) + Send + Sync + 'static) -> Result<()> {
        let jobs = &self.inner().deid_jobs;
        *jobs.told.lock() = Some(Arc::new(told));
        let folder = self.jobs_folder();
        let mut found: Vec<PathBuf> = match std::fs::read_dir(&folder) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(_) => Vec::new(),
        };
        found.sort();
        for folder in found {
            match Job::load(&folder) {
                Ok(job) => {
                    let is_over = job.state.is_over();
                    let entry = self.enter(job, folder);
                    if !is_over {
                        tokio::spawn(run::run(self.clone(), entry));
                    }
                }
                // One that was never acknowledged has no job.json.
                Err(error) => tracing::warn!(%error, "no job of de-identification"),
            }
        }
        Ok(())
    }

    /// Lets jobs stop where they are; they go on at the next start.
    pub fn stop_deid_jobs(&self) {
        let jobs = &self.inner().deid_jobs;
        jobs.stopping.store(true, Ordering::Release);
    }

    fn enter(&self, job: Job, folder: PathBuf) -> Arc<Entry> {
        let entry = Arc::new(Entry {
            folder,
            canceled: AtomicBool::new(job.state == State::Canceled),
            job: Mutex::new(job.clone()),
        });
        let jobs = &self.inner().deid_jobs;
        jobs.entries.lock().insert(job.id, entry.clone());
        entry
    }

    /// Orders a job. It is on disk when this returns.
    ///
    /// # Errors
    /// [`Error::BadRequest`] for an order that makes no sense, [`Error::NotFound`] and
    /// [`Error::Gone`] for a study that is not there.
    pub async fn order_deid_job(&self, order: Order, by: &str) -> Result<Job> {
        let bad = |reason: String| Error::BadRequest { reason };
        let policies = &self.options().policies;
        let policy = policies.get(&order.policy).ok_or_else(|| {
            let names: Vec<&str> = policies.named.iter().map(|p| p.name.as_str()).collect();
            bad(format!(
                "policy: there is none of this name; there are: {}",
                names.join(", ")
            ))
        })?;
        if order.destination == Destination::Archive && policy.project.options.retain_uids {
            return Err(bad(
                "destination: the policy retains UIDs, so that outputs cannot be told from their \
                 originals in one archive"
                    .to_owned(),
            ));
        }
        if order.studies.is_empty() || order.studies.len() > STUDIES {
            return Err(bad(format!("studies: 1 to {STUDIES} are expected")));
        }
        for study in &order.studies {
            let selector = selector(study)?;
            if self.instances(&selector).await?.is_empty() {
                return Err(self.why_nothing(&selector).await?);
            }
        }
        let id = new_id();
        let job = Job {
            rules: hex(policy.digest()),
            by: by.to_owned(),
            created: now(),
            state: State::Waiting,
            total: 0,
            counts: Counts::default(),
            finished: None,
            error: None,
            seal: None,
            order,
            id: id.clone(),
        };
        let folder = self.jobs_folder().join(&id);
        let (saved, at) = (job.clone(), folder.clone());
        self.blocking(move || {
            private::folder(&at)?;
            saved.save(&at)?;
            let above = at.parent().unwrap_or(Path::new("."));
            private::sync_folder(above).map_err(private::trouble("sync", above))
        })
        .await?;
        let entry = self.enter(job.clone(), folder);
        tokio::spawn(run::run(self.clone(), entry));
        Ok(job)
    }

    /// All jobs, oldest first.
    pub fn deid_jobs(&self) -> Vec<Job> {
        let entries = self.inner().deid_jobs.entries.lock();
        entries
            .values()
            .map(|entry| entry.job.lock().clone())
            .collect()
    }

    /// One job.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn deid_job(&self, id: &str) -> Result<Job> {
        Ok(self.entry(id)?.job.lock().clone())
    }

    /// Cancels a job. What it has given stays; it is on disk when this returns that no more will
    /// follow but what is on its way.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::BadRequest`] if it is over.
    pub async fn cancel_deid_job(&self, id: &str) -> Result<Job> {
        let entry = self.entry(id)?;
        if entry.job.lock().state.is_over() {
            return Err(Error::BadRequest {
                reason: "the job is over".to_owned(),
            });
        }
        entry.canceled.store(true, Ordering::Release);
        self.blocking(move || {
            entry.change(|job| {
                if !job.state.is_over() {
                    job.state = State::Canceled;
                    job.finished = Some(now());
                }
            })
        })
        .await
    }

    /// A file of a job for those who decide about it: log, key to verify it with, reports, and
    /// `reports/<study>.html` and `.pdf` on each new study. Never quarantine or keys.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn deid_job_file(&self, id: &str, name: &str) -> Result<Vec<u8>> {
        let entry = self.entry(id)?;
        let missing = || Error::NotFound {
            what: "file",
            uid: name.chars().take(100).collect(),
        };
        let is_plain = |name: &str| {
            let is_safe = |c: char| c.is_ascii_alphanumeric() || c == '.';
            !name.contains("..") && name.chars().all(is_safe)
        };
        let path = match name.strip_prefix("reports/") {
            Some(report) if is_plain(report) => entry.folder.join(name),
            None if GIVEN.contains(&name) => entry.folder.join(name),
            _ => return Err(missing()),
        };
        let (is_log, folder) = (name == "log.jsonl", entry.folder.clone());
        let read = self.blocking(move || {
            let path = match is_log {
                true => crate::proof::logs(&folder).pop().unwrap_or(path),
                false => path,
            };
            Ok(std::fs::read(path).ok())
        });
        read.await?.ok_or_else(missing)
    }

    fn entry(&self, id: &str) -> Result<Arc<Entry>> {
        let entries = self.inner().deid_jobs.entries.lock();
        entries.get(id).cloned().ok_or_else(|| Error::NotFound {
            what: "job",
            uid: id.chars().take(64).collect(),
        })
    }
}

/// What one study selects.
pub(super) fn selector(study: &str) -> Result<Selector> {
    let uid = sagittal_core::Uid::tolerant(study).map_err(|_| Error::BadRequest {
        reason: "studies: not a UID".to_owned(),
    })?;
    Ok(Selector {
        study_instance_uids: vec![uid],
        ..Selector::default()
    })
}

/// In order of time.
fn new_id() -> String {
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]");
    let stamp = time::OffsetDateTime::now_utc().format(&format);
    let random: String = uuid::Uuid::new_v4().simple().to_string();
    let random = random.get(..12).unwrap_or_default();
    format!("{}-{random}", stamp.unwrap_or_default())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
