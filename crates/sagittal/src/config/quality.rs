//! Rules of data quality: from their words to what the archive does.

use std::num::NonZeroU32;

use sagittal_archive::quality::{self, Action, Kind, Severity};

use super::layers::Layers;
use super::model::{Reader, list, number, rows, text};

/// `[quality]`, `[[quality.rule]]`
#[derive(Clone, Debug)]
#[allow(missing_docs)] // named and explained in schema/quality.rs
pub struct Quality {
    pub enabled: bool,
    pub severity: String,
    pub rules: Vec<QualityRule>,
}

/// `[[quality.rule]]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct QualityRule {
    pub name: String,
    pub sources: Vec<String>,
    pub modalities: Vec<String>,
    pub checks: Vec<String>,
    pub severity: String,
    pub action: String,
    pub validate: String,
    pub sample: u64,
}

impl Quality {
    /// From checked layers.
    pub(super) fn from_layers(layers: &Layers) -> Quality {
        let at = |path| Reader { layers, path };
        Quality {
            enabled: at("quality.enabled").bool(),
            severity: at("quality.severity").text(),
            rules: rows(layers, "quality.rule", |row| QualityRule {
                name: text(row, "name"),
                sources: list(row, "sources"),
                modalities: list(row, "modalities"),
                checks: list(row, "checks"),
                severity: text(row, "severity"),
                action: text(row, "action"),
                validate: text(row, "validate"),
                sample: number(row, "sample"),
            }),
        }
    }
}

/// The archive's settings, of rules that were checked.
pub fn settings(quality: &Quality) -> quality::Quality {
    quality::Quality {
        enabled: quality.enabled,
        least: severity(&quality.severity),
        rules: quality.rules.iter().map(rule).collect(),
    }
}

fn rule(rule: &QualityRule) -> quality::Rule {
    let kind = |name: &String| Kind::ALL.iter().find(|kind| kind.as_str() == name);
    let mut actions = Action::ALL.into_iter();
    quality::Rule {
        name: rule.name.clone(),
        sources: rule.sources.clone(),
        modalities: rule.modalities.clone(),
        checks: rule.checks.iter().filter_map(kind).copied().collect(),
        severity: severity(&rule.severity),
        action: actions
            .find(|action| action.as_str() == rule.action)
            .unwrap_or(Action::Tag),
        validate: match rule.validate.as_str() {
            "all" => Some(NonZeroU32::MIN),
            "sample" => u32::try_from(rule.sample).ok().and_then(NonZeroU32::new),
            _ => None,
        },
    }
}

fn severity(word: &str) -> Severity {
    [Severity::Error, Severity::Warning]
        .into_iter()
        .find(|severity| severity.as_str() == word)
        .unwrap_or(Severity::Information)
}
