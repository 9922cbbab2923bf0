//! What a policy shows of attributes that are often asked for: found out by letting it
//! de-identify an object that is nobody's. Only to narrow a search down: what matches is decided
//! by what is shown.

use bytes::Bytes;
use sagittal_core::date_time::Date;
use sagittal_core::{DataSet, Tag, Uid, tags, transfer_syntax};
use sagittal_deid::{Change, IdentifierKind, Recorder, deidentify};
use sagittal_file::part10;
use sagittal_store::index::{COLUMNS, Column, Kind, Level};

use super::Named;

/// How an attribute is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shown {
    /// As it is, or not at all.
    Kept,
    /// By its pseudonym.
    Pseudonym,
    /// In another way, or nobody knows.
    #[default]
    Otherwise,
}

/// How dates are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Dates {
    /// As they are.
    Kept,
    /// Earlier by 1 to so many days.
    Earlier(u32),
    /// In another way, or nobody knows.
    #[default]
    Otherwise,
}

/// What a policy shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shows {
    pub(crate) patient_id: Shown,
    pub(crate) dates: Dates,
    /// Columns with codes and numbers that are shown as they are.
    pub(crate) kept: Vec<Column>,
    /// UIDs are shown as the view says them.
    pub(crate) is_consistent: bool,
}

const STUDY: &str = "1.2.826.0.1.3680043.2.1143.9001";
const SERIES: &str = "1.2.826.0.1.3680043.2.1143.9002";
const INSTANCE: &str = "1.2.826.0.1.3680043.2.1143.9003";
const PATIENT: &str = "ZQ80731K";
const DAY: &str = "20200315";

/// Attributes that are codes and numbers, with a value that identifies nobody.
const CODES: &[(Column, &str)] = &[
    (Column::Modality, "CT"),
    (Column::SeriesNumber, "3"),
    (Column::BodyPartExamined, "CHEST"),
    (Column::InstanceNumber, "7"),
];

/// Takes no notes.
pub(super) struct Nobody;

impl Recorder for Nobody {
    fn record(&mut self, _: Change<'_>) {}
}

/// Looks what becomes of an object.
pub(crate) fn probe(policy: &Named) -> Shows {
    let Some(shown) = shown(policy) else {
        return Shows::default();
    };
    let project = &policy.project;
    let text = |tag: Tag| shown.first_text(tag).unwrap_or_default();
    let is_consistent = [
        (tags::STUDY_INSTANCE_UID, STUDY),
        (tags::SERIES_INSTANCE_UID, SERIES),
        (tags::SOP_INSTANCE_UID, INSTANCE),
    ]
    .iter()
    .all(|(tag, uid)| text(*tag) == project.uid(uid).as_str());
    let pseudonym = project
        .pseudonyms
        .identifier(IdentifierKind::Patient, PATIENT);
    let patient_id = match text(tags::PATIENT_ID) {
        id if id.trim() == PATIENT => Shown::Kept,
        id if id.trim() == pseudonym => Shown::Pseudonym,
        _ => Shown::Otherwise,
    };
    let range = project.policy.date_range;
    let earlier = Date::parse(DAY).ok().and_then(|day| {
        let shift = project.pseudonyms.shift_days(PATIENT, range);
        i32::try_from(shift).ok().map(|shift| day.to_days() + shift)
    });
    let days = dates().map(|column| text(column.entry().tag));
    let days: Vec<String> = days.collect();
    let all = |wanted: &dyn Fn(&str) -> bool| days.iter().all(|day| wanted(day.trim()));
    let is_earlier = |day: &str| Date::parse(day).ok().map(|day| day.to_days()) == earlier;
    let dates = if all(&|day| day == DAY) {
        Dates::Kept
    } else if all(&is_earlier) {
        Dates::Earlier(range)
    } else {
        Dates::Otherwise
    };
    let is_kept = |(column, value): &&(Column, &str)| text(column.entry().tag).trim() == *value;
    let kept = CODES.iter().filter(is_kept).map(|(column, _)| *column);
    Shows {
        patient_id,
        dates,
        kept: kept.collect(),
        is_consistent,
    }
}

/// Dates of studies and series that are searched for.
fn dates() -> impl Iterator<Item = Column> {
    let of_studies = COLUMNS
        .iter()
        .filter(|entry| entry.kind == Kind::Date && entry.level == Level::Study);
    of_studies.map(|entry| entry.column)
}

fn shown(policy: &Named) -> Option<DataSet> {
    let mut data_set = DataSet::utf8();
    let class = Uid::from_static("1.2.840.10008.5.1.4.1.1.2");
    let uid = Uid::from_static;
    data_set.put_uid(tags::SOP_CLASS_UID, &class);
    data_set.put_uid(tags::SOP_INSTANCE_UID, &uid(INSTANCE));
    data_set.put_uid(tags::STUDY_INSTANCE_UID, &uid(STUDY));
    data_set.put_uid(tags::SERIES_INSTANCE_UID, &uid(SERIES));
    data_set.put_text(tags::PATIENT_ID, PATIENT);
    for column in dates() {
        data_set.put_text(column.entry().tag, DAY);
    }
    for (column, value) in CODES {
        data_set.put_text(column.entry().tag, value);
    }
    let meta = part10::Meta {
        sop_class_uid: class,
        sop_instance_uid: uid(INSTANCE),
        transfer_syntax_uid: uid(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN),
        source_ae_title: None,
    };
    let file = Bytes::from(part10::write(&meta, &data_set).ok()?);
    let project = super::seen::without_pixels(&policy.project);
    let output = deidentify(&file, &project, &mut Nobody).ok()?;
    Some(output.data_set)
}
