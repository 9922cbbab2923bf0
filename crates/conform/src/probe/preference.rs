//! Which transfer syntax is taken of a context that proposes several.
//!
//! The order of the acceptor is found by leaving out, again and again, what it took; it has none
//! where it takes the first, or the last, of any order. One SOP class is asked in full for those
//! that accept the same; the others of them are compared with it.

use std::collections::BTreeMap;

use sagittal_core::Uid;
use sagittal_net::pdu::ContextResult;

use super::dial::{Answer, Dialer, context_answer};
use super::pairs::{Pair, Pairs};
use crate::document::{Preference, Rest};

/// By SOP class; those with a single transfer syntax have none.
pub(super) type Preferences = BTreeMap<Uid, Preference>;

/// Asks many contexts, in as many associations as that takes; what was taken of each.
struct Asking<'a> {
    dialer: &'a Dialer,
    anchor: Option<&'a Pair>,
    size: usize,
}

impl Asking<'_> {
    async fn ask(&self, contexts: &[(Uid, Vec<Uid>)]) -> Vec<Option<Uid>> {
        let mut taken = Vec::with_capacity(contexts.len());
        for chunk in contexts.chunks(self.size.max(1)) {
            let anchor = self.anchor.map(|(uid, ts)| (uid.clone(), vec![ts.clone()]));
            let mut request: Vec<(Uid, Vec<Uid>)> = chunk.to_vec();
            request.extend(anchor);
            let response = match self
                .dialer
                .ask_patiently(&self.dialer.request(&request))
                .await
            {
                Answer::Accepted(response) => response,
                _ => {
                    taken.extend(chunk.iter().map(|_| None));
                    continue;
                }
            };
            taken.extend(chunk.iter().enumerate().map(|(at, (_, proposed))| {
                let id = u8::try_from(2 * at + 1).unwrap_or(u8::MAX);
                match context_answer(&response, id) {
                    Some((ContextResult::Acceptance, Some(ts))) if proposed.contains(ts) => {
                        Some(ts.clone())
                    }
                    _ => None,
                }
            }));
        }
        taken
    }
}

/// The orders of all SOP classes with several transfer syntaxes.
pub(super) async fn ask(dialer: &Dialer, pairs: &Pairs) -> Preferences {
    let size = pairs
        .max_contexts
        .unwrap_or(dialer.options.contexts)
        .clamp(2, 128)
        - 1;
    let asking = Asking {
        dialer,
        anchor: pairs.anchor.as_ref(),
        size,
    };
    let mut groups: BTreeMap<Vec<Uid>, Vec<Uid>> = BTreeMap::new();
    for (sop_class, syntaxes) in pairs.accepted() {
        if syntaxes.len() > 1 {
            groups.entry(syntaxes).or_default().push(sop_class);
        }
    }
    let mut found = Preferences::new();
    for (syntaxes, mut classes) in groups {
        while let Some(first) = classes.pop() {
            if dialer.distress().is_some() {
                return found;
            }
            let preference = in_full(&asking, &first, &syntaxes).await;
            let same = compare(&asking, &preference, &classes, &syntaxes).await;
            found.insert(first, preference.clone());
            // Those that differ are asked in full, one after the other.
            classes.retain(|sop_class| {
                let is_same = same.contains(sop_class);
                if is_same {
                    found.insert(sop_class.clone(), preference.clone());
                }
                !is_same
            });
        }
    }
    found
}

/// The order of one SOP class.
async fn in_full(asking: &Asking<'_>, sop_class: &Uid, syntaxes: &[Uid]) -> Preference {
    let mut left = syntaxes.to_vec();
    let mut order: Vec<Uid> = Vec::new();
    let rest = loop {
        if left.len() < 2 {
            order.append(&mut left);
            break Rest::None;
        }
        let forward = left.clone();
        let backward: Vec<Uid> = left.iter().rev().cloned().collect();
        let mut turned = left.clone();
        turned.rotate_left(1);
        let lists = [forward, backward, turned];
        let contexts = lists.clone().map(|list| (sop_class.clone(), list));
        let taken = asking.ask(&contexts).await;
        let [Some(a), Some(b), Some(c)] = taken.as_slice() else {
            break Rest::Unknown;
        };
        let is = |pick: fn(&[Uid]) -> Option<&Uid>| {
            [a, b, c]
                .iter()
                .zip(&lists)
                .all(|(taken, list)| pick(list) == Some(*taken))
        };
        if a == b && b == c {
            left.retain(|uid| uid != a);
            order.push(a.clone());
        } else if is(<[Uid]>::first) {
            break Rest::First;
        } else if is(<[Uid]>::last) {
            break Rest::Last;
        } else {
            break Rest::Unknown;
        }
    };
    Preference {
        order: order.into_iter().collect(),
        rest,
    }
}

/// Which of these SOP classes behave as one that was asked in full: they take the same of all in
/// two orders, and of all but the most preferred.
async fn compare(
    asking: &Asking<'_>,
    preference: &Preference,
    classes: &[Uid],
    syntaxes: &[Uid],
) -> Vec<Uid> {
    let backward: Vec<Uid> = syntaxes.iter().rev().cloned().collect();
    let mut without = backward.clone();
    if let Some(best) = preference.order.iter().next() {
        without.retain(|uid| uid != best);
    }
    let lists = [syntaxes.to_vec(), backward, without];
    let contexts: Vec<(Uid, Vec<Uid>)> = classes
        .iter()
        .flat_map(|uid| lists.iter().map(move |list| (uid.clone(), list.clone())))
        .collect();
    let taken = asking.ask(&contexts).await;
    let expected: Vec<Option<&Uid>> = lists.iter().map(|list| choose(preference, list)).collect();
    classes
        .iter()
        .zip(taken.chunks(lists.len()))
        .filter(|(_, taken)| {
            let as_expected = |(taken, expected): (&Option<Uid>, &Option<&Uid>)| {
                taken.is_some() && taken.as_ref() == *expected
            };
            taken.iter().zip(&expected).all(as_expected)
        })
        .map(|(uid, _)| uid.clone())
        .collect()
}

/// What an acceptor takes of a proposal.
pub(super) fn choose<'a>(preference: &Preference, proposed: &'a [Uid]) -> Option<&'a Uid> {
    preference
        .order
        .iter()
        .find_map(|want| proposed.iter().find(|uid| *uid == want))
        .or(match preference.rest {
            Rest::First => proposed.first(),
            Rest::Last => proposed.last(),
            Rest::None | Rest::Unknown => None,
        })
}
