//! SOP classes, transfer syntaxes and roles as vendors write them.

use sagittal_core::{Uid, sop_class};

use crate::document::{Role, SopClasses, TransferSyntaxes};

/// What a text lists, and the parts of it that are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub uids: Vec<Uid>,
    pub unknown: Vec<String>,
}

pub(super) fn sop_classes(text: &str) -> Listed {
    listed(text, &|word| {
        // Of a retired and a current class of the same name the current one is meant.
        let current = sop_class::STORAGE
            .iter()
            .find(|row| row.name.eq_ignore_ascii_case(word));
        if let Some(row) = current {
            return Some(vec![Uid::from_static(row.uid)]);
        }
        SopClasses::named(word)
            .or_else(|_| SopClasses::named(&variant(word, SOP_CLASS_WORDS)))
            .ok()
            .map(|list| list.iter().cloned().collect())
    })
}

pub(super) fn transfer_syntaxes(text: &str) -> Listed {
    listed(text, &|word| {
        let folded = folded(word);
        let alias = TRANSFER_SYNTAXES.iter().find(|(name, _)| *name == folded);
        let word = alias.map_or(word, |(_, uid)| uid);
        TransferSyntaxes::named(word)
            .or_else(|_| TransferSyntaxes::named(&variant(word, TRANSFER_SYNTAX_WORDS)))
            .ok()
            .map(|list| list.iter().cloned().collect())
    })
}

/// UIDs where there are any, else names. A comma may belong to a name: the longest known one counts.
fn listed(text: &str, resolve: &dyn Fn(&str) -> Option<Vec<Uid>>) -> Listed {
    let uids = uids(text);
    if !uids.is_empty() {
        return Listed {
            uids,
            unknown: Vec::new(),
        };
    }
    let mut found = Listed::default();
    for line in text.split(['\n', ';']) {
        let parts: Vec<&str> = line
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect();
        let mut at = 0;
        while at < parts.len() {
            let known = (at + 1..=parts.len()).rev().find_map(|end| {
                let word = parts.get(at..end)?.join(", ");
                Some((end, resolve(&cleaned(&word))?))
            });
            match known {
                Some((end, uids)) => {
                    found.uids.extend(uids);
                    at = end;
                }
                None => {
                    found.unknown.extend(parts.get(at).map(ToString::to_string));
                    at += 1;
                }
            }
        }
    }
    found
}

/// Everything in a text that looks like a UID of DICOM or a private one.
fn uids(text: &str) -> Vec<Uid> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '.');
    let mut found: Vec<Uid> = Vec::new();
    for word in words {
        let word = word.trim_matches('.');
        if word.matches('.').count() >= 4
            && let Ok(uid) = Uid::new(word)
            && !found.contains(&uid)
        {
            found.push(uid);
        }
    }
    found
}

/// Without marks of lists and foot notes.
fn cleaned(word: &str) -> String {
    let word = word
        .trim()
        .trim_start_matches(['-', '•', '*', '·'])
        .trim_end_matches(['*', '†', '.']);
    super::grid::flat(word)
}

fn folded(word: &str) -> String {
    let kept: String = word
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    let words = kept
        .split_whitespace()
        .filter(|word| !matches!(*word, "dicom" | "transfer" | "syntax" | "sop" | "class"));
    words.collect::<Vec<_>>().join(" ")
}

/// With words replaced by those of the tables.
fn variant(word: &str, words: &[(&str, &str)]) -> String {
    let mut text = word.replace(['–', '—'], "-");
    for (from, to) in words {
        if let Some(at) = text.to_lowercase().find(from)
            && let (Some(before), Some(after)) = (text.get(..at), text.get(at + from.len()..))
        {
            text = format!("{before}{to}{after}");
        }
    }
    super::grid::flat(&text)
}

const SOP_CLASS_WORDS: &[(&str, &str)] = &[
    ("dicom ", ""),
    ("ultrasound multiframe", "Ultrasound Multi-frame"),
    ("multiframe", "Multi-frame"),
    ("info. model", "Information Model"),
    ("q/r ", "Query/Retrieve "),
    ("model – ", "Model - "),
    ("model -find", "Model - FIND"),
    (
        "pet image storage",
        "Positron Emission Tomography Image Storage",
    ),
    ("cr image storage", "Computed Radiography Image Storage"),
    ("us image storage", "Ultrasound Image Storage"),
    ("xa image storage", "X-Ray Angiographic Image Storage"),
    ("x-ray dose sr", "X-Ray Radiation Dose SR Storage"),
    ("mpps", "Modality Performed Procedure Step"),
    ("storage storage", "Storage"),
];

