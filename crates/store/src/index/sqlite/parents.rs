//! Rows of patients, studies and series: made by the first instance, filled by later ones.

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, params};
use sagittal_core::fold::phonetic_words;

use super::cache::{Cache, Parent};
use crate::Result;
use crate::index::entry::{Entry, SeriesAttributes, StudyAttributes};
use crate::index::key;

const STUDY_COLUMNS: [&str; 12] = [
    "patient_id",
    "issuer_of_patient_id",
    "patient_name",
    "patient_birth_date",
    "patient_sex",
    "study_date",
    "study_time",
    "accession_number",
    "study_id",
    "study_description",
    "referring_physician_name",
    "timezone_offset_from_utc",
];

fn study_values(study: &StudyAttributes) -> [&str; 12] {
    [
        study.patient_id.trim(),
        study.issuer_of_patient_id.trim(),
        study.patient_name.trim(),
        study.patient_birth_date.trim(),
        study.patient_sex.trim(),
        study.study_date.trim(),
        study.study_time.trim(),
        study.accession_number.trim(),
        study.study_id.trim(),
        study.study_description.trim(),
        study.referring_physician_name.trim(),
        study.timezone_offset_from_utc.trim(),
    ]
}

const SERIES_COLUMNS: [&str; 15] = [
    "modality",
    "series_number",
    "series_description",
    "series_date",
    "series_time",
    "body_part_examined",
    "laterality",
    "performed_procedure_step_start_date",
    "performed_procedure_step_start_time",
    "scheduled_procedure_step_id",
    "requested_procedure_id",
    "station_name",
    "institution_name",
    "manufacturer",
    "manufacturer_model_name",
];

fn series_values(series: &SeriesAttributes) -> [&str; 15] {
    [
        series.modality.trim(),
        series.series_number.trim(),
        series.series_description.trim(),
        series.series_date.trim(),
        series.series_time.trim(),
        series.body_part_examined.trim(),
        series.laterality.trim(),
        series.performed_procedure_step_start_date.trim(),
        series.performed_procedure_step_start_time.trim(),
        series.scheduled_procedure_step_id.trim(),
        series.requested_procedure_id.trim(),
        series.station_name.trim(),
        series.institution_name.trim(),
        series.manufacturer.trim(),
        series.manufacturer_model_name.trim(),
    ]
}

/// The row of the entry's study.
pub fn study(connection: &Connection, cache: &mut Cache, entry: &Entry) -> Result<i64> {
    let uid = entry.study.study_instance_uid.as_str();
    let cached = cache.studies.get(uid).copied();
    let known = match cached {
        Some(known) => Some(known),
        None => find_study(connection, uid)?,
    };
    let values = study_values(&entry.study);
    let parent = match known {
        Some(known) if known.missing & !missing(&values) != 0 => {
            fill_study(connection, known.id, uid, &values)?
        }
        Some(known) => known,
        None => insert_study(connection, uid, &values)?,
    };
    if cached.is_none_or(|cached| cached.missing != parent.missing) {
        cache.studies.insert(uid.to_owned(), parent);
    }
    Ok(parent.id)
}

/// A bit for each value that is empty.
fn missing<T: AsRef<str>>(values: &[T]) -> u32 {
    let bits = values.iter().enumerate();
    bits.fold(0, |mask, (at, value)| {
        mask | u32::from(value.as_ref().is_empty()) << at
    })
}

fn find_study(connection: &Connection, uid: &str) -> Result<Option<Parent>> {
    let sql = format!(
        "SELECT id, {} FROM study WHERE uid = ?",
        STUDY_COLUMNS.join(", ")
    );
    Ok(connection
        .prepare_cached(&sql)?
        .query_row([uid], |row| read_parent(row, STUDY_COLUMNS.len()))
        .optional()?)
}

fn read_parent(row: &rusqlite::Row<'_>, columns: usize) -> rusqlite::Result<Parent> {
    let values: Vec<String> = (1..=columns)
        .map(|at| row.get(at))
        .collect::<rusqlite::Result<_>>()?;
    Ok(Parent {
        id: row.get(0)?,
        missing: missing(&values),
    })
}

