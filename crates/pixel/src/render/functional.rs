//! Functional groups (PS3.3 §C.7.6.16): where the attributes of a frame are found.

use sagittal_core::{DataSet, Tag, tags};

/// Where attributes of one frame of an instance are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Groups<'a> {
    root: &'a DataSet,
    frame: Option<&'a DataSet>,
    shared: Option<&'a DataSet>,
}

impl<'a> Groups<'a> {
    /// Those of frame `frame_number`, from 1.
    pub fn of(root: &'a DataSet, frame_number: u32) -> Groups<'a> {
        let at = usize::try_from(frame_number.saturating_sub(1)).unwrap_or(usize::MAX);
        Groups {
            root,
            frame: root
                .items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
                .get(at),
            shared: root.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first(),
        }
    }

    /// The data set of the instance.
    pub fn root(&self) -> &'a DataSet {
        self.root
    }

    /// The items of a functional group: the frame's, else the shared ones.
    pub fn items(&self, group: Tag) -> &'a [DataSet] {
        [self.frame, self.shared]
            .into_iter()
            .flatten()
            .map(|groups| groups.items(group))
            .find(|items| !items.is_empty())
            .unwrap_or(&[])
    }

    /// The first item of a functional group.
    pub fn item(&self, group: Tag) -> Option<&'a DataSet> {
        self.items(group).first()
    }

    /// The item of a functional group, or the instance itself: where an attribute is that old
    /// objects have at the top.
    pub fn place(&self, group: Tag) -> &'a DataSet {
        self.item(group).unwrap_or(self.root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_s_own_group_comes_before_the_shared_one() {
        let group = |center: &str| {
            let mut voi = DataSet::new();
            voi.put_text(tags::WINDOW_CENTER, center);
            let mut groups = DataSet::new();
            groups.put_items(tags::FRAME_VOI_LUT_SEQUENCE, vec![voi]);
            groups
        };
        let mut root = DataSet::new();
        root.put_items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![group("1")]);
        root.put_items(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            vec![DataSet::new(), group("2")],
        );
        let center = |frame| {
            Groups::of(&root, frame)
                .place(tags::FRAME_VOI_LUT_SEQUENCE)
                .float(tags::WINDOW_CENTER)
        };
        assert_eq!(center(1), Some(1.0));
        assert_eq!(center(2), Some(2.0));
        assert_eq!(center(9), Some(1.0));
    }
}
