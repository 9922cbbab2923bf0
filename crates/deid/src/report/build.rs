//! Puts a report together.

use std::io::BufRead;

use super::anonymity::Anonymity;
use super::collect::{AttributeRow, Collected};
use super::document::{Block, Document, Table};
use super::safe_harbor::SAFE_HARBOR;
use super::score::Score;
use crate::Result;
use crate::log::{Counts, Verification};

/// Studies that are listed; a report on one study tells more than a line of it.
const STUDIES: usize = 2_000;

/// A report in the making.
#[derive(Clone, Debug, Default)]
pub struct Report {
    collected: Collected,
    study: Option<String>,
    verification: Option<Verification>,
    anonymity: Option<Anonymity>,
    score: Option<Score>,
    pictures: Vec<(Vec<u8>, String)>,
}

impl Report {
    /// On a whole run, or on the study with this (new) UID.
    ///
    /// # Errors
    /// [`crate::Error::Read`] and [`crate::Error::LogLine`] if the log cannot be read.
    pub fn read(log: impl BufRead, study: Option<&str>) -> Result<Report> {
        Ok(Report {
            collected: Collected::read(log, study)?,
            study: study.map(str::to_owned),
            ..Report::default()
        })
    }

    /// Of what was gathered of a run, or of the study with this (new) UID.
    pub fn of(collected: Collected, study: Option<&str>) -> Report {
        Report {
            collected,
            study: study.map(str::to_owned),
            ..Report::default()
        }
    }

    /// Says how the program does on a corpus with an answer key.
    pub fn set_score(&mut self, score: Score) {
        self.score = Some(score);
    }

    /// Says whether the log is sound.
    pub fn set_verification(&mut self, verification: Verification) {
        self.verification = Some(verification);
    }

    /// Adds a k-anonymity table.
    pub fn set_anonymity(&mut self, anonymity: Anonymity) {
        self.anonymity = Some(anonymity);
    }

    /// Adds a picture (PNG) of blanked regions, of a face before and after.
    pub fn add_picture(&mut self, png: Vec<u8>, caption: &str) {
        self.pictures.push((png, caption.to_owned()));
    }

    /// What the log says.
    pub fn collected(&self) -> &Collected {
        &self.collected
    }

    /// The report.
    pub fn document(&self) -> Document {
        let all = &self.collected;
        let subtitle = match &self.study {
            Some(study) => format!("Study {study}"),
            None => format!("Run of {}", all.run.started),
        };
        let mut blocks = self.summary();
        blocks.extend(self.residual());
        blocks.extend(self.exceptions());
        blocks.push(Block::Heading("What was done, by attribute".into()));
        let is_kept = |row: &AttributeRow| row.taken == "kept";
        blocks.push(attributes("Changed, removed or added", all, |row| {
            !is_kept(row)
        }));
        blocks.push(attributes("Knowingly kept", all, is_kept));
        blocks.extend(safe_harbor(all));
        if let Some(anonymity) = &self.anonymity {
            blocks.push(Block::Heading("k-anonymity".into()));
            blocks.extend(anonymity.blocks());
        }
        if let Some(score) = &self.score {
            blocks.push(Block::Heading("Score card".into()));
            blocks.extend(score.blocks());
        }
        if !self.pictures.is_empty() {
            blocks.push(Block::Heading("Pictures".into()));
            blocks.push(Block::Text("Taken of the outputs, with the regions outlined that were blanked. There are none from before: they would show what was removed.".into()));
            let pictures = self.pictures.iter().cloned();
            blocks.extend(pictures.map(|(png, caption)| Block::Picture(png, caption)));
        }
        if self.study.is_none() {
            blocks.push(Block::Heading("Studies".into()));
            blocks.push(studies(all));
        }
        Document {
            title: "Report on de-identification".into(),
            subtitle,
            blocks,
        }
    }

    /// As one HTML file.
    pub fn html(&self) -> String {
        super::html(&self.document())
    }

    /// As JSON, for programs; without pictures and k-anonymity.
    pub fn json(&self) -> String {
        let is_sound = self.verification.as_ref().map(Verification::is_sound);
        let study = self.study.as_deref();
        super::json::json(&self.collected, study, is_sound).to_string()
    }

