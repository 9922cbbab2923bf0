//! One request of the peer on its way to its final response.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use sagittal_audit::{Action, Event, Outcome};
use sagittal_auth::Authorized;
use sagittal_auth::permission::Grant;
use sagittal_core::DataSet;
use sagittal_file::read::read_data_set;
use sagittal_net::PresentationContext;
use sagittal_net::dimse::{CommandSet, Status, element};
use tokio_util::sync::CancellationToken;

use super::session::Session;
use crate::registry::{self, Operation as Kind, Service};
use crate::status::Failure;

/// A request that is being served.
#[derive(Clone)]
pub(crate) struct Operation {
    pub(crate) session: Arc<Session>,
    pub(crate) kind: Kind,
    pub(crate) context: PresentationContext,
    pub(crate) message_id: u16,
    /// Canceled by C-CANCEL-RQ, and when the association ends.
    pub(crate) canceled: CancellationToken,
    pub(crate) started: Instant,
}

impl Operation {
    /// The row of the registry; `None` for storage.
    pub(crate) fn service(&self) -> Option<&'static Service> {
        registry::service_of(self.context.abstract_syntax.as_str())
    }

    /// The proof that the caller may do this, or 0124 and an alert.
    pub(crate) fn authorize<P: Grant>(&self) -> Result<Authorized<P>, Failure> {
        Authorized::check(&self.session.caller).map_err(|denied| {
            let event = self
                .event(Action::SecurityAlert)
                .outcome(Outcome::SeriousFailure)
                .detail(format!("{} is not permitted", denied.permission));
            self.session.provider.record(event);
            Failure::new(Status::NOT_AUTHORIZED, "not permitted")
        })
    }

    /// An audit event of this operation by the caller.
    pub(crate) fn event(&self, action: Action) -> Event {
        self.session.event(action, self.kind.name())
    }

    /// Reads the identifier of a request.
    pub(crate) fn identifier(&self, bytes: &Bytes) -> Result<DataSet, Failure> {
        let limits = self.session.provider.config.read_limits;
        match read_data_set(bytes, self.context.transfer_syntax.as_str(), limits) {
            Ok((data_set, _)) if data_set.is_empty() && !bytes.is_empty() => Err(Failure::new(
                Status::CANNOT_UNDERSTAND,
                "the identifier cannot be read",
            )),
            Ok((data_set, _)) => Ok(data_set),
            Err(error) => Err(Failure::new(Status::CANNOT_UNDERSTAND, error.to_string())),
        }
    }

    /// A response with what all of them repeat.
    pub(crate) fn response(&self, status: Status) -> CommandSet {
        response(
            self.kind.command_field(),
            self.message_id,
            Some(self.context.abstract_syntax.as_str()),
            status,
        )
    }

    /// A final response that says why not.
    pub(crate) fn failure(&self, failure: &Failure) -> CommandSet {
        let mut set = self.response(failure.status);
        explain(&mut set, failure);
        set
    }

    /// Counts the operation and how long it took.
    pub(crate) fn measure(&self, status: Status) {
        let outcome = match status.class() {
            sagittal_net::dimse::StatusClass::Success => "success",
            sagittal_net::dimse::StatusClass::Warning => "warning",
            sagittal_net::dimse::StatusClass::Cancel => "cancel",
            _ => "failure",
        };
        metrics::histogram!("sagittal_dimse_operation_seconds",
            "operation" => self.kind.name(), "outcome" => outcome)
        .record(self.started.elapsed().as_secs_f64());
    }
}

impl Kind {
    /// Command Field of its request.
    pub const fn command_field(self) -> u16 {
        match self {
            Kind::Echo => 0x0030,
            Kind::Store => 0x0001,
            Kind::Find => 0x0020,
            Kind::Move => 0x0021,
            Kind::Get => 0x0010,
        }
    }
}

/// A response to any request, even one that could not be read in full.
pub(crate) fn response(
    request_field: u16,
    message_id: u16,
    sop_class_uid: Option<&str>,
    status: Status,
) -> CommandSet {
    let mut set = CommandSet::new(request_field | 0x8000);
    if let Some(uid) = sop_class_uid.and_then(|uid| sagittal_core::Uid::tolerant(uid).ok()) {
        set.set(element::AFFECTED_SOP_CLASS_UID, &uid);
    }
    set.set(element::MESSAGE_ID_BEING_RESPONDED_TO, &message_id);
    set.set(element::STATUS, &status);
    set
}

/// Adds Error Comment and Offending Element.
pub(crate) fn explain(set: &mut CommandSet, failure: &Failure) {
    set.set(element::OFFENDING_ELEMENT, &failure.offending_element);
    set.set(element::ERROR_COMMENT, &Some(failure.comment.clone()));
}
