//! One association: requests in, one after the other, and their responses.

use std::sync::Arc;

use bytes::Bytes;
use sagittal_core::{DataSet, Limits, Uid, sop_class};
use sagittal_file::read::read_data_set;
use sagittal_file::write::write_data_set;
use sagittal_net::dimse::{
    CEchoResponse, CFindRequest, CFindResponse, Command, CommandSet, Status, failure_response,
};
use sagittal_net::{
    AbortReason, Association, Data, Error, Message, Negotiated, PresentationContext, Received,
};

use super::find;
use super::levels::Level;
use super::listen::Shared;
use super::{commit, procedure, retrieve, store};

/// SOP classes of queries.
pub(super) const FINDS: &[&str] = &[
    sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
    sop_class::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
    sop_class::PATIENT_STUDY_ONLY_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
    sop_class::MODALITY_WORKLIST_INFORMATION_MODEL_FIND,
];

/// Bytes of an identifier.
const LONGEST_IDENTIFIER: usize = 1 << 20;

/// The level at which a model begins.
pub(super) fn top_of(sop_class: &Uid) -> Level {
    match sop_class.as_str() {
        sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND
        | sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE
        | sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET => Level::Study,
        sop_class::MODALITY_WORKLIST_INFORMATION_MODEL_FIND => Level::Worklist,
        _ => Level::Patient,
    }
}

/// What an association needs.
pub(super) struct Session {
    pub twin: Arc<Shared>,
    pub negotiated: Arc<Negotiated>,
    /// AE title of the requestor.
    pub peer: String,
}

impl Session {
    pub fn new(twin: Arc<Shared>, association: &Association) -> Session {
        let negotiated = association.negotiated().clone();
        Session {
            peer: negotiated.calling_ae_title.to_string(),
            negotiated,
            twin,
        }
    }

    /// Tells the user.
    pub fn say(&self, text: &str) {
        let say = &self.twin.options.progress;
        say(&format!("{}: {text}", self.peer));
    }

    /// Serves it to its end.
    pub async fn run(self, mut association: Association) -> Result<(), Error> {
        self.say(&format!(
            "association with {} contexts, {} refused",
            self.negotiated.contexts.len(),
            self.negotiated.refused.len()
        ));
        loop {
            match association.receive().await? {
                Received::Message(message) => self.message(&mut association, message).await?,
                Received::Released => return Ok(()),
                Received::Stopping => {
                    association.abort(AbortReason::ServiceUser).await;
                    return Err(Error::Shutdown);
                }
            }
        }
    }

    async fn message(&self, association: &mut Association, message: Message) -> Result<(), Error> {
        let set = &message.command;
        if set.is_response() || set.is_cancel() {
            return association.discard_data().await;
        }
        let context = self.negotiated.context(message.context_id).cloned();
        let command = Command::from_command_set(set);
        let (Ok(command), Some(context)) = (command, context) else {
            return self
                .refuse(association, &message, Status::MISTYPED_ARGUMENT, "")
                .await;
        };
        let id = message.context_id;
        match command {
            Command::CEchoRequest(request) => {
                let response = CEchoResponse::new(&request, Status::SUCCESS);
                association
                    .send(id, &response.to_command_set(), Data::None)
                    .await
            }
            Command::CStoreRequest(request) => {
                let response = store::respond(self, association, &context, &request).await?;
                association.send(id, &response, Data::None).await
            }
            Command::CFindRequest(request) => self.find(association, &context, &request).await,
            Command::CMoveRequest(request) => {
                retrieve::by_move(self, association, &context, &request).await
            }
            Command::CGetRequest(request) => {
                retrieve::by_get(self, association, &context, &request).await
            }
            Command::NActionRequest(request)
                if request.requested_sop_class_uid == sop_class::STORAGE_COMMITMENT_PUSH_MODEL =>
            {
                commit::respond(self, association, &context, &request).await
            }
            Command::NCreateRequest(request) => {
                procedure::create(self, association, &context, &request).await
            }
            Command::NSetRequest(request) => {
                procedure::set(self, association, &context, &request).await
            }
            _ => {
                let comment = "the twin does not rehearse this service";
                self.refuse(
                    association,
                    &message,
                    Status::UNRECOGNIZED_OPERATION,
                    comment,
                )
                .await
            }
        }
    }

