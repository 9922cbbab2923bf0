//! Gathers a log's lines into tables.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::BufRead;
use std::sync::Arc;

use crate::Result;
use crate::log::{Counts, DoneLine, ElementLine, Line, Run, lines};

/// What was done to one attribute in one way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeRow {
    /// Tag, as `(gggg,eeee)`.
    pub tag: String,
    /// Keyword, or private creator.
    pub name: String,
    /// It is private: `name` is its creator.
    pub is_private: bool,
    /// VR.
    pub vr: String,
    /// What asked, and for which action.
    pub asked: String,
    /// What was done.
    pub taken: String,
    /// Why.
    pub reason: String,
}

/// One study of the output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StudyRow {
    /// Instances written.
    pub instances: u64,
    /// Their modalities.
    pub modalities: BTreeSet<String>,
    /// Elements by what was done.
    pub counts: Counts,
}

/// A log in tables.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// The run.
    pub run: Run,
    /// When it was over; empty if it is not.
    pub finished: String,
    /// Runs before it, under the same rules and key, that it goes on with: when they began and
    /// when they were over (empty if they were interrupted).
    pub earlier: Vec<(String, String)>,
    /// Instances written.
    pub written: u64,
    /// Instances refused, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Notes, by what they say.
    pub notes: BTreeMap<String, u64>,
    /// Instances whose outputs were searched for what identified the inputs.
    pub searched: u64,
    /// Bytes of them that were searched.
    pub searched_bytes: u64,
    /// Identifiers found in instances written all the same.
    pub hits: u64,
    /// Elements of instances written, by what was done.
    pub counts: Counts,
    /// How often each attribute was dealt with in each way, instances refused left out.
    pub attributes: BTreeMap<Arc<AttributeRow>, u64>,
    /// By new Study Instance UID.
    pub studies: BTreeMap<String, StudyRow>,
}

impl Collected {
    /// Reads a log: all of it, or what it says of the study with this (new) UID.
    ///
    /// # Errors
    /// [`crate::Error::Read`] and [`crate::Error::LogLine`].
    pub fn read(log: impl BufRead, study: Option<&str>) -> Result<Collected> {
        let mut gathered = Gathered {
            of_study: study.map(str::to_owned),
            ..Gathered::default()
        };
        gathered.read(log)?;
        Ok(gathered.run)
    }

    /// Instances refused, for whatever reason.
    pub fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    fn done(&mut self, done: &DoneLine, pending: &Pending) {
        self.written += 1;
        self.searched += u64::from(done.searched > 0);
        self.searched_bytes += done.searched;
        self.hits += done.hits;
        self.counts.add(&done.counts);
        for (row, count) in &pending.rows {
            *self.attributes.entry(row.clone()).or_default() += count;
        }
        self.note(&pending.notes);
        let of_study = self.studies.entry(done.study.clone()).or_default();
        of_study.instances += 1;
        of_study.modalities.insert(done.modality.clone());
        of_study.counts.add(&done.counts);
    }

    fn note(&mut self, notes: &[String]) {
        for note in notes {
            *self.notes.entry(note.clone()).or_default() += 1;
        }
    }
}

/// What was said of the instance whose lines are being read.
#[derive(Default)]
struct Pending {
    input: String,
    /// A later log tells of it.
    is_old: bool,
    rows: BTreeMap<Arc<AttributeRow>, u64>,
    notes: Vec<String>,
}

/// The logs of a run and of those that it goes on with, as a whole and by study.
#[derive(Debug, Default)]
pub struct Gathered {
    /// All of them.
    pub run: Collected,
    /// By new Study Instance UID, if that is wanted.
    pub studies: BTreeMap<String, Collected>,
    is_by_study: bool,
    of_study: Option<String>,
    /// Digests of inputs that the logs read so far tell of.
    seen: HashSet<String>,
    rows: HashSet<Arc<AttributeRow>>,
}

impl Gathered {
    /// Empty, and not asked to tell of each study.
    pub fn new() -> Gathered {
        Gathered::default()
    }

    /// Empty, to tell of each study by itself too.
    pub fn by_study() -> Gathered {
        Gathered {
            is_by_study: true,
            ..Gathered::default()
        }
    }

