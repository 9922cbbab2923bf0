//! The operations of one association: messages in, tasks started, canceled, and turned away.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use sagittal_auth::permission;
use sagittal_net::dimse::{Command, CommandSet, Status, element};
use sagittal_net::{AbortReason, Association, Error, Message, Received};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::operation::{self, Operation};
use super::session::Session;
use super::{c_echo, c_find, c_get, c_move, c_store};
use crate::registry::{self, Operation as Kind};
use crate::status::Failure;

/// Tasks beyond the window whose response is on its way: they have only their book-keeping to do.
const TAILS: usize = 64;
/// Refusals of requests beyond the window that a peer may leave unread.
const MAX_TURNED_AWAY: usize = 64;

/// The operations under way in an association.
pub(super) struct Operations {
    session: Arc<Session>,
    tasks: JoinSet<()>,
    running: HashMap<u16, Running>,
    /// How many may run at once.
    limit: usize,
    /// Refusals that the peer has not taken yet.
    turned_away: Arc<AtomicUsize>,
}

/// An operation that has a task.
struct Running {
    kind: Kind,
    canceled: CancellationToken,
    task: AbortHandle,
}

impl Running {
    /// Does it last until somebody ends it?
    fn is_long(&self) -> bool {
        matches!(self.kind, Kind::Find | Kind::Move | Kind::Get) && !self.task.is_finished()
    }
}

impl Operations {
    pub(super) fn new(session: Arc<Session>) -> Operations {
        let granted = session.negotiated.may_be_asked();
        let most = session.provider.config.max_operations.max(1);
        let limit = if granted == 0 { most } else { granted };
        Operations {
            session,
            tasks: JoinSet::new(),
            running: HashMap::new(),
            limit: usize::from(limit),
            turned_away: Arc::default(),
        }
    }

    /// Serves messages to the end of the association.
    pub(super) async fn serve(&mut self, association: &mut Association) -> Result<(), Error> {
        loop {
            tokio::select! {
                biased;
                Some(ended) = self.tasks.join_next() => self.reap(ended),
                received = association.receive() => match received? {
                    Received::Message(message) => self.message(association, message).await?,
                    Received::Released => return Ok(()),
                    Received::Stopping => {
                        association.abort(AbortReason::ServiceUser).await;
                        return Err(Error::Shutdown);
                    }
                },
            }
        }
    }

    /// A task has ended, well or with a panic.
    fn reap(&mut self, ended: Result<(), tokio::task::JoinError>) {
        self.running
            .retain(|_, running| !running.task.is_finished());
        if let Err(error) = ended
            && error.is_panic()
        {
            // Its response will never come, and the peer would wait for it.
            tracing::error!(%error, "an operation ended with a panic");
            let sender = self.session.sender.clone();
            self.tasks
                .spawn(async move { sender.abort(AbortReason::ServiceUser).await });
        }
    }

    /// The association is over: queries and retrievals stop, stores are brought to their end.
    pub(super) async fn end(&mut self) {
        for running in self.running.values() {
            running.canceled.cancel();
        }
        while let Some(ended) = self.tasks.join_next().await {
            self.reap(ended);
        }
    }

    async fn message(
        &mut self,
        association: &mut Association,
        message: Message,
    ) -> Result<(), Error> {
        if message.command.is_response() {
            self.session.invocations.deliver(message.command);
            return Ok(());
        }
        if message.command.is_cancel() {
            let id = message.command.message_id_being_responded_to();
            if let Some(running) = id.ok().and_then(|id| self.running.get(&id)) {
                running.canceled.cancel();
            }
            return Ok(());
        }
        // A Message ID that is in use is refused as such, and takes no place.
        if !self.is_duplicate(&message) && !self.has_room(association).await {
            return self.turn_away(&message);
        }
        match self.start(association, &message).await {
            Ok(()) => Ok(()),
            Err(Stop::Association(error)) => Err(error),
            Err(Stop::Request(failure)) => {
                // What is left of the data set is dropped by the next receive.
                refuse(&self.session, &message, &failure).await;
                Ok(())
            }
        }
    }

    /// Has an operation under way, that was not answered yet, the same Message ID? One that was
    /// answered may still have its task for a moment, and one that was turned away never had any.
    fn is_duplicate(&self, message: &Message) -> bool {
        let is_running = |id| {
            let running = self.running.get(&id);
            running.is_some_and(|running| !running.task.is_finished())
        };
        message.is_duplicate && message.command.message_id().is_ok_and(is_running)
    }