fn insert_study(connection: &Connection, uid: &str, values: &[&str; 12]) -> Result<Parent> {
    let patient = patient(connection, values)?;
    let marks = vec!["?"; STUDY_COLUMNS.len()].join(", ");
    let sql = format!(
        "INSERT INTO study (uid, patient, newest, time_key, birth_key, name_key, referring_key, {})
         VALUES (?, ?, ?, ?, ?, ?, ?, {marks})",
        STUDY_COLUMNS.join(", ")
    );
    let keys = StudyKeys::of(values);
    let mut parameters: Vec<&dyn ToSql> = vec![&uid, &patient];
    parameters.extend(keys.parameters());
    parameters.extend(values.iter().map(|value| value as &dyn ToSql));
    connection
        .prepare_cached(&sql)?
        .execute(parameters.as_slice())?;
    let id = connection.last_insert_rowid();
    insert_names(connection, id, &keys.name)?;
    Ok(Parent {
        id,
        missing: missing(values),
    })
}

struct StudyKeys {
    newest: i64,
    time: Option<i64>,
    birth: Option<i64>,
    name: String,
    referring: String,
}

impl StudyKeys {
    fn of(values: &[&str; 12]) -> StudyKeys {
        let [_, _, name, birth, _, date, time, _, _, _, referring, _] = values;
        StudyKeys {
            newest: key::newest(date, time),
            time: key::time_key(time),
            birth: key::date_key(birth),
            name: key::name_key(name),
            referring: key::name_key(referring),
        }
    }

    fn parameters(&self) -> [&dyn ToSql; 5] {
        [
            &self.newest,
            &self.time,
            &self.birth,
            &self.name,
            &self.referring,
        ]
    }
}

fn insert_names(connection: &Connection, study: i64, name_key: &str) -> Result<()> {
    let mut insert = connection
        .prepare_cached("INSERT OR IGNORE INTO study_name (name, study) VALUES (?, ?)")?;
    for group in name_key.split('=').filter(|group| !group.is_empty()) {
        insert.execute(params![group, study])?;
    }
    let mut insert = connection
        .prepare_cached("INSERT OR IGNORE INTO study_sound (sound, study) VALUES (?, ?)")?;
    for sound in phonetic_words(name_key) {
        insert.execute(params![sound, study])?;
    }
    Ok(())
}

/// Takes the study's names out of the side tables.
pub fn delete_names(connection: &Connection, study: i64, name_key: &str) -> Result<()> {
    let mut delete =
        connection.prepare_cached("DELETE FROM study_name WHERE name = ? AND study = ?")?;
    for group in name_key.split('=').filter(|group| !group.is_empty()) {
        delete.execute(params![group, study])?;
    }
    let mut delete =
        connection.prepare_cached("DELETE FROM study_sound WHERE sound = ? AND study = ?")?;
    for sound in phonetic_words(name_key) {
        delete.execute(params![sound, study])?;
    }
    Ok(())
}

