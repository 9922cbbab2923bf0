//! Text of annotations of presentation states (PS3.3 §C.10.5). Annotations of waveforms need
//! nothing of their own: the row of Unformatted Text Value deals with them.

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
    let mut work = Work {
        session,
        path: path.clone(),
    };
    let cause = Cause {
        asked: Asked::Profile("(0070,0001)", Action::One(Primitive::Clean)),
        reason: Reason::Option(ProfileOption::CleanGraphics.code()),
    };
    work.items(items, |work, item| work.elements(item, &[], cause))
}
