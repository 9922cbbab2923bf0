//! A corpus with planted identifiers of every kind, and the answer key to it: what a
//! de-identifier has to take away, and what it must leave. The kinds of check are those of the
//! MIDI-B challenge. Shares no code with the engine but the data-set crates.

mod builder;
mod documents;
mod font;
mod images;
mod key;
pub mod others;
mod person;
pub mod program;
mod references;
mod reports;
mod score;

pub use key::{Check, Expected};
pub use person::Patient;
pub use program::run_program;
pub use score::{Card, Maps, Outputs, Verdict, score};

use std::path::{Path, PathBuf};

use crate::random::Random;
use builder::Planted;

/// One file of the corpus.
#[derive(Clone, Debug)]
pub struct File {
    /// Name within the folder.
    pub name: PathBuf,
    /// A Part 10 file.
    pub bytes: Vec<u8>,
    /// What its output is known by, whatever became of its UIDs and its name.
    pub marker: Marker,
    /// SOP Instance UID, as planted.
    pub sop_instance_uid: String,
    /// What is expected of the output.
    pub expected: Vec<Expected>,
    /// Pieces of text which no byte of any output may have.
    pub secrets: Vec<String>,
}

/// What identifies nobody and stays: the class, and a number that no other file of the corpus has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Marker {
    /// SOP Class UID.
    pub sop_class_uid: String,
    /// Instance Number.
    pub number: String,
}

/// What was planted.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    /// All files.
    pub files: Vec<File>,
}

/// Patients, each with a study of every kind of object.
pub fn generate(patients: usize, seed: u64) -> Corpus {
    let mut random = Random::new(seed);
    let mut corpus = Corpus::default();
    for number in 0..patients {
        let patient = Patient::new(number, &mut random);
        let mut put = |name: &str, mut planted: Planted| {
            planted.number(corpus.files.len() + 1);
            let name = PathBuf::from(format!("{}/{name}.dcm", patient.folder));
            corpus.files.push(planted.finish(name));
        };
        let study = builder::Study::new(&patient, &mut random);
        let series = images::ct_series(&study, &mut random);
        let references: Vec<(String, String)> = series.iter().map(Planted::reference).collect();
        put("sr", reports::basic_text(&study, &references, &mut random));
        put(
            "dose",
            reports::measurements(&study, &references, &mut random),
        );
        put(
            "ko",
            references::key_objects(&study, &references, &mut random),
        );
        put(
            "pr",
            references::presentation(&study, &references, &mut random),
        );
        put(
            "rtstruct",
            references::structures(&study, &references, &mut random),
        );
        put(
            "seg",
            references::segmentation(&study, &references, &mut random),
        );
        put(
            "reg",
            references::registration(&study, &references, &mut random),
        );
        put("pdf", documents::pdf(&study, &mut random));
        put("cda", documents::cda(&study, &mut random));
        put("ecg", documents::ecg(&study, &mut random));
        put("us", images::ultrasound(&study, &mut random));
        put("sc", images::screenshot(&study, &mut random));
        put("mr", images::enhanced_mr(&study, &mut random));
        put("private", images::private_blocks(&study, &mut random));
        for (number, image) in series.into_iter().enumerate() {
            put(&format!("ct{number}"), image);
        }
    }
    corpus
}

impl Corpus {
    /// The same files all in one folder, for tools that know no other.
    #[must_use]
    pub fn flat(&self) -> Corpus {
        let mut flat = self.clone();
        for (number, file) in flat.files.iter_mut().enumerate() {
            file.name = PathBuf::from(format!("{number:05}.dcm"));
        }
        flat
    }

    /// Writes all files below `folder`.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        for file in &self.files {
            let path = folder.join(&file.name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, &file.bytes)?;
        }
        Ok(())
    }
}
