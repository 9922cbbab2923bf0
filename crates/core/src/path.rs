//! Where in a data set something is: tags and item numbers.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Tag, dictionary};

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

/// Reads what is displayed, and keywords in the place of tags: `ContentSequence[2].TextValue`.
impl FromStr for TagPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<TagPath, Error> {
        let error = || Error::InvalidTag {
            found: text.to_owned(),
        };
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (tag, items) = part.split_at(part.find('[').unwrap_or(part.len()));
            steps.push(PathStep::Element(dictionary::parse(tag).ok_or_else(error)?));
            if !items.is_empty() {
                let index = items
                    .strip_prefix('[')
                    .and_then(|rest| rest.strip_suffix(']'));
                let index = index
                    .and_then(|digits| digits.parse().ok())
                    .ok_or_else(error)?;
                steps.push(PathStep::Item(index));
            }
        }
        Ok(TagPath(steps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags;

    #[test]
    fn a_path_is_displayed_and_read_back() {
        let path = TagPath::root(tags::CONTENT_SEQUENCE)
            .item(2)
            .element(tags::TEXT_VALUE);
        assert_eq!(path.to_string(), "(0040,A730)[2].(0040,A160)");
        assert_eq!(path.to_string().parse().ok(), Some(path.clone()));
        assert_eq!("ContentSequence[2].TextValue".parse().ok(), Some(path));
        for bad in ["", "Nothing", "PatientID[", "PatientID[x]", "PatientID."] {
            assert!(bad.parse::<TagPath>().is_err(), "{bad}");
        }
    }
}
