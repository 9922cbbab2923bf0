//! Private elements (PS3.5 §7.8, PS3.15 §E.3.10): gone, unless a list knows that they are safe.

use sagittal_core::{DataSet, Element, Tag, Value, Vr, dictionary};

use super::Engine;
use super::decide::{Plan, What};
use super::level::Level;
use crate::table::{private_row, safe_private};
use crate::{Action, Asked, Primitive, ProfileOption, Reason, Result, Taken};

/// The private blocks of a data set.
pub(super) struct Blocks(Vec<Block>);

struct Block {
    creator: String,
    element: Element,
    kept: bool,
}

impl Blocks {
    /// All private creators.
    pub fn of(data_set: &DataSet) -> Blocks {
        let creators = data_set
            .elements()
            .iter()
            .filter(|element| element.tag.is_private_creator());
        let blocks = creators.map(|element| Block {
            creator: data_set
                .text(element.tag)
                .map(|text| text.trim().to_owned())
                .unwrap_or_default(),
            element: Element {
                tag: element.tag,
                vr: element.vr,
                // A creator that is a sequence names nothing.
                value: Value::Bytes(element.value.as_bytes().cloned().unwrap_or_default()),
            },
            kept: false,
        });
        Blocks(blocks.collect())
    }

    /// The creator of a private element.
    pub fn creator(&self, tag: Tag) -> Option<&str> {
        let creator = tag.private_creator()?;
        self.block(creator).map(|block| block.creator.as_str())
    }

    fn block(&self, creator: Tag) -> Option<&Block> {
        self.0.iter().find(|block| block.element.tag == creator)
    }

    fn keep(&mut self, tag: Tag) {
        let creator = tag.private_creator();
        let block = self
            .0
            .iter_mut()
            .find(|block| Some(block.element.tag) == creator);
        if let Some(block) = block {
            block.kept = true;
        }
    }
}

impl<'p> Engine<'p> {
    /// A private element.
    pub(super) fn private(
        &mut self,
        element: Element,
        level: &mut Level,
    ) -> Result<Option<Element>> {
        let tag = element.tag;
        let creator = level.blocks.creator(tag).unwrap_or_default().to_owned();
        let Some((plan, vr)) = self.private_plan(&creator, tag) else {
            let row = private_row();
            let (action, _) = row.action(&self.session.project.options);
            let asked = Asked::Profile(row.printed, action);
            let before = element.value.as_bytes().cloned().unwrap_or_default();
            let done = (Taken::Removed, Reason::UnknownPrivate);
            let named = (!creator.is_empty()).then_some(creator.as_str());
            self.record(element.vr, named, asked, done, &before, None);
            return Ok(None);
        };
        let vr = match (element.vr, vr) {
            (Vr::UN, Some(vr)) if vr != Vr::SQ => vr,
            (vr, _) => vr,
        };
        let element = Element { vr, ..element };
        let done = self.act_as(element, plan, &level.charset, Some(&creator))?;
        if done.is_some() {
            level.blocks.keep(tag);
        }
        Ok(done)
    }

    /// What is planned for a private element that somebody knows, and its VR if that is known.
    fn private_plan(&self, creator: &str, tag: Tag) -> Option<(Plan<'p>, Option<Vr>)> {
        if creator.is_empty() || tag.private_creator().is_none() {
            return None;
        }
        let project = self.session.project;
        let from_dictionary = || dictionary::private_entry(creator, tag).map(|entry| entry.vr);
        if let Some(action) = project.policy.overrides.of_private(creator, tag) {
            return Some((self.overridden(action), from_dictionary()));
        }
        if !project.options.retain_safe_private {
            return None;
        }
        let vr = match safe_private(creator, tag) {
            Some(row) => row.vr,
            None => self.own_private(creator, tag)?,
        };
        let asked = Asked::SafePrivate(Action::One(Primitive::Clean));
        let plan = Plan {
            asked,
            what: What::Do(Primitive::Clean),
            reason: Reason::Option(ProfileOption::SafePrivate.code()),
        };
        Some((plan, vr.or_else(from_dictionary)))
    }

    /// The VR of an attribute of the policy's own list; `None` if it is not there.
    fn own_private(&self, creator: &str, tag: Tag) -> Option<Option<Vr>> {
        let element = u8::try_from(tag.element() & 0xFF).ok()?;
        let own = &self.session.project.policy.own_private;
        own.iter()
            .find(|row| {
                row.creator == creator
                    && row.group == tag.group()
                    && row.element.is_none_or(|wanted| wanted == element)
            })
            .map(|row| row.vr)
    }

    /// The VR of an element that is written as `UN`.
    pub(super) fn vr_of_unknown(&self, tag: Tag, level: &Level) -> Vr {
        if !tag.is_private() {
            return dictionary::vr(tag);
        }
        let creator = level.blocks.creator(tag).unwrap_or_default();
        self.private_plan(creator, tag)
            .and_then(|(_, vr)| vr)
            .unwrap_or(Vr::UN)
    }

    /// Creators of blocks of which something stays are kept; the others are gone.
    pub(super) fn creators(&mut self, blocks: Blocks, out: &mut DataSet) {
        for block in blocks.0 {
            self.enter(block.element.tag);
            let row = private_row();
            let (action, option) = row.action(&self.session.project.options);
            let asked = Asked::Profile(row.printed, action);
            let before = block.element.value.as_bytes().cloned().unwrap_or_default();
            let (done, after) = if block.kept {
                let reason = option.map_or(Reason::Policy, Reason::Option);
                ((Taken::Kept, reason), Some(&*before))
            } else {
                ((Taken::Removed, Reason::UnknownPrivate), None)
            };
            self.record(Vr::LO, Some(&block.creator), asked, done, &before, after);
            self.leave();
            if block.kept {
                out.put(block.element);
            }
        }
    }
}
