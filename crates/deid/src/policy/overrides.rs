//! What a policy wants of single attributes.

use std::collections::HashMap;

use sagittal_core::Tag;

use crate::{IdentifierKind, Primitive};

/// What an override is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// An attribute wherever it occurs.
    Tag(Tag),
    /// An attribute at one path from the root, in any item of its sequences.
    Path(Vec<Tag>),
    /// A private attribute wherever it occurs: creator, group, element within the block.
    Private(String, u16, u8),
}

/// What it wants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OverrideAction {
    /// An action of the profile.
    One(Primitive),
    /// This value.
    Replace(String),
    /// A pseudonym.
    Pseudonym(IdentifierKind),
}

/// One override.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Override {
    /// What it is about.
    pub target: Target,
    /// What it wants.
    pub action: OverrideAction,
}

/// A path, or none for anywhere, and what is wanted there.
type AtPath = (Option<Vec<Tag>>, OverrideAction);

/// All overrides, found by tag.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    by_tag: HashMap<Tag, Vec<AtPath>>,
    private: HashMap<(u16, u8), Vec<(String, OverrideAction)>>,
}

impl Overrides {
    /// Adds one; `false` if there is one for this target already.
    pub fn add(&mut self, new: Override) -> bool {
        match new.target {
            Target::Private(creator, group, element) => {
                let list = self.private.entry((group, element)).or_default();
                let fresh = list.iter().all(|(other, _)| *other != creator);
                if fresh {
                    list.push((creator, new.action));
                }
                fresh
            }
            Target::Tag(tag) => self.add_standard(tag, None, new.action),
            Target::Path(path) => match path.last() {
                Some(tag) => self.add_standard(*tag, Some(path), new.action),
                None => false,
            },
        }
    }

    fn add_standard(&mut self, tag: Tag, path: Option<Vec<Tag>>, action: OverrideAction) -> bool {
        let list = self.by_tag.entry(tag).or_default();
        let fresh = list.iter().all(|(other, _)| *other != path);
        if fresh {
            // Paths go before tags: they are looked at first.
            let at = if path.is_some() { 0 } else { list.len() };
            list.insert(at, (path, action));
        }
        fresh
    }

    /// What is wanted of the attribute at `path` (tags from the root), if anything.
    pub fn of_standard(&self, path: &[Tag]) -> Option<&OverrideAction> {
        let tag = path.last()?;
        let list = self.by_tag.get(tag)?;
        list.iter()
            .find(|(wanted, _)| wanted.as_ref().is_none_or(|wanted| wanted == path))
            .map(|(_, action)| action)
    }

    /// What is wanted of a private attribute, if anything.
    pub fn of_private(&self, creator: &str, tag: Tag) -> Option<&OverrideAction> {
        let element = u8::try_from(tag.element() & 0xFF).ok()?;
        let list = self.private.get(&(tag.group(), element))?;
        list.iter()
            .find(|(wanted, _)| wanted == creator)
            .map(|(_, action)| action)
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.by_tag.is_empty() && self.private.is_empty()
    }

    /// All of them in a fixed order.
    pub fn sorted(&self) -> Vec<Override> {
        let standard = self.by_tag.iter().flat_map(|(tag, list)| {
            list.iter().map(|(path, action)| Override {
                target: path.clone().map_or(Target::Tag(*tag), Target::Path),
                action: action.clone(),
            })
        });
        let private = self.private.iter().flat_map(|((group, element), list)| {
            list.iter().map(|(creator, action)| Override {
                target: Target::Private(creator.clone(), *group, *element),
                action: action.clone(),
            })
        });
        let mut all: Vec<Override> = standard.chain(private).collect();
        all.sort();
        all
    }
}
