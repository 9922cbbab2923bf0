//! The books of one run, while it goes on.

use std::fs::File;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use sagittal_core::{DataSet, tags};
use sagittal_deid::deface::SeriesFace;
use sagittal_deid::log::{Block, Digest, Run, Writer};
use sagittal_deid::{Output, Project};

use super::pictures::Pictures;
use super::private::{self, trouble};
use super::quasi::Counted;
use super::{TOOL, log, now};
use crate::{Error, Result};

/// What of earlier runs in the same folder counts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// What outputs say is counted anew: all of them will be told of.
    Nothing,
    /// What was counted: outputs of earlier runs are not told of again.
    All,
}

/// The books of one run. Used from many threads.
pub struct Book {
    work: PathBuf,
    path: PathBuf,
    log: Mutex<Writer<File>>,
    pictures: Mutex<Pictures>,
    counted: Mutex<Option<Counted>>,
}

/// A log that is at its end.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The log.
    pub log: PathBuf,
    /// Hash of its last line but the signature: may be kept elsewhere.
    pub head: Digest,
}

impl Book {
    /// Begins a run in a work folder, which is made if there is none.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn begin(work: &Path, project: &Project, kept: Kept) -> Result<Book> {
        private::folder(work)?;
        let key = log::key(work)?;
        let policy = &project.policy;
        let run = Run::of(policy, &project.key.fingerprint(), TOOL, &now());
        let counted = Counted::begin(work, &policy.report, kept == Kept::All)?;
        let (path, file) = log::create(work)?;
        let writer = Writer::begin(file, key, &run).map_err(unwritable)?;
        Ok(Book {
            work: work.to_owned(),
            path,
            log: Mutex::new(writer),
            pictures: Mutex::new(Pictures::new(work)),
            counted: Mutex::new(counted),
        })
    }

    /// The work folder.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// Writes the lines of one instance. They have reached the operating system when this returns.
    ///
    /// # Errors
    /// When they cannot be written: the output must not be given out then.
    pub fn write(&self, block: &Block) -> Result<()> {
        self.log.lock().write(block).map_err(unwritable)
    }

    /// Hears of an output that may be given out: pictures of what was blanked, quasi-identifiers.
    ///
    /// # Errors
    /// When the work folder cannot be written.
    pub fn tell(&self, output: &Output) -> Result<()> {
        self.count(&output.data_set)?;
        let Some(report) = &output.applied.pixels.report else {
            return Ok(());
        };
        let study = output.data_set.first_text(tags::STUDY_INSTANCE_UID);
        let study = study.unwrap_or_default();
        self.pictures.lock().of_pixels(output, &study, report)
    }

    /// Counts the quasi-identifiers of an output.
    ///
    /// # Errors
    /// When the work folder cannot be written.
    pub fn count(&self, data_set: &DataSet) -> Result<()> {
        match &mut *self.counted.lock() {
            Some(counted) => counted.add(data_set).map_err(trouble("write", &self.work)),
            None => Ok(()),
        }
    }

    /// Are quasi-identifiers counted?
    pub fn counts(&self) -> bool {
        self.counted.lock().is_some()
    }

    /// Hears what came of looking for a face in a series, `slice` being one of its instances as it
    /// came.
    ///
    /// # Errors
    /// When the work folder cannot be written.
    pub fn tell_face(&self, project: &Project, slice: &DataSet, face: &SeriesFace) -> Result<()> {
        let SeriesFace::Removed {
            measured,
            before,
            after,
        } = face
        else {
            return Ok(());
        };
        let new = |tag| {
            let old = slice.first_text(tag).unwrap_or_default();
            match project.options.retain_uids {
                true => old,
                false => project.pseudonyms.uid(&old).to_string(),
            }
        };
        let (study, series) = (
            new(tags::STUDY_INSTANCE_UID),
            new(tags::SERIES_INSTANCE_UID),
        );
        let mut pictures = self.pictures.lock();
        pictures.of_face(&study, &series, after, before.as_deref(), measured)
    }

    /// Writes the log's end with the signature. It is on disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<Sealed> {
        let (file, head) = self.log.into_inner().finish(&now()).map_err(unwritable)?;
        file.sync_all().map_err(trouble("sync", &self.path))?;
        private::sync_folder(&self.work).map_err(trouble("sync", &self.work))?;
        Ok(Sealed {
            log: self.path,
            head,
        })
    }
}

fn unwritable(error: sagittal_deid::Error) -> Error {
    Error::Proof {
        reason: format!("the log cannot be written: {error}"),
    }
}