    /// As PDF.
    pub fn pdf(&self) -> Vec<u8> {
        super::pdf(&self.document())
    }

    fn summary(&self) -> Vec<Block> {
        let all = &self.collected;
        let run = &all.run;
        let options = match run.options.is_empty() {
            true => "none: the Basic Application Level Confidentiality Profile alone".to_owned(),
            false => run.options.join("; "),
        };
        let finished = match all.finished.is_empty() {
            true => "not finished",
            false => &all.finished,
        };
        let earlier: Vec<String> = all
            .earlier
            .iter()
            .map(|(started, finished)| match finished.is_empty() {
                true => format!("run of {started}, interrupted"),
                false => format!("run of {started}, finished {finished}"),
            })
            .collect();
        let earlier = match earlier.is_empty() {
            true => "nothing: one run did it all".to_owned(),
            false => earlier.join("; "),
        };
        let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut blocks = vec![
            Block::Heading("Summary".into()),
            Block::Facts(vec![
                fact(
                    "Standard",
                    &format!("DICOM PS3.15 Annex E, edition {}", run.edition),
                ),
                fact("Profile", &run.profile),
                fact("Options", &options),
                fact("Dates", &run.dates),
                fact("Program", &run.tool),
                fact("Digest of the rules", &run.rules),
                fact("Fingerprint of the project key", &run.key),
                fact("Begun", &run.started),
                fact("Finished", finished),
                fact("Goes on with", &earlier),
                fact("Instances written", &all.written.to_string()),
                fact(
                    "Instances refused or in quarantine",
                    &all.refusals().to_string(),
                ),
                fact("Studies", &all.studies.len().to_string()),
                fact("Elements", &spelled(&all.counts)),
            ]),
        ];
        if all.finished.is_empty() {
            blocks.push(Block::Warning(
                "The run did not finish: its log has no end.".into(),
            ));
        }
        match &self.verification {
            None => blocks.push(Block::Text("The transformation log was not verified for this report.".into())),
            Some(found) if found.is_sound() => blocks.push(Block::Text(format!(
                "The transformation log was verified: its chain of {} elements in {} instances and its signature are sound; the digests of {} outputs were compared and are those that were written.",
                found.counts.total(), found.files, found.outputs
            ))),
            Some(found) => {
                blocks.push(Block::Warning("The transformation log is not sound. Do not rely on this report.".into()));
                let mut table = Table::new("Problems of the log", &[("#Line", 1), ("Problem", 6)]);
                for problem in &found.problems {
                    table.row([problem.line.to_string(), problem.reason.clone()]);
                }
                blocks.push(Block::Table(table));
            }
        }
        blocks
    }

    fn residual(&self) -> Vec<Block> {
        let all = &self.collected;
        let mut blocks = vec![Block::Heading("Residual check".into())];
        let unsearched = all.written.saturating_sub(all.searched);
        blocks.push(Block::Text(format!(
            "Every byte of {} of {} outputs ({} bytes) was searched for the names, identifiers, dates, numbers, places and UIDs of its input, in many spellings and encodings, independently of the rules: {} hits in what was written. An output that cannot be read counts as a hit.",
            all.searched, all.written, all.searched_bytes, all.hits
        )));
        if all.hits > 0 {
            blocks.push(Block::Warning(
                "Outputs were written although identifiers of their inputs were found in them."
                    .into(),
            ));
        }
        if unsearched > 0 {
            blocks.push(Block::Warning(format!(
                "{unsearched} outputs were written without a residual check."
            )));
        }
        blocks
    }

    fn exceptions(&self) -> Vec<Block> {
        let all = &self.collected;
        let mut blocks = vec![Block::Heading("Exceptions".into())];
        if all.refused.is_empty() && all.notes.is_empty() {
            blocks.push(Block::Text("None.".into()));
        }
        for (caption, rows) in [
            ("Instances refused or in quarantine", &all.refused),
            ("Notes on instances", &all.notes),
        ] {
            if rows.is_empty() {
                continue;
            }
            let mut table = Table::new(caption, &[("What", 6), ("#Instances", 1)]);
            for (what, count) in rows {
                table.row([what.clone(), count.to_string()]);
            }
            blocks.push(Block::Table(table));
        }
        blocks
    }
}

