//! Entries to be put in.

use crate::blob::Locator;
use crate::index::{Change, Entry, InstanceAttributes, SeriesAttributes, StudyAttributes};

pub const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
pub const SR: &str = "1.2.840.10008.5.1.4.1.1.88.11";

/// Instance `n` of series `study.series`, record number `sequence`.
pub fn entry(study: &str, series: u32, n: u32, sequence: u64) -> Entry {
    Entry {
        study: StudyAttributes {
            patient_id: format!("P{study}"),
            patient_name: "Doe^John".into(),
            study_instance_uid: study.into(),
            study_date: "20240102".into(),
            study_time: "101500".into(),
            ..StudyAttributes::default()
        },
        series: SeriesAttributes {
            series_instance_uid: format!("{study}.{series}"),
            series_number: series.to_string(),
            modality: "CT".into(),
            ..SeriesAttributes::default()
        },
        instance: InstanceAttributes {
            sop_class_uid: CT.into(),
            sop_instance_uid: format!("{study}.{series}.{n}"),
            instance_number: n.to_string(),
            rows: Some(512),
            ..InstanceAttributes::default()
        },
        locator: Locator {
            pack: 1 + sequence / 100,
            offset: sequence * 1_000,
            header_length: 100,
            prefix_length: 0,
            length: 800 + sequence,
        },
        sequence,
        hash: *blake3::hash(&sequence.to_le_bytes()).as_bytes(),
        transfer_syntax_uid: "1.2.840.10008.1.2.1".into(),
        frames: vec![1, 2, 3],
        header: format!(
            r#"{{"00080018":{{"vr":"UI","Value":["{study}.{series}.{n}"]}},"00200013":{{"vr":"IS","Value":[{n}]}},"00091001":{{"vr":"UN","BulkDataURI":"\u0001/{sequence}"}}}}"#
        )
        .into_bytes(),
        source: "AET".into(),
        received_ms: 1_700_000_000_000 + i64::try_from(sequence).unwrap_or(0),
        hidden: false,
        arrival: None,
    }
}

/// As a change.
pub fn store(entry: Entry) -> Change {
    Change::Store(Box::new(entry))
}
