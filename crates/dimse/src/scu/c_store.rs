//! C-STORE, Storage Service Class as SCU (PS3.4 Annex B, PS3.7 §9.1.1).

use sagittal_core::{Uid, sop_class};
use sagittal_net::dimse::{CStoreRequest, Priority, Status, element};
use sagittal_net::negotiate::STORAGE_SERVICE_CLASS;
use sagittal_net::pdu::CommonExtendedNegotiation;
use sagittal_net::{Data, Negotiated, PresentationContext, Proposal};
use sagittal_pixel::transcode::{PREFERRED, lossy_uid, rank};

use super::error::{Error, Result};
use super::session::{Session, not_accepted, refused};
use super::source::Instance;
use super::target::Target;
use crate::lossy::Lossy;

const OPERATION: &str = "C-STORE";
/// Presentation contexts of one association.
const MAX_CONTEXTS: usize = 128;

/// What an association must be able to carry: a SOP class in a transfer syntax.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// The SOP class.
    pub sop_class_uid: Uid,
    /// The transfer syntax.
    pub transfer_syntax_uid: Uid,
}

impl Instance {
    /// What carries it.
    pub fn kind(&self) -> Kind {
        Kind {
            sop_class_uid: self.sop_class_uid.clone(),
            transfer_syntax_uid: self.transfer_syntax_uid.clone(),
        }
    }
}

/// Proposes contexts for as many of `kinds` as fit, in their order; returns how many those are. Each
/// gets a context of its own, so that what is stored can be sent as it is, one with the syntaxes
/// that nearly everybody takes, one with others that lose nothing, and one for each that loses
/// something, if that is allowed.
pub fn store_proposal(target: &Target, kinds: &[Kind]) -> (Proposal, usize) {
    let mut proposal = target.proposal();
    for (taken, kind) in kinds.iter().enumerate() {
        let stored = &kind.transfer_syntax_uid;
        let mut next = proposal
            .clone()
            .context(kind.sop_class_uid.clone(), [stored.clone()]);
        // What nearly everybody takes, and what somebody may take who does not take that.
        for alternatives in [&PREFERRED[..2], &PREFERRED[2..]] {
            let others: Vec<Uid> = alternatives
                .iter()
                .filter(|other| *stored != **other)
                .filter(|other| rank(stored.as_str(), other).is_some())
                .map(|other| Uid::from_static(other))
                .collect();
            if !others.is_empty() {
                next = next.context(kind.sop_class_uid.clone(), others);
            }
        }
        for lossy in target
            .lossy
            .iter()
            .filter(|lossy| lossy.is_possible(stored))
        {
            next = next.context(
                kind.sop_class_uid.clone(),
                [lossy.transfer_syntax_uid.clone()],
            );
        }
        if next.contexts.len() > MAX_CONTEXTS {
            return (proposal, taken);
        }
        proposal = declare(next, &kind.sop_class_uid);
    }
    (proposal, kinds.len())
}

/// Tells the peer that a SOP class it may not know is storage (PS3.7 §D.3.3.6).
fn declare(proposal: Proposal, sop_class_uid: &Uid) -> Proposal {
    let is_known = sop_class::storage(sop_class_uid.as_str()).is_some();
    let is_declared = proposal
        .common_extended
        .iter()
        .any(|item| item.sop_class_uid == *sop_class_uid);
    if is_known || is_declared {
        return proposal;
    }
    proposal.common_extended(CommonExtendedNegotiation {
        sop_class_uid: sop_class_uid.clone(),
        service_class_uid: Uid::from_static(STORAGE_SERVICE_CLASS),
        related_general_sop_class_uids: Vec::new(),
    })
}

