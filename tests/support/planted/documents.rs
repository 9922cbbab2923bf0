//! Encapsulated documents and waveforms.

use std::io::Write;

use sagittal_core::{DataSet, Vr, sop_class, tags};

use super::Check;
use super::builder::{Planted, Study, dated, gone, mixed, plain, stays};
use super::images::code;
use crate::random::Random;

fn document(
    study: &Study,
    class: &str,
    mime: &str,
    bytes: Vec<u8>,
    random: &mut Random,
) -> Planted {
    let mut planted = Planted::new(study, class, "DOC", random);
    planted.put(plain(tags::CONVERSION_TYPE, "WSD"));
    planted.put(dated(tags::CONTENT_DATE, &study.date));
    planted.put(plain(tags::CONTENT_TIME, &study.time));
    planted.put(dated(
        tags::ACQUISITION_DATETIME,
        &format!("{}{}", study.date, study.time),
    ));
    planted.put(plain(tags::BURNED_IN_ANNOTATION, "YES"));
    planted.put(gone(
        tags::DOCUMENT_TITLE,
        &format!("Report of {}", study.patient.family),
    ));
    planted
        .data_set
        .put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![]);
    planted.put(stays(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, mime));
    planted
        .data_set
        .put_bytes(tags::ENCAPSULATED_DOCUMENT, Vr::OB, bytes);
    let title = tags::DOCUMENT_TITLE.to_string();
    planted.expected.retain(|expected| expected.path != title);
    planted.expect(
        &title,
        vec![Check::TextRemoved(vec![study.patient.family.clone()])],
    );
    planted
}

/// A PDF whose text is in a compressed stream, and whose information dictionary has a name too.
pub fn pdf(study: &Study, random: &mut Random) -> Planted {
    let patient = &study.patient;
    let text = format!(
        "BT /F1 12 Tf 50 700 Td ({} {} {}) Tj ET",
        patient.family, patient.id, patient.phone
    );
    let mut deflated = flate2::write::ZlibEncoder::new(vec![], flate2::Compression::default());
    deflated.write_all(text.as_bytes()).unwrap();
    let stream = deflated.finish().unwrap();
    let mut bytes = b"%PDF-1.4\n".to_vec();
    let mut offsets = vec![];
    let mut object = |body: &[u8]| {
        offsets.push(bytes.len());
        bytes.extend(format!("{} 0 obj\n", offsets.len()).bytes());
        bytes.extend(body);
        bytes.extend(b"\nendobj\n");
    };
    object(b"<< /Type /Catalog /Pages 2 0 R >>");
    object(b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
    object(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>");
    let mut content = format!(
        "<< /Length {} /Filter /FlateDecode >>\nstream\n",
        stream.len()
    )
    .into_bytes();
    content.extend(&stream);
    content.extend(b"\nendstream");
    object(&content);
    object(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    object(format!("<< /Author ({} {}) >>", patient.reader.1, patient.reader.0).as_bytes());
    let start = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).bytes());
    for offset in &offsets {
        bytes.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    bytes.extend(
        format!(
            "trailer << /Size {} /Root 1 0 R /Info 6 0 R >>\nstartxref\n{start}\n%%EOF\n",
            offsets.len() + 1
        )
        .bytes(),
    );
    if bytes.len() % 2 == 1 {
        bytes.push(b'\n');
    }
    document(
        study,
        sop_class::ENCAPSULATED_PDF_STORAGE,
        "application/pdf",
        bytes,
        random,
    )
}

/// A CDA document.
pub fn cda(study: &Study, random: &mut Random) -> Planted {
    let patient = &study.patient;
    let mut text = format!(
        "<?xml version=\"1.0\"?><ClinicalDocument xmlns=\"urn:hl7-org:v3\"><recordTarget><patientRole><id extension=\"{}\"/><patient><name><given>{}</given><family>{}</family></name></patient></patientRole></recordTarget></ClinicalDocument>",
        patient.id, patient.given, patient.family
    );
    if text.len() % 2 == 1 {
        text.push(' ');
    }
    document(
        study,
        sop_class::ENCAPSULATED_CDA_STORAGE,
        "text/xml",
        text.into_bytes(),
        random,
    )
}

/// An ECG with an annotation that names the technician.
pub fn ecg(study: &Study, random: &mut Random) -> Planted {
    let patient = &study.patient;
    let mut planted = Planted::new(
        study,
        sop_class::GENERAL_ECG_WAVEFORM_STORAGE,
        "ECG",
        random,
    );
    planted.put(dated(tags::CONTENT_DATE, &study.date));
    planted.put(plain(tags::CONTENT_TIME, &study.time));
    planted.put(dated(
        tags::ACQUISITION_DATETIME,
        &format!("{}{}", study.date, study.time),
    ));
    let lead = code(&planted, "5.6.3-9-1", "SCPECG", "Lead I");
    let channel = |planted: &Planted| -> DataSet {
        let mut item = planted.item();
        item.put_items(tags::CHANNEL_SOURCE_SEQUENCE, vec![lead.clone()]);
        item.put_text(tags::CHANNEL_LABEL, "I");
        item.put_u16(tags::WAVEFORM_BITS_STORED, &[16]);
        item
    };
    let mut group = planted.item();
    group.put_text(tags::WAVEFORM_ORIGINALITY, "ORIGINAL");
    group.put_u16(tags::NUMBER_OF_WAVEFORM_CHANNELS, &[1]);
    group.put_u32(tags::NUMBER_OF_WAVEFORM_SAMPLES, &[100]);
    group.put_text(tags::SAMPLING_FREQUENCY, "500");
    group.put_items(tags::CHANNEL_DEFINITION_SEQUENCE, vec![channel(&planted)]);
    group.put_u16(tags::WAVEFORM_BITS_ALLOCATED, &[16]);
    group.put_text(tags::WAVEFORM_SAMPLE_INTERPRETATION, "SS");
    group.put_bytes(tags::WAVEFORM_DATA, Vr::OW, vec![7; 200]);
    planted
        .data_set
        .put_items(tags::WAVEFORM_SEQUENCE, vec![group]);
    planted.items(
        tags::WAVEFORM_ANNOTATION_SEQUENCE,
        vec![vec![
            mixed(
                tags::UNFORMATTED_TEXT_VALUE,
                &["sinus", "rhythm"],
                format!("sinus rhythm, recorded by {}", patient.operator.0),
                &[&patient.operator.0],
            ),
            stays(tags::ANNOTATION_GROUP_NUMBER, "1"),
        ]],
    );
    planted
}
