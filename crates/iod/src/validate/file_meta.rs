//! File Meta Information against the data set (PS3.10 §7.1), and what the reader got over.

use sagittal_core::{DataSet, FindingKind, Tag, TagPath, tags};
use sagittal_file::part10::File;

use super::collector::{Collector, Draft};
use super::element;
use crate::finding::{Kind, Severity};
use crate::rules::text_values;

/// Checks both.
pub fn check(file: &File, collector: &mut Collector) {
    let meta = &file.opening.meta;
    let pairs = [
        (tags::MEDIA_STORAGE_SOP_CLASS_UID, tags::SOP_CLASS_UID),
        (tags::MEDIA_STORAGE_SOP_INSTANCE_UID, tags::SOP_INSTANCE_UID),
    ];
    for (of_file, of_object) in pairs {
        same(meta, of_file, &file.data_set, of_object, collector);
    }
    element::check_values(meta, collector);
    for finding in &file.findings {
        reader(&finding.path, &finding.kind, collector);
    }
}

fn first(data_set: &DataSet, tag: Tag) -> &[u8] {
    let value = data_set
        .bytes(tag)
        .and_then(|bytes| text_values(bytes).next());
    value.unwrap_or(&[])
}

fn same(meta: &DataSet, tag: Tag, data_set: &DataSet, other: Tag, collector: &mut Collector) {
    let (of_file, of_object) = (first(meta, tag), first(data_set, other));
    // The rules of presence speak of what is missing; a DICOMDIR has no UIDs of its own.
    if of_file.is_empty() || of_file == of_object || data_set.contains(Tag(0x0004, 0x1220)) {
        return;
    }
    let found = if of_object.is_empty() {
        "File Meta Information has it, the data set has not"
    } else {
        "not the same in File Meta Information and data set"
    };
    collector.add_at(
        tag,
        Draft {
            kind: Kind::FileMeta,
            clause: "PS3.10 §7.1",
            found: found.into(),
            fix: "write File Meta Information anew from the data set".into(),
            ..Draft::default()
        },
    );
}

fn reader(path: &TagPath, met: &FindingKind, collector: &mut Collector) {
    let (kind, severity, clause, fix) = match met {
        FindingKind::OddLength(_) => (
            Kind::Length,
            Severity::Error,
            "PS3.5 §7.1",
            "pad the value to an even length",
        ),
        FindingKind::UnexpectedVr(_) => (
            Kind::Vr,
            Severity::Warning,
            "PS3.5 §7.1.2",
            "write the VR of the dictionary",
        ),
        FindingKind::MissingPreamble | FindingKind::MissingMeta | FindingKind::MetaGroupLength => (
            Kind::FileMeta,
            Severity::Warning,
            "PS3.10 §7.1",
            "write the file with preamble and File Meta Information",
        ),
        FindingKind::TransferSyntaxAssumed(_) => (
            Kind::FileMeta,
            Severity::Error,
            "PS3.10 §7.1",
            "state the transfer syntax that the data set is in",
        ),
        // Looked at more closely with the values.
        FindingKind::CharacterSet(_) => return,
        FindingKind::Truncated { .. } => (
            Kind::Encoding,
            Severity::Error,
            "PS3.5 §7.1",
            "send the object again: its end is missing",
        ),
        _ => (
            Kind::Encoding,
            Severity::Error,
            "PS3.5 §7",
            "write the data set anew with a conformant writer",
        ),
    };
    collector.at(path.clone()).add(Draft {
        kind,
        severity,
        clause,
        found: met.to_string().into(),
        fix: fix.into(),
        ..Draft::default()
    });
    collector.at(TagPath::default());
}
