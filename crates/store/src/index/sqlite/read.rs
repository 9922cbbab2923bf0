//! Rows out of the tables.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use parking_lot::RwLock;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow};

use super::pool::Readers;
use crate::Result;
use crate::blob::{Hash, Locator};
use crate::index::entry::{
    InstanceAttributes, Known, Live, Record, SeriesAttributes, Statistics, StudyAttributes,
    Watermarks,
};
use crate::index::row::{InstanceRow, PatientRow, SeriesRow, StudyRow};

/// Texts of terms by number. Terms are never changed, so what was read once stays right.
#[derive(Default)]
pub struct Terms {
    known: RwLock<HashMap<i64, String>>,
}

impl Terms {
    /// The text of a term.
    pub fn text(&self, connection: &Connection, id: i64) -> Result<String> {
        if let Some(text) = self.known.read().get(&id) {
            return Ok(text.clone());
        }
        let text: String = connection
            .prepare_cached("SELECT text FROM term WHERE id = ?")?
            .query_row([id], |row| row.get(0))?;
        let mut known = self.known.write();
        if known.len() >= 10_000 {
            known.clear();
        }
        known.insert(id, text.clone());
        Ok(text)
    }

    /// Forgets all, when the tables are made anew.
    pub fn forget(&self) {
        self.known.write().clear();
    }
}

fn unsigned(row: &SqlRow<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0))
}

/// How far the packs have been read.
pub fn watermarks(connection: &Connection) -> Result<Watermarks> {
    let mut statement = connection.prepare_cached("SELECT pack, bytes FROM watermark")?;
    let rows = statement.query_map([], |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Columns of [`locator`], from `instance i`.
const LOCATOR: &str = "i.pack, i.offset, i.header_length, i.prefix_length, i.length";

fn locator(row: &SqlRow<'_>, at: usize) -> rusqlite::Result<Locator> {
    Ok(Locator {
        pack: unsigned(row, at)?,
        offset: unsigned(row, at + 1)?,
        header_length: row.get(at + 2)?,
        prefix_length: row.get(at + 3)?,
        length: unsigned(row, at + 4)?,
    })
}

fn hash(row: &SqlRow<'_>, at: usize) -> rusqlite::Result<Hash> {
    row.get::<_, Hash>(at)
}

/// The shown instance with this UID.
pub fn known(connection: &Connection, terms: &Terms, uid: &str) -> Result<Option<Known>> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT {LOCATOR}, i.hash, i.transfer_syntax, s.uid, t.uid
             FROM instance i JOIN series s ON s.id = i.series JOIN study t ON t.id = s.study
             WHERE i.uid = ? AND i.hidden = 0"
        ))?
        .query_row([uid], |row| {
            let known = Known {
                locator: locator(row, 0)?,
                hash: hash(row, 5)?,
                transfer_syntax_uid: String::new(),
                series_instance_uid: row.get(7)?,
                study_instance_uid: row.get(8)?,
            };
            Ok((known, row.get(6)?))
        })
        .optional()?;
    let Some((mut known, transfer_syntax)) = found else {
        return Ok(None);
    };
    known.transfer_syntax_uid = terms.text(connection, transfer_syntax)?;
    Ok(Some(known))
}

/// Is an instance with this UID and these bytes kept hidden?
pub fn is_hidden(connection: &Connection, uid: &str, hash: &Hash) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM instance WHERE uid = ? AND hidden = 1 AND hash = ? LIMIT 1")?
        .query_row(rusqlite::params![uid, hash.as_slice()], |_| Ok(()))
        .optional()?
        .is_some())
}

/// The frame table of an instance.
pub fn frames(connection: &Connection, id: i64) -> Result<Vec<u8>> {
    let frames: Option<Option<Vec<u8>>> = connection
        .prepare_cached("SELECT frames FROM instance WHERE id = ?")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(frames.flatten().unwrap_or_default())
}

/// The series an instance is in.
pub fn series_of(connection: &Connection, instance: i64) -> Result<Option<i64>> {
    Ok(connection
        .prepare_cached("SELECT series FROM instance WHERE id = ?")?
        .query_row([instance], |row| row.get(0))
        .optional()?)
}

