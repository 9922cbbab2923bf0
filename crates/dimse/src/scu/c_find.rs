//! C-FIND as SCU (PS3.4 §C.4.1, PS3.7 §9.1.2).

use futures::Stream;
use sagittal_archive::query::Level;
use sagittal_core::DataSet;
use sagittal_net::dimse::{CFindRequest, Priority, Status};
use sagittal_net::{PresentationContext, Proposal};

use super::error::Result;
use super::retrieve::{identifier, proposal_for, sop_class_of};
use super::session::{Session, refused};
use super::target::Target;
use crate::registry::{Model, Operation};

const OPERATION: &str = "C-FIND";

/// What is asked for by SOP Class Extended Negotiation (PS3.4 §C.5.1.1.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryOptions {
    /// Keys of any level, without the unique keys of those above.
    pub relational: bool,
    /// Date and time are matched together.
    pub date_time: bool,
    /// Names that sound or look alike match.
    pub fuzzy: bool,
}

impl QueryOptions {
    fn bytes(self) -> [u8; 3] {
        [self.relational, self.date_time, self.fuzzy].map(u8::from)
    }
}

/// Proposes the C-FIND of a model.
pub fn find_proposal(target: &Target, model: Model, options: QueryOptions) -> Result<Proposal> {
    proposal_for(target, Operation::Find, model, &options.bytes())
}

/// The answers to a query, as they come.
pub struct Matches<'a> {
    session: &'a mut Session,
    context: PresentationContext,
    message_id: u16,
    last: Option<Status>,
    lacks_keys: bool,
    canceled: bool,
}

impl Session {
    /// Which of the options did the peer agree to?
    pub fn query_options(&self, model: Model) -> QueryOptions {
        let answer = sop_class_of(Operation::Find, model)
            .ok()
            .and_then(|uid| self.negotiated().extended_for(&uid).map(<[u8]>::to_vec))
            .unwrap_or_default();
        let has = |at: usize| answer.get(at) == Some(&1);
        QueryOptions {
            relational: has(0),
            date_time: has(1),
            fuzzy: has(2),
        }
    }

    /// Asks for what matches `keys` at a level.
    pub async fn find(
        &mut self,
        model: Model,
        level: Level,
        keys: &DataSet,
    ) -> Result<Matches<'_>> {
        let sop_class_uid = sop_class_of(Operation::Find, model)?;
        let context = self.context(&sop_class_uid)?;
        let data = identifier(level, keys, &context)?;
        let request = CFindRequest {
            affected_sop_class_uid: sop_class_uid,
            message_id: self.association.next_message_id(),
            priority: Priority::Medium,
        };
        self.invoke(context.id, &request.to_command_set(), data)
            .await?;
        Ok(Matches {
            session: self,
            context,
            message_id: request.message_id,
            last: None,
            lacks_keys: false,
            canceled: false,
        })
    }
}

impl<'a> Matches<'a> {
    /// The next answer; `None` at the end, be it that of a cancellation. After an error there is
    /// no further answer.
    pub async fn next(&mut self) -> Result<Option<DataSet>> {
        if self.last.is_some() {
            return Ok(None);
        }
        loop {
            let message = self
                .session
                .response_to(self.message_id, OPERATION)
                .await
                .inspect_err(|_| self.last = Some(Status::PROCESSING_FAILURE))?;
            let status = message.command.status()?;
            if !status.is_pending() {
                self.last = Some(status);
                return match status {
                    Status::CANCEL => Ok(None),
                    status if status.is_done() => Ok(None),
                    _ => Err(refused(OPERATION, &message.command)),
                };
            }
            self.lacks_keys |= status == Status::PENDING_WITH_WARNING;
            let syntax = self.context.transfer_syntax.clone();
            if let Some(answer) = self.session.identifier_of(&message, &syntax).await? {
                // What still comes after a cancellation is not wanted.
                if !self.canceled {
                    return Ok(Some(answer));
                }
            }
        }
    }

    /// Asks the peer to stop; what is still on its way is dropped.
    pub async fn cancel(&mut self) -> Result<()> {
        if self.canceled || self.last.is_some() {
            return Ok(());
        }
        self.canceled = true;
        self.session.cancel(self.context.id, self.message_id).await
    }

    /// Did the peer say that it does not match by some of the keys (status FF01)?
    pub fn lacks_keys(&self) -> bool {
        self.lacks_keys
    }

    /// The final status, when there is one.
    pub fn status(&self) -> Option<Status> {
        self.last
    }

    /// The answers as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<DataSet>> + Send + use<'a> {
        futures::stream::try_unfold(self, |mut matches| async move {
            Ok(matches.next().await?.map(|answer| (answer, matches)))
        })
    }
}
