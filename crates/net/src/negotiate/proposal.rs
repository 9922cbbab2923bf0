//! What a requestor proposes (PS3.8 §7.1.1).

use bytes::Bytes;
use sagittal_core::{AeTitle, Uid};

use super::Roles;
use crate::association::Config;
use crate::error::{Error, Result};
use crate::pdu::{
    APPLICATION_CONTEXT, AssociateRq, CommonExtendedNegotiation, ExtendedNegotiation,
    OperationsWindowItem, ProposedContext, RoleSelection, UserIdentity, UserIdentityType,
    UserInformation,
};

/// Presentation context ids are odd bytes.
const MAX_CONTEXTS: usize = 128;

/// A proposal being built.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// AE title of the acceptor.
    pub called_ae_title: AeTitle,
    /// Our AE title.
    pub calling_ae_title: AeTitle,
    /// SOP classes with the transfer syntaxes of one context each.
    pub contexts: Vec<(Uid, Vec<Uid>)>,
    /// Role selection.
    pub roles: Vec<RoleSelection>,
    /// Extended negotiation.
    pub extended: Vec<ExtendedNegotiation>,
    /// Common extended negotiation.
    pub common_extended: Vec<CommonExtendedNegotiation>,
    /// Asynchronous operations window; `None` is 1, 1.
    pub window: Option<OperationsWindowItem>,
    /// User identity.
    pub user_identity: Option<UserIdentity>,
}

impl Proposal {
    /// An empty proposal.
    pub fn new(calling_ae_title: AeTitle, called_ae_title: AeTitle) -> Proposal {
        Proposal {
            called_ae_title,
            calling_ae_title,
            contexts: Vec::new(),
            roles: Vec::new(),
            extended: Vec::new(),
            common_extended: Vec::new(),
            window: None,
            user_identity: None,
        }
    }

    /// One presentation context with all these transfer syntaxes: the acceptor chooses one.
    pub fn context(
        mut self,
        abstract_syntax: Uid,
        transfer_syntaxes: impl IntoIterator<Item = Uid>,
    ) -> Proposal {
        let list: Vec<Uid> = transfer_syntaxes.into_iter().collect();
        if !self
            .contexts
            .iter()
            .any(|(uid, known)| *uid == abstract_syntax && *known == list)
        {
            self.contexts.push((abstract_syntax, list));
        }
        self
    }

    /// A presentation context for each transfer syntax: each can be accepted on its own.
    pub fn contexts_for_each(
        self,
        abstract_syntax: Uid,
        transfer_syntaxes: impl IntoIterator<Item = Uid>,
    ) -> Proposal {
        transfer_syntaxes.into_iter().fold(self, |proposal, ts| {
            proposal.context(abstract_syntax.clone(), [ts])
        })
    }

    /// Our roles for a SOP class (C-GET: we are SCP of storage).
    pub fn role(mut self, sop_class_uid: Uid, Roles { scu, scp }: Roles) -> Proposal {
        self.roles
            .retain(|role| role.sop_class_uid != sop_class_uid);
        self.roles.push(RoleSelection {
            sop_class_uid,
            scu,
            scp,
        });
        self
    }

    /// SOP Class Extended Negotiation.
    pub fn extended(mut self, sop_class_uid: Uid, information: impl Into<Bytes>) -> Proposal {
        let application_information = information.into();
        self.extended.push(ExtendedNegotiation {
            sop_class_uid,
            application_information,
        });
        self
    }

    /// SOP Class Common Extended Negotiation.
    pub fn common_extended(mut self, item: CommonExtendedNegotiation) -> Proposal {
        self.common_extended.push(item);
        self
    }

    /// Asynchronous operations window; 0 is unlimited.
    pub fn window(mut self, invoked: u16, performed: u16) -> Proposal {
        self.window = Some(OperationsWindowItem { invoked, performed });
        self
    }

    /// A username, and a passcode if there is one.
    pub fn username(self, username: &str, passcode: Option<&str>) -> Proposal {
        let kind = match passcode {
            Some(_) => UserIdentityType::UsernameAndPasscode,
            None => UserIdentityType::Username,
        };
        self.identity(UserIdentity {
            kind,
            positive_response_requested: true,
            primary_field: Bytes::copy_from_slice(username.as_bytes()),
            secondary_field: Bytes::copy_from_slice(passcode.unwrap_or_default().as_bytes()),
        })
    }

    /// Any user identity.
    pub fn identity(mut self, identity: UserIdentity) -> Proposal {
        self.user_identity = Some(identity);
        self
    }

    /// Proposals of at most 128 contexts each. Contexts of one SOP class stay together if they can;
    /// roles and negotiations go where their SOP class is.
    pub fn split(&self) -> Vec<Proposal> {
        let mut groups: Vec<Vec<(Uid, Vec<Uid>)>> = Vec::new();
        for (uid, list) in &self.contexts {
            match groups
                .iter_mut()
                .find(|group| group.first().is_some_and(|(u, _)| u == uid))
            {
                Some(group) => group.push((uid.clone(), list.clone())),
                None => groups.push(vec![(uid.clone(), list.clone())]),
            }
        }
        let mut parts: Vec<Vec<(Uid, Vec<Uid>)>> = vec![Vec::new()];
        for chunk in groups.iter().flat_map(|group| group.chunks(MAX_CONTEXTS)) {
            match parts.last_mut() {
                Some(last) if last.len() + chunk.len() <= MAX_CONTEXTS => {
                    last.extend_from_slice(chunk)
                }
                _ => parts.push(chunk.to_vec()),
            }
        }
        let part = |contexts: Vec<(Uid, Vec<Uid>)>| {
            let has = |uid: &Uid| contexts.iter().any(|(sop_class, _)| sop_class == uid);
            let mut proposal = self.clone();
            proposal.roles.retain(|item| has(&item.sop_class_uid));
            proposal.extended.retain(|item| has(&item.sop_class_uid));
            proposal
                .common_extended
                .retain(|item| has(&item.sop_class_uid));
            proposal.contexts = contexts;
            proposal
        };
        parts.into_iter().map(part).collect()
    }

    /// The A-ASSOCIATE-RQ. More than 128 contexts are an error: [`Proposal::split`] first.
    pub fn to_request(&self, config: &Config) -> Result<AssociateRq> {
        if self.contexts.len() > MAX_CONTEXTS {
            return Err(Error::TooManyContexts {
                needed: self.contexts.len(),
            });
        }
        let ids = (1..=u8::MAX).step_by(2);
        let presentation_contexts =
            ids.zip(&self.contexts)
                .map(|(id, (uid, list))| ProposedContext {
                    id,
                    abstract_syntax: Some(uid.clone()),
                    transfer_syntaxes: list.clone(),
                });
        Ok(AssociateRq {
            protocol_version: 1,
            called_ae_title: self.called_ae_title.to_string(),
            calling_ae_title: self.calling_ae_title.to_string(),
            application_context: APPLICATION_CONTEXT.to_owned(),
            presentation_contexts: presentation_contexts.collect(),
            user_information: UserInformation {
                operations_window: self.window,
                roles: self.roles.clone(),
                extended_negotiation: self.extended.clone(),
                common_extended_negotiation: self.common_extended.clone(),
                user_identity: self.user_identity.clone(),
                user_identity_response: None,
                ..config.user_information()
            },
        })
    }
}