/// Columns of [`patient`], from `patient p`.
pub const PATIENT: &str = "p.id, p.patient_id, p.issuer_of_patient_id, p.patient_name, \
    p.patient_birth_date, p.patient_sex, p.studies, p.series, p.instances, p.name_key";

/// A patient.
pub fn patient(row: &SqlRow<'_>) -> rusqlite::Result<PatientRow> {
    Ok(PatientRow {
        id: row.get(0)?,
        patient_id: row.get(1)?,
        issuer_of_patient_id: row.get(2)?,
        patient_name: row.get(3)?,
        patient_birth_date: row.get(4)?,
        patient_sex: row.get(5)?,
        studies: unsigned(row, 6)?,
        series: unsigned(row, 7)?,
        instances: unsigned(row, 8)?,
    })
}

/// A patient by its number.
pub fn patient_by_id(connection: &Connection, id: i64) -> Result<Option<PatientRow>> {
    Ok(connection
        .prepare_cached(&format!("SELECT {PATIENT} FROM patient p WHERE p.id = ?"))?
        .query_row([id], patient)
        .optional()?)
}

/// Columns of [`study`], from `study t`.
pub const STUDY: &str = "t.id, t.patient, t.patient_id, t.issuer_of_patient_id, t.patient_name, \
    t.patient_birth_date, t.patient_sex, t.uid, t.study_date, t.study_time, t.accession_number, \
    t.study_id, t.study_description, t.referring_physician_name, t.timezone_offset_from_utc, \
    t.modalities, t.sop_classes, t.series, t.instances, t.hidden, t.bytes, t.received_ms, \
    t.version, t.newest";

/// A study.
pub fn study(row: &SqlRow<'_>) -> rusqlite::Result<StudyRow> {
    Ok(StudyRow {
        id: row.get(0)?,
        patient: row.get(1)?,
        attributes: StudyAttributes {
            patient_id: row.get(2)?,
            issuer_of_patient_id: row.get(3)?,
            patient_name: row.get(4)?,
            patient_birth_date: row.get(5)?,
            patient_sex: row.get(6)?,
            study_instance_uid: row.get(7)?,
            study_date: row.get(8)?,
            study_time: row.get(9)?,
            accession_number: row.get(10)?,
            study_id: row.get(11)?,
            study_description: row.get(12)?,
            referring_physician_name: row.get(13)?,
            timezone_offset_from_utc: row.get(14)?,
        },
        modalities: row.get(15)?,
        sop_classes: row.get(16)?,
        series: unsigned(row, 17)?,
        instances: unsigned(row, 18)?,
        hidden: unsigned(row, 19)?,
        bytes: unsigned(row, 20)?,
        received_ms: row.get(21)?,
        version: unsigned(row, 22)?,
    })
}

/// Columns of [`series`], from `series s`.
pub const SERIES: &str = "s.id, s.uid, s.modality, s.series_number, s.series_description, \
    s.series_date, s.series_time, s.body_part_examined, s.laterality, \
    s.performed_procedure_step_start_date, s.performed_procedure_step_start_time, \
    s.scheduled_procedure_step_id, s.requested_procedure_id, s.station_name, s.institution_name, \
    s.manufacturer, s.manufacturer_model_name, s.sop_classes, s.instances, s.hidden, s.bytes, \
    s.received_ms, s.version";

/// A series.
pub fn series(row: &SqlRow<'_>) -> rusqlite::Result<SeriesRow> {
    Ok(SeriesRow {
        id: row.get(0)?,
        attributes: SeriesAttributes {
            series_instance_uid: row.get(1)?,
            modality: row.get(2)?,
            series_number: row.get(3)?,
            series_description: row.get(4)?,
            series_date: row.get(5)?,
            series_time: row.get(6)?,
            body_part_examined: row.get(7)?,
            laterality: row.get(8)?,
            performed_procedure_step_start_date: row.get(9)?,
            performed_procedure_step_start_time: row.get(10)?,
            scheduled_procedure_step_id: row.get(11)?,
            requested_procedure_id: row.get(12)?,
            station_name: row.get(13)?,
            institution_name: row.get(14)?,
            manufacturer: row.get(15)?,
            manufacturer_model_name: row.get(16)?,
        },
        sop_classes: row.get(17)?,
        instances: unsigned(row, 18)?,
        hidden: unsigned(row, 19)?,
        bytes: unsigned(row, 20)?,
        received_ms: row.get(21)?,
        version: unsigned(row, 22)?,
    })
}

