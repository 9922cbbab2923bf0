//! Where a walk is: data sets within items within sequences.

use sagittal_core::{Finding, FindingKind, PathStep, Tag, TagPath, Vr, dictionary};
use smallvec::SmallVec;

use super::header::Form;
use super::vr;

/// Findings beyond this are not kept: a broken file may have one per element.
const MAX_FINDINGS: usize = 1_000;

/// Private creators remembered at a time, over all levels.
const MAX_CREATORS: usize = 256;

/// The data set or item being read.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    /// It ends here at the latest.
    pub end: u64,
    /// It ends exactly there, not at a delimiter.
    pub bounded: bool,
    /// The last tag read in it.
    pub last: Option<Tag>,
    pub form: Form,
    /// Pixel Representation, here or enclosing, is 1.
    pub signed: bool,
    /// Its private creators begin here in [`Creators`].
    pub creators: usize,
}

/// A sequence, or encapsulated pixel data, that has begun.
pub(super) struct Level {
    pub tag: Tag,
    /// Fragments, not items of elements.
    pub fragments: bool,
    /// The number of the next item.
    pub next_index: u32,
    pub in_item: bool,
    pub end: u64,
    pub bounded: bool,
    pub form: Form,
    /// The data set that it is in.
    pub parent: Scope,
}

/// What the last event was about, below the innermost level.
#[derive(Clone, Copy)]
pub(super) enum Last {
    /// The level itself, or the item it is in.
    Level,
    Element(Tag),
    Item(u32),
}

pub(super) fn path(stack: &[Level], last: Last) -> TagPath {
    let mut steps = Vec::with_capacity(stack.len() * 2 + 1);
    for level in stack {
        steps.push(PathStep::Element(level.tag));
        if level.in_item {
            steps.push(PathStep::Item(level.next_index.saturating_sub(1)));
        }
    }
    match last {
        Last::Level => {}
        Last::Element(tag) => steps.push(PathStep::Element(tag)),
        Last::Item(index) => steps.push(PathStep::Item(index)),
    }
    TagPath(steps)
}

pub(super) fn note(
    findings: &mut Vec<Finding>,
    stack: &[Level],
    last: Last,
    offset: u64,
    kind: FindingKind,
) {
    if findings.len() < MAX_FINDINGS {
        findings.push(Finding {
            path: path(stack, last),
            offset,
            kind,
        });
    }
}

/// A private creator element met.
struct Creator {
    tag: Tag,
    name: SmallVec<[u8; 64]>,
}

/// Private creators of the data set being read and of those around it.
#[derive(Default)]
pub(super) struct Creators(Vec<Creator>);

impl Creators {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    #[cold]
    pub fn push(&mut self, tag: Tag, value: &[u8]) {
        if self.0.len() < MAX_CREATORS && value.len() <= 64 {
            self.0.push(Creator {
                tag,
                name: SmallVec::from_slice(value),
            });
        }
    }

    /// The VR of an element that does not bear one.
    pub fn vr(&self, tag: Tag, scope: &Scope) -> Vr {
        let Some(creator) = tag.private_creator() else {
            return vr::standard(tag, scope.signed);
        };
        let known = self.0.get(scope.creators..).unwrap_or(&[]);
        known
            .iter()
            .find(|known| known.tag == creator)
            .and_then(|known| std::str::from_utf8(&known.name).ok())
            .and_then(|name| dictionary::private_entry(name, tag))
            .map_or(Vr::UN, |entry| entry.vr)
    }
}
