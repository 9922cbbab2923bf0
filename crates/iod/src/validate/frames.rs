//! Functional groups and frames (PS3.3 §C.7.6.16).

use sagittal_core::{DataSet, tags};

use super::collector::{Collector, Draft};
use crate::finding::{Kind, Severity};

/// Per-frame items fit the number of frames; a group is shared or per frame, not both.
pub fn check(data_set: &DataSet, collector: &mut Collector) {
    let per_frame = data_set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let frames = data_set.int(tags::NUMBER_OF_FRAMES).unwrap_or(1);
    let tag = tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE;
    let items = i64::try_from(per_frame.len()).unwrap_or(i64::MAX);
    if items > 0 && items != frames {
        collector.add_at(
            tag,
            draft(
                format!("{items} items for {frames} frames"),
                "give every frame one item",
            ),
        );
    }
    let shared = data_set.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let Some(shared) = shared.first() else {
        return;
    };
    for group in shared.elements() {
        // Unassigned groups may be split; private ones follow no rule of ours.
        let may_be_both = group.tag.is_private()
            || matches!(
                group.tag,
                tags::UNASSIGNED_SHARED_CONVERTED_ATTRIBUTES_SEQUENCE
                    | tags::UNASSIGNED_PER_FRAME_CONVERTED_ATTRIBUTES_SEQUENCE
            );
        let frame = per_frame
            .iter()
            .position(|item| !may_be_both && item.contains(group.tag));
        if let Some(frame) = frame {
            collector.within(tag, frame, |collector| {
                let found = "a group that is shared as well".to_owned();
                collector.add_at(group.tag, draft(found, "keep it in one of the two places"));
            });
        }
    }
}

fn draft(found: String, fix: &'static str) -> Draft {
    Draft {
        kind: Kind::FunctionalGroup,
        severity: Severity::Error,
        clause: "PS3.3 §C.7.6.16",
        found: found.into(),
        fix: fix.into(),
        ..Draft::default()
    }
}
