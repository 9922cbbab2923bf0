//! The quasi-identifiers of the outputs, kept while a run goes on: `quasi.jsonl`.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use sagittal_core::DataSet;
use sagittal_deid::policy::ReportPolicy;
use sagittal_deid::report::Anonymity;

use super::private::{self, trouble};
use crate::Result;

const FILE: &str = "quasi.jsonl";

/// What is counted for the k-anonymity table.
pub(super) struct Counted {
    anonymity: Anonymity,
    file: File,
}

impl Counted {
    /// `None` if the policy has no quasi-identifiers. Goes on with what is there if `keep` and it
    /// was counted by the same attributes.
    pub(super) fn begin(work: &Path, policy: &ReportPolicy, keep: bool) -> Result<Option<Counted>> {
        if policy.quasi_identifiers.is_empty() {
            return Ok(None);
        }
        let path = work.join(FILE);
        let kept = keep.then(|| read(work, policy)).flatten();
        let anonymity = match kept {
            Some(anonymity) => anonymity,
            None => {
                private::write(&path, format!("{}\n", head(policy)).as_bytes())?;
                empty(policy)
            }
        };
        let file = OpenOptions::new().append(true).open(&path);
        Ok(Some(Counted {
            anonymity,
            file: file.map_err(trouble("open", &path))?,
        }))
    }

    pub(super) fn add(&mut self, data_set: &DataSet) -> std::io::Result<()> {
        match self.anonymity.add_noted(data_set) {
            Some(line) => self.file.write_all(format!("{line}\n").as_bytes()),
            None => Ok(()),
        }
    }
}

fn head(policy: &ReportPolicy) -> String {
    let quasi = policy.quasi_identifiers.iter();
    let keywords: Vec<&str> = quasi.map(|quasi| quasi.keyword()).collect();
    keywords.join(" ")
}

fn empty(policy: &ReportPolicy) -> Anonymity {
    let wanted = usize::try_from(policy.k).unwrap_or(usize::MAX);
    Anonymity::new(&policy.quasi_identifiers, wanted)
}

/// What was counted; `None` if nothing was, or by other attributes.
pub(super) fn read(work: &Path, policy: &ReportPolicy) -> Option<Anonymity> {
    let file = File::open(work.join(FILE)).ok()?;
    let mut lines = BufReader::new(file).lines().map_while(Result::ok);
    if lines.next()? != head(policy) {
        return None;
    }
    let mut anonymity = empty(policy);
    // A line that was cut is one of an output that is made again.
    for line in lines {
        anonymity.read_line(&line);
    }
    Some(anonymity)
}
