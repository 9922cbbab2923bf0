//! Synthetic instances, sound and with known faults, to learn how strict a peer is. Sent only when
//! asked for; their UIDs are of our own making, so that they can be taken away again.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use sagittal_core::{DataSet, Tag, Uid, Vr, sop_class, tags, transfer_syntax};
use sagittal_file::write::write_data_set;
use sagittal_net::dimse::{CStoreRequest, Priority, Status, StatusClass};
use sagittal_net::{Association, Data, Received};
use tokio::time::timeout;

use super::dial::Dialer;
use super::pairs::Pairs;
use crate::chain;
use crate::document::{StoreCase, StoreOutcome};

/// An instance that the peer has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Study Instance UID.
    pub study_instance_uid: Uid,
    /// SOP Instance UID.
    pub sop_instance_uid: Uid,
}

/// What is done to a sound instance.
type Change = fn(&mut DataSet);

/// What is sent, in this order.
const CASES: &[(&str, Change)] = &[
    ("sound", |_| ()),
    ("Patient ID is missing", |data| {
        data.remove(tags::PATIENT_ID);
    }),
    ("Patient's Name is empty", |data| {
        data.put_empty(tags::PATIENT_NAME)
    }),
    ("Study Instance UID is missing", |data| {
        data.remove(tags::STUDY_INSTANCE_UID);
    }),
    ("Series Instance UID is missing", |data| {
        data.remove(tags::SERIES_INSTANCE_UID);
    }),
    ("Modality is missing (type 1)", |data| {
        data.remove(tags::MODALITY);
    }),
    ("Study Date is no date", |data| {
        data.put_bytes(tags::STUDY_DATE, Vr::DA, &b"20261345"[..]);
    }),
    ("Patient's Name is longer than 64 characters", |data| {
        let name = "PROBE^".to_owned() + &"LONG".repeat(20);
        data.put_bytes(tags::PATIENT_NAME, Vr::PN, name.into_bytes());
    }),
    (
        "Patient's Name is in UTF-8 without Specific Character Set",
        |data| {
            data.remove(tags::SPECIFIC_CHARACTER_SET);
            data.put_bytes(tags::PATIENT_NAME, Vr::PN, "PROBE^Jürgen ".as_bytes());
        },
    ),
    ("Specific Character Set is unknown", |data| {
        data.put_bytes(tags::SPECIFIC_CHARACTER_SET, Vr::CS, &b"ISO_IR 999"[..]);
    }),
    (
        "Series Instance UID has a component with a leading zero",
        |data| {
            data.put_bytes(tags::SERIES_INSTANCE_UID, Vr::UI, &b"1.2.03.4"[..]);
        },
    ),
    ("Accession Number is longer than 16 characters", |data| {
        data.put_bytes(
            tags::ACCESSION_NUMBER,
            Vr::SH,
            &b"ACCESSION-NUMBER-TOO-LONG "[..],
        );
    }),
    ("Pixel Data is shorter than Rows and Columns say", |data| {
        data.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![0; 64]);
    }),
    ("SOP Instance UID differs from the command's", |data| {
        data.put_bytes(tags::SOP_INSTANCE_UID, Vr::UI, &b"2.25.17\0"[..]);
    }),
    ("SOP Class UID differs from the command's", |data| {
        data.put_uid(
            tags::SOP_CLASS_UID,
            &Uid::from_static(sop_class::CT_IMAGE_STORAGE),
        );
    }),
];

