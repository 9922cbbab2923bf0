//! Outputs against the answer key.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use sagittal_core::PathStep;
use sagittal_core::{DataSet, Element, Limits, TagPath, Value, tags};
use sagittal_file::part10;

use super::builder::sha256;
use super::{Check, Corpus, Expected, File, Marker};

/// What the de-identifier says of its pseudonyms.
#[derive(Clone, Debug, Default)]
pub struct Maps {
    /// UIDs, old to new.
    pub uids: HashMap<String, String>,
    /// Patient IDs, old to new.
    pub patients: HashMap<String, String>,
}

impl Maps {
    /// Reads a CSV file of `id_old,id_new`.
    pub fn read(path: &Path) -> HashMap<String, String> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let rows = text.lines().skip(1).filter_map(|line| line.split_once(','));
        let clean = |text: &str| text.trim().trim_matches('"').to_owned();
        rows.map(|(old, new)| (clean(old), clean(new))).collect()
    }
}

/// One check's result.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The file as planted.
    pub file: PathBuf,
    /// Where.
    pub path: String,
    /// Kind of check.
    pub kind: &'static str,
    /// Passed.
    pub passed: bool,
    /// What was wrong.
    pub why: String,
}

/// All results.
#[derive(Clone, Debug, Default)]
pub struct Card {
    /// One for each check.
    pub verdicts: Vec<Verdict>,
    /// Files without an output.
    pub missing: Vec<PathBuf>,
}

impl Card {
    /// Passed and all, by kind.
    pub fn by_kind(&self) -> BTreeMap<&'static str, (usize, usize)> {
        let mut kinds = BTreeMap::new();
        for verdict in &self.verdicts {
            let entry: &mut (usize, usize) = kinds.entry(verdict.kind).or_default();
            entry.0 += usize::from(verdict.passed);
            entry.1 += 1;
        }
        kinds
    }

    /// Those that failed.
    pub fn failed(&self) -> Vec<&Verdict> {
        self.verdicts
            .iter()
            .filter(|verdict| !verdict.passed)
            .collect()
    }

    /// Passed of all, in per cent.
    pub fn percent(&self) -> f64 {
        let passed = self
            .verdicts
            .iter()
            .filter(|verdict| verdict.passed)
            .count();
        passed as f64 * 100.0 / self.verdicts.len().max(1) as f64
    }
}

/// An output as it was read.
struct Output {
    bytes: Vec<u8>,
    data_set: DataSet,
}

/// What a tool wrote.
#[derive(Default)]
pub struct Outputs {
    by_uid: HashMap<String, Rc<Output>>,
    by_name: HashMap<PathBuf, Rc<Output>>,
    /// `None` if several outputs have it.
    by_marker: HashMap<Marker, Option<Rc<Output>>>,
}

impl Outputs {
    /// Reads all that is below a folder.
    pub fn read(folder: &Path) -> Outputs {
        let mut outputs = Outputs::default();
        for path in crate::data::files(folder) {
            let bytes = std::fs::read(&path).unwrap_or_default();
            let Ok(read) = part10::read(&Bytes::from(bytes.clone()), Limits::default()) else {
                continue;
            };
            let output = Rc::new(Output {
                bytes,
                data_set: read.data_set,
            });
            let text = |tag| output.data_set.first_text(tag);
            if let (Some(sop_class_uid), Some(number)) =
                (text(tags::SOP_CLASS_UID), text(tags::INSTANCE_NUMBER))
            {
                let marker = Marker {
                    sop_class_uid,
                    number: number.trim().to_owned(),
                };
                let seen = outputs.by_marker.entry(marker);
                seen.and_modify(|other| *other = None)
                    .or_insert_with(|| Some(output.clone()));
            }
            if let Some(uid) = text(tags::SOP_INSTANCE_UID) {
                outputs.by_uid.insert(uid, output.clone());
            }
            if let Ok(name) = path.strip_prefix(folder) {
                outputs.by_name.insert(name.to_path_buf(), output);
            }
        }
        outputs
    }

    /// The output of a file: by the tool's own map of UIDs, by what stays of it, by its name.
    fn of(&self, file: &File, maps: &Maps) -> Option<&Output> {
        let new = maps.uids.get(&file.sop_instance_uid);
        let found = new
            .and_then(|uid| self.by_uid.get(uid))
            .or_else(|| self.by_marker.get(&file.marker)?.as_ref())
            .or_else(|| self.by_name.get(&file.name));
        found.map(Rc::as_ref)
    }

    /// What a tool without maps made of a file.
    pub fn data_set(&self, file: &File) -> Option<&DataSet> {
        let output = self.of(file, &Maps::default());
        output.map(|output| &output.data_set)
    }
}

/// Scores what a tool wrote below `outputs`.
pub fn score(corpus: &Corpus, outputs: &Path, maps: &Maps) -> Card {
    let outputs = Outputs::read(outputs);
    let mut card = Card::default();
    for file in &corpus.files {
        match outputs.of(file, maps) {
            Some(output) => judge(file, output, maps, &mut card),
            None => missing(file, &mut card),
        }
    }
    card
}

/// Who gives nothing has done nothing of what was asked, not removed anything either.
fn missing(file: &File, card: &mut Card) {
    card.missing.push(file.name.clone());
    let asked = file.expected.iter();
    let asked = asked.map(|expected| (expected.path.as_str(), expected.check.name()));
    let searched = file.secrets.iter().map(|_| (EVERY_BYTE, "text_removed"));
    for (path, kind) in asked.chain(searched) {
        card.verdicts.push(Verdict {
            file: file.name.clone(),
            path: path.to_owned(),
            kind,
            passed: false,
            why: "no output".into(),
        });
    }
}