const TRANSFER_SYNTAX_WORDS: &[(&str, &str)] = &[("dicom ", ""), (" transfer syntax", "")];

/// Names that vendors use, folded.
#[rustfmt::skip]
const TRANSFER_SYNTAXES: &[(&str, &str)] = &[
    ("implicit vr little endian", "1.2.840.10008.1.2"),
    ("implicit little endian", "1.2.840.10008.1.2"),
    ("implicit vr little endian default", "1.2.840.10008.1.2"),
    ("implicit vr", "1.2.840.10008.1.2"),
    ("ile", "1.2.840.10008.1.2"),
    ("explicit vr little endian", "1.2.840.10008.1.2.1"),
    ("explicit little endian", "1.2.840.10008.1.2.1"),
    ("ele", "1.2.840.10008.1.2.1"),
    ("explicit vr big endian", "1.2.840.10008.1.2.2"),
    ("explicit big endian", "1.2.840.10008.1.2.2"),
    ("deflated explicit vr little endian", "1.2.840.10008.1.2.1.99"),
    ("jpeg baseline", "1.2.840.10008.1.2.4.50"),
    ("jpeg baseline process 1", "1.2.840.10008.1.2.4.50"),
    ("jpeg lossy baseline", "1.2.840.10008.1.2.4.50"),
    ("jpeg baseline lossy", "1.2.840.10008.1.2.4.50"),
    ("jpeg extended", "1.2.840.10008.1.2.4.51"),
    ("jpeg lossless", "1.2.840.10008.1.2.4.70"),
    ("jpeg lossless process 14", "1.2.840.10008.1.2.4.57"),
    ("jpeg lossless sv1", "1.2.840.10008.1.2.4.70"),
    ("jpeg lossless process 14 sv1", "1.2.840.10008.1.2.4.70"),
    ("jpeg lossless non hierarchical first order prediction", "1.2.840.10008.1.2.4.70"),
    ("jpeg lossless hierarchical first order prediction", "1.2.840.10008.1.2.4.70"),
    ("jpeg ls lossless", "1.2.840.10008.1.2.4.80"),
    ("jpeg ls near lossless", "1.2.840.10008.1.2.4.81"),
    ("jpeg ls lossy", "1.2.840.10008.1.2.4.81"),
    ("jpeg 2000 lossless", "1.2.840.10008.1.2.4.90"),
    ("jpeg 2000 lossless only", "1.2.840.10008.1.2.4.90"),
    ("jpeg2000 lossless", "1.2.840.10008.1.2.4.90"),
    ("jpeg2000 lossless only", "1.2.840.10008.1.2.4.90"),
    ("jpeg 2000 lossy", "1.2.840.10008.1.2.4.91"),
    ("jpeg2000", "1.2.840.10008.1.2.4.91"),
    ("jpeg 2000", "1.2.840.10008.1.2.4.91"),
    ("rle", "1.2.840.10008.1.2.5"),
    ("rle lossless", "1.2.840.10008.1.2.5"),
    ("htj2k lossless", "1.2.840.10008.1.2.4.201"),
];

/// Roles of a cell; `None` if it tells none.
pub(super) fn roles(text: &str) -> Option<Vec<Role>> {
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let mut found = Vec::new();
    if has(&["scu", "user", "both"]) {
        found.push(Role::Scu);
    }
    if has(&["scp", "provider", "both"]) {
        found.push(Role::Scp);
    }
    (!found.is_empty()).then_some(found)
}

/// Yes, no, or nothing that can be told.
pub(super) fn yes_or_no(text: &str) -> Option<bool> {
    let word = text.trim().to_lowercase();
    let first = word
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '✓' | '✔' | '-' | '–'))
        .next()?;
    match first {
        "yes" | "y" | "x" | "✓" | "✔" | "supported" | "true" => Some(true),
        "no" | "n" | "" | "-" | "–" | "not" | "none" | "false" => Some(false),
        _ => None,
    }
}
