//! Where in a data set something is: tags and item numbers.

use std::fmt;

use crate::Tag;

/// One step of a [`TagPath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathStep {
    /// An element of the current data set.
    Element(Tag),
    /// An item of the sequence just named, counted from 0.
    Item(u32),
}

/// A path from the data set's root, e.g. `(0040,A730)[2].(0040,A160)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct TagPath(pub Vec<PathStep>);

impl TagPath {
    /// The path of a root element.
    pub fn root(tag: Tag) -> TagPath {
        TagPath(vec![PathStep::Element(tag)])
    }

    /// The path of an element of the item that `self` names.
    pub fn element(&self, tag: Tag) -> TagPath {
        let mut steps = self.0.clone();
        steps.push(PathStep::Element(tag));
        TagPath(steps)
    }

    /// The path of an item (from 0) of the sequence that `self` names.
    pub fn item(&self, index: u32) -> TagPath {
        let mut steps = self.0.clone();
        steps.push(PathStep::Item(index));
        TagPath(steps)
    }
}

impl fmt::Display for TagPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Element(tag) if position == 0 => write!(f, "{tag}")?,
                PathStep::Element(tag) => write!(f, ".{tag}")?,
                PathStep::Item(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