    async fn refuse(
        &self,
        association: &mut Association,
        message: &Message,
        status: Status,
        comment: &str,
    ) -> Result<(), Error> {
        association.discard_data().await?;
        self.say(&format!("refused with {status}: {comment}"));
        match failure_response(&message.command, status, comment) {
            Some(response) => {
                association
                    .send(message.context_id, &response, Data::None)
                    .await
            }
            None => Ok(()),
        }
    }

    /// The data set of a request.
    pub async fn read(
        &self,
        association: &mut Association,
        context: &PresentationContext,
    ) -> Result<Option<DataSet>, Error> {
        let bytes: Bytes = association.read_data(LONGEST_IDENTIFIER).await?;
        let limits = Limits {
            elements: 20_000,
            inflated: 16 << 20,
            ..Limits::default()
        };
        let read = read_data_set(&bytes, context.transfer_syntax.as_str(), limits);
        Ok(read.ok().map(|(data_set, _)| data_set))
    }

    /// Sends a message with a data set.
    pub async fn send(
        &self,
        association: &Association,
        context: &PresentationContext,
        command: &CommandSet,
        data_set: &DataSet,
    ) -> Result<(), Error> {
        let mut bytes = Vec::new();
        write_data_set(data_set, context.transfer_syntax.as_str(), &mut bytes)
            .map_err(|error| Error::Source(std::io::Error::other(error)))?;
        association
            .send(context.id, command, Data::from(bytes))
            .await
    }

    async fn find(
        &self,
        association: &mut Association,
        context: &PresentationContext,
        request: &CFindRequest,
    ) -> Result<(), Error> {
        let identifier = self.read(association, context).await?;
        let failure = |status, comment: &str| {
            CFindResponse::new(request, status).with_comment(comment.to_owned())
        };
        let Some(identifier) = identifier else {
            let response = failure(Status::CANNOT_UNDERSTAND, "the identifier cannot be read");
            return association
                .send(context.id, &response.to_command_set(), Data::None)
                .await;
        };
        let class = &context.abstract_syntax;
        let agreed = self.negotiated.extended_for(class);
        let relational = agreed.and_then(<[u8]>::first) == Some(&1);
        let twin = &self.twin;
        let found = find::answers(
            &twin.behavior,
            &twin.catalog,
            class,
            &identifier,
            relational,
        );
        let answers = match found {
            Ok(answers) => answers,
            Err(refused) => {
                self.say(&format!("query refused: {}", refused.comment));
                let status = Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS;
                let mut response = failure(status, &refused.comment);
                response.offending_element = refused.offending.into_iter().collect();
                return association
                    .send(context.id, &response.to_command_set(), Data::None)
                    .await;
            }
        };
        self.say(&format!("query: {} answers", answers.len()));
        let pending = CFindResponse::new(request, Status::PENDING).to_command_set();
        let mut last = Status::SUCCESS;
        for answer in &answers {
            if self.is_canceled(association, request.message_id).await? {
                last = Status::CANCEL;
                break;
            }
            self.send(association, context, &pending, answer).await?;
        }
        let response = CFindResponse::new(request, last).to_command_set();
        association.send(context.id, &response, Data::None).await
    }

    /// Was the operation canceled? Looks at what has come, and does not wait. Other requests are
    /// not expected meanwhile.
    pub async fn is_canceled(
        &self,
        association: &mut Association,
        message_id: u16,
    ) -> Result<bool, Error> {
        tokio::select! {
            biased;
            received = association.receive() => match received? {
                Received::Message(message) => {
                    let command = &message.command;
                    let id = command.message_id_being_responded_to();
                    let is_it = command.is_cancel() && id == Ok(message_id);
                    if !is_it && !command.is_cancel() && !command.is_response() {
                        let comment = "one operation at a time";
                        self.refuse(association, &message, Status::RESOURCE_LIMITATION, comment).await?;
                    }
                    Ok(is_it)
                }
                Received::Released => Err(Error::Released),
                Received::Stopping => Err(Error::Shutdown),
            },
            () = tokio::task::yield_now() => Ok(false),
        }
    }
}
