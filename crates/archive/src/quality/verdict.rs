//! What was found in one instance and what is done with it, and how a record holds that.
//!
//! Text in lines: the first has the version, a letter for the action and the name of the rule;
//! the others have severity and kind, path and words, separated by tabs.

use std::fmt::Write as _;

use bytes::Bytes;
use sagittal_iod::{Finding, Kind};
use sagittal_store::blob::RecordAttributes;
use sagittal_store::blob::record::MAX_QUALITY;
use sagittal_store::index::{Arrival, Noted, Standing};

use super::Action;
use crate::ingest::Described;

const VERSION: char = '1';

/// What was found in an instance, and what is done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) action: Action,
    /// The rule that says so; none if it is the default.
    pub(crate) rule: String,
    pub(crate) findings: Vec<Finding>,
}

impl Default for Verdict {
    fn default() -> Verdict {
        Verdict {
            action: Action::Accept,
            rule: String::new(),
            findings: Vec::new(),
        }
    }
}

impl Verdict {
    /// For the record.
    pub(crate) fn to_bytes(&self) -> Bytes {
        let letter = match self.action {
            Action::Quarantine => 'q',
            _ => 'k',
        };
        let mut text = format!("{VERSION}{letter}{}", self.rule);
        for finding in self.findings.iter().map(noted) {
            let mut line = String::new();
            let Noted {
                severity,
                kind,
                path,
                found,
            } = finding;
            let _ = write!(line, "\n{severity}{kind}\t{path}\t{found}");
            if text.len() + line.len() <= MAX_QUALITY {
                text.push_str(&line);
            }
        }
        Bytes::from(text)
    }

    /// In words, for who sent the instance. Short: an Error Comment has 64 characters.
    pub(crate) fn reason(&self) -> String {
        let Some(first) = self.findings.first() else {
            return "refused by a rule".to_owned();
        };
        let path = first.keyword_path();
        let more = match self.findings.len() {
            1 => String::new(),
            count => format!(" (+{})", count - 1),
        };
        match path.is_empty() {
            true => format!("{}{more}: {}", first.kind.as_str(), first.found),
            false => format!("{path} {}{more}: {}", first.kind.as_str(), first.found),
        }
    }

    /// Is it a matter of what the SOP class demands (A900), or of the object itself (C000)?
    pub(crate) fn is_mismatch(&self) -> bool {
        let first = self.findings.first().map(|finding| finding.kind);
        matches!(
            first,
            Some(
                Kind::Missing
                    | Kind::Empty
                    | Kind::NotPermitted
                    | Kind::Value
                    | Kind::Vr
                    | Kind::Laterality
                    | Kind::Condition
                    | Kind::Consistency
            )
        )
    }

    /// What the index is told of an instance that is refused.
    pub(crate) fn refused(&self, described: &Described, source: &str, now_ms: i64) -> Arrival {
        Arrival {
            source: source.to_owned(),
            received_ms: now_ms,
            standing: Standing::Refused,
            counts: true,
            findings: self.findings.iter().map(noted).collect(),
            sop_instance_uid: described.uids.sop_instance.to_string(),
            study_instance_uid: described.uids.study.to_string(),
            series_instance_uid: described.uids.series.to_string(),
            modality: described.series.modality.clone(),
        }
    }
}

/// As the index holds it.
pub(super) fn noted(finding: &Finding) -> Noted {
    let clean = |text: &str| text.replace(['\t', '\n'], " ");
    Noted {
        severity: finding.severity as u8,
        kind: finding.kind.as_str().to_owned(),
        path: clean(&finding.keyword_path()),
        found: clean(&finding.found),
    }
}

/// What the index is told of a record; `None` if its instance was not checked.
pub(crate) fn arrival(record: &RecordAttributes, modality: &str) -> Option<Box<Arrival>> {
    let text = String::from_utf8_lossy(&record.quality);
    let mut lines = text.lines();
    if !lines.next()?.starts_with(VERSION) {
        return None;
    }
    let findings = lines.filter_map(|line| {
        let mut parts = line.splitn(3, '\t');
        let mut head = parts.next()?.chars();
        Some(Noted {
            severity: u8::try_from(head.next()?.to_digit(10)?).ok()?,
            kind: head.as_str().to_owned(),
            path: parts.next()?.to_owned(),
            found: parts.next()?.to_owned(),
        })
    });
    Some(Box::new(Arrival {
        sop_instance_uid: record.sop_instance_uid.to_string(),
        study_instance_uid: record.study_instance_uid.to_string(),
        series_instance_uid: record.series_instance_uid.to_string(),
        modality: modality.to_owned(),
        source: record.source.clone(),
        received_ms: record.received_ms,
        standing: match record.quarantined {
            true => Standing::Quarantined,
            false => Standing::Kept,
        },
        // Another record of an instance that came before does not come again.
        counts: record.recodes.is_none(),
        findings: findings.collect(),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use sagittal_core::{Uid, tags};
    use sagittal_iod::Severity;

    #[test]
    fn what_a_record_holds_is_what_was_found() {
        let finding = |kind, severity| {
            let tag = Some(tags::PATIENT_NAME);
            sagittal_iod::quality::finding(tag, kind, severity, "", "a\ttab", "")
        };
        let mut verdict = Verdict {
            action: Action::Quarantine,
            rule: "names".to_owned(),
            findings: vec![finding(Kind::Cut, Severity::Warning)],
        };
        let uid = Uid::new("1.2.3").unwrap();
        let record = |verdict: &Verdict| RecordAttributes {
            sop_class_uid: uid.clone(),
            sop_instance_uid: uid.clone(),
            study_instance_uid: uid.clone(),
            series_instance_uid: uid.clone(),
            transfer_syntax_uid: uid.clone(),
            source: "CT1".to_owned(),
            received_ms: 5,
            hidden: true,
            replaces: false,
            original: None,
            recodes: None,
            quarantined: true,
            quality: verdict.to_bytes(),
        };
        let told = arrival(&record(&verdict), "CT").unwrap();
        assert_eq!(told.standing, Standing::Quarantined);
        let expected = Noted {
            severity: 1,
            kind: "cut".to_owned(),
            path: "PatientName".to_owned(),
            found: "a tab".to_owned(),
        };
        assert_eq!(told.findings, [expected]);
        assert_eq!(verdict.reason(), "PatientName cut: a\ttab");
        verdict.findings = vec![finding(Kind::Uid, Severity::Error); 100];
        let told = arrival(&record(&verdict), "CT").unwrap();
        assert!((20..50).contains(&told.findings.len()));
        let unchecked = RecordAttributes {
            quality: Bytes::new(),
            ..record(&verdict)
        };
        assert_eq!(arrival(&unchecked, "CT"), None);
    }
}
