//! Gathers a log's lines into tables.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use crate::Result;
use crate::log::{Counts, ElementLine, Line, Run, lines};

/// What was done to one attribute in one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    pub attributes: BTreeMap<AttributeRow, u64>,
    /// By new Study Instance UID.
    pub studies: BTreeMap<String, StudyRow>,
}

impl Collected {
    /// Reads a log: all of it, or what it says of the study with this (new) UID.
    ///
    /// # Errors
    /// [`crate::Error::Read`] and [`crate::Error::LogLine`].
    pub fn read(log: impl BufRead, study: Option<&str>) -> Result<Collected> {
        let mut all = Collected::default();
        let mut pending: BTreeMap<AttributeRow, u64> = BTreeMap::new();
        let mut notes: Vec<String> = Vec::new();
        lines(log, |_, line| {
            match line {
                Line::Run { run, .. } => all.run = run,
                Line::File(_) => {
                    pending.clear();
                    notes.clear();
                }
                Line::Element(element) => *pending.entry(row(*element)).or_default() += 1,
                Line::Note(note) => notes.push(note.note),
                Line::Done(done) => {
                    if study.is_none_or(|study| study == done.study) {
                        all.written += 1;
                        all.searched += u64::from(done.searched > 0);
                        all.searched_bytes += done.searched;
                        all.hits += done.hits;
                        all.counts.add(&done.counts);
                        for (row, count) in std::mem::take(&mut pending) {
                            *all.attributes.entry(row).or_default() += count;
                        }
                        all.note(&mut notes);
                        let of_study = all.studies.entry(done.study).or_default();
                        of_study.instances += 1;
                        of_study.modalities.insert(done.modality);
                        of_study.counts.add(&done.counts);
                    }
                }
                Line::Refused(refused) => {
                    // Which study it would have been of is not known.
                    if study.is_none() {
                        *all.refused.entry(refused.reason).or_default() += 1;
                        all.note(&mut notes);
                    }
                }
                Line::End(end) => all.finished = end.finished,
                Line::Signature { .. } => {}
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// Instances refused, for whatever reason.
    pub fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    fn note(&mut self, notes: &mut Vec<String>) {
        for note in notes.drain(..) {
            *self.notes.entry(note).or_default() += 1;
        }
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
