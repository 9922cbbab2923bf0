//! Rules of data quality: from their words to what the archive does.

use sagittal_archive::quality::{self, Action, Kind, Severity};

use super::model::{Quality, QualityRule};

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
    }
}

fn severity(word: &str) -> Severity {
    [Severity::Error, Severity::Warning]
        .into_iter()
        .find(|severity| severity.as_str() == word)
        .unwrap_or(Severity::Information)
}