fn spelled(counts: &Counts) -> String {
    let some = counts.named().into_iter().filter(|(_, count)| *count > 0);
    let some: Vec<String> = some
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    if some.is_empty() {
        "none".to_owned()
    } else {
        some.join(", ")
    }
}

fn attributes(caption: &str, all: &Collected, which: impl Fn(&AttributeRow) -> bool) -> Block {
    let columns = [
        ("Attribute", 7),
        ("VR", 1),
        ("Asked", 4),
        ("Done", 2),
        ("Why", 4),
        ("#Elements", 2),
    ];
    let mut table = Table::new(caption, &columns);
    for (row, count) in &all.attributes {
        if which(row) {
            let name = match (row.name.as_str(), row.is_private) {
                ("", _) => row.tag.clone(),
                (creator, true) => format!("{} of “{creator}”", row.tag),
                (keyword, false) => format!("{keyword} {}", row.tag),
            };
            let [vr, asked, taken, reason] =
                [&row.vr, &row.asked, &row.taken, &row.reason].map(String::clone);
            table.row([name, vr, asked, taken, reason, count.to_string()]);
        }
    }
    Block::Table(table)
}

fn safe_harbor(all: &Collected) -> Vec<Block> {
    let mut table = Table::new(
        "The eighteen identifiers of the HIPAA Safe Harbor method",
        &[
            ("Identifier", 4),
            ("Elements by what was done", 5),
            ("Kept", 5),
            ("Where else it may be", 5),
        ],
    );
    for identifier in SAFE_HARBOR {
        let mut counts: std::collections::BTreeMap<&str, u64> = Default::default();
        let mut kept: Vec<&str> = Vec::new();
        for (row, count) in &all.attributes {
            if !identifier.covers(row) {
                continue;
            }
            if row.taken == "kept" {
                let name = if row.is_private || row.name.is_empty() {
                    &row.tag
                } else {
                    &row.name
                };
                kept.push(name);
            } else if row.taken != "added" {
                *counts.entry(&row.taken).or_default() += count;
            }
        }
        kept.dedup();
        let done: Vec<String> = counts
            .iter()
            .map(|(taken, count)| format!("{count} {taken}"))
            .collect();
        let done = match (done.is_empty(), kept.is_empty()) {
            (true, true) => "no such attribute in the inputs".to_owned(),
            (true, false) => "none".to_owned(),
            _ => done.join(", "),
        };
        let more = kept.len().saturating_sub(12);
        kept.truncate(12);
        let mut kept = if kept.is_empty() {
            "none".to_owned()
        } else {
            kept.join(", ")
        };
        if more > 0 {
            kept.push_str(&format!(", and {more} more"));
        }
        let name = format!("({}) {}", identifier.letter, identifier.name);
        table.row([name, done, kept, identifier.elsewhere.to_owned()]);
    }
    vec![
        Block::Heading("HIPAA Safe Harbor".into()),
        Block::Text("45 CFR §164.514(b)(2)(i). Safe Harbor asks that none of these be kept; UIDs of classes and of the standard itself identify nobody.".into()),
        Block::Table(table),
    ]
}

fn studies(all: &Collected) -> Block {
    let caption = match all.studies.len() > STUDIES {
        true => format!("The first {STUDIES} studies of {}", all.studies.len()),
        false => "Studies written".to_owned(),
    };
    let mut table = Table::new(
        &caption,
        &[
            ("Study Instance UID", 6),
            ("Modalities", 2),
            ("#Instances", 2),
            ("Elements", 5),
        ],
    );
    for (uid, study) in all.studies.iter().take(STUDIES) {
        let modalities: Vec<&str> = study.modalities.iter().map(String::as_str).collect();
        table.row([
            uid.clone(),
            modalities.join(", "),
            study.instances.to_string(),
            spelled(&study.counts),
        ]);
    }
    Block::Table(table)
}