fn fill_study(connection: &Connection, id: i64, uid: &str, values: &[&str; 12]) -> Result<Parent> {
    let sql = format!(
        "SELECT patient, name_key, {} FROM study WHERE id = ?",
        STUDY_COLUMNS.join(", ")
    );
    let (patient, old_name, old): (i64, String, Vec<String>) =
        connection.prepare_cached(&sql)?.query_row([id], |row| {
            let texts = (2..2 + STUDY_COLUMNS.len()).map(|at| row.get(at));
            Ok((row.get(0)?, row.get(1)?, texts.collect::<Result<_, _>>()?))
        })?;
    let mut filled: [&str; 12] = *values;
    let mut changed = false;
    for (new, old) in filled.iter_mut().zip(&old) {
        if old.is_empty() {
            changed |= !new.is_empty();
        } else {
            *new = old;
        }
    }
    let parent = Parent {
        id,
        missing: missing(&filled),
    };
    if !changed {
        return Ok(parent);
    }
    let keys = StudyKeys::of(&filled);
    let assignments: Vec<String> = STUDY_COLUMNS.iter().map(|c| format!("{c} = ?")).collect();
    let sql = format!(
        "UPDATE study SET newest = ?, time_key = ?, birth_key = ?, name_key = ?, referring_key = ?, {}
         WHERE uid = ?",
        assignments.join(", ")
    );
    let mut parameters: Vec<&dyn ToSql> = keys.parameters().to_vec();
    parameters.extend(filled.iter().map(|value| value as &dyn ToSql));
    parameters.push(&uid);
    connection
        .prepare_cached(&sql)?
        .execute(parameters.as_slice())?;
    if keys.name != old_name {
        delete_names(connection, id, &old_name)?;
        insert_names(connection, id, &keys.name)?;
    }
    move_to_patient(connection, id, patient, &filled)?;
    Ok(parent)
}

/// The study may have learned its Patient ID: then it is another patient's from now on.
fn move_to_patient(
    connection: &Connection,
    study: i64,
    old: i64,
    values: &[&str; 12],
) -> Result<()> {
    let new = patient(connection, values)?;
    if new != old {
        connection
            .prepare_cached("UPDATE study SET patient = ? WHERE id = ?")?
            .execute([new, study])?;
        refresh_patient(connection, old)?;
    }
    refresh_patient(connection, new)
}

/// Makes a patient's row anew from its studies: counts, and each attribute from the first study
/// that has it. A patient without any study is forgotten.
pub fn refresh_patient(connection: &Connection, patient: i64) -> Result<()> {
    for columns in [
        ["patient_name", "name_key"],
        ["patient_birth_date", "birth_key"],
        ["patient_sex", ""],
    ] {
        let [column, key] = columns;
        let both = if key.is_empty() {
            column.to_owned()
        } else {
            format!("{column}, {key}")
        };
        connection
            .prepare_cached(&format!(
                "UPDATE patient SET ({both}) = (
                     SELECT {both} FROM study
                     WHERE patient = ?1 ORDER BY {column} = '', id LIMIT 1)
                 WHERE id = ?1 AND EXISTS (SELECT 1 FROM study WHERE patient = ?1)"
            ))?
            .execute([patient])?;
    }
    connection
        .prepare_cached(
            "UPDATE patient SET (studies, series, instances) = (
                 SELECT COUNT(*), COALESCE(SUM(series), 0), COALESCE(SUM(instances), 0)
                 FROM study WHERE patient = ?1 AND instances > 0)
             WHERE id = ?1",
        )?
        .execute([patient])?;
    connection
        .prepare_cached(
            "DELETE FROM patient WHERE id = ?1 AND instances = 0
             AND NOT EXISTS (SELECT 1 FROM study WHERE patient = ?1)",
        )?
        .execute([patient])?;
    Ok(())
}

fn patient(connection: &Connection, values: &[&str; 12]) -> Result<i64> {
    let [patient_id, issuer, name, birth_date, sex, ..] = values;
    let name_key = key::name_key(name);
    // Without an ID, name and birth date stand in for it: strangers must not become one patient.
    let stand_in = if patient_id.is_empty() {
        format!("{name_key}\\{birth_date}")
    } else {
        String::new()
    };
    connection
        .prepare_cached(
            "INSERT INTO patient (patient_id, issuer_of_patient_id, stand_in, name_key, birth_key,
                 patient_name, patient_birth_date, patient_sex)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (patient_id, issuer_of_patient_id, stand_in) DO UPDATE SET
                 name_key = iif(patient_name = '', excluded.name_key, name_key),
                 birth_key = iif(patient_birth_date = '', excluded.birth_key, birth_key),
                 patient_name = iif(patient_name = '', excluded.patient_name, patient_name),
                 patient_birth_date = iif(patient_birth_date = '', excluded.patient_birth_date,
                     patient_birth_date),
                 patient_sex = iif(patient_sex = '', excluded.patient_sex, patient_sex)
             RETURNING id",
        )?
        .query_row(
            params![
                patient_id,
                issuer,
                stand_in,
                name_key,
                key::date_key(birth_date),
                name,
                birth_date,
                sex
            ],
            |row| row.get(0),
        )
        .map_err(Into::into)
}

