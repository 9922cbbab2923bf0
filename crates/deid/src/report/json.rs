//! A report for programs.

use serde_json::{Value, json};

use super::collect::{AttributeRow, Collected, StudyRow};

/// What was gathered, as JSON.
pub(super) fn json(all: &Collected, study: Option<&str>, is_sound: Option<bool>) -> Value {
    let attributes: Vec<Value> = all
        .attributes
        .iter()
        .map(|(row, count)| attribute(row, *count))
        .collect();
    let studies: Vec<Value> = all.studies.iter().map(of_study).collect();
    json!({
        "study": study,
        "run": all.run,
        "finished": all.finished,
        "earlierRuns": all.earlier.iter().map(|(started, finished)| json!({
            "started": started,
            "finished": finished,
        })).collect::<Vec<Value>>(),
        "logIsSound": is_sound,
        "written": all.written,
        "refused": all.refusals(),
        "reasons": all.refused,
        "notes": all.notes,
        "residualCheck": {
            "searched": all.searched,
            "bytes": all.searched_bytes,
            "hits": all.hits,
        },
        "elements": all.counts,
        "attributes": attributes,
        "studies": studies,
    })
}

fn attribute(row: &AttributeRow, count: u64) -> Value {
    json!({
        "tag": row.tag,
        "name": row.name,
        "private": row.is_private,
        "vr": row.vr,
        "asked": row.asked,
        "taken": row.taken,
        "reason": row.reason,
        "elements": count,
    })
}

fn of_study((uid, row): (&String, &StudyRow)) -> Value {
    json!({
        "studyInstanceUID": uid,
        "instances": row.instances,
        "modalities": row.modalities,
        "elements": row.counts,
    })
}