    /// Reads the newest log.
    ///
    /// # Errors
    /// [`crate::Error::Read`] and [`crate::Error::LogLine`].
    pub fn read(&mut self, log: impl BufRead) -> Result<()> {
        self.log(log).0
    }

    /// Reads a log of an earlier run, newest first. Of an input that a later one tells of, that one
    /// counts. One that was cut counts as far as it goes.
    pub fn read_earlier(&mut self, log: impl BufRead) {
        let (newest, finished) = (self.run.run.clone(), self.run.finished.clone());
        let (_, run) = self.log(log);
        let of = std::mem::replace(&mut self.run.finished, finished);
        self.run.run = newest;
        if let Some(run) = run {
            self.run.earlier.push((run.started, of));
        }
    }

    /// The studies' own, each with what it shares with the run.
    pub fn into_studies(self) -> impl Iterator<Item = (String, Collected)> {
        let (run, finished, earlier) = (self.run.run, self.run.finished, self.run.earlier);
        self.studies.into_iter().map(move |(uid, mut study)| {
            study.run = run.clone();
            study.finished.clone_from(&finished);
            study.earlier.clone_from(&earlier);
            (uid, study)
        })
    }

    fn log(&mut self, log: impl BufRead) -> (Result<()>, Option<Run>) {
        let mut pending = Pending::default();
        let mut fresh = HashSet::new();
        let mut of = None;
        self.run.finished.clear();
        let read = lines(log, |_, line| {
            match line {
                Line::Run { run, .. } => {
                    of = Some(run.clone());
                    self.run.run = run;
                }
                Line::File(file) => {
                    pending = Pending {
                        is_old: self.seen.contains(&file.input),
                        input: file.input,
                        ..Pending::default()
                    };
                }
                Line::Element(element) if !pending.is_old => {
                    let row = self.shared(row(*element));
                    *pending.rows.entry(row).or_default() += 1;
                }
                Line::Note(note) => pending.notes.push(note.note),
                Line::Done(done) => {
                    let wanted = &self.of_study;
                    if wanted.as_ref().is_none_or(|study| *study == done.study) && !pending.is_old {
                        self.run.done(&done, &pending);
                        if self.is_by_study {
                            let study = self.studies.entry(done.study.clone()).or_default();
                            study.done(&done, &pending);
                        }
                    }
                    fresh.insert(std::mem::take(&mut pending.input));
                }
                Line::Refused(refused) => {
                    // Which study it would have been of is not known.
                    if self.of_study.is_none() && !pending.is_old {
                        *self.run.refused.entry(refused.reason).or_default() += 1;
                        self.run.note(&pending.notes);
                    }
                    fresh.insert(std::mem::take(&mut pending.input));
                }
                Line::End(end) => self.run.finished = end.finished,
                Line::Element(_) | Line::Signature { .. } => {}
            }
            Ok(())
        });
        self.seen.extend(fresh);
        (read, of)
    }

    /// One of all equal ones: studies differ little in what was done.
    fn shared(&mut self, row: AttributeRow) -> Arc<AttributeRow> {
        if let Some(known) = self.rows.get(&row) {
            return known.clone();
        }
        let row = Arc::new(row);
        self.rows.insert(row.clone());
        row
    }
}

fn row(element: ElementLine) -> AttributeRow {
    let start = element.path.rfind('(').unwrap_or(0);
    let tag = element
        .path
        .get(start..start + 11)
        .unwrap_or(&element.path)
        .to_owned();
    let asked = match (element.row.as_str(), element.asked.as_str()) {
        ("", "") => element.by.clone(),
        ("", action) => format!("{} {action}", element.by),
        (row, action) if element.by == "profile" && row == tag => format!("profile {action}"),
        (row, action) => format!("{} {row} {action}", element.by),
    };
    AttributeRow {
        is_private: element.creator.is_some() || is_private(&tag),
        name: element.creator.unwrap_or(element.keyword),
        tag,
        vr: element.vr,
        asked,
        taken: element.taken,
        reason: element.reason,
    }
}

/// The group's last digit is odd.
fn is_private(tag: &str) -> bool {
    let digit = tag.as_bytes().get(4).map(|digit| char::from(*digit));
    digit
        .and_then(|digit| digit.to_digit(16))
        .is_some_and(|digit| digit % 2 == 1)
}
