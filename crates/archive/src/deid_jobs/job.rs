//! What a job is, as it stands in `job.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::proof::private::{self, trouble};
use crate::{Error, Result};

/// The file in the job's folder.
const FILE: &str = "job.json";

/// What is ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Order {
    /// Name of a configured policy.
    pub policy: String,
    /// Study Instance UIDs, as they are in the archive.
    pub studies: Vec<String>,
    /// Where outputs go.
    #[serde(default)]
    pub destination: Destination,
}

/// Where outputs go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Destination {
    /// Into the archive, under their new UIDs.
    #[default]
    Archive,
    /// Into the folder `out` of the job.
    Folder,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Another one is at work, or the server has not come to it yet.
    Waiting,
    /// At work.
    Running,
    /// All instances were looked at.
    Done,
    /// It could not go on.
    Failed,
    /// Somebody did not want it any more.
    Canceled,
}

impl State {
    /// Nothing more will happen.
    pub fn is_over(self) -> bool {
        !matches!(self, State::Waiting | State::Running)
    }
}

/// Instances by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// De-identified, searched, and where they should be.
    pub written: u64,
    /// Refused by the policy.
    pub refused: u64,
    /// The residual check found something: in the job's quarantine.
    pub quarantined: u64,
    /// De-identified, but the destination did not take them.
    pub failed: u64,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.written + self.refused + self.quarantined + self.failed
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its name.
    pub id: String,
    /// What was ordered.
    pub order: Order,
    /// Who ordered it.
    pub by: String,
    /// When (RFC 3339).
    pub created: String,
    /// How far it is.
    pub state: State,
    /// Instances there are in all; 0 before the job has begun.
    pub total: u64,
    /// Instances dealt with.
    pub counts: Counts,
    /// When it was over (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// Why it could not go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// SHA-256 of the log's last line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
    /// State of policy, key and lists when it was ordered.
    pub rules: String,
}

impl Job {
    /// Puts it on disk.
    pub(super) fn save(&self, folder: &Path) -> Result<()> {
        let json = serde_json::to_vec_pretty(self).map_err(|error| Error::Proof {
            reason: error.to_string(),
        })?;
        private::write(&folder.join(FILE), &json)
    }

    /// Reads it again.
    pub(super) fn load(folder: &Path) -> Result<Job> {
        let path = folder.join(FILE);
        let json = std::fs::read(&path).map_err(trouble("read", &path))?;
        serde_json::from_slice(&json).map_err(|error| Error::Proof {
            reason: format!("{}: {error}", path.display()),
        })
    }
}
