//! One patient, one study, one series: attributes that must agree, and instances that occur twice.

use std::collections::{BTreeMap, HashMap};

use sagittal_core::{Tag, TagPath, tags};

use super::summary::{PATIENT, SERIES, STUDY};
use super::{StudyFinding, Summary};
use crate::finding::{Finding, Kind, Severity};

/// Instances by what they belong to.
pub fn grouped<'a, K: Ord>(
    instances: &'a [Summary],
    key: impl Fn(&'a Summary) -> Option<K>,
) -> BTreeMap<K, Vec<usize>> {
    let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for (position, instance) in instances.iter().enumerate() {
        if let Some(key) = key(instance) {
            groups.entry(key).or_default().push(position);
        }
    }
    groups
}

/// An empty UID groups nothing.
pub fn named(uid: &str) -> Option<&str> {
    (!uid.is_empty()).then_some(uid)
}

/// Checks patients, studies, series and instances.
pub fn check(instances: &[Summary], findings: &mut Vec<StudyFinding>) {
    duplicates(instances, findings);
    let (patient, study) = (PATIENT.len(), PATIENT.len() + STUDY.len());
    for group in grouped(instances, |i| i.patient).into_values() {
        let scope = study_of(instances, &group);
        agree(instances, &group, scope, PATIENT, 0, "patient", findings);
    }
    for (uid, group) in grouped(instances, |i| named(&i.study_instance_uid)) {
        agree(instances, &group, uid, STUDY, patient, "study", findings);
        agree(instances, &group, uid, PATIENT, 0, "study", findings);
    }
    for (uid, group) in grouped(instances, |i| named(&i.series_instance_uid)) {
        agree(instances, &group, uid, SERIES, study, "series", findings);
        one_class(instances, &group, uid, findings);
    }
}

fn study_of<'a>(instances: &'a [Summary], group: &[usize]) -> &'a str {
    let first = group.first().and_then(|at| instances.get(*at));
    first.map_or("", |instance| &instance.study_instance_uid)
}

/// Attributes whose difference is usual or harmless: they are warned of.
const MILD: &[Tag] = &[
    tags::SERIES_DESCRIPTION,
    tags::STUDY_DESCRIPTION,
    tags::PROTOCOL_NAME,
    tags::BODY_PART_EXAMINED,
    tags::STATION_NAME,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::SERIES_DATE,
    tags::SERIES_TIME,
    tags::STUDY_TIME,
    tags::POSITION_REFERENCE_INDICATOR,
];

fn agree(
    instances: &[Summary],
    group: &[usize],
    scope: &str,
    attributes: &[Tag],
    offset: usize,
    what: &str,
    findings: &mut Vec<StudyFinding>,
) {
    for (number, tag) in attributes.iter().enumerate() {
        let mut values: HashMap<Option<u64>, (usize, usize)> = HashMap::new();
        for position in group {
            let value = instances
                .get(*position)
                .and_then(|instance| *instance.values.get(offset + number)?);
            let entry = values.entry(value).or_insert((*position, 0));
            entry.1 += 1;
        }
        // Objects of other kinds need not have every attribute.
        let absent = values.remove(&None);
        if values.len() < 2 {
            continue;
        }
        let mut firsts: Vec<usize> = values.values().map(|(first, _)| *first).collect();
        firsts.sort_unstable();
        let already = findings
            .iter()
            .any(|found| found.finding.path == TagPath::root(*tag) && found.instances == firsts);
        if already {
            continue;
        }
        let lacking = absent.map_or(0, |(_, count)| count);
        findings.push(StudyFinding {
            finding: Finding {
                path: TagPath::root(*tag),
                kind: Kind::Consistency,
                severity: if MILD.contains(tag) {
                    Severity::Warning
                } else {
                    Severity::Error
                },
                clause: "PS3.3 §A.1.2",
                module: None,
                found: format!(
                    "{} different values in {} instances of one {what} ({lacking} without a value)",
                    values.len(),
                    group.len()
                )
                .into(),
                fix: format!(
                    "correct the instances that do not belong to this {what}, or their values"
                )
                .into(),
            },
            instances: firsts,
            scope: scope.to_owned(),
        });
    }
}

/// Images of one series are of one SOP class, but for localizers and the like.
fn one_class(
    instances: &[Summary],
    group: &[usize],
    scope: &str,
    findings: &mut Vec<StudyFinding>,
) {
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    for position in group {
        if let Some(class) = instances
            .get(*position)
            .and_then(|i| named(&i.sop_class_uid))
        {
            classes.entry(class).or_insert(*position);
        }
    }
    if classes.len() > 1 {
        findings.push(StudyFinding {
            finding: Finding {
                path: TagPath::root(tags::SOP_CLASS_UID),
                kind: Kind::Consistency,
                severity: Severity::Warning,
                clause: "PS3.3 §A.1.2.3",
                module: None,
                found: format!("{} SOP classes in one series", classes.len()).into(),
                fix: "put objects of different kinds into series of their own".into(),
            },
            instances: classes.into_values().collect(),
            scope: scope.to_owned(),
        });
    }
}

fn duplicates(instances: &[Summary], findings: &mut Vec<StudyFinding>) {
    for (uid, group) in grouped(instances, |i| named(&i.sop_instance_uid)) {
        if group.len() < 2 {
            continue;
        }
        let mut contents = group
            .iter()
            .filter_map(|at| instances.get(*at))
            .map(|i| i.content);
        let first = contents.next();
        let same = contents.all(|content| Some(content) == first);
        findings.push(StudyFinding {
            finding: Finding {
                path: TagPath::root(tags::SOP_INSTANCE_UID),
                kind: Kind::Duplicate,
                severity: if same {
                    Severity::Warning
                } else {
                    Severity::Error
                },
                clause: "PS3.3 §C.12.1",
                module: None,
                found: if same {
                    format!("the same instance {} times", group.len()).into()
                } else {
                    format!("{} different instances with one UID", group.len()).into()
                },
                fix: if same {
                    "keep one copy".into()
                } else {
                    "give the changed instances UIDs of their own".into()
                },
            },
            instances: group,
            scope: uid.to_owned(),
        });
    }
}
