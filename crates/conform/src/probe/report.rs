//! From what was found out to the document.

use std::collections::BTreeMap;

use sagittal_core::Uid;
use sagittal_net::pdu::AssociateAc;

use super::Options;
use super::negotiation::Negotiated;
use super::pairs::{Pairs, Verdict};
use super::policy::Policy;
use super::preference::Preferences;
use super::query;
use crate::document::{
    Address, ApplicationEntity, Association, CharacterSets, ContextGroup, Fact, Preference,
    RequestorRoles, Support, TitleRule, services,
};

/// Name of the basis of what was not found out.
pub(super) const NOT_FOUND_OUT: &str = "not found out";

/// Everything that was found out.
pub(super) struct Findings {
    pub pairs: Pairs,
    pub preferences: Preferences,
    pub negotiated: Negotiated,
    pub policy: Policy,
    pub max_associations: Fact<u32>,
    pub query: query::Found,
}

/// The Application Entity that was probed.
pub(super) fn entity(options: &Options, findings: Findings) -> ApplicationEntity {
    let address = &options.target.address;
    let Findings {
        pairs,
        preferences,
        negotiated,
        policy,
        max_associations,
        query,
    } = findings;
    let contexts = contexts(options, &pairs, &preferences, &negotiated.roles);
    let mut association = pairs.sample.as_deref().map(of_sample).unwrap_or_default();
    association.rejects_useless = pairs
        .rejects_useless
        .map_or_else(Fact::default, Fact::known);
    association.max_contexts = match pairs.max_contexts {
        Some(most) => Fact::known(u32::try_from(most).unwrap_or(u32::MAX)),
        None if pairs.verdicts.is_empty() => Fact::default(),
        None => Fact::unknown(format!("at least {}", options.contexts)),
    };
    association.operations_window = negotiated.window;
    association.user_identity = negotiated.identity;
    association.extended_negotiation = negotiated.extended;
    association.common_extended_negotiation = negotiated.common;
    association.called_ae_title = policy.called;
    association.calling_ae_title = policy.calling;
    if association.calling_ae_title.value == Some(TitleRule::Known) {
        association
            .known_calling_ae_titles
            .push(options.target.calling_ae_title.to_string());
    }
    association.max_associations = max_associations;
    let mut remarks = pairs.remarks;
    if pairs.one_at_a_time {
        remarks.push("a further association at the same time was refused".to_owned());
    }
    remarks.extend(query.remarks);
    let answered: Vec<String> = query.character_sets.into_iter().collect();
    let character_sets = (!answered.is_empty()).then(|| CharacterSets {
        terms: answered,
        used_in: vec!["answer".to_owned()],
        support: Support::Yes,
        basis: None,
        remark: Some("seen in answers to queries; there may be others".to_owned()),
    });
    ApplicationEntity {
        ae_title: address.ae_title.to_string(),
        addresses: vec![Address {
            host: address.host.clone(),
            port: address.port,
            tls: options.target.tls.is_some(),
        }],
        association,
        services: services(&contexts, Support::Unknown),
        contexts,
        queries: query.models,
        character_sets: character_sets.into_iter().collect(),
        remarks,
        unlisted: Support::Unknown,
        ..ApplicationEntity::default()
    }
}

fn of_sample(response: &AssociateAc) -> Association {
    let information = &response.user_information;
    Association {
        max_pdu_received: Fact::known(information.maximum_length),
        implementation_class_uid: information.implementation_class_uid.as_ref().map_or_else(
            || Fact::unknown("not told"),
            |uid| Fact::known(uid.to_string()),
        ),
        implementation_version_name: information
            .implementation_version_name
            .clone()
            .map_or_else(|| Fact::unknown("not told"), Fact::known),
        ..Association::default()
    }
}

/// SOP classes that behave the same, together.
fn contexts(
    options: &Options,
    pairs: &Pairs,
    preferences: &Preferences,
    roles: &BTreeMap<Uid, RequestorRoles>,
) -> Vec<ContextGroup> {
    type Accepted = (Vec<Uid>, Option<RequestorRoles>, String);
    let mut accepted: BTreeMap<Accepted, (Option<Preference>, Vec<Uid>)> = BTreeMap::new();
    let mut refused: BTreeMap<_, Vec<Uid>> = BTreeMap::new();
    let mut unknown: BTreeMap<Vec<Uid>, Vec<Uid>> = BTreeMap::new();
    for sop_class in &options.sop_classes {
        let mut yes = Vec::new();
        let mut no = BTreeMap::new();
        let mut open = Vec::new();
        for ts in &options.transfer_syntaxes {
            match pairs.verdicts.get(&(sop_class.clone(), ts.clone())) {
                Some(Verdict::Accepted) => yes.push(ts.clone()),
                Some(Verdict::Refused(refusal)) => {
                    no.entry(*refusal).or_insert_with(Vec::new).push(ts.clone());
                }
                None => open.push(ts.clone()),
            }
        }
        if !yes.is_empty() {
            let preference = preferences.get(sop_class).cloned();
            let key = serde_json::to_string(&preference).unwrap_or_default();
            accepted
                .entry((yes, roles.get(sop_class).copied(), key))
                .or_insert_with(|| (preference, Vec::new()))
                .1
                .push(sop_class.clone());
        }
        for (refusal, syntaxes) in no {
            refused
                .entry((refusal, syntaxes))
                .or_default()
                .push(sop_class.clone());
        }
        if !open.is_empty() {
            unknown.entry(open).or_default().push(sop_class.clone());
        }
    }
    let yes =
        accepted.into_iter().map(
            |((syntaxes, roles, _), (preference, classes))| ContextGroup {
                preference,
                requestor_roles: roles,
                ..group(classes, syntaxes, Support::Yes)
            },
        );
    let no = refused
        .into_iter()
        .map(|((refusal, syntaxes), classes)| ContextGroup {
            refusal: Some(refusal),
            ..group(classes, syntaxes, Support::No)
        });
    let open = unknown.into_iter().map(|(syntaxes, classes)| ContextGroup {
        basis: Some(NOT_FOUND_OUT.to_owned()),
        ..group(classes, syntaxes, Support::Unknown)
    });
    yes.chain(no).chain(open).collect()
}

fn group(classes: Vec<Uid>, syntaxes: Vec<Uid>, support: Support) -> ContextGroup {
    ContextGroup {
        sop_classes: classes.into_iter().collect(),
        transfer_syntaxes: syntaxes.into_iter().collect(),
        roles: vec![crate::document::Role::Scp],
        support,
        ..ContextGroup::default()
    }
}
