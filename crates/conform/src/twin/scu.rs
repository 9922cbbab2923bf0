//! The twin as user: it proposes just what the document says of its contexts as SCU, sends instances
//! over what is accepted, and tells what was not.

use sagittal_core::{AeTitle, Uid, sop_class};
use sagittal_dimse::scu::{Instance, Session, Target};
use sagittal_net::negotiate::Roles;
use sagittal_net::pdu::ContextResult;
use sagittal_net::{Negotiated, Proposal};

use crate::chain;
use crate::document::{ApplicationEntity, ContextGroup, Role, Support};

/// What became of a proposed context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The SOP class.
    pub sop_class: Uid,
    /// Its transfer syntaxes, in the order of the proposal.
    pub transfer_syntaxes: Vec<Uid>,
    /// The one that was accepted, or why none was.
    pub outcome: Result<Uid, String>,
}

/// What became of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its name.
    pub name: String,
    /// Its SOP class.
    pub sop_class: Uid,
    /// The transfer syntax in which it was stored, or why it was not.
    pub outcome: Result<Uid, String>,
}

/// What a peer said to everything.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Contexts in the order of the document.
    pub contexts: Vec<Context>,
    /// Instances in their order.
    pub sent: Vec<Sent>,
    /// What was said to C-ECHO, if it was proposed.
    pub echo: Option<Result<(), String>>,
    /// Why there was no association, for each that there was not.
    pub failures: Vec<String>,
}

/// The target as the document says that the entity associates.
pub fn target(mut target: Target, entity: &ApplicationEntity) -> Result<Target, String> {
    let association = &entity.association;
    let config = &mut target.association;
    target.calling_ae_title = AeTitle::new(&entity.ae_title).map_err(|error| error.to_string())?;
    if let Some(most) = association.max_pdu_received.value {
        config.max_pdu_receive = most;
    }
    if let Some(most) = association.max_pdu_sent.value.filter(|most| *most > 0) {
        config.max_pdu_send = most;
    }
    if let Some(uid) = &association.implementation_class_uid.value {
        config.implementation_class_uid = Uid::tolerant(uid).map_err(|error| error.to_string())?;
    }
    let name = &association.implementation_version_name.value;
    config.implementation_version_name = name.clone().unwrap_or_default();
    if let Some(window) = association.operations_window.value {
        target.window = window.invoked;
    }
    Ok(target)
}

/// What the entity proposes, in as many associations as it takes. An error says why it is nothing.
pub fn proposals(
    target: &Target,
    entity: &ApplicationEntity,
    lenient: bool,
) -> Result<Vec<Proposal>, String> {
    let is_said = |group: &&ContextGroup| {
        let is_sure = group.support.is_yes() || (lenient && group.support == Support::Unknown);
        group.roles.contains(&Role::Scu) && is_sure
    };
    let mut proposal = target.proposal();
    for group in entity.contexts.iter().filter(is_said) {
        let syntaxes = ordered(group);
        for class in &group.sop_classes {
            proposal = proposal.context(class.clone(), syntaxes.iter().cloned());
            if group.roles.contains(&Role::Scp) {
                let both = Roles {
                    scu: true,
                    scp: true,
                };
                proposal = proposal.role(class.clone(), both);
            }
        }
    }
    if proposal.contexts.is_empty() {
        return Err(format!(
            "the document says of {} no context that it proposes (roles = [\"scu\"])",
            entity.ae_title
        ));
    }
    let most = entity.association.max_contexts.value;
    let most = most.and_then(|most| usize::try_from(most).ok());
    Ok(match most {
        Some(most) if (1..128).contains(&most) => parts(&proposal, most),
        _ => proposal.split(),
    })
}

/// Transfer syntaxes in the order of preference, if the document knows one.
fn ordered(group: &ContextGroup) -> Vec<Uid> {
    let order = group
        .preference
        .iter()
        .flat_map(|preference| preference.order.iter());
    let mut list: Vec<Uid> = order
        .filter(|uid| group.transfer_syntaxes.contains(uid))
        .cloned()
        .collect();
    for uid in &group.transfer_syntaxes {
        if !list.contains(uid) {
            list.push(uid.clone());
        }
    }
    list
}

