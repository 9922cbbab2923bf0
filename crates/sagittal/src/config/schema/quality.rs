//! Data quality of what arrives.

use super::setting;
use crate::config::setting::{Kind, Section};

/// Severities, the gravest first.
const SEVERITIES: &[&str] = &["error", "warning", "information"];

/// Kinds of finding that there are when an instance arrives.
const CHECKS: &[&str] = &[
    "cut",
    "name",
    "length",
    "characters",
    "character-set",
    "mojibake",
    "date-time",
    "uid",
    "duplicate",
    "vr",
    "missing",
    "empty",
    "consistency",
    "laterality",
    "series-gap",
];

pub(super) const QUALITY: Section = Section {
    path: "quality",
    repeated: false,
    doc: "Data quality: the header of whatever arrives is checked (docs/guide/quality.md). What is found is\nkept with the instance and told in the quality report; rules below may ask for more.",
    settings: &[
        setting("enabled", Kind::Bool, "true", "Check what arrives."),
        setting(
            "severity",
            Kind::Choice(SEVERITIES),
            "\"warning\"",
            "The mildest findings that are looked for.",
        ),
    ],
};

pub(super) const QUALITY_RULE: Section = Section {
    path: "quality.rule",
    repeated: true,
    doc: "A rule of data quality. For each finding the first rule counts whose conditions are all met; of\nthe actions for the findings of an instance the strictest is taken.",
    settings: &[
        setting("name", Kind::Name, "", "Its name, for the log."),
        setting(
            "sources",
            Kind::List(&Kind::Text),
            "[]",
            "Condition: received from one of these (AE titles; users; \"import\").",
        ),
        setting(
            "modalities",
            Kind::List(&Kind::Text),
            "[]",
            "Condition: Modality is one of these.",
        ),
        setting(
            "checks",
            Kind::List(&Kind::Choice(CHECKS)),
            "[]",
            "Condition: the finding is of one of these kinds.",
        ),
        setting(
            "severity",
            Kind::Choice(SEVERITIES),
            "\"information\"",
            "Condition: the finding is at least so grave.",
        ),
        setting(
            "action",
            Kind::Choice(&["accept", "tag", "quarantine", "refuse"]),
            "\"tag\"",
            "What is done:\n  accept      kept, and the finding is forgotten\n  tag         kept, and the finding with it\n  quarantine  held back until somebody releases it; its sender is told that it is stored\n  refuse      not kept, and its sender is told why (A900 or C000; 409)",
        ),
        setting(
            "validate",
            Kind::Choice(&["none", "all", "sample"]),
            "\"none\"",
            "Validate what comes from these sources and is of these modalities against its whole IOD, before\nits sender is answered; what is found goes through the rules too. The first rule that asks for it\ncounts.\n  all     every instance\n  sample  the first instance of each series, and then one of so many",
        ),
        setting(
            "sample",
            Kind::Integer {
                min: 1,
                max: 1_000_000,
            },
            "50",
            "With validate = \"sample\": one of so many instances of a series.",
        ),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_a_kind_of_finding() {
        for check in CHECKS {
            let mut kinds = sagittal_iod::Kind::ALL.iter();
            assert!(kinds.any(|kind| kind.as_str() == *check), "{check}");
        }
    }
}