/// Sends all of them.
pub(super) async fn ask(dialer: &Dialer, pairs: &Pairs) -> (Vec<StoreCase>, Vec<Stored>) {
    let sop_class = Uid::from_static(sop_class::SECONDARY_CAPTURE_IMAGE_STORAGE);
    let syntaxes = [
        transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
        transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN,
    ]
    .map(Uid::from_static);
    let accepted = pairs.accepted();
    let ts = accepted
        .get(&sop_class)
        .and_then(|list| syntaxes.into_iter().find(|ts| list.contains(ts)));
    let Some(ts) = ts else {
        return (Vec::new(), Vec::new());
    };
    let base = base();
    let mut cases = Vec::new();
    let mut stored = Vec::new();
    let mut first = None;
    for (number, (name, change)) in CASES.iter().enumerate() {
        let mut data = sound(base, number);
        let uid = own_uid(base, number, 3);
        let study = own_uid(base, number, 1);
        change(&mut data);
        let bytes = encoded(&data, &ts);
        if number == 0 {
            first = bytes.clone().map(|bytes| (bytes, uid.clone()));
        }
        let case = send(dialer, &sop_class, &ts, &uid, bytes, name).await;
        if matches!(case.outcome, StoreOutcome::Stored | StoreOutcome::Warning) {
            stored.push(Stored {
                study_instance_uid: study,
                sop_instance_uid: uid,
            });
        }
        cases.push(case);
        if dialer.distress().is_some() {
            return (cases, stored);
        }
    }
    if let Some((bytes, uid)) = first {
        let again = send(
            dialer,
            &sop_class,
            &ts,
            &uid,
            Some(bytes),
            "the same once more",
        )
        .await;
        cases.push(again);
        let mut other = sound(base, 0);
        other.put_text(tags::IMAGE_COMMENTS, "another object with the same UID");
        let other = encoded(&other, &ts);
        let name = "another object with a SOP Instance UID that is there";
        cases.push(send(dialer, &sop_class, &ts, &uid, other, name).await);
        let number = CASES.len();
        let (uid, study) = (own_uid(base, number, 3), own_uid(base, number, 1));
        let cut = encoded(&sound(base, number), &ts)
            .map(|bytes| bytes.slice(..bytes.len().saturating_sub(301)));
        let name = "the data set is cut short";
        let case = send(dialer, &sop_class, &ts, &uid, cut, name).await;
        if matches!(case.outcome, StoreOutcome::Stored | StoreOutcome::Warning) {
            stored.push(Stored {
                study_instance_uid: study,
                sop_instance_uid: uid,
            });
        }
        cases.push(case);
    }
    (cases, stored)
}

/// Something that is different with each probe.
fn base() -> u128 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    (now.as_nanos() << 24) ^ (u128::from(std::process::id()) << 90)
}

fn own_uid(base: u128, number: usize, kind: u128) -> Uid {
    let number = u128::try_from(number).unwrap_or_default();
    // A version 8 UUID (RFC 9562 §5.8).
    let bits = base ^ (number << 8) ^ kind;
    Uid::from_uuid_bits((bits & !(0xF << 76) & !(0x3 << 62)) | 0x8 << 76 | 0x2 << 62)
}

/// A Secondary Capture image of 16 by 16.
fn sound(base: u128, number: usize) -> DataSet {
    let mut data = DataSet::utf8();
    let texts: &[(Tag, &str)] = &[
        (tags::STUDY_DATE, "20260101"),
        (tags::STUDY_TIME, "120000"),
        (tags::ACCESSION_NUMBER, "PROBE"),
        (tags::MODALITY, "OT"),
        (tags::CONVERSION_TYPE, "SYN"),
        (tags::PATIENT_NAME, "PROBE^CONFORMANCE"),
        (tags::PATIENT_ID, "SAGITTAL-PROBE"),
        (tags::PATIENT_BIRTH_DATE, "19700101"),
        (tags::PATIENT_SEX, "O"),
        (tags::STUDY_ID, "PROBE"),
        (tags::SERIES_NUMBER, "1"),
        (tags::INSTANCE_NUMBER, "1"),
        (tags::STUDY_DESCRIPTION, "Conformance probe, may be deleted"),
        (tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2"),
    ];
    for (tag, text) in texts {
        data.put_text(*tag, text);
    }
    data.put_empty(tags::REFERRING_PHYSICIAN_NAME);
    data.put_empty(tags::PATIENT_ORIENTATION);
    data.put_uid(
        tags::SOP_CLASS_UID,
        &Uid::from_static(sop_class::SECONDARY_CAPTURE_IMAGE_STORAGE),
    );
    data.put_uid(tags::STUDY_INSTANCE_UID, &own_uid(base, number, 1));
    data.put_uid(tags::SERIES_INSTANCE_UID, &own_uid(base, number, 2));
    data.put_uid(tags::SOP_INSTANCE_UID, &own_uid(base, number, 3));
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, 16),
        (tags::COLUMNS, 16),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        data.put_u16(tag, &[value]);
    }
    data.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![0; 512]);
    data
}

