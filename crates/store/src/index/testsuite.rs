//! What every index must do. Each implementation runs [`run`].

mod fixtures;
mod history;
mod matching;
mod quality;
#[cfg(test)]
pub mod random;

use super::{Index, IndexQuery, Level, Row, Selection};
use fixtures::*;

/// Makes an empty index.
pub type Make<'a> = &'a dyn Fn() -> Box<dyn Index>;

/// Runs all of it.
pub fn run(make: Make<'_>) {
    history::run(make);
    matching::run(make);
    quality::run(make);
}

/// All answers.
pub fn rows(index: &dyn Index, query: &IndexQuery) -> Vec<Row> {
    let mut rows = Vec::new();
    index
        .find(query, &mut |row| {
            rows.push(row);
            std::ops::ControlFlow::Continue(())
        })
        .expect("find");
    let count = index.count(query).expect("count");
    assert_eq!(count, rows.len() as u64, "count and find agree: {query:?}");
    rows
}

/// The UIDs of all answers: the lowest each has; Patient IDs of patients.
pub fn uids(index: &dyn Index, query: &IndexQuery) -> Vec<String> {
    rows(index, query).iter().map(uid).collect()
}

fn uid(row: &Row) -> String {
    match row {
        Row::Patient(patient) => patient.patient_id.clone(),
        Row::Study(study) => study.attributes.study_instance_uid.clone(),
        Row::Series(_, series) => series.attributes.series_instance_uid.clone(),
        Row::Instance(_, _, instance) => instance.attributes.sop_instance_uid.clone(),
    }
}

/// Headers, put together as one array.
pub fn headers(index: &dyn Index, selection: &Selection) -> Vec<serde_json::Value> {
    let mut json = Vec::new();
    let mut count = 0;
    index
        .headers(selection, &mut |portion, headers| {
            if !json.is_empty() {
                json.push(b',');
            }
            json.extend(portion);
            count += headers;
            std::ops::ControlFlow::Continue(())
        })
        .expect("headers");
    let array = [b"[", json.as_slice(), b"]"].concat();
    let array: Vec<serde_json::Value> = serde_json::from_slice(&array).expect("JSON");
    assert_eq!(array.len() as u64, count);
    array
}
