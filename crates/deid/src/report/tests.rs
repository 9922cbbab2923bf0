#![allow(clippy::unwrap_used)]

use sagittal_core::{DataSet, TagPath, Vr, tags};

use super::*;
use crate::log::{Digest, Done, FileLog, LogKey, Run, Writer, verify};
use crate::{Action, Asked, Change, Primitive, ProjectKey, Reason, Recorder, Taken};

fn run() -> Run {
    Run {
        edition: "2026d".into(),
        tool: "sagittal 0.1.0".into(),
        profile: "trial <A&B>".into(),
        options: vec![
            "113105 Clean Descriptors Option".into(),
            "113107 Retain Longitudinal Temporal Information with Modified Dates Option".into(),
        ],
        dates: "Every date of a patient is moved by the same 1 to 365 days into the past.".into(),
        rules: Digest::of(b"rules").to_string(),
        key: "0123456789abcdef".into(),
        started: "2026-11-24T17:00:00Z".into(),
    }
}

/// A log of `instances` in two studies, and one that was refused.
fn log(instances: usize) -> Vec<u8> {
    let key = ProjectKey::new([5; 32]);
    let mut writer = Writer::begin(Vec::new(), LogKey::generate().unwrap(), &run()).unwrap();
    let rows = [
        (
            tags::PATIENT_NAME,
            Vr::PN,
            Action::One(Primitive::Zero),
            Taken::Replaced,
            Reason::BasicProfile,
        ),
        (
            tags::PATIENT_ID,
            Vr::LO,
            Action::One(Primitive::Zero),
            Taken::Replaced,
            Reason::BasicProfile,
        ),
        (
            tags::PATIENT_BIRTH_DATE,
            Vr::DA,
            Action::One(Primitive::Zero),
            Taken::Emptied,
            Reason::BasicProfile,
        ),
        (
            tags::STUDY_DATE,
            Vr::DA,
            Action::One(Primitive::Clean),
            Taken::Shifted,
            Reason::Option("113107"),
        ),
        (
            tags::STUDY_DESCRIPTION,
            Vr::LO,
            Action::One(Primitive::Clean),
            Taken::Cleaned,
            Reason::Option("113105"),
        ),
        (
            tags::INSTITUTION_NAME,
            Vr::LO,
            Action::RemoveZeroOrDummy,
            Taken::Removed,
            Reason::TypeInIod,
        ),
        (
            tags::SOP_INSTANCE_UID,
            Vr::UI,
            Action::One(Primitive::Uid),
            Taken::Replaced,
            Reason::BasicProfile,
        ),
        (
            tags::MANUFACTURER,
            Vr::LO,
            Action::One(Primitive::Keep),
            Taken::Kept,
            Reason::NotIdentifying,
        ),
        (
            tags::PIXEL_DATA,
            Vr::OW,
            Action::One(Primitive::Keep),
            Taken::Kept,
            Reason::NotIdentifying,
        ),
    ];
    for number in 0..instances {
        let mut file = FileLog::begin(&key, Digest::of(&number.to_le_bytes()), "1.2.3");
        for (tag, vr, action, taken, reason) in rows {
            let path = TagPath::root(tag);
            file.record(Change {
                path: &path,
                private_creator: None,
                vr,
                asked: Asked::Profile(&tag.to_string(), action),
                taken,
                reason,
                before: b"protected",
                after: Some(b"new"),
            });
        }
        let path = TagPath::root(sagittal_core::Tag(0x0029, 0x1010));
        file.record(Change {
            path: &path,
            private_creator: Some("SIEMENS CSA HEADER"),
            vr: Vr::OB,
            asked: Asked::Profile("private", Action::One(Primitive::Remove)),
            taken: Taken::Removed,
            reason: Reason::UnknownPrivate,
            before: b"protected",
            after: None,
        });
        let study = format!("2.25.{}", number % 2);
        writer
            .write(&file.finish(&Done {
                output: Digest::of(b"out"),
                sop_instance_uid: "2.25.9",
                study_instance_uid: &study,
                modality: "CT",
                searched: 1000,
                hits: 0,
            }))
            .unwrap();
    }
    let mut file = FileLog::begin(&key, Digest::of(b"bad"), "1.2.4");
    file.note("no text recognition is installed");
    writer
        .write(&file.refuse("residual check: name in (0020,4000)"))
        .unwrap();
    writer.finish("2026-11-24T17:10:00Z").unwrap().0
}