    /// Is there room for one more operation in the window that was agreed on? Stores and echoes end
    /// by themselves in no time and cannot be canceled: for them a peer that is ahead of us waits.
    /// Behind a query or a retrieval it must not, or its own C-CANCEL-RQ would wait too.
    async fn has_room(&mut self, association: &Association) -> bool {
        loop {
            while let Some(ended) = self.tasks.try_join_next() {
                self.reap(ended);
            }
            // What has been answered may take a moment to end; the new request counts itself.
            let unanswered = association.sender().operations_to_answer();
            let is_within = unanswered <= self.limit && self.tasks.len() < self.limit + TAILS;
            if is_within || self.tasks.is_empty() {
                return true;
            }
            if self.running.values().any(Running::is_long) {
                return false;
            }
            if let Some(ended) = self.tasks.join_next().await {
                self.reap(ended);
            }
        }
    }

    /// Refuses a request beyond the window, without waiting for the peer to take the response. One
    /// that goes on all the same loses the association.
    fn turn_away(&mut self, message: &Message) -> Result<(), Error> {
        if self.turned_away.load(Ordering::Relaxed) >= MAX_TURNED_AWAY {
            let sender = self.session.sender.clone();
            self.tasks
                .spawn(async move { sender.abort(AbortReason::ServiceUser).await });
            return Ok(());
        }
        let comment = format!("more than {} operations at a time", self.limit);
        let failure = Failure::new(crowded(&message.command), comment);
        tracing::info!(%failure, "request beyond the operations window");
        let (session, message) = (self.session.clone(), message.clone());
        let turned_away = self.turned_away.clone();
        turned_away.fetch_add(1, Ordering::Relaxed);
        self.tasks.spawn(async move {
            refuse(&session, &message, &failure).await;
            turned_away.fetch_sub(1, Ordering::Relaxed);
        });
        Ok(())
    }

    async fn start(
        &mut self,
        association: &mut Association,
        message: &Message,
    ) -> Result<(), Stop> {
        let command = Command::from_command_set(&message.command)
            .map_err(|error| Failure::new(unreadable(&error), error.to_string()))?;
        let operation = self.operation(message, &command)?;
        let id = operation.message_id;
        let (kind, canceled) = (operation.kind, operation.canceled.clone());
        let task = match command {
            Command::CEchoRequest(_) => {
                let proof = operation.authorize::<permission::Verify>()?;
                self.tasks.spawn(c_echo::respond(proof, operation))
            }
            Command::CStoreRequest(request) => {
                let proof = operation.authorize::<permission::Store>()?;
                let received =
                    c_store::receive(&proof, &operation, association, message, &request).await?;
                self.tasks
                    .spawn(c_store::respond(proof, operation, request, received))
            }
            Command::CFindRequest(_) => {
                let proof = operation.authorize::<permission::Query>()?;
                let identifier = self.identifier(association, message).await?;
                self.tasks
                    .spawn(c_find::respond(proof, operation, identifier))
            }
            Command::CMoveRequest(request) => {
                let proof = operation.authorize::<permission::Retrieve>()?;
                let identifier = self.identifier(association, message).await?;
                self.tasks
                    .spawn(c_move::respond(proof, operation, request, identifier))
            }
            Command::CGetRequest(_) => {
                let proof = operation.authorize::<permission::Retrieve>()?;
                let identifier = self.identifier(association, message).await?;
                self.tasks
                    .spawn(c_get::respond(proof, operation, identifier))
            }
            _ => {
                let comment = "no DIMSE-N service is offered";
                return Err(Failure::new(Status::UNRECOGNIZED_OPERATION, comment).into());
            }
        };
        let running = Running {
            kind,
            canceled,
            task,
        };
        self.running.insert(id, running);
        Ok(())
    }

