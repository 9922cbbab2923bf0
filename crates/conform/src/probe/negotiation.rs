//! Role selection, extended negotiation, the operations window and user identity (PS3.7 Annex D.3.3).

use std::collections::BTreeMap;

use bytes::Bytes;
use sagittal_core::{Uid, dictionary, sop_class};
use sagittal_net::negotiate::STORAGE_SERVICE_CLASS;
use sagittal_net::pdu::{
    AssociateAc, CommonExtendedNegotiation, ContextResult, ExtendedNegotiation as Item,
    OperationsWindowItem, RoleSelection, UserIdentity as IdentityItem, UserIdentityType,
};

use super::dial::{Answer, Dialer, context_answer};
use super::pairs::Pairs;
use crate::document::{
    ExtendedNegotiation, Fact, IdentityAnswer, IdentityKind, OperationsWindow, RequestorRoles,
    UserIdentity,
};

/// What was agreed on besides contexts.
#[derive(Debug, Default)]
pub(super) struct Negotiated {
    pub roles: BTreeMap<Uid, RequestorRoles>,
    pub extended: Vec<ExtendedNegotiation>,
    pub window: Fact<OperationsWindow>,
    pub identity: Vec<UserIdentity>,
    pub common: Fact<bool>,
}

/// SOP classes with one of the transfer syntaxes that they are accepted in, in associations.
fn batches(dialer: &Dialer, pairs: &Pairs) -> Vec<Vec<(Uid, Vec<Uid>)>> {
    let size = pairs
        .max_contexts
        .unwrap_or(dialer.options.contexts)
        .clamp(1, 128);
    let all: Vec<(Uid, Vec<Uid>)> = pairs
        .accepted()
        .into_iter()
        .filter_map(|(uid, syntaxes)| Some((uid, vec![syntaxes.first()?.clone()])))
        .collect();
    all.chunks(size).map(<[_]>::to_vec).collect()
}

pub(super) async fn ask(dialer: &Dialer, pairs: &Pairs) -> Negotiated {
    let mut found = Negotiated::default();
    for contexts in batches(dialer, pairs) {
        roles(dialer, &contexts, &mut found).await;
        extended(dialer, &contexts, &mut found).await;
        if dialer.distress().is_some() {
            return found;
        }
    }
    found.extended = grouped(found.extended);
    let Some((sop_class, ts)) = &pairs.anchor else {
        return found;
    };
    let anchor = [(sop_class.clone(), vec![ts.clone()])];
    found.window = window(dialer, &anchor).await;
    found.identity = identities(dialer, &anchor).await;
    found.common = common(dialer, pairs, &anchor).await;
    found
}

async fn roles(dialer: &Dialer, contexts: &[(Uid, Vec<Uid>)], found: &mut Negotiated) {
    let mut request = dialer.request(contexts);
    request.user_information.roles = contexts
        .iter()
        .map(|(uid, _)| RoleSelection {
            sop_class_uid: uid.clone(),
            scu: true,
            scp: true,
        })
        .collect();
    let Answer::Accepted(response) = dialer.ask_patiently(&request).await else {
        return;
    };
    let answers = &response.user_information.roles;
    found.roles.extend(contexts.iter().map(|(uid, _)| {
        let answer = answers.iter().find(|item| item.sop_class_uid == *uid);
        let roles = RequestorRoles::from_answer(answer.map(|item| (item.scu, item.scp)));
        (uid.clone(), roles)
    }));
}

/// Everything that a service class has to negotiate (PS3.4 §B.3.1, §C.5).
fn everything(sop_class: &Uid) -> Option<&'static [u8]> {
    if sop_class::storage(sop_class.as_str()).is_some() {
        return Some(&[2, 0, 3, 0, 2, 0]);
    }
    let name = dictionary::uid_name(sop_class.as_str()).unwrap_or("");
    if name.ends_with("FIND") {
        Some(&[1, 1, 1, 1, 1])
    } else if name.ends_with("MOVE") || name.ends_with("GET") {
        Some(&[1, 1])
    } else {
        None
    }
}

async fn extended(dialer: &Dialer, contexts: &[(Uid, Vec<Uid>)], found: &mut Negotiated) {
    let asked: Vec<(&Uid, &[u8])> = contexts
        .iter()
        .filter_map(|(uid, _)| Some((uid, everything(uid)?)))
        .collect();
    if asked.is_empty() {
        return;
    }
    let mut request = dialer.request(contexts);
    request.user_information.extended_negotiation = asked
        .iter()
        .map(|(uid, bytes)| Item {
            sop_class_uid: (*uid).clone(),
            application_information: Bytes::from_static(bytes),
        })
        .collect();
    let Answer::Accepted(response) = dialer.ask_patiently(&request).await else {
        return;
    };
    let answers = &response.user_information.extended_negotiation;
    found.extended.extend(asked.iter().map(|(uid, _)| {
        let answer = answers.iter().find(|item| item.sop_class_uid == **uid);
        let hex = |bytes: &Bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        ExtendedNegotiation {
            sop_classes: [(*uid).clone()].into_iter().collect(),
            answer: answer.map_or_else(String::new, |item| hex(&item.application_information)),
            fields: Vec::new(),
            basis: None,
        }
    }));
}

