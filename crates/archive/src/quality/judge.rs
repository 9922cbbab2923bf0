//! Judging an instance whose header was read.

use std::collections::HashMap;
use std::collections::HashSet;
use std::ops::ControlFlow;

use parking_lot::Mutex;
use sagittal_core::tags;
use sagittal_iod::quality::patient::{Patient, compare};
use sagittal_iod::quality::{Surroundings, finding};
use sagittal_iod::{Kind, Severity};
use sagittal_store::index::{Change, Level, Row, Selection, StudyAttributes};

use super::{Action, Verdict};
use crate::archive::Inner;
use crate::events::now_ms;
use crate::indexer::Pending;
use crate::ingest::Candidate;
use crate::{Archive, Error, Options, Result};

/// Studies whose patients are remembered.
const REMEMBERED: usize = 8192;
/// Values of a label that metrics tell apart.
const LABELS: usize = 200;

/// What the checks know beside the instance; `None` if there are none.
pub(crate) fn surroundings(options: &Options) -> Option<Surroundings> {
    let settings = &options.quality;
    settings.enabled.then(|| Surroundings {
        latest_day: tomorrow(),
        least: settings.least,
    })
}

fn tomorrow() -> u32 {
    let day = time::OffsetDateTime::now_utc()
        .date()
        .next_day()
        .unwrap_or(time::Date::MAX);
    let year = u32::try_from(day.year()).unwrap_or(9999);
    year * 10_000 + u32::from(u8::from(day.month())) * 100 + u32::from(day.day())
}

/// Whose the studies are of which something came lately.
#[derive(Debug, Default)]
pub(crate) struct Patients {
    known: Mutex<HashMap<String, Patient>>,
}

impl Patients {
    /// Where an instance differs from its study; `None` if the study is not known here.
    fn compare(&self, study: &StudyAttributes) -> Option<Vec<sagittal_iod::Finding>> {
        let known = self.known.lock();
        let of_study = known.get(&study.study_instance_uid)?;
        Some(compare(of_study, &patient(study)))
    }

    /// The first to come says whose a study is.
    fn remember(&self, study: &StudyAttributes) {
        let mut known = self.known.lock();
        if known.contains_key(&study.study_instance_uid) {
            return;
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(study.study_instance_uid.clone(), patient(study));
    }

    /// What was known may have changed.
    pub(crate) fn forget(&self) {
        self.known.lock().clear();
    }

    fn knows(&self, study: &str) -> bool {
        self.known.lock().contains_key(study)
    }
}

fn patient(study: &StudyAttributes) -> Patient {
    Patient {
        id: study.patient_id.clone(),
        issuer: study.issuer_of_patient_id.clone(),
        name: study.patient_name.clone(),
        birth_date: study.patient_birth_date.clone(),
        sex: study.patient_sex.clone(),
    }
}

impl Inner {
    /// What is done with an instance. Asks the index if nothing of its study came lately.
    pub(crate) fn judge(&self, candidate: &Candidate, duplicate: bool) -> Result<Verdict> {
        let described = &candidate.described;
        let settings = &self.options.quality;
        let mut findings = described.quality.clone();
        if duplicate {
            findings.push(finding(
                Some(tags::SOP_INSTANCE_UID),
                Kind::Duplicate,
                Severity::Error,
                "PS3.5 §9",
                "another instance with this UID has other content",
                "give each instance its own UID",
            ));
        }
        let study = &described.study;
        if !self.patients.knows(&study.study_instance_uid)
            && let Some(known) = self.study(&study.study_instance_uid)?
        {
            self.patients.remember(&known);
        }
        if let Some(differences) = self.patients.compare(study) {
            let differences = differences.into_iter();
            findings.extend(differences.filter(|finding| finding.severity <= settings.least));
        }
        let verdict = settings.verdict(&candidate.source, &described.series.modality, findings);
        if verdict.action <= Action::Tag {
            self.patients.remember(study);
        }
        tell(&candidate.source, &described.series.modality, &verdict);
        Ok(verdict)
    }

    /// A study of which instances are shown.
    fn study(&self, uid: &str) -> Result<Option<StudyAttributes>> {
        let selection = Selection {
            study_instance_uids: vec![uid.to_owned()],
            ..Selection::default()
        };
        let mut found = None;
        self.index
            .find(&selection.query(Level::Study), &mut |row| {
                if let Row::Study(study) = row {
                    found = Some(study.attributes.clone());
                }
                ControlFlow::Break(())
            })?;
        Ok(found)
    }
}

impl Archive {
    /// Judges an instance; on this thread if that needs no waiting.
    pub(crate) async fn judge(
        &self,
        candidate: Candidate,
        duplicate: bool,
    ) -> Result<(Candidate, Verdict)> {
        let study = &candidate.described.study.study_instance_uid;
        if self.inner().patients.knows(study) {
            let verdict = self.inner().judge(&candidate, duplicate)?;
            return Ok((candidate, verdict));
        }
        let inner = self.inner().clone();
        self.blocking(move || {
            let verdict = inner.judge(&candidate, duplicate)?;
            Ok((candidate, verdict))
        })
        .await
    }

    /// Writes down that an instance is refused, and says why.
    pub(crate) async fn refuse(&self, candidate: &Candidate, verdict: &Verdict) -> Result<Error> {
        let room = self.inner().indexer.room(512).await?;
        self.inner().note_refused(candidate, verdict, room);
        Ok(refusal(candidate, verdict))
    }
}

/// What the sender of a refused instance is told.
pub(crate) fn refusal(candidate: &Candidate, verdict: &Verdict) -> Error {
    Error::Refused {
        sop_instance_uid: candidate.described.uids.sop_instance.clone(),
        reason: verdict.reason(),
        mismatch: verdict.is_mismatch(),
    }
}

impl Inner {
    fn note_refused(
        &self,
        candidate: &Candidate,
        verdict: &Verdict,
        room: tokio::sync::OwnedSemaphorePermit,
    ) {
        let arrival = verdict.refused(&candidate.described, &candidate.source, now_ms());
        tracing::info!(uid = %candidate.described.uids.sop_instance, rule = verdict.rule,
            source = candidate.source, "an instance is refused");
        self.indexer.push(Pending {
            changes: vec![Change::Refuse(Box::new(arrival))],
            sequence: 0,
            pack: 0,
            end: 0,
            happened: None,
            _exclusive: Vec::new(),
            _room: Some(room),
        });
    }
}

/// Into metrics.
fn tell(source: &str, modality: &str, verdict: &Verdict) {
    let outcome = match verdict.action {
        Action::Accept => "clean",
        Action::Tag => "tagged",
        Action::Quarantine => "quarantined",
        Action::Refuse => "refused",
    };
    metrics::counter!("sagittal_quality_instances_total", "outcome" => outcome).increment(1);
    if verdict.findings.is_empty() {
        return;
    }
    let source = label(source);
    let modality = label(modality);
    for finding in &verdict.findings {
        metrics::counter!("sagittal_quality_findings_total",
            "kind" => finding.kind.as_str(), "severity" => finding.severity.as_str(),
            "source" => source.clone(), "modality" => modality.clone())
        .increment(1);
    }
}

/// A value from outside as a label: of many different ones those beyond the first are one.
fn label(value: &str) -> String {
    static SEEN: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let mut seen = SEEN.lock();
    let seen = seen.get_or_insert_default();
    if !seen.contains(value) {
        if seen.len() >= LABELS || value.len() > 64 {
            return "other".to_owned();
        }
        seen.insert(value.to_owned());
    }
    value.to_owned()
}
