//! Conditions that few studies fulfil, or none: an index tells, where going through all studies
//! newest first would find out only at the end.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::sql::{self, FEW_DAYS};
use crate::Result;
use crate::index::key::DAY;
use crate::index::matching::Matching;
use crate::index::query::{Column, Condition, IndexQuery};

/// With more, going through the studies in their order soon comes to the first.
const FEW: usize = 1_000;

/// Columns with an index (see `schema::VERSION_2`): where they are, and its name. That of a
/// series' column holds the study as well.
const INDEXED: &[(Column, &str, &str)] = &[
    (Column::AccessionNumber, "t", "study_accession_number"),
    (Column::PatientId, "t", "study_patient_id"),
    (Column::PatientName, "t", "study_name_key"),
    (Column::PatientBirthDate, "t", "study_birth_key"),
    (Column::StudyId, "t", "study_study_id"),
    (Column::StudyDescription, "t", "study_description"),
    (Column::ReferringPhysicianName, "t", "study_referring_key"),
    (Column::Modality, "s", "series_modality"),
    (Column::SeriesDescription, "s", "series_description"),
    (Column::BodyPartExamined, "s", "series_body_part"),
    (Column::StationName, "s", "series_station"),
    (Column::InstitutionName, "s", "series_institution"),
];

/// The numbers of the studies among which all answers are, if there are few.
pub fn few(connection: &Connection, query: &IndexQuery) -> Result<Option<Vec<i64>>> {
    let (first, last) = sql::newest_range(query);
    if last.saturating_sub(first) / DAY <= FEW_DAYS {
        return Ok(None);
    }
    for condition in &query.conditions {
        if let Some(studies) = studies(connection, condition)? {
            return Ok(Some(studies));
        }
    }
    Ok(None)
}

fn studies(connection: &Connection, condition: &Condition) -> Result<Option<Vec<i64>>> {
    // Of shown series alone, but those are among all.
    let modality = condition.column == Column::ModalitiesInStudy;
    let condition = match modality {
        true => &Condition {
            column: Column::Modality,
            matching: condition.matching.clone(),
        },
        false => condition,
    };
    let indexed = INDEXED
        .iter()
        .find(|(column, ..)| *column == condition.column);
    let Some((_, alias, index)) = indexed.filter(|_| condition.matching != Matching::Empty) else {
        return Ok(None);
    };
    let Some((sql, parameters, _)) = sql::part(alias, condition) else {
        return Ok(None);
    };
    if let (Column::Modality, Matching::Texts(any)) = (condition.column, &condition.matching)
        && sql::literal(any)
    {
        let (one, mut parameters) = sql::texts("modality", any);
        let (member, more, _) = sql::members("modality", any);
        parameters.extend(more);
        let statement = format!(
            "SELECT DISTINCT study FROM (
                SELECT study FROM series INDEXED BY series_modality
                WHERE modality <> '' AND ({one})
                UNION ALL
                SELECT study FROM series INDEXED BY series_modalities
                WHERE instr(modality, '\\') > 0 AND ({member})
             ) LIMIT {}",
            FEW + 1
        );
        return run(connection, &statement, parameters);
    }
    let (table, study, filled) = match *alias {
        "t" => ("study", "t.id", filled(condition.column)),
        _ => ("series", "s.study", filled(condition.column)),
    };
    let statement = format!(
        "SELECT DISTINCT {study} FROM {table} {alias} INDEXED BY {index}
         WHERE {alias}.{filled} AND ({sql}) LIMIT {}",
        FEW + 1
    );
    run(connection, &statement, parameters)
}

fn run(connection: &Connection, sql: &str, parameters: Vec<Value>) -> Result<Option<Vec<i64>>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params_from_iter(parameters), |row| row.get(0))?;
    let found: Vec<i64> = rows.collect::<rusqlite::Result<_>>()?;
    Ok((found.len() <= FEW).then_some(found))
}

/// What an index leaves out is said as in its definition.
fn filled(column: Column) -> String {
    match column {
        Column::PatientBirthDate => "birth_key IS NOT NULL".to_owned(),
        Column::PatientName => "name_key <> ''".to_owned(),
        Column::ReferringPhysicianName => "referring_key <> ''".to_owned(),
        _ => format!("{} <> ''", column.entry().name),
    }
}

/// A list of study numbers as a SELECT, and its parameter.
pub fn listed(studies: &[i64]) -> (String, Value) {
    let list = serde_json::Value::from(studies).to_string();
    let select = "SELECT value FROM json_each(?)".to_owned();
    (select, Value::Text(list))
}
