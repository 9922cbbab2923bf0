//! What is in the archive: four studies of three patients.

use bytes::Bytes;
use sagittal_core::{DataSet, Element, Tag, Uid, Value, Vr, tags};
use tempfile::TempDir;

use crate::ingest::{Announced, Form, Source};
use crate::{Archive, Options};

pub const ACME: Tag = Tag(0x0029, 0x0010);

struct Study {
    n: u8,
    character_set: &'static str,
    name: &'static str,
    patient_id: &'static str,
    date: &'static str,
    time: &'static str,
    modalities: &'static [&'static str],
}

const STUDIES: &[Study] = &[
    Study {
        n: 1,
        character_set: "ISO_IR 100",
        name: "Müller^Jörg",
        patient_id: "A",
        date: "20240101",
        time: "081500",
        modalities: &["CT", "SR"],
    },
    Study {
        n: 2,
        character_set: "ISO_IR 192",
        name: "Yamada^Tarou=山田^太郎=やまだ^たろう",
        patient_id: "B",
        date: "20240215",
        time: "1030",
        modalities: &["MR"],
    },
    Study {
        n: 3,
        character_set: "",
        name: "DOE^JANE",
        patient_id: "C",
        date: "20231231",
        time: "235959.5",
        modalities: &["CT"],
    },
    Study {
        n: 4,
        character_set: "ISO_IR 100",
        name: "MULLER^JORG",
        patient_id: "A",
        date: "",
        time: "",
        modalities: &["US"],
    },
];

/// An archive with these studies; each series has instances 2, 1, 3.
pub async fn archive() -> (Archive, TempDir) {
    let folder = TempDir::new().unwrap();
    let options = Options {
        reserve: 0,
        ..Options::new(folder.path())
    };
    let archive = Archive::open(options).await.unwrap();
    for study in STUDIES {
        for (series, modality) in (1u8..).zip(study.modalities) {
            for n in [2, 1, 3] {
                store(&archive, &instance(study, series, modality, n)).await;
            }
        }
    }
    (archive, folder)
}

pub async fn store(archive: &Archive, data_set: &DataSet) {
    let ts = "1.2.840.10008.1.2.1";
    let mut bytes = Vec::new();
    sagittal_file::write::write_data_set(data_set, ts, &mut bytes).unwrap();
    let source = Source {
        name: "TEST".to_owned(),
    };
    let form = Form::DataSet {
        transfer_syntax_uid: Uid::new(ts).unwrap(),
    };
    let mut receiving = archive.receive(source, Announced::default(), form);
    receiving.write(Bytes::from(bytes)).await.unwrap();
    receiving.finish().await.unwrap();
}

fn instance(study: &Study, series: u8, modality: &str, n: u8) -> DataSet {
    let uid = |text: String| Uid::new(&text).unwrap();
    let mut data_set = DataSet::new();
    if !study.character_set.is_empty() {
        data_set.put_text(tags::SPECIFIC_CHARACTER_SET, study.character_set);
    }
    let class = match modality {
        "CT" => "1.2.840.10008.5.1.4.1.1.2",
        "MR" => "1.2.840.10008.5.1.4.1.1.4",
        "SR" => "1.2.840.10008.5.1.4.1.1.88.11",
        _ => "1.2.840.10008.5.1.4.1.1.6.1",
    };
    let number = study.n;
    data_set.put_uid(tags::SOP_CLASS_UID, &uid(class.to_owned()));
    let sop = format!("1.9.{number}.{series}.{n}");
    data_set.put_uid(tags::SOP_INSTANCE_UID, &uid(sop));
    data_set.put_uid(tags::STUDY_INSTANCE_UID, &uid(format!("1.9.{number}")));
    let series_uid = format!("1.9.{number}.{series}");
    data_set.put_uid(tags::SERIES_INSTANCE_UID, &uid(series_uid));
    for (tag, text) in [
        (tags::PATIENT_NAME, study.name),
        (tags::PATIENT_ID, study.patient_id),
        (tags::STUDY_DATE, study.date),
        (tags::STUDY_TIME, study.time),
        (tags::MODALITY, modality),
        (tags::PATIENT_SEX, if number == 3 { "F" } else { "M" }),
        (tags::STUDY_DESCRIPTION, "Brain [1]"),
        (tags::SERIES_DESCRIPTION, "Axial"),
        (tags::PATIENT_AGE, "042Y"),
    ] {
        data_set.put_text(tag, text);
    }
    data_set.put_text(tags::ACCESSION_NUMBER, &format!("ACC{number}"));
    data_set.put_text(tags::SERIES_NUMBER, &series.to_string());
    data_set.put_text(tags::INSTANCE_NUMBER, &n.to_string());
    data_set.put_text(tags::KVP, &format!("{}.0", 100 + 10 * n));
    data_set.put_text(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\AXIAL");
    data_set.put_u16(tags::ROWS, &[512]);
    data_set.put_items(
        tags::PROCEDURE_CODE_SEQUENCE,
        vec![
            code("C1", "99X", "one"),
            code(&format!("S{number}"), "99Y", "two"),
        ],
    );
    let request = |step: String, procedure: &str| {
        let mut item = DataSet::new();
        item.put_text(tags::SCHEDULED_PROCEDURE_STEP_ID, &step);
        item.put_text(tags::REQUESTED_PROCEDURE_ID, procedure);
        item
    };
    let requests = vec![
        request(format!("SPS{number}"), "RP1"),
        request(format!("SPS{number}b"), "RP2"),
    ];
    data_set.put_items(tags::REQUEST_ATTRIBUTES_SEQUENCE, requests);
    // The block differs from study to study, as devices have it.
    let block = 0x10 + u16::from(number);
    let creator = Tag(0x0029, block);
    data_set.put_bytes(creator, Vr::LO, b"ACME 1.1".to_vec());
    data_set.put(Element {
        tag: Tag(0x0029, block << 8 | 0x08),
        vr: Vr::LO,
        value: Value::Bytes(Bytes::from(format!("PRIV{number} "))),
    });
    data_set
}

pub fn code(value: &str, scheme: &str, meaning: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tags::CODE_VALUE, value);
    item.put_text(tags::CODING_SCHEME_DESIGNATOR, scheme);
    item.put_text(tags::CODE_MEANING, meaning);
    item
}
