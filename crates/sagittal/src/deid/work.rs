//! One instance: engine, residual check, log, file.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use bytes::Bytes;
use sagittal_archive::proof::{Book, place};
use sagittal_core::{DataSet, Limits, tags};
use sagittal_deid::log::{Block, Digest, Done as Said, FileLog};
use sagittal_deid::reidentify::Certificate;
use sagittal_deid::residual::{Cache, Hit};
use sagittal_deid::{Check, Checked, Output, Project, deidentify_checked};
use sagittal_file::part10;

use super::resume::Done;
use super::scan::{is_directory, patient_id};

/// Instances larger than this go one at a time, so that memory is bounded by the largest.
const LARGE: u64 = 256 << 20;

/// What the log says of a DICOMDIR.
const LEFT_OUT: &str = "a DICOMDIR is no instance: left out, and never copied";

/// What all workers share.
pub struct Shared<'a> {
    /// For patients of whom nothing is known.
    pub base: &'a Project,
    /// By Patient ID.
    pub projects: &'a HashMap<String, Project>,
    pub done: &'a Done,
    pub out: &'a Path,
    pub quarantine: &'a Path,
    /// Searched for besides what the input says of itself.
    pub terms: &'a [String],
    /// Those who may re-identify.
    pub recipients: &'a [Certificate],
    /// Log, pictures, quasi-identifiers.
    pub book: &'a Book,
    /// Makes searching the instances of a study fast.
    pub cache: Cache,
    /// Digests of what was written in this run, by new SOP Instance UID.
    pub written: Mutex<HashMap<String, Digest>>,
    pub large: Mutex<()>,
}

/// What became of an instance.
#[derive(Debug)]
pub enum Outcome {
    Written {
        bytes: u64,
    },
    DoneBefore,
    Refused {
        reason: String,
    },
    Quarantined {
        reason: String,
    },
    NotDicom,
    /// A DICOMDIR, which is not taken over.
    Directory,
}

impl Shared<'_> {
    /// Does one file. An error is one of the machine (disk, log), and ends the run.
    pub fn one(&self, path: &Path) -> anyhow::Result<Outcome> {
        let length = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let _alone = (length > LARGE).then(|| self.large.lock());
        let bytes = match std::fs::read(path) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) => {
                let reason = format!("cannot be read: {error}");
                return Ok(Outcome::Refused { reason });
            }
        };
        let input = Digest::of(&bytes);
        if let Some(output) = self.done.output(&input.to_string()) {
            return self.done_before(output);
        }
        let before = match part10::read(&bytes, Limits::default()) {
            Ok(file) if is_directory(&file) => return self.directory(input),
            Ok(file) => file.data_set,
            Err(sagittal_file::Error::NotDicom { .. }) => return Ok(Outcome::NotDicom),
            Err(_) => DataSet::new(),
        };
        let patient_id = patient_id(&before);
        let project = self.projects.get(&patient_id).unwrap_or(self.base);
        let old_uid = before
            .first_text(tags::SOP_INSTANCE_UID)
            .unwrap_or_default();
        let mut log = FileLog::begin(&project.key, input, &old_uid);
        log.set_character_set(before.character_set().clone());
        let check = Check {
            terms: self.terms,
            recipients: self.recipients,
            cache: &self.cache,
        };
        let Checked {
            output,
            file,
            found,
        } = match deidentify_checked(&bytes, project, check, &mut log) {
            Ok(checked) => checked,
            Err(error) => return self.refuse(log, error.to_string()),
        };
        for note in found.exemptions() {
            log.note(&note);
        }
        if !found.is_clean() {
            return self.quarantine(log, &file, &output, &found.hits);
        }
        let text = |tag| output.data_set.first_text(tag).unwrap_or_default();
        let digest = Digest::of(&file);
        if self.is_taken(&text(tags::SOP_INSTANCE_UID), digest) {
            let reason = "another file has the same SOP Instance UID and other content; \
                          which of them is right nobody can tell";
            return self.refuse(log, reason.to_owned());
        }
        let said = Said {
            output: digest,
            sop_instance_uid: &text(tags::SOP_INSTANCE_UID),
            study_instance_uid: &text(tags::STUDY_INSTANCE_UID),
            modality: &text(tags::MODALITY),
            searched: found.searched,
            hits: 0,
        };
        let block = log.finish(&said);
        self.book.tell(&output)?;
        self.put(&place(self.out, &output.data_set), &file, Some(&block))?;
        Ok(Outcome::Written {
            bytes: bytes.len() as u64,
        })
    }

    /// Was something else written under this UID in this run?
    fn is_taken(&self, uid: &str, digest: Digest) -> bool {
        let Ok(mut written) = self.written.lock() else {
            return true;
        };
        *written.entry(uid.to_owned()).or_insert(digest) != digest
    }

    /// Nothing is to be done, but the report tells of these outputs too.
    fn done_before(&self, output: Vec<u8>) -> anyhow::Result<Outcome> {
        if self.book.counts()
            && let Ok(file) = part10::read(&Bytes::from(output), Limits::default())
        {
            self.book.count(&file.data_set)?;
        }
        Ok(Outcome::DoneBefore)
    }

    /// Accounted for in the log, as an input without an output.
    fn directory(&self, input: Digest) -> anyhow::Result<Outcome> {
        let log = FileLog::begin(&self.base.key, input, "");
        self.book.write(&log.refuse(LEFT_OUT))?;
        Ok(Outcome::Directory)
    }

    fn refuse(&self, log: FileLog<'_>, reason: String) -> anyhow::Result<Outcome> {
        self.book.write(&log.refuse(&reason))?;
        Ok(Outcome::Refused { reason })
    }

    fn quarantine(
        &self,
        mut log: FileLog<'_>,
        file: &[u8],
        output: &Output,
        hits: &[Hit],
    ) -> anyhow::Result<Outcome> {
        for hit in hits.iter().take(100) {
            log.note(&format!("residual check: {hit}"));
        }
        let first = hits.first().map_or_else(String::new, ToString::to_string);
        let reason = format!("{} found by the residual check, first {first}", hits.len());
        self.book.write(&log.refuse(&reason))?;
        self.put(&place(self.quarantine, &output.data_set), file, None)?;
        Ok(Outcome::Quarantined { reason })
    }

    /// The file appears when it is whole, and its log lines are written.
    fn put(&self, target: &PathBuf, file: &[u8], block: Option<&Block>) -> anyhow::Result<()> {
        let folder = target.parent().unwrap_or(Path::new("."));
        let shown = || format!("cannot write into {}", folder.display());
        std::fs::create_dir_all(folder).with_context(shown)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".sagittal-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut temporary = builder.tempfile_in(folder).with_context(shown)?;
        temporary.write_all(file).with_context(shown)?;
        if let Some(block) = block {
            self.book.write(block)?;
        }
        let kept = temporary.persist(target);
        kept.with_context(|| format!("cannot write {}", target.display()))?;
        Ok(())
    }
}
