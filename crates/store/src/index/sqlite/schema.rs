//! Tables, and how an older index becomes a newer one.

use rusqlite::Connection;

use crate::{Error, Result};

/// Steps from one `user_version` to the next; never changed once released, only added to.
/// (A step that cannot be done in SQL may drop the tables: the packs give everything back.)
const MIGRATIONS: &[&str] = &[VERSION_1, VERSION_2, VERSION_3];

/// Text columns hold attributes as they came, trimmed; `*_key` columns hold what is compared and
/// sorted by (see `index::key`). `newest` is the negated moment of the study, so that ascending
/// order is newest first, and serves date ranges at the same time.
const VERSION_1: &str = "
CREATE TABLE watermark (pack INTEGER PRIMARY KEY, bytes INTEGER NOT NULL);

-- Texts that many instances share: SOP classes, transfer syntaxes, sources.
CREATE TABLE term (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

CREATE TABLE patient (
    id INTEGER PRIMARY KEY,
    patient_id TEXT NOT NULL,
    issuer_of_patient_id TEXT NOT NULL,
    stand_in TEXT NOT NULL,
    name_key TEXT NOT NULL,
    birth_key INTEGER,
    patient_name TEXT NOT NULL,
    patient_birth_date TEXT NOT NULL,
    patient_sex TEXT NOT NULL,
    studies INTEGER NOT NULL DEFAULT 0,
    series INTEGER NOT NULL DEFAULT 0,
    instances INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX patient_identity ON patient (patient_id, issuer_of_patient_id, stand_in);
CREATE INDEX patient_order ON patient (name_key, patient_id);

CREATE TABLE study (
    id INTEGER PRIMARY KEY,
    patient INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    uid TEXT NOT NULL,
    time_key INTEGER,
    birth_key INTEGER,
    name_key TEXT NOT NULL,
    referring_key TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    issuer_of_patient_id TEXT NOT NULL,
    patient_name TEXT NOT NULL,
    patient_birth_date TEXT NOT NULL,
    patient_sex TEXT NOT NULL,
    study_date TEXT NOT NULL,
    study_time TEXT NOT NULL,
    accession_number TEXT NOT NULL,
    study_id TEXT NOT NULL,
    study_description TEXT NOT NULL,
    referring_physician_name TEXT NOT NULL,
    timezone_offset_from_utc TEXT NOT NULL,
    modalities TEXT NOT NULL DEFAULT '',
    sop_classes TEXT NOT NULL DEFAULT '',
    series INTEGER NOT NULL DEFAULT 0,
    instances INTEGER NOT NULL DEFAULT 0,
    hidden INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    received_ms INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX study_uid ON study (uid);
CREATE INDEX study_newest ON study (newest, uid);
CREATE INDEX study_patient ON study (patient);
CREATE INDEX study_patient_id ON study (patient_id);
CREATE INDEX study_accession_number ON study (accession_number) WHERE accession_number <> '';

-- Each component group of the patient's name, and the sounds of its words.
CREATE TABLE study_name (name TEXT NOT NULL, study INTEGER NOT NULL, PRIMARY KEY (name, study)) WITHOUT ROWID;
CREATE TABLE study_sound (sound TEXT NOT NULL, study INTEGER NOT NULL, PRIMARY KEY (sound, study)) WITHOUT ROWID;

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    study INTEGER NOT NULL,
    number_key INTEGER NOT NULL,
    uid TEXT NOT NULL,
    modality TEXT NOT NULL,
    series_number TEXT NOT NULL,
    series_description TEXT NOT NULL,
    series_date TEXT NOT NULL,
    series_time TEXT NOT NULL,
    body_part_examined TEXT NOT NULL,
    laterality TEXT NOT NULL,
    performed_procedure_step_start_date TEXT NOT NULL,
    performed_procedure_step_start_time TEXT NOT NULL,
    scheduled_procedure_step_id TEXT NOT NULL,
    requested_procedure_id TEXT NOT NULL,
    station_name TEXT NOT NULL,
    institution_name TEXT NOT NULL,
    manufacturer TEXT NOT NULL,
    manufacturer_model_name TEXT NOT NULL,
    sop_classes TEXT NOT NULL DEFAULT '',
    instances INTEGER NOT NULL DEFAULT 0,
    hidden INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    received_ms INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX series_uid ON series (uid, study);
CREATE INDEX series_order ON series (study, number_key);
CREATE INDEX series_step ON series (scheduled_procedure_step_id)
    WHERE scheduled_procedure_step_id <> '';
CREATE INDEX series_steps ON series (study) WHERE instr(scheduled_procedure_step_id, '\\') > 0;
CREATE INDEX series_procedure ON series (requested_procedure_id)
    WHERE requested_procedure_id <> '';
CREATE INDEX series_procedures ON series (study) WHERE instr(requested_procedure_id, '\\') > 0;

-- The number of an instance is its record's place in the history.
CREATE TABLE instance (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    number_key INTEGER NOT NULL,
    uid TEXT NOT NULL,
    sop_class INTEGER NOT NULL,
    transfer_syntax INTEGER NOT NULL,
    instance_number TEXT NOT NULL,
    content_date TEXT NOT NULL,
    content_time TEXT NOT NULL,
    number_of_frames INTEGER,
    rows INTEGER,
    columns INTEGER,
    bits_allocated INTEGER,
    pack INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    header_length INTEGER NOT NULL,
    prefix_length INTEGER NOT NULL,
    length INTEGER NOT NULL,
    hash BLOB NOT NULL,
    hidden INTEGER NOT NULL,
    source INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    frames BLOB
);
CREATE UNIQUE INDEX instance_shown ON instance (uid) WHERE hidden = 0;
CREATE INDEX instance_hidden ON instance (uid) WHERE hidden = 1;
CREATE INDEX instance_order ON instance (series, number_key);

-- Headers, many to a block (see sqlite/blocks.rs).
CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    loose INTEGER NOT NULL,
    contents BLOB NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX block_series ON block (series);
CREATE INDEX block_loose ON block (series) WHERE loose = 1;

-- UIDs of what was deleted, as 64 bits of their hash, and when in the history.
CREATE TABLE deleted (uid_hash INTEGER PRIMARY KEY, sequence INTEGER NOT NULL);
";

/// Indexes for conditions that few studies fulfil (`narrow`), and for the number of studies.
const VERSION_2: &str = "
CREATE INDEX study_shown ON study (id) WHERE instances > 0;
CREATE INDEX study_name_key ON study (name_key) WHERE name_key <> '';
CREATE INDEX study_birth_key ON study (birth_key) WHERE birth_key IS NOT NULL;
CREATE INDEX study_study_id ON study (study_id) WHERE study_id <> '';
CREATE INDEX study_description ON study (study_description) WHERE study_description <> '';
CREATE INDEX study_referring_key ON study (referring_key) WHERE referring_key <> '';
CREATE INDEX series_modality ON series (modality, study) WHERE modality <> '';
CREATE INDEX series_modalities ON series (study) WHERE instr(modality, '\\') > 0;
CREATE INDEX series_description ON series (series_description, study)
    WHERE series_description <> '';
CREATE INDEX series_body_part ON series (body_part_examined, study)
    WHERE body_part_examined <> '';
CREATE INDEX series_station ON series (station_name, study) WHERE station_name <> '';
CREATE INDEX series_institution ON series (institution_name, study)
    WHERE institution_name <> '';
";

/// Data quality: what came by day, and the instances in which something was found (whose number is
/// that of their record, or negative if they were refused).
const VERSION_3: &str = "
CREATE TABLE arrival_series (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL,
    study TEXT NOT NULL,
    source INTEGER NOT NULL,
    modality INTEGER NOT NULL
);
CREATE UNIQUE INDEX arrival_series_key ON arrival_series (uid, study, source, modality);
CREATE INDEX arrival_series_study ON arrival_series (study);
CREATE TABLE arrival (
    day INTEGER NOT NULL,
    series INTEGER NOT NULL,
    instances INTEGER NOT NULL,
    PRIMARY KEY (day, series)
) WITHOUT ROWID;

-- standing: 0 kept, 1 quarantined, 2 refused, 3 deleted.
CREATE TABLE flawed (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    uid TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    standing INTEGER NOT NULL
);
CREATE INDEX flawed_uid ON flawed (uid);
CREATE INDEX flawed_series ON flawed (series);
CREATE INDEX flawed_received ON flawed (received_ms);
CREATE INDEX flawed_quarantined ON flawed (received_ms) WHERE standing = 1;
CREATE TABLE finding (
    flawed INTEGER NOT NULL,
    number INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    path INTEGER NOT NULL,
    found INTEGER NOT NULL,
    PRIMARY KEY (flawed, number)
) WITHOUT ROWID;
";

/// All tables, for `clear`.
pub const TABLES: &[&str] = &[
    "watermark",
    "term",
    "patient",
    "study",
    "study_name",
    "study_sound",
    "series",
    "instance",
    "block",
    "deleted",
    "arrival_series",
    "arrival",
    "flawed",
    "finding",
];

/// Creates the tables, or brings them up to date.
pub fn migrate(connection: &mut Connection) -> Result<()> {
    let current = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > current {
        return Err(Error::Index {
            reason: format!(
                "made by a newer version (layout {found}, this one knows {current}); \
                 use that version, or rebuild the index"
            ),
        });
    }
    for (version, step) in (1..)
        .zip(MIGRATIONS)
        .filter(|(version, _)| *version > found)
    {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Drops everything and begins anew.
pub fn reset(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction()?;
    for table in TABLES {
        transaction.execute_batch(&format!("DROP TABLE IF EXISTS {table}"))?;
    }
    for step in MIGRATIONS {
        transaction.execute_batch(step)?;
    }
    transaction.commit()?;
    Ok(())
}
