//! Retrieval (PS3.4 Annex C): the instances that come back over C-GET, and who moves.

use sagittal_core::{Uid, dictionary, sop_class};

use super::context::{Piece, Why, chosen, pieces, sent};
use super::report::Outcome;
use super::way::{Way, asked, best};
use crate::document::{ApplicationEntity, Document, Role, ServiceName, SopClasses, Support};

/// Does a system ask the other for C-MOVE, with any chance?
pub(super) fn moves(requestor: &Document, provider: &Document) -> bool {
    let asks = |scu: &ApplicationEntity| {
        asked(scu)
            .iter()
            .filter(|class| retrieves(class, "MOVE"))
            .any(|class| {
                let (_, pieces) = best(provider, |scp| pieces(scu, scp, class));
                pieces.is_some_and(|pieces| {
                    pieces.iter().any(|piece| piece.outcome != Outcome::Refused)
                })
            })
    };
    requestor.application_entities.iter().any(asks)
}

fn retrieves(class: &Uid, operation: &str) -> bool {
    ServiceName::of(class) == Some(ServiceName::Retrieve)
        && dictionary::uid_name(class.as_str()).is_some_and(|name| name.ends_with(operation))
}

/// The instances that come back over C-GET: the requestor is SCP of them in the same association.
pub(super) fn by_get<'a>(
    way: &Way<'a>,
    scu: &ApplicationEntity,
) -> Vec<(&'a ApplicationEntity, Uid, Piece)> {
    let provider = asked(scu)
        .into_iter()
        .filter(|class| retrieves(class, "GET"))
        .find_map(|class| {
            let (scp, pieces) = best(way.to, |scp| pieces(scu, scp, &class));
            let is_open = pieces?
                .iter()
                .any(|piece| piece.outcome != Outcome::Refused);
            scp.filter(|_| is_open)
        });
    let Some(scp) = provider else {
        return Vec::new();
    };
    let groups = scu
        .contexts
        .iter()
        .filter(|group| group.support.is_yes() && group.roles.contains(&Role::Scp));
    let storage: SopClasses = groups
        .flat_map(|group| &group.sop_classes)
        .filter(|class| sop_class::storage(class.as_str()).is_some())
        .cloned()
        .collect();
    let mut found = Vec::new();
    for class in &storage {
        let receives = scu.transfer_syntaxes(class, Role::Scp);
        if receives.is_empty() {
            continue;
        }
        for piece in received(scp, class, &receives) {
            found.push((scp, class.clone(), piece));
        }
    }
    found
}

fn received(scp: &ApplicationEntity, class: &Uid, receives: &[Uid]) -> Vec<Piece> {
    let of = |wanted: Support| -> Vec<Uid> {
        let these = receives
            .iter()
            .filter(|uid| scp.supports(class, uid, Role::Scp) == wanted);
        these.cloned().collect()
    };
    let taken = of(Support::Yes);
    let Some(first) = taken.first() else {
        let one = |outcome, why| vec![Piece::new(outcome, receives.to_vec(), why)];
        if !of(Support::Unknown).is_empty() {
            return one(Outcome::Unknown, Why::NotTold);
        }
        let accepted = scp.transfer_syntaxes(class, Role::Scp);
        return one(
            Outcome::Refused,
            match accepted.is_empty() {
                true => Why::SopClass(None),
                false => Why::Syntaxes(accepted),
            },
        );
    };
    let roles = scp
        .context(class, first, Role::Scp)
        .and_then(|group| group.requestor_roles);
    match roles {
        None => return vec![Piece::new(Outcome::Unknown, taken, Why::RoleUnknown)],
        Some(roles) if !roles.grants_scp() => {
            return vec![Piece::new(Outcome::Refused, taken, Why::Role(roles))];
        }
        Some(_) => {}
    }
    let held = scp.transfer_syntaxes(class, Role::Scu);
    if scp.conversions.is_empty() || held.is_empty() {
        let used = chosen(scp, class, &taken);
        let why = Why::Accepted { left: Vec::new() };
        return vec![Piece {
            used,
            ..Piece::new(Outcome::Works, taken, why)
        }];
    }
    let accepts = |uid: &Uid| Support::from(taken.contains(uid));
    sent(
        scp,
        class,
        &held,
        accepts,
        |yes| yes.to_vec(),
        || Why::Syntaxes(taken.clone()),
    )
}