fn encoded(data: &DataSet, ts: &Uid) -> Option<Bytes> {
    let mut bytes = Vec::new();
    write_data_set(data, ts.as_str(), &mut bytes).ok()?;
    Some(bytes.into())
}

async fn send(
    dialer: &Dialer,
    sop_class: &Uid,
    ts: &Uid,
    uid: &Uid,
    bytes: Option<Bytes>,
    name: &str,
) -> StoreCase {
    let mut case = StoreCase {
        case: name.to_owned(),
        outcome: StoreOutcome::Unknown,
        status: None,
        comment: None,
        basis: None,
    };
    let Some(bytes) = bytes else {
        case.comment = Some("cannot be encoded".to_owned());
        return case;
    };
    // An association each: what one instance does to it is not to befall the next.
    dialer.take_slot().await;
    let target = &dialer.options.target;
    let proposal = target.proposal().context(sop_class.clone(), [ts.clone()]);
    let (host, port) = (&target.address.host, target.address.port);
    let connecting = Association::connect(
        host,
        port,
        target.tls.as_ref(),
        &proposal,
        &target.association,
    );
    let mut association = match connecting.await {
        Ok(association) => association,
        Err(error) => {
            case.comment = Some(chain(&error));
            return case;
        }
    };
    match exchange(&mut association, dialer, sop_class, uid, bytes).await {
        Ok((status, comment)) => {
            case.status = Some(format!("{:04X}", status.0));
            case.comment = comment;
            case.outcome = match status.class() {
                StatusClass::Success => StoreOutcome::Stored,
                StatusClass::Warning => StoreOutcome::Warning,
                _ => StoreOutcome::Refused,
            };
            let _ = association.release().await;
        }
        Err(why) => {
            case.outcome = StoreOutcome::Aborted;
            case.comment = Some(why);
        }
    }
    case
}

async fn exchange(
    association: &mut Association,
    dialer: &Dialer,
    sop_class: &Uid,
    uid: &Uid,
    bytes: Bytes,
) -> Result<(Status, Option<String>), String> {
    let context = association.negotiated().contexts_for(sop_class).next();
    let id = context
        .map(|context| context.id)
        .ok_or("the context is refused")?;
    let request = CStoreRequest {
        affected_sop_class_uid: sop_class.clone(),
        message_id: association.next_message_id(),
        priority: Priority::Medium,
        affected_sop_instance_uid: uid.clone(),
        move_originator_ae_title: None,
        move_originator_message_id: None,
    };
    association
        .send(id, &request.to_command_set(), Data::from(bytes.to_vec()))
        .await
        .map_err(|error| chain(&error))?;
    let received = timeout(dialer.options.timeout, association.receive()).await;
    match received.map_err(|_| "no response in time".to_owned())? {
        Ok(Received::Message(message)) => {
            let status = message
                .command
                .status()
                .map_err(|error| error.to_string())?;
            let comment = message
                .command
                .get(sagittal_net::dimse::element::ERROR_COMMENT)
                .unwrap_or(None);
            Ok((status, comment))
        }
        Ok(_) => Err("the association was released".to_owned()),
        Err(error) => Err(chain(&error)),
    }
}
