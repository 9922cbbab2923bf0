//! What is accepted of each SOP class, in tables that are made once.

use std::collections::HashMap;

use sagittal_core::{Uid, sop_class};

use super::behavior::Notes;
use crate::document::{
    ApplicationEntity, ContextGroup, Preference, Refusal, RequestorRoles, Rest, Role, Support,
};

/// What is done with a pair of SOP class and transfer syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    Refused(Refusal),
}

/// What is done with a SOP class.
#[derive(Clone, Debug)]
pub(super) struct Class {
    verdicts: HashMap<Uid, Verdict>,
    preference: Preference,
    pub roles: RequestorRoles,
    accepts_some: bool,
}

/// All SOP classes that the document speaks of.
#[derive(Clone, Debug)]
pub(super) struct Classes {
    known: HashMap<Uid, Class>,
    unlisted: bool,
    /// For storage SOP classes that nobody knows.
    storage: Option<Class>,
}

impl Classes {
    pub fn new(entity: &ApplicationEntity, lenient: bool, notes: &mut Notes) -> Classes {
        let mut known: HashMap<Uid, Class> = HashMap::new();
        let mut unknown = 0usize;
        let mut unordered = 0usize;
        let as_scp = |group: &&ContextGroup| group.roles.contains(&Role::Scp);
        for group in entity.contexts.iter().filter(as_scp) {
            for sop_class in &group.sop_classes {
                let class = known.entry(sop_class.clone()).or_insert_with(Class::empty);
                for ts in &group.transfer_syntaxes {
                    if class.verdicts.contains_key(ts) {
                        continue;
                    }
                    unknown += usize::from(group.support == Support::Unknown);
                    class.verdicts.insert(ts.clone(), verdict(group, lenient));
                }
                if group.support.is_yes() && !class.accepts_some {
                    class.accepts_some = true;
                    class.roles = group.requestor_roles.unwrap_or(RequestorRoles::Unanswered);
                    match &group.preference {
                        Some(preference) => {
                            unordered += usize::from(preference.rest == Rest::Unknown);
                            class.preference = preference.clone();
                        }
                        None => unordered += usize::from(group.transfer_syntaxes.len() > 1),
                    }
                }
            }
        }
        if unknown > 0 {
            let what = format!("{unknown} pairs of SOP class and transfer syntax");
            notes.assume(&what, if lenient { "accepted" } else { "refused" });
        }
        if unordered > 0 {
            let what = format!("the order of preference of {unordered} SOP classes");
            notes.assume(&what, "the first acceptable transfer syntax is taken");
        }
        let unlisted = entity.unlisted.is_yes() || (lenient && entity.unlisted.is_unknown());
        if entity.unlisted.is_unknown() {
            let done = if lenient { "accepted" } else { "refused" };
            notes.assume("SOP classes of which the document does not speak", done);
        }
        let storage = storage(entity, &known);
        Classes {
            known,
            unlisted,
            storage,
        }
    }

    /// What is done with a pair.
    pub fn verdict(&self, sop_class: &Uid, ts: &Uid, declared_storage: bool) -> Verdict {
        let Some(class) = self.class(sop_class, declared_storage) else {
            return match self.unlisted {
                true => Verdict::Accepted,
                false => Verdict::Refused(Refusal::AbstractSyntaxNotSupported),
            };
        };
        match class.verdicts.get(ts) {
            Some(verdict) => *verdict,
            None if self.unlisted => Verdict::Accepted,
            None if class.accepts_some => Verdict::Refused(Refusal::TransferSyntaxesNotSupported),
            None => Verdict::Refused(Refusal::AbstractSyntaxNotSupported),
        }
    }

    pub fn class(&self, sop_class: &Uid, declared_storage: bool) -> Option<&Class> {
        let known = self.known.get(sop_class);
        known.or_else(|| self.storage.as_ref().filter(|_| declared_storage))
    }

    /// Which of acceptable transfer syntaxes is taken, in the order of the proposal.
    pub fn choose<'a>(
        &self,
        sop_class: &Uid,
        declared_storage: bool,
        acceptable: &[&'a Uid],
    ) -> Option<&'a Uid> {
        let first = acceptable.first().copied();
        let Some(class) = self.class(sop_class, declared_storage) else {
            return first;
        };
        let preference = &class.preference;
        let mut best = preference.order.iter();
        let preferred = best.find_map(|want| acceptable.iter().find(|ts| **ts == want).copied());
        preferred.or(match preference.rest {
            Rest::Last => acceptable.last().copied(),
            Rest::First | Rest::None | Rest::Unknown => first,
        })
    }

    /// Is anything of it accepted?
    pub fn accepts(&self, sop_class: &Uid) -> bool {
        let class = self.known.get(sop_class);
        class.map_or(self.unlisted, |class| class.accepts_some)
    }
}

impl Class {
    fn empty() -> Class {
        Class {
            verdicts: HashMap::new(),
            preference: Preference::default(),
            roles: RequestorRoles::Unanswered,
            accepts_some: false,
        }
    }
}

fn verdict(group: &ContextGroup, lenient: bool) -> Verdict {
    let refusal = group
        .refusal
        .unwrap_or(Refusal::TransferSyntaxesNotSupported);
    match group.support {
        Support::Yes => Verdict::Accepted,
        Support::Unknown if lenient => Verdict::Accepted,
        Support::No | Support::Unknown => Verdict::Refused(refusal),
    }
}

/// With common extended negotiation, an unknown SOP class is taken as the first storage SOP class.
fn storage(entity: &ApplicationEntity, known: &HashMap<Uid, Class>) -> Option<Class> {
    if entity.association.common_extended_negotiation.value != Some(true) {
        return None;
    }
    let groups = entity
        .contexts
        .iter()
        .filter(|group| group.support.is_yes());
    groups
        .flat_map(|group| group.sop_classes.iter())
        .find(|uid| sop_class::storage(uid.as_str()).is_some())
        .and_then(|uid| known.get(uid))
        .cloned()
}