fn report(instances: usize) -> Report {
    let log = log(instances);
    let mut report = Report::read(log.as_slice(), None).unwrap();
    report.set_verification(verify(log.as_slice(), None, None).unwrap());
    let mut anonymity = Anonymity::new(&[Quasi::Sex, Quasi::AgeBand, Quasi::StudyMonth], 3);
    for patient in 0..7 {
        let mut data_set = DataSet::new();
        data_set.put_text(tags::PATIENT_ID, &patient.to_string());
        data_set.put_text(tags::PATIENT_SEX, if patient < 5 { "F" } else { "M" });
        data_set.put_text(tags::PATIENT_AGE, "044Y");
        data_set.put_text(tags::STUDY_DATE, "20240131");
        anonymity.add(&data_set);
    }
    report.set_anonymity(anonymity);
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, 64, 32);
    encoder.set_color(png::ColorType::Grayscale);
    let gray: Vec<u8> = (0..64 * 32).map(|at| (at % 64 * 4) as u8).collect();
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&gray)
        .unwrap();
    report.add_picture(picture, "Blanked: 64 × 8 pixels at the top");
    report
}

#[test]
fn a_report_has_the_facts_of_the_log() {
    let report = report(4);
    let collected = report.collected();
    assert_eq!((collected.written, collected.refusals()), (4, 1));
    assert_eq!(collected.studies.len(), 2);
    assert_eq!(collected.counts.total(), 40);
    let html = report.html();
    for text in [
        "2026d",
        "trial &lt;A&amp;B&gt;",
        "PatientName (0010,0010)",
        "SIEMENS CSA HEADER",
        "residual check: name in",
        "signature are sound",
        "(Q) Full-face",
        "data:image/png;base64,",
        "k (fewest patients",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("protected") && !html.contains("<script"));
}

#[test]
fn a_report_on_a_study_is_about_it_alone() {
    let log = log(5);
    let report = Report::read(log.as_slice(), Some("2.25.1")).unwrap();
    assert_eq!(report.collected().written, 2);
    assert_eq!(report.collected().counts.total(), 20);
    assert!(report.html().contains("Study 2.25.1"));
}

#[test]
fn an_unsound_or_unfinished_log_is_not_to_be_overlooked() {
    let log = log(1);
    let half = &log[..log.len() / 2];
    let cut = &half[..=half.iter().rposition(|byte| *byte == b'\n').unwrap()];
    let mut report = Report::read(cut, None).unwrap();
    report.set_verification(verify(cut, None, None).unwrap());
    let html = report.html();
    assert!(html.contains("is not sound") && html.contains("did not finish"));
}

#[test]
fn a_pdf_has_its_objects_where_the_table_says() {
    let pdf = report(3).pdf();
    assert!(pdf.starts_with(b"%PDF-1.7") && pdf.ends_with(b"%%EOF\n"));
    let text = String::from_utf8_lossy(&pdf[pdf.len() - 2000..]).into_owned();
    let start: usize = text
        .rsplit("startxref\n")
        .next()
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let table = String::from_utf8_lossy(&pdf[start..]).into_owned();
    for (at, line) in table
        .lines()
        .skip(3)
        .take_while(|line| line.ends_with(" n "))
        .enumerate()
    {
        let offset: usize = line[..10].parse().unwrap();
        assert!(
            pdf[offset..].starts_with(format!("{} 0 obj", at + 1).as_bytes()),
            "{line}"
        );
    }
    if let Ok(folder) = std::env::var("SAGITTAL_REPORT_FOLDER") {
        std::fs::write(format!("{folder}/report.pdf"), report(300).pdf()).unwrap();
        std::fs::write(format!("{folder}/report.html"), report(300).html()).unwrap();
    }
}
