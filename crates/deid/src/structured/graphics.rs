//! Text of annotations: presentation states (PS3.3 §C.10.5) and waveforms (§C.10.10).

use sagittal_core::{DataSet, TagPath};

use super::element::{Cause, Work};
use crate::{Action, Asked, Primitive, ProfileOption, Reason, Session};

/// Cleans the items of a Graphic Annotation Sequence: texts without identities, drawings as they
/// are, references with new UIDs. `path` is the sequence's.
pub fn clean_annotations(
    items: Vec<DataSet>,
    path: &TagPath,
    session: &mut Session<'_>,
) -> Vec<DataSet> {
    annotations(
        items,
        path,
        session,
        "(0070,0001)",
        ProfileOption::CleanGraphics,
    )
}

/// Cleans the items of a Waveform Annotation Sequence in the same way.
pub fn clean_waveform_annotations(
    items: Vec<DataSet>,
    path: &TagPath,
    session: &mut Session<'_>,
) -> Vec<DataSet> {
    annotations(
        items,
        path,
        session,
        "(0070,0006)",
        ProfileOption::CleanDescriptors,
    )
}

fn annotations(
    items: Vec<DataSet>,
    path: &TagPath,
    session: &mut Session<'_>,
    row: &'static str,
    option: ProfileOption,
) -> Vec<DataSet> {
    let mut work = Work {
        session,
        path: path.clone(),
    };
    let cause = Cause {
        asked: Asked::Profile(row, Action::One(Primitive::Clean)),
        reason: Reason::Option(option.code()),
    };
    work.items(items, |work, item| work.elements(item, &[], cause))
}