/// Where secrets are looked for.
const EVERY_BYTE: &str = "every byte";

fn judge(file: &File, output: &Output, maps: &Maps, card: &mut Card) {
    for Expected { path, check } in &file.expected {
        let values = lookup(&output.data_set, path);
        let result = verdict(check, &values, output, maps);
        card.verdicts.push(Verdict {
            file: file.name.clone(),
            path: path.clone(),
            kind: check.name(),
            passed: result.is_ok(),
            why: result.err().unwrap_or_default(),
        });
    }
    for secret in &file.secrets {
        let passed = !contains(&output.bytes, secret);
        card.verdicts.push(Verdict {
            file: file.name.clone(),
            path: EVERY_BYTE.into(),
            kind: "text_removed",
            passed,
            why: secret.clone(),
        });
    }
}

fn contains(bytes: &[u8], secret: &str) -> bool {
    let lower = |byte: &u8| byte.to_ascii_lowercase();
    let needle: Vec<u8> = secret.bytes().map(|byte| lower(&byte)).collect();
    !needle.is_empty()
        && bytes
            .windows(needle.len())
            .any(|window| window.iter().map(lower).eq(needle.iter().copied()))
}

fn verdict(check: &Check, values: &[String], output: &Output, maps: &Maps) -> Result<(), String> {
    let all = values.join("\\");
    let has = |word: &str| all.to_lowercase().contains(&word.to_lowercase());
    let holds = |condition: bool, why: &str| {
        condition
            .then_some(())
            .ok_or_else(|| format!("{why}: {all:.80}"))
    };
    match check {
        Check::TagRetained => holds(!values.is_empty(), "not there"),
        Check::TextNotNull => holds(values.iter().any(|value| !value.is_empty()), "empty"),
        Check::TextRetained(words) => match words.iter().find(|word| !has(word)) {
            None => Ok(()),
            Some(word) => Err(format!("{word:?} is gone from {all:.80}")),
        },
        Check::TextRemoved(words) => match words.iter().find(|word| has(word)) {
            None => Ok(()),
            Some(word) => Err(format!("{word:?} is in {all:.80}")),
        },
        Check::DateShifted(original) | Check::UidChanged(original) => {
            holds(!has(original), "still the original")
        }
        Check::UidConsistent(original) => consistent(original, values, &maps.uids),
        Check::PatientIdConsistent(original) => consistent(original, values, &maps.patients),
        Check::PixelsRetained(hash) => {
            let pixels = output
                .data_set
                .bytes(tags::PIXEL_DATA)
                .map(|bytes| sha256(bytes));
            holds(pixels.as_ref() == Some(hash), "other pixels")
        }
        Check::PixelsHidden(rectangle) => hidden(&output.data_set, *rectangle),
    }
}

fn consistent(
    original: &str,
    values: &[String],
    map: &HashMap<String, String>,
) -> Result<(), String> {
    match map.get(original) {
        None => Err(format!("{original} is not in the map")),
        Some(new) if values.iter().any(|value| value.contains(new.as_str())) => Ok(()),
        Some(new) => Err(format!("not {new}")),
    }
}

/// Native samples only: every frame's rectangle is of one value.
fn hidden(data_set: &DataSet, [x, y, width, height]: [u16; 4]) -> Result<(), String> {
    let columns = usize::try_from(data_set.int(tags::COLUMNS).unwrap_or(0)).unwrap();
    let rows = usize::try_from(data_set.int(tags::ROWS).unwrap_or(0)).unwrap();
    let samples = usize::try_from(data_set.int(tags::SAMPLES_PER_PIXEL).unwrap_or(1)).unwrap();
    let pixels = data_set.bytes(tags::PIXEL_DATA).ok_or("no native pixels")?;
    for frame in pixels.chunks_exact(rows * columns * samples) {
        let mut seen = std::collections::HashSet::new();
        for row in usize::from(y)..usize::from(y + height) {
            let at = (row * columns + usize::from(x)) * samples;
            seen.extend(frame[at..at + usize::from(width) * samples].iter().copied());
        }
        if seen.len() > 1 {
            return Err("text can be seen".into());
        }
    }
    Ok(())
}

/// The values at a path: of an element as text; of a sequence, all text in it at any depth.
fn lookup(data_set: &DataSet, path: &str) -> Vec<String> {
    let Ok(path) = path.parse::<TagPath>() else {
        return vec![];
    };
    let mut at = data_set;
    let mut element = None;
    for step in &path.0 {
        match step {
            PathStep::Element(tag) => element = at.get(*tag),
            PathStep::Item(number) => {
                let item = element.and_then(|found: &Element| found.value.as_items());
                let Some(item) =
                    item.and_then(|items| items.get(usize::try_from(*number).unwrap()))
                else {
                    return vec![];
                };
                at = item;
                element = None;
            }
        }
    }
    let Some(element) = element else {
        return vec![];
    };
    let mut values = vec![];
    gather(at, element, &mut values);
    values
}

fn gather(data_set: &DataSet, element: &Element, values: &mut Vec<String>) {
    match &element.value {
        Value::Sequence(items) => {
            for item in items {
                item.elements()
                    .iter()
                    .for_each(|inner| gather(item, inner, values));
            }
        }
        _ => match data_set.text(element.tag) {
            Some(text) => values.push(text.into_owned()),
            None => values.push(
                String::from_utf8_lossy(data_set.bytes(element.tag).map_or(&[][..], |bytes| bytes))
                    .into_owned(),
            ),
        },
    }
}