    /// Checks that the request fits its presentation context.
    fn operation(&self, message: &Message, command: &Command) -> Result<Operation, Failure> {
        let negotiated = &self.session.negotiated;
        let context = negotiated
            .context(message.context_id)
            .ok_or_else(|| Failure::new(Status::SOP_CLASS_NOT_SUPPORTED, "no such context"))?;
        let kind = match command {
            Command::CEchoRequest(_) => Kind::Echo,
            Command::CStoreRequest(_) => Kind::Store,
            Command::CFindRequest(_) => Kind::Find,
            Command::CMoveRequest(_) => Kind::Move,
            Command::CGetRequest(_) => Kind::Get,
            _ => {
                let comment = "no DIMSE-N service is offered";
                return Err(Failure::new(Status::UNRECOGNIZED_OPERATION, comment));
            }
        };
        let abstract_syntax = context.abstract_syntax.as_str();
        if registry::operation_of(abstract_syntax) != kind {
            let comment = format!("{} is no operation of this SOP class", kind.name());
            return Err(Failure::new(Status::UNRECOGNIZED_OPERATION, comment));
        }
        if !negotiated.may_be_scp(context) {
            let comment = "the SCU role was not negotiated";
            return Err(Failure::new(Status::SOP_CLASS_NOT_SUPPORTED, comment));
        }
        let sop_class: Option<sagittal_core::Uid> = message
            .command
            .get(element::AFFECTED_SOP_CLASS_UID)
            .unwrap_or(None);
        // A storage context may carry instances of a related, more special class (PS3.4 §B.3.1).
        if kind != Kind::Store && sop_class.is_some_and(|uid| uid != context.abstract_syntax) {
            let comment = "affected SOP class is not that of the presentation context";
            return Err(Failure::new(Status::SOP_CLASS_NOT_SUPPORTED, comment));
        }
        let message_id = message
            .command
            .message_id()
            .map_err(|error| Failure::new(unreadable(&error), error.to_string()))?;
        if self.is_duplicate(message) {
            let comment = "an operation with this message ID is under way";
            return Err(Failure::new(Status::DUPLICATE_INVOCATION, comment));
        }
        Ok(Operation {
            session: self.session.clone(),
            kind,
            context: context.clone(),
            message_id,
            canceled: CancellationToken::new(),
            started: Instant::now(),
        })
    }

    async fn identifier(
        &self,
        association: &mut Association,
        message: &Message,
    ) -> Result<bytes::Bytes, Stop> {
        if !message.has_data_set {
            let comment = "an identifier is missing";
            return Err(Failure::new(Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS, comment).into());
        }
        let limit = self.session.provider.config.max_identifier;
        match association.read_data(limit).await {
            Ok(bytes) => Ok(bytes),
            Err(Error::DataTooLong { limit }) => {
                let comment = format!("the identifier is longer than {limit} bytes");
                Err(Failure::new(Status::OUT_OF_RESOURCES, comment).into())
            }
            Err(error) => Err(Stop::Association(error)),
        }
    }
}

/// A failure response to whatever was asked.
async fn refuse(session: &Session, message: &Message, failure: &Failure) {
    let field = message.command.command_field();
    let id = message.command.message_id();
    let (Ok(field), Ok(id)) = (field, id) else {
        // Nothing that a response could name: the peer would wait for ever.
        session.sender.abort(AbortReason::ServiceUser).await;
        return;
    };
    let uid =
        |number| -> Option<sagittal_core::Uid> { message.command.get(number).unwrap_or(None) };
    let sop_class = uid(element::AFFECTED_SOP_CLASS_UID);
    let mut response = operation::response(
        field,
        id,
        sop_class.as_ref().map(sagittal_core::Uid::as_str),
        failure.status,
    );
    if let Some(uid) = uid(element::AFFECTED_SOP_INSTANCE_UID) {
        response.set(element::AFFECTED_SOP_INSTANCE_UID, &uid);
    }
    operation::explain(&mut response, failure);
    session.send(message.context_id, &response).await;
}

/// Why an operation was not started.
pub(crate) enum Stop {
    /// Only the request is refused.
    Request(Failure),
    /// The association is of no further use.
    Association(Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Request(failure)
    }
}

/// The status that says that there is no room for a request: that of its service where the service
/// has one (PS3.4 §B.2.3, §C.4.1.1.4, §C.4.2.1.5, §C.4.3.1.4), else the general one (PS3.7 Annex C).
fn crowded(request: &CommandSet) -> Status {
    use sagittal_net::dimse::{CFindRequest, CGetRequest, CMoveRequest, CStoreRequest};
    match request.command_field() {
        Ok(CStoreRequest::COMMAND_FIELD | CFindRequest::COMMAND_FIELD) => Status::OUT_OF_RESOURCES,
        Ok(CMoveRequest::COMMAND_FIELD | CGetRequest::COMMAND_FIELD) => {
            Status::UNABLE_TO_PERFORM_SUBOPERATIONS
        }
        _ => Status::RESOURCE_LIMITATION,
    }
}

fn unreadable(error: &sagittal_net::dimse::CommandError) -> Status {
    use sagittal_net::dimse::CommandError;
    match error {
        CommandError::UnknownCommand { .. } | CommandError::UnexpectedCommand { .. } => {
            Status::UNRECOGNIZED_OPERATION
        }
        CommandError::Missing { .. } => Status::MISSING_ATTRIBUTE,
        _ => Status::MISTYPED_ARGUMENT,
    }
}