/// Of at most so many contexts each.
fn parts(proposal: &Proposal, most: usize) -> Vec<Proposal> {
    let part = |contexts: &[(Uid, Vec<Uid>)]| {
        let mut part = proposal.clone();
        part.contexts = contexts.to_vec();
        part.roles.retain(|role| {
            contexts
                .iter()
                .any(|(class, _)| *class == role.sop_class_uid)
        });
        part
    };
    proposal.contexts.chunks(most).map(part).collect()
}

/// Associates, and sends each instance over the first association that proposes its SOP class.
pub async fn rehearse(target: &Target, proposals: &[Proposal], instances: &[Instance]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut left: Vec<&Instance> = instances.iter().collect();
    for proposal in proposals {
        let proposes = |instance: &&Instance| {
            let mut contexts = proposal.contexts.iter();
            contexts.any(|(class, _)| *class == instance.sop_class_uid)
        };
        let (now, later) = left.into_iter().partition::<Vec<_>, _>(proposes);
        left = later;
        match Session::connect(target, proposal).await {
            Ok(session) => over(session, proposal, &now, &mut outcome).await,
            Err(error) => {
                let why = chain(&error);
                let rows = proposal.contexts.iter();
                outcome.contexts.extend(rows.map(|(class, list)| Context {
                    sop_class: class.clone(),
                    transfer_syntaxes: list.clone(),
                    outcome: Err("there is no association".to_owned()),
                }));
                let not_sent = |instance: &&Instance| sent(instance, Err(why.clone()));
                outcome.sent.extend(now.iter().map(not_sent));
                outcome.failures.push(why);
            }
        }
    }
    let why = "its SOP class is not proposed";
    outcome.sent.extend(
        left.into_iter()
            .map(|instance| sent(instance, Err(why.to_owned()))),
    );
    outcome
}

fn sent(instance: &Instance, outcome: Result<Uid, String>) -> Sent {
    Sent {
        name: instance.name(),
        sop_class: instance.sop_class_uid.clone(),
        outcome,
    }
}

async fn over(
    mut session: Session,
    proposal: &Proposal,
    instances: &[&Instance],
    outcome: &mut Outcome,
) {
    let negotiated = session.negotiated().clone();
    let ids = (1..=u8::MAX).step_by(2);
    let rows = ids.zip(&proposal.contexts);
    outcome
        .contexts
        .extend(rows.map(|(id, (class, list))| Context {
            sop_class: class.clone(),
            transfer_syntaxes: list.clone(),
            outcome: answer(&negotiated, id),
        }));
    let verification = Uid::from_static(sop_class::VERIFICATION);
    let has_echo = negotiated.contexts_for(&verification).next().is_some();
    if has_echo && outcome.echo.is_none() {
        let echoed = session.echo().await;
        outcome.echo = Some(echoed.map(|_| ()).map_err(|error| chain(&error)));
    }
    for instance in instances {
        let result = session.store(instance).await;
        let result = result
            .map(|stored| stored.transfer_syntax_uid)
            .map_err(|error| chain(&error));
        outcome.sent.push(sent(instance, result));
    }
    let _ = session.release().await;
}

fn answer(negotiated: &Negotiated, id: u8) -> Result<Uid, String> {
    if let Some(context) = negotiated.context(id) {
        return Ok(context.transfer_syntax.clone());
    }
    let refused = negotiated.refused.iter().find(|context| context.id == id);
    Err(match refused.map(|context| context.result) {
        Some(ContextResult::UserRejection) => "user rejection",
        Some(ContextResult::AbstractSyntaxNotSupported) => "abstract syntax not supported",
        Some(ContextResult::TransferSyntaxesNotSupported) => "transfer syntaxes not supported",
        Some(ContextResult::NoReason | ContextResult::Acceptance) | None => "no reason",
    }
    .to_owned())
}
