//! The quality report: what came from each source and modality, and what was found in it.

use sagittal_store::index::{Flawed, Noted, QualityGroup};
use serde::{Deserialize, Serialize};

use super::html;
use crate::{Archive, Result};

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// `error`, `warning` or `information`.
    pub severity: String,
    /// What kind of thing: see `docs/guide/quality.md`.
    pub kind: String,
    /// The attribute, by its keyword; empty for the instance as a whole.
    pub path: String,
    /// In words, without patient data.
    pub found: String,
}

impl From<Noted> for Found {
    fn from(noted: Noted) -> Found {
        let severity = match noted.severity {
            0 => "error",
            1 => "warning",
            _ => "information",
        };
        Found {
            severity: severity.to_owned(),
            kind: noted.kind,
            path: noted.path,
            found: noted.found,
        }
    }
}

/// An instance in which something was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its number; negative if it was refused.
    pub id: i64,
    /// `kept`, `quarantined`, `refused` or `deleted`.
    pub standing: String,
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Series Instance UID.
    pub series_instance_uid: String,
    /// Study Instance UID.
    pub study_instance_uid: String,
    /// Modality.
    pub modality: String,
    /// Who sent it.
    pub source: String,
    /// When: RFC 3339.
    pub received: String,
    /// What was found.
    pub findings: Vec<Found>,
}

impl From<Flawed> for Instance {
    fn from(Flawed { id, arrival }: Flawed) -> Instance {
        Instance {
            id,
            standing: arrival.standing.as_str().to_owned(),
            sop_instance_uid: arrival.sop_instance_uid,
            series_instance_uid: arrival.series_instance_uid,
            study_instance_uid: arrival.study_instance_uid,
            modality: arrival.modality,
            source: arrival.source,
            received: moment(arrival.received_ms),
            findings: arrival.findings.into_iter().map(Found::from).collect(),
        }
    }
}

/// One day of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// `YYYY-MM-DD`, UTC.
    pub day: String,
    /// Instances that came.
    pub instances: u64,
    /// Of these, those with findings.
    pub affected: u64,
}

/// One kind of finding of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    #[serde(flatten)]
    pub found: Found,
    /// Instances.
    pub instances: u64,
    /// Studies.
    pub studies: u64,
    /// Share of the group's studies, from 0 to 1.
    pub share_of_studies: f64,
    /// The first of them: RFC 3339.
    pub first: String,
    /// The last of them.
    pub last: String,
    /// SOP Instance UIDs of the last ones.
    pub examples: Vec<String>,
}

/// What came from one source of one modality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Who sent it.
    pub source: String,
    /// Modality.
    pub modality: String,
    /// Studies of which something came.
    pub studies: u64,
    /// Instances that came and were checked.
    pub instances: u64,
    /// Studies with findings.
    pub affected_studies: u64,
    /// Instances with findings.
    pub affected_instances: u64,
    /// Share of the studies with findings, from 0 to 1.
    pub share_of_studies: f64,
    /// Instances that are held back.
    pub quarantined: u64,
    /// Instances that were refused.
    pub refused: u64,
    /// Day by day, days without any left out.
    pub days: Vec<Day>,
    /// What was found, the most frequent first.
    pub findings: Vec<Finding>,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The first day, `YYYY-MM-DD`, UTC.
    pub since: String,
    /// The last day.
    pub until: String,
    /// By source and modality, those with the largest share of affected studies first.
    pub groups: Vec<Group>,
}

impl Report {
    /// As a page that needs nothing else.
    pub fn to_html(&self) -> String {
        html::page(self)
    }
}

impl Archive {
    /// The report over the last days, today included.
    pub async fn quality_report(&self, days: u32) -> Result<Report> {
        self.must_be_no_view()?;
        self.wait_indexed().await?;
        let today = crate::events::now_ms().div_euclid(86_400_000);
        let first = today - i64::from(days.max(1)) + 1;
        let inner = self.inner().clone();
        self.blocking(move || {
            let groups = inner.index.quality(first, today)?;
            let mut groups: Vec<Group> = groups.into_iter().map(Group::from).collect();
            groups.sort_by(|a, b| {
                let share = b.share_of_studies.total_cmp(&a.share_of_studies);
                let instances = b.affected_instances.cmp(&a.affected_instances);
                share.then(instances)
            });
            Ok(Report {
                since: day(first),
                until: day(today),
                groups,
            })
        })
        .await
    }
}

fn share(part: u64, whole: u64) -> f64 {
    // What came yesterday may have been changed today: never more than all.
    part as f64 / whole.max(part).max(1) as f64
}

impl From<QualityGroup> for Group {
    fn from(group: QualityGroup) -> Group {
        let studies = group.studies;
        Group {
            share_of_studies: share(group.affected_studies, studies),
            source: group.source,
            modality: group.modality,
            studies,
            instances: group.instances,
            affected_studies: group.affected_studies,
            affected_instances: group.affected_instances,
            quarantined: group.quarantined,
            refused: group.refused,
            days: group
                .days
                .iter()
                .map(|of| Day {
                    day: day(of.day),
                    instances: of.instances,
                    affected: of.affected,
                })
                .collect(),
            findings: group
                .findings
                .into_iter()
                .map(|of| Finding {
                    found: of.noted.into(),
                    instances: of.instances,
                    studies: of.studies,
                    share_of_studies: share(of.studies, studies),
                    first: moment(of.first_ms),
                    last: moment(of.last_ms),
                    examples: of.examples,
                })
                .collect(),
        }
    }
}

fn day(days: i64) -> String {
    let text = moment(days.saturating_mul(86_400_000));
    text.get(..10).unwrap_or_default().to_owned()
}

fn moment(ms: i64) -> String {
    let seconds = ms.div_euclid(1000);
    let moment = time::OffsetDateTime::from_unix_timestamp(seconds);
    let moment = moment.unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    let (date, time) = (moment.date(), moment.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_written_as_rfc_3339_has_it() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(20_781), "2026-11-24");
        assert_eq!(moment(1_700_000_000_123), "2023-11-14T22:13:20Z");
    }

    #[test]
    fn a_share_is_never_more_than_all() {
        assert!((share(1, 4) - 0.25).abs() < 1e-9);
        assert!((share(3, 0) - 1.0).abs() < 1e-9);
        assert!(share(0, 0).abs() < 1e-9);
    }
}
