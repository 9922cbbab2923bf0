//! What is done with what was found.

use std::num::NonZeroU32;

use sagittal_iod::{Finding, Kind, Severity};

use super::verdict::Verdict;

/// What is done with an instance, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It is kept, and the finding is forgotten.
    Accept,
    /// It is kept, and the finding with it.
    Tag,
    /// It is held back until somebody releases it. Its sender is told that it is stored.
    Quarantine,
    /// It is not kept, and its sender is told why.
    Refuse,
}

impl Action {
    /// All there are.
    pub const ALL: [Action; 4] = [
        Action::Accept,
        Action::Tag,
        Action::Quarantine,
        Action::Refuse,
    ];

    /// As it is configured.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Accept => "accept",
            Action::Tag => "tag",
            Action::Quarantine => "quarantine",
            Action::Refuse => "refuse",
        }
    }
}

/// A rule. Every given condition restricts; an empty one does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, for the log and reports.
    pub name: String,
    /// The sender is one of these (AE title, user name, `import`).
    pub sources: Vec<String>,
    /// Modality is one of these.
    pub modalities: Vec<String>,
    /// The finding is of one of these kinds.
    pub checks: Vec<Kind>,
    /// The finding is at least so grave.
    pub severity: Severity,
    /// What is done.
    pub action: Action,
    /// Instances from these sources and of these modalities are validated against their whole IOD:
    /// the first of a series and then each so many-th; `None` says nothing about it.
    pub validate: Option<NonZeroU32>,
}

impl Rule {
    fn fits(&self, source: &str, modality: &str, finding: &Finding) -> bool {
        finding.severity <= self.severity
            && (self.checks.is_empty() || self.checks.contains(&finding.kind))
            && is_one(&self.sources, source)
            && is_one(&self.modalities, modality)
    }
}

fn is_one(all: &[String], one: &str) -> bool {
    all.is_empty() || all.iter().any(|it| it == one)
}

/// Checks and rules, as they are configured.
#[derive(Clone, Debug)]
pub struct Quality {
    /// Is anything checked?
    pub enabled: bool,
    /// The mildest severity that is looked for.
    pub least: Severity,
    /// For each finding the first rule that fits counts; without one it is kept with the instance.
    pub rules: Vec<Rule>,
}

impl Default for Quality {
    fn default() -> Quality {
        Quality {
            enabled: true,
            least: Severity::Warning,
            rules: Vec::new(),
        }
    }
}

impl Quality {
    /// May something from this source have to be validated?
    pub(crate) fn may_validate(&self, source: &str) -> bool {
        let mut rules = self.rules.iter();
        self.enabled && rules.any(|rule| rule.validate.is_some() && is_one(&rule.sources, source))
    }

    /// Each which instance of a series is validated; the first rule that says so counts.
    pub(crate) fn validates(&self, source: &str, modality: &str) -> Option<NonZeroU32> {
        let mut rules = self.rules.iter().filter(|_| self.enabled);
        rules.find_map(|rule| {
            rule.validate
                .filter(|_| is_one(&rule.sources, source) && is_one(&rule.modalities, modality))
        })
    }

    /// What is done with an instance in which all this was found.
    pub(crate) fn verdict(&self, source: &str, modality: &str, all: Vec<Finding>) -> Verdict {
        let mut verdict = Verdict::default();
        for finding in all {
            let rule = self
                .rules
                .iter()
                .find(|rule| rule.fits(source, modality, &finding));
            let action = rule.map_or(Action::Tag, |rule| rule.action);
            if action == Action::Accept {
                continue;
            }
            // What decides is named first.
            if action > verdict.action {
                verdict.action = action;
                verdict.rule = rule.map(|rule| rule.name.clone()).unwrap_or_default();
                verdict.findings.insert(0, finding);
            } else {
                verdict.findings.push(finding);
            }
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sagittal_core::tags;

    fn finding(kind: Kind, severity: Severity) -> Finding {
        sagittal_iod::quality::finding(Some(tags::PATIENT_NAME), kind, severity, "", "x", "")
    }

    fn rule(name: &str, action: Action) -> Rule {
        Rule {
            name: name.to_owned(),
            sources: Vec::new(),
            modalities: Vec::new(),
            checks: Vec::new(),
            severity: Severity::Information,
            action,
            validate: None,
        }
    }

    #[test]
    fn the_first_rule_that_fits_a_finding_counts_and_the_strictest_action_wins() {
        let quality = Quality {
            rules: vec![
                Rule {
                    checks: vec![Kind::Cut],
                    sources: vec!["CT1".into()],
                    ..rule("known", Action::Accept)
                },
                Rule {
                    checks: vec![Kind::Cut, Kind::Mojibake],
                    ..rule("names", Action::Quarantine)
                },
                Rule {
                    severity: Severity::Error,
                    ..rule("errors", Action::Refuse)
                },
            ],
            ..Quality::default()
        };
        let decide = |source: &str, all: &[(Kind, Severity)]| {
            let all = all.iter().map(|(kind, severity)| finding(*kind, *severity));
            let verdict = quality.verdict(source, "CT", all.collect());
            (verdict.action, verdict.rule, verdict.findings.len())
        };
        let cut = (Kind::Cut, Severity::Warning);
        let uid = (Kind::Uid, Severity::Error);
        let vr = (Kind::Vr, Severity::Warning);
        assert_eq!(decide("CT1", &[cut]), (Action::Accept, String::new(), 0));
        let held = (Action::Quarantine, "names".to_owned(), 1);
        assert_eq!(decide("CT2", &[cut]), held);
        assert_eq!(decide("CT1", &[vr]), (Action::Tag, String::new(), 1));
        let refused = (Action::Refuse, "errors".to_owned(), 3);
        assert_eq!(decide("CT2", &[vr, cut, uid]), refused);
    }
}