/// The row of the entry's series in a study, and whether the entry filled an attribute of it.
pub fn series(
    connection: &Connection,
    cache: &mut Cache,
    study: i64,
    entry: &Entry,
) -> Result<(i64, bool)> {
    let key = (study, entry.series.series_instance_uid.clone());
    let values = series_values(&entry.series);
    let cached = cache.series.get(&key).copied();
    let known = match cached {
        Some(known) => Some(known),
        None => find_series(connection, study, &key.1)?,
    };
    let parent = match known {
        Some(known) if known.missing & !missing(&values) != 0 => {
            fill_series(connection, known.id, &values)?
        }
        Some(known) => known,
        None => insert_series(connection, study, &key.1, &values)?,
    };
    if cached.is_none_or(|cached| cached.missing != parent.missing) {
        cache.series.insert(key, parent);
    }
    let filled = known.is_some_and(|known| known.missing != parent.missing);
    Ok((parent.id, filled))
}

fn find_series(connection: &Connection, study: i64, uid: &str) -> Result<Option<Parent>> {
    let sql = format!(
        "SELECT id, {} FROM series WHERE uid = ? AND study = ?",
        SERIES_COLUMNS.join(", ")
    );
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(params![uid, study], |row| {
            read_parent(row, SERIES_COLUMNS.len())
        })
        .optional()?)
}

fn insert_series(
    connection: &Connection,
    study: i64,
    uid: &str,
    values: &[&str; 15],
) -> Result<Parent> {
    let marks = vec!["?"; SERIES_COLUMNS.len()].join(", ");
    let sql = format!(
        "INSERT INTO series (uid, study, number_key, {}) VALUES (?, ?, ?, {marks})",
        SERIES_COLUMNS.join(", ")
    );
    let [_, number, ..] = values;
    let number_key = key::number_key(number);
    let mut parameters: Vec<&dyn ToSql> = vec![&uid, &study, &number_key];
    parameters.extend(values.iter().map(|value| value as &dyn ToSql));
    connection
        .prepare_cached(&sql)?
        .execute(parameters.as_slice())?;
    Ok(Parent {
        id: connection.last_insert_rowid(),
        missing: missing(values),
    })
}

fn fill_series(connection: &Connection, id: i64, values: &[&str; 15]) -> Result<Parent> {
    let sql = format!(
        "SELECT {} FROM series WHERE id = ?",
        SERIES_COLUMNS.join(", ")
    );
    let old: Vec<String> = connection.prepare_cached(&sql)?.query_row([id], |row| {
        (0..SERIES_COLUMNS.len()).map(|at| row.get(at)).collect()
    })?;
    let mut filled: [&str; 15] = *values;
    let mut changed = false;
    for (new, old) in filled.iter_mut().zip(&old) {
        if old.is_empty() {
            changed |= !new.is_empty();
        } else {
            *new = old;
        }
    }
    if changed {
        let assignments: Vec<String> = SERIES_COLUMNS.iter().map(|c| format!("{c} = ?")).collect();
        let sql = format!(
            "UPDATE series SET number_key = ?, {} WHERE id = ?",
            assignments.join(", ")
        );
        let [_, number, ..] = filled;
        let number_key = key::number_key(number);
        let mut parameters: Vec<&dyn ToSql> = vec![&number_key];
        parameters.extend(filled.iter().map(|value| value as &dyn ToSql));
        parameters.push(&id);
        connection
            .prepare_cached(&sql)?
            .execute(parameters.as_slice())?;
    }
    Ok(Parent {
        id,
        missing: missing(&filled),
    })
}