/// SOP classes with the same answer together.
fn grouped(list: Vec<ExtendedNegotiation>) -> Vec<ExtendedNegotiation> {
    let mut groups: BTreeMap<String, Vec<Uid>> = BTreeMap::new();
    for item in list {
        groups
            .entry(item.answer)
            .or_default()
            .extend(item.sop_classes.iter().cloned());
    }
    groups
        .into_iter()
        .map(|(answer, uids)| ExtendedNegotiation {
            sop_classes: uids.into_iter().collect(),
            answer,
            fields: Vec::new(),
            basis: None,
        })
        .collect()
}

async fn window(dialer: &Dialer, anchor: &[(Uid, Vec<Uid>)]) -> Fact<OperationsWindow> {
    let mut request = dialer.request(anchor);
    request.user_information.operations_window = Some(OperationsWindowItem {
        invoked: 0,
        performed: 0,
    });
    match dialer.ask_patiently(&request).await {
        Answer::Accepted(response) => match response.user_information.operations_window {
            Some(OperationsWindowItem { invoked, performed }) => {
                Fact::known(OperationsWindow { invoked, performed })
            }
            None => Fact::known(OperationsWindow {
                invoked: 1,
                performed: 1,
            })
            .remark("not negotiated"),
        },
        other => Fact::unknown(other.describe()),
    }
}

/// Identities that nobody has: what is accepted in spite of that was not looked at.
async fn identities(dialer: &Dialer, anchor: &[(Uid, Vec<Uid>)]) -> Vec<UserIdentity> {
    let kinds: [(IdentityKind, UserIdentityType, &'static [u8], &'static [u8]); 5] = [
        (
            IdentityKind::Username,
            UserIdentityType::Username,
            b"sagittal-probe",
            b"",
        ),
        (
            IdentityKind::UsernameAndPasscode,
            UserIdentityType::UsernameAndPasscode,
            b"sagittal-probe",
            b"no-passcode",
        ),
        (
            IdentityKind::Kerberos,
            UserIdentityType::Kerberos,
            b"\x6e\x00",
            b"",
        ),
        (
            IdentityKind::Saml,
            UserIdentityType::Saml,
            b"<Assertion/>",
            b"",
        ),
        (IdentityKind::Jwt, UserIdentityType::Jwt, b"e30.e30.", b""),
    ];
    let plain = dialer.request(anchor);
    let mut found = Vec::new();
    for (kind, item, primary, secondary) in kinds {
        let mut request = dialer.request(anchor);
        request.user_information.user_identity = Some(IdentityItem {
            kind: item,
            positive_response_requested: true,
            primary_field: Bytes::from_static(primary),
            secondary_field: Bytes::from_static(secondary),
        });
        let (answer, remark) = match dialer.ask_confirmed(&request, &plain).await {
            Answer::Accepted(response) => {
                let answered = response.user_information.user_identity_response.is_some();
                let answer = if answered {
                    IdentityAnswer::Answered
                } else {
                    IdentityAnswer::Ignored
                };
                (answer, None)
            }
            passing if passing.is_passing() => (IdentityAnswer::Unknown, Some(passing.describe())),
            Answer::Rejected(rejection) | Answer::Confirmed(rejection) => {
                (IdentityAnswer::Rejected, Some(rejection.to_string()))
            }
            other => (IdentityAnswer::Unknown, Some(other.describe())),
        };
        found.push(UserIdentity {
            kind,
            answer,
            basis: None,
            remark,
        });
    }
    found
}

/// An unknown SOP class that is declared to be storage (PS3.7 §D.3.3.6).
async fn common(dialer: &Dialer, pairs: &Pairs, anchor: &[(Uid, Vec<Uid>)]) -> Fact<bool> {
    let accepted = pairs.accepted();
    let storage = accepted
        .iter()
        .find(|(uid, _)| sop_class::storage(uid.as_str()).is_some());
    let Some((_, syntaxes)) = storage else {
        return Fact::unknown("no storage SOP class is accepted");
    };
    let unknown = Uid::from_uuid_bits(0x5a61_6769_7474_616c_8000_0000_0000_0002);
    let mut contexts = vec![(unknown.clone(), syntaxes.clone())];
    contexts.extend_from_slice(anchor);
    let mut request = dialer.request(&contexts);
    request
        .user_information
        .common_extended_negotiation
        .push(CommonExtendedNegotiation {
            sop_class_uid: unknown,
            service_class_uid: Uid::from_static(STORAGE_SERVICE_CLASS),
            related_general_sop_class_uids: Vec::new(),
        });
    match dialer.ask_patiently(&request).await {
        Answer::Accepted(response) => Fact::known(takes_first(&response)),
        other => Fact::unknown(other.describe()),
    }
}

fn takes_first(response: &AssociateAc) -> bool {
    matches!(
        context_answer(response, 1),
        Some((ContextResult::Acceptance, _))
    )
}
