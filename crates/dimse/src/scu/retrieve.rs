//! What C-FIND, C-MOVE and C-GET have in common (PS3.4 Annex C).

use sagittal_archive::query::Level;
use sagittal_core::{DataSet, Uid, Vr, tags, transfer_syntax};
use sagittal_file::write::write_data_set;
use sagittal_net::dimse::{CommandSet, Status, element};
use sagittal_net::{Data, Message, PresentationContext, Proposal};

use super::error::{Error, Result};
use super::session::{Session, refused};
use super::target::Target;
use crate::registry::{Model, Operation, SERVICES};

/// An identifier of a response longer than this is an error.
pub(super) const MAX_IDENTIFIER: usize = 16 << 20;

/// Query/Retrieve Level as it is written (PS3.4 §C.4.1.1.3).
pub const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Patient => "PATIENT",
        Level::Study => "STUDY",
        Level::Series => "SERIES",
        Level::Instance => "IMAGE",
    }
}

/// The SOP class of an operation in a model.
pub(super) fn sop_class_of(operation: Operation, model: Model) -> Result<Uid> {
    SERVICES
        .iter()
        .find(|service| service.operation == operation && service.model == Some(model))
        .map(|service| Uid::from_static(service.sop_class_uid))
        .ok_or_else(|| Error::NotSent {
            reason: format!("{} does not exist in {model:?}", operation.name()),
        })
}

/// Proposes the SOP class of an operation, with extended negotiation if anything is asked for.
pub(super) fn proposal_for(
    target: &Target,
    operation: Operation,
    model: Model,
    extended: &[u8],
) -> Result<Proposal> {
    let sop_class_uid = sop_class_of(operation, model)?;
    let syntaxes = [
        Uid::from_static(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN),
        Uid::from_static(transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN),
    ];
    let mut proposal = target.proposal().context(sop_class_uid.clone(), syntaxes);
    if extended.iter().any(|byte| *byte != 0) {
        proposal = proposal.extended(sop_class_uid, extended.to_vec());
    }
    Ok(proposal)
}

/// The keys of a request with its level, encoded.
pub(super) fn identifier(
    level: Level,
    keys: &DataSet,
    context: &PresentationContext,
) -> Result<Data<'static>> {
    let mut identifier = keys.clone();
    identifier.put_bytes(
        tags::QUERY_RETRIEVE_LEVEL,
        Vr::CS,
        level_name(level).as_bytes(),
    );
    let mut bytes = Vec::new();
    write_data_set(&identifier, context.transfer_syntax.as_str(), &mut bytes)?;
    Ok(Data::from(bytes))
}

/// Counters of sub-operations so far (PS3.7 §9.1.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// To come, if the peer tells.
    pub remaining: Option<u16>,
    /// Done.
    pub completed: u16,
    /// Done, with remarks.
    pub warning: u16,
    /// Not done.
    pub failed: u16,
}

impl Progress {
    pub(super) fn of(command: &CommandSet) -> Progress {
        let count = |number| command.get::<Option<u16>>(number).unwrap_or(None);
        Progress {
            remaining: count(element::NUMBER_OF_REMAINING_SUBOPERATIONS),
            completed: count(element::NUMBER_OF_COMPLETED_SUBOPERATIONS).unwrap_or(0),
            warning: count(element::NUMBER_OF_WARNING_SUBOPERATIONS).unwrap_or(0),
            failed: count(element::NUMBER_OF_FAILED_SUBOPERATIONS).unwrap_or(0),
        }
    }

    /// All that are known of.
    pub fn total(&self) -> u64 {
        let remaining = u64::from(self.remaining.unwrap_or(0));
        remaining + u64::from(self.completed) + u64::from(self.warning) + u64::from(self.failed)
    }
}

/// How a C-MOVE or C-GET ended: with success, with a warning, canceled, or with failures after
/// something was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrieved {
    /// The final status.
    pub status: Status,
    /// The final counters.
    pub progress: Progress,
    /// Failed SOP Instance UID List.
    pub failed_sop_instance_uids: Vec<Uid>,
    /// Error Comment.
    pub comment: Option<String>,
}

impl Retrieved {
    /// Was it canceled?
    pub fn is_canceled(&self) -> bool {
        self.status == Status::CANCEL
    }
}

impl Session {
    /// Reads a final response. A failure that did nothing at all is an error.
    pub(super) async fn finish_retrieval(
        &mut self,
        operation: &'static str,
        message: Message,
        transfer_syntax_uid: &Uid,
        last: Progress,
    ) -> Result<Retrieved> {
        let command = &message.command;
        let status = command.status()?;
        let mut progress = Progress::of(command);
        if progress.total() == 0 && status != Status::SUCCESS {
            // A final response need not repeat the counters.
            progress = last;
        }
        if !status.is_done() && status != Status::CANCEL && progress.total() == 0 {
            return Err(refused(operation, command));
        }
        let failed = match self.identifier_of(&message, transfer_syntax_uid).await? {
            Some(data_set) => data_set
                .texts(tags::FAILED_SOP_INSTANCE_UID_LIST)
                .iter()
                .filter_map(|text| Uid::tolerant(text).ok())
                .collect(),
            None => Vec::new(),
        };
        Ok(Retrieved {
            status,
            progress,
            failed_sop_instance_uids: failed,
            comment: command.get(element::ERROR_COMMENT).unwrap_or(None),
        })
    }

    /// The data set of a message, which must be the last one received.
    pub(super) async fn identifier_of(
        &mut self,
        message: &Message,
        transfer_syntax_uid: &Uid,
    ) -> Result<Option<DataSet>> {
        if !message.has_data_set {
            return Ok(None);
        }
        let bytes = self.association.read_data(MAX_IDENTIFIER).await?;
        let limits = sagittal_core::Limits::default();
        let (data_set, _) =
            sagittal_file::read::read_data_set(&bytes, transfer_syntax_uid.as_str(), limits)?;
        Ok(Some(data_set))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn counters_that_are_not_told_are_none_or_nothing() {
        let mut command = CommandSet::new(0x8021);
        command.set(element::NUMBER_OF_COMPLETED_SUBOPERATIONS, &3u16);
        let progress = Progress::of(&command);
        assert_eq!((progress.remaining, progress.completed), (None, 3));
        assert_eq!(progress.total(), 3);
    }

    #[test]
    fn every_model_has_its_classes() {
        let uid = sop_class_of(Operation::Get, Model::StudyRoot).unwrap();
        assert_eq!(uid, "1.2.840.10008.5.1.4.1.2.2.3");
        assert!(sop_class_of(Operation::Find, Model::CompositeInstanceRoot).is_err());
    }
}
