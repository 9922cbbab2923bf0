//! References between instances: to another SOP class than the instance has, or to nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use sagittal_core::{TagPath, tags};

use super::{StudyFinding, Summary};
use crate::finding::{Finding, Kind, Severity};

/// Checks every reference. One that leads out of what was given is only worth knowing, since the
/// rest may be elsewhere; one finding stands for all of a sequence in an instance.
pub fn check(instances: &[Summary], findings: &mut Vec<StudyFinding>) {
    let mut known: HashMap<&str, usize> = HashMap::new();
    for (position, instance) in instances.iter().enumerate() {
        known.entry(&instance.sop_instance_uid).or_insert(position);
    }
    for (position, instance) in instances.iter().enumerate() {
        let mut nowhere: BTreeMap<_, HashSet<&str>> = BTreeMap::new();
        for reference in &instance.references {
            let Some(target) = known.get(reference.instance.as_str()) else {
                let missing = nowhere.entry(reference.sequence).or_default();
                missing.insert(&reference.instance);
                continue;
            };
            let class = instances
                .get(*target)
                .map_or("", |target| target.sop_class_uid.as_str());
            if !reference.class.is_empty() && !class.is_empty() && reference.class != class {
                let path = TagPath::root(reference.sequence)
                    .item(0)
                    .element(tags::REFERENCED_SOP_CLASS_UID);
                findings.push(StudyFinding {
                    finding: finding(
                        path,
                        Severity::Error,
                        "the instance referred to has another SOP class".to_owned(),
                        "state the SOP class that the instance has",
                    ),
                    instances: vec![position, *target],
                    scope: instance.series_instance_uid.clone(),
                });
            }
        }
        for (sequence, missing) in nowhere {
            findings.push(StudyFinding {
                finding: finding(
                    TagPath::root(sequence),
                    Severity::Information,
                    format!("{} instances referred to are not here", missing.len()),
                    "add them if they belong to what was given",
                ),
                instances: vec![position],
                scope: instance.series_instance_uid.clone(),
            });
        }
    }
}

fn finding(path: TagPath, severity: Severity, found: String, fix: &'static str) -> Finding {
    Finding {
        path,
        kind: Kind::Reference,
        severity,
        clause: "PS3.3 §10.3",
        module: None,
        found: found.into(),
        fix: fix.into(),
    }
}