/// The context for an instance: as it is stored if that was accepted, else in a syntax that differs
/// in encoding only, else in one for which pixels are decoded and encoded without loss.
fn choose<'a>(negotiated: &'a Negotiated, instance: &Instance) -> Result<&'a PresentationContext> {
    let stored = &instance.transfer_syntax_uid;
    let accepted: Vec<&PresentationContext> = negotiated
        .contexts_for(&instance.sop_class_uid)
        .filter(|context| negotiated.may_be_scu(context))
        .collect();
    let cost =
        |context: &PresentationContext| rank(stored.as_str(), context.transfer_syntax.as_str());
    let best = accepted
        .iter()
        .filter_map(|context| cost(context).map(|cost| (cost, *context)))
        .min_by_key(|(cost, _)| *cost);
    match best {
        Some((_, context)) => Ok(context),
        None if accepted.is_empty() => {
            let is_syntax = negotiated.refused.iter().any(|context| {
                context.abstract_syntax.as_ref() == Some(&instance.sop_class_uid)
                    && context.result
                        == sagittal_net::pdu::ContextResult::TransferSyntaxesNotSupported
            });
            if is_syntax {
                return Err(no_syntax(instance, &accepted));
            }
            Err(not_accepted(negotiated, &instance.sop_class_uid))
        }
        None => Err(no_syntax(instance, &accepted)),
    }
}

fn no_syntax(instance: &Instance, accepted: &[&PresentationContext]) -> Error {
    Error::TransferSyntaxNotAccepted {
        sop_class_uid: instance.sop_class_uid.clone(),
        stored: instance.transfer_syntax_uid.clone(),
        accepted: accepted
            .iter()
            .map(|context| context.transfer_syntax.clone())
            .collect(),
    }
}

/// An instance that is ready to be sent over one association.
pub struct Prepared {
    context_id: u8,
    /// Another one than that of the instance if something was lost.
    sop_instance_uid: Uid,
    transfer_syntax_uid: Uid,
    data: Data<'static>,
}