/// Columns of [`instance`], from `instance i`.
pub const INSTANCE: &str = "i.series, i.uid, i.sop_class, i.transfer_syntax, i.source, \
    i.instance_number, i.content_date, i.content_time, i.number_of_frames, i.rows, i.columns, \
    i.bits_allocated, i.hash, i.id, i.hidden, i.received_ms, i.frames IS NOT NULL, \
    i.pack, i.offset, i.header_length, i.prefix_length, i.length, i.number_key";

/// An instance.
pub fn instance(connection: &Connection, terms: &Terms, row: &SqlRow<'_>) -> Result<InstanceRow> {
    Ok(InstanceRow {
        attributes: InstanceAttributes {
            sop_instance_uid: row.get(1)?,
            sop_class_uid: terms.text(connection, row.get(2)?)?,
            instance_number: row.get(5)?,
            content_date: row.get(6)?,
            content_time: row.get(7)?,
            number_of_frames: row.get(8)?,
            rows: row.get(9)?,
            columns: row.get(10)?,
            bits_allocated: row.get(11)?,
        },
        transfer_syntax_uid: terms.text(connection, row.get(3)?)?,
        source: terms.text(connection, row.get(4)?)?,
        hash: hash(row, 12)?,
        sequence: unsigned(row, 13)?,
        hidden: row.get(14)?,
        received_ms: row.get(15)?,
        has_frames: row.get(16)?,
        locator: locator(row, 17)?,
    })
}

/// Counts.
pub fn statistics(connection: &Connection) -> Result<Statistics> {
    let patients = connection
        .prepare_cached("SELECT COUNT(*) FROM patient WHERE instances > 0")?
        .query_row([], |row| unsigned(row, 0))?;
    let statistics = connection
        .prepare_cached(
            "SELECT COALESCE(SUM(instances > 0), 0), COALESCE(SUM(series), 0),
                 COALESCE(SUM(instances), 0), COALESCE(SUM(hidden), 0), COALESCE(SUM(bytes), 0)
             FROM study",
        )?
        .query_row([], |row| {
            Ok(Statistics {
                patients,
                studies: unsigned(row, 0)?,
                series: unsigned(row, 1)?,
                instances: unsigned(row, 2)?,
                hidden: unsigned(row, 3)?,
                bytes: unsigned(row, 4)?,
            })
        })?;
    Ok(statistics)
}

/// All records, a portion at a time.
pub fn records(readers: &Readers, sink: &mut dyn FnMut(Record) -> ControlFlow<()>) -> Result<()> {
    let mut after = 0;
    loop {
        let portion = records_after(&*readers.get()?, after, 1000)?;
        let Some((last, _)) = portion.last() else {
            return Ok(());
        };
        after = *last;
        for (_, record) in portion {
            if sink(record).is_break() {
                return Ok(());
            }
        }
    }
}

/// One record.
pub fn record(connection: &Connection, id: i64) -> Result<Option<Record>> {
    Ok(records_after(connection, id - 1, 1)?
        .pop()
        .filter(|(found, _)| *found == id)
        .map(|(_, record)| record))
}

fn records_after(connection: &Connection, after: i64, limit: i64) -> Result<Vec<(i64, Record)>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {LOCATOR}, i.hash, i.id, i.hidden, i.uid
         FROM instance i WHERE i.id > ? ORDER BY i.id LIMIT ?"
    ))?;
    let rows = statement.query_map([after, limit], |row| {
        let record = Record {
            locator: locator(row, 0)?,
            hash: hash(row, 5)?,
            sequence: unsigned(row, 6)?,
            hidden: row.get(7)?,
            sop_instance_uid: row.get(8)?,
        };
        Ok((row.get(6)?, record))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What of each pack is referred to.
pub fn live(connection: &Connection) -> Result<BTreeMap<u64, Live>> {
    let mut statement = connection.prepare_cached(
        "SELECT pack, COUNT(*), SUM(header_length + length) FROM instance GROUP BY pack",
    )?;
    let rows = statement.query_map([], |row| {
        let live = Live {
            records: unsigned(row, 1)?,
            bytes: unsigned(row, 2)?,
        };
        Ok((unsigned(row, 0)?, live))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