/// Chooses the context and reads the instance, or begins to. What no accepted context can hold
/// without loss is sent in the first of `lossy` that can be made.
pub async fn prepare(
    negotiated: &Negotiated,
    instance: &Instance,
    lossy: &[Lossy],
) -> Result<Prepared> {
    let mut failure = match choose(negotiated, instance) {
        Ok(context) => {
            return Ok(Prepared {
                context_id: context.id,
                sop_instance_uid: instance.sop_instance_uid.clone(),
                transfer_syntax_uid: context.transfer_syntax.clone(),
                data: instance.data(&context.transfer_syntax).await?,
            });
        }
        Err(failure) => failure,
    };
    for lossy in lossy {
        let to = &lossy.transfer_syntax_uid;
        let context = negotiated
            .contexts_for(&instance.sop_class_uid)
            .find(|context| context.transfer_syntax == *to && negotiated.may_be_scu(context));
        let Some(context) = context.filter(|_| lossy.is_possible(&instance.transfer_syntax_uid))
        else {
            continue;
        };
        let uid = instance.sop_instance_uid.as_str();
        match instance.data_encoded(to, &lossy.encode).await {
            Ok(data) => {
                return Ok(Prepared {
                    context_id: context.id,
                    sop_instance_uid: lossy_uid(uid, to.as_str(), &lossy.encode),
                    transfer_syntax_uid: to.clone(),
                    data,
                });
            }
            // Not every coding can hold every image.
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// An instance that the peer has stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Success, or a warning.
    pub status: Status,
    /// Error Comment, with a warning.
    pub comment: Option<String>,
    /// The transfer syntax in which it was sent.
    pub transfer_syntax_uid: Uid,
}

impl Stored {
    /// Did the peer have remarks?
    pub fn is_warning(&self) -> bool {
        self.status != Status::SUCCESS
    }
}

impl Session {
    /// Sends an instance and waits for the answer.
    pub async fn store(&mut self, instance: &Instance) -> Result<Stored> {
        let prepared = prepare(self.negotiated(), instance, &[]).await?;
        let transfer_syntax_uid = prepared.transfer_syntax_uid.clone();
        let message_id = self.begin_store(instance, prepared).await?;
        loop {
            let (id, outcome) = self.next_stored().await?;
            if id == message_id {
                return outcome.map(|(status, comment)| Stored {
                    status,
                    comment,
                    transfer_syntax_uid,
                });
            }
        }
    }

    /// Sends an instance without waiting for the answer; returns the Message ID.
    pub(super) async fn begin_store(
        &mut self,
        instance: &Instance,
        prepared: Prepared,
    ) -> Result<u16> {
        let message_id = self.association.next_message_id();
        let request = CStoreRequest {
            affected_sop_class_uid: instance.sop_class_uid.clone(),
            message_id,
            priority: Priority::Medium,
            affected_sop_instance_uid: prepared.sop_instance_uid,
            move_originator_ae_title: None,
            move_originator_message_id: None,
        };
        let sent = self
            .invoke(
                prepared.context_id,
                &request.to_command_set(),
                prepared.data,
            )
            .await;
        match sent {
            Ok(()) => Ok(message_id),
            // Our own fault, and not one that another association would help against.
            Err(Error::Association(sagittal_net::Error::Source(source))) => Err(Error::Read {
                name: instance.name(),
                source,
            }),
            Err(error) => Err(error),
        }
    }

    /// The next answer: to which message, and status and comment or the failure. An error of the
    /// outer kind ends the association.
    #[allow(clippy::type_complexity)] // it is unpacked at once, twice
    pub(super) async fn next_stored(&mut self) -> Result<(u16, Result<(Status, Option<String>)>)> {
        let response = self.response(OPERATION).await?;
        let command = &response.command;
        let message_id = command.message_id_being_responded_to()?;
        let status = command.status()?;
        let outcome = if status.is_done() {
            Ok((status, command.get(element::ERROR_COMMENT).unwrap_or(None)))
        } else {
            Err(refused(OPERATION, command))
        };
        Ok((message_id, outcome))
    }
}

impl Prepared {
    /// The transfer syntax in which it will be sent.
    pub fn transfer_syntax_uid(&self) -> &Uid {
        &self.transfer_syntax_uid
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::scu::Address;
    use sagittal_core::transfer_syntax as ts;

    fn target() -> Target {
        let address: Address = "X@host:104".parse().unwrap();
        Target::new(address.clone(), address.ae_title)
    }

    fn kind(class: &str, syntax: &'static str) -> Kind {
        Kind {
            sop_class_uid: Uid::new(class).unwrap(),
            transfer_syntax_uid: Uid::from_static(syntax),
        }
    }

    #[test]
    fn what_can_be_converted_without_loss_is_also_proposed_in_other_syntaxes() {
        let kinds = [
            kind(sop_class::CT_IMAGE_STORAGE, ts::EXPLICIT_VR_BIG_ENDIAN),
            kind(sop_class::CT_IMAGE_STORAGE, ts::MPEG2_MPML),
        ];
        let (proposal, taken) = store_proposal(&target(), &kinds);
        assert_eq!(taken, 2);
        let lengths: Vec<usize> = proposal
            .contexts
            .iter()
            .map(|(_, list)| list.len())
            .collect();
        // Big endian is one of those preferred last.
        assert_eq!(lengths, [1, 2, PREFERRED.len() - 3, 1]);
        let all = proposal.contexts.iter().flat_map(|(_, list)| list);
        let lossy = all.filter(|uid| sagittal_pixel::codec::is_lossy(uid.as_str()));
        assert!(lossy.eq([ts::MPEG2_MPML]));
        assert!(proposal.common_extended.is_empty());
    }

    #[test]
    fn a_syntax_that_loses_something_is_proposed_only_if_that_is_allowed() {
        let mut target = target();
        let jpeg = Lossy::by_name("jpeg", Default::default()).unwrap();
        target.lossy = vec![jpeg];
        let kinds = [
            kind(sop_class::CT_IMAGE_STORAGE, ts::EXPLICIT_VR_LITTLE_ENDIAN),
            // What is lossy already is not made worse.
            kind(sop_class::CT_IMAGE_STORAGE, ts::MPEG2_MPML),
        ];
        let (proposal, _) = store_proposal(&target, &kinds);
        let lists = proposal.contexts.iter().map(|(_, list)| list.as_slice());
        let jpeg = Uid::from_static(ts::JPEG_BASELINE_8_BIT);
        assert_eq!(lists.filter(|list| list.contains(&jpeg)).count(), 1);
    }

    #[test]
    fn a_proposal_holds_128_contexts_and_no_half_of_a_kind() {
        let kinds: Vec<Kind> = (1..=100)
            .map(|n| kind(&format!("1.2.{n}"), ts::EXPLICIT_VR_LITTLE_ENDIAN))
            .collect();
        let (proposal, taken) = store_proposal(&target(), &kinds);
        assert_eq!((proposal.contexts.len(), taken), (126, 42));
        assert_eq!(
            proposal.common_extended.len(),
            42,
            "private classes are declared"
        );
    }
}
