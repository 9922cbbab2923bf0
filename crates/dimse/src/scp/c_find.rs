//! C-FIND, Query/Retrieve Service Class as SCP (PS3.4 §C.4.1, PS3.7 §9.1.2).

use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use sagittal_archive::query::{Answers, Query};
use sagittal_audit::{Action, Outcome};
use sagittal_auth::{Authorized, permission};
use sagittal_core::{DataSet, tags};
use sagittal_file::write::write_data_set;
use sagittal_net::dimse::{CommandSet, Status, StatusClass};

use super::answer::{Shape, keys};
use super::identifier;
use super::operation::Operation;
use crate::registry::{Model, Operation as Kind};
use crate::status::Failure;

/// Bytes of answers gathered before they are sent, while more are there at once.
const BATCH: usize = 64 * 1024;

/// Answers a C-FIND-RQ with pending responses and a final one.
pub(super) async fn respond(
    caller: Authorized<permission::Query>,
    operation: Operation,
    identifier: Bytes,
) {
    let mut sent = 0;
    let mut studies = Vec::new();
    let result = match operation.identifier(&identifier) {
        Ok(identifier) => {
            studies = identifier.texts(tags::STUDY_INSTANCE_UID);
            find(&caller, &operation, identifier, &mut sent).await
        }
        Err(failure) => Err(failure),
    };
    let status = match &result {
        Ok(status) => *status,
        Err(failure) => failure.status,
    };
    let response = match &result {
        Ok(status) => operation.response(*status),
        Err(failure) => operation.failure(failure),
    };
    operation
        .session
        .send(operation.context.id, &response)
        .await;
    let outcome = match status.class() {
        StatusClass::Failure => Outcome::SeriousFailure,
        _ => Outcome::Success,
    };
    let event = operation
        .event(Action::Query)
        .studies(studies.into_iter().filter(|uid| !uid.is_empty()))
        .outcome(outcome)
        .detail(format!("{sent} answers, {status}"));
    operation.session.provider.record(event);
    operation.measure(status);
}

/// The status of the final response.
async fn find(
    caller: &Authorized<permission::Query>,
    operation: &Operation,
    identifier: DataSet,
    sent: &mut u64,
) -> Result<Status, Failure> {
    let config = &operation.session.provider.config;
    let shape = Shape {
        level: level(operation, &identifier)?,
        ae_title: config.ae_title.clone(),
        character_set: identifier.character_set().clone(),
    };
    let query = query(operation, &shape, identifier);
    tracing::debug!(caller = %caller.caller().name, level = ?shape.level, "C-FIND");
    let started = operation.session.provider.archive.query(query);
    let answers = tokio::select! {
        biased;
        () = operation.canceled.cancelled() => return Ok(Status::CANCEL),
        answers = started => answers.map_err(|error| Failure::of(Kind::Find, &error))?,
    };
    deliver(operation, &shape, answers, sent).await
}

fn level(
    operation: &Operation,
    identifier: &DataSet,
) -> Result<sagittal_archive::query::Level, Failure> {
    let model = model(operation);
    let level = identifier::level(model, identifier)?;
    if operation.session.provider.config.strict_hierarchy && !negotiated(operation, 0) {
        identifier::check_hierarchy(model, level, identifier)?;
    }
    Ok(level)
}

fn model(operation: &Operation) -> Model {
    operation
        .service()
        .and_then(|service| service.model)
        .unwrap_or(Model::StudyRoot)
}

/// Was a byte of the extended negotiation answered with 1 (`registry::FIND_EXTENDED`)?
fn negotiated(operation: &Operation, byte: usize) -> bool {
    let negotiated = &operation.session.negotiated;
    negotiated
        .extended_for(&operation.context.abstract_syntax)
        .and_then(|answer| answer.get(byte))
        == Some(&1)
}

fn query(operation: &Operation, shape: &Shape, identifier: DataSet) -> Query {
    let limit = operation.session.provider.config.max_answers;
    Query {
        combined_date_time: negotiated(operation, 1),
        fuzzy: negotiated(operation, 2),
        // One more tells that there are more.
        limit: Some(limit.saturating_add(1)),
        ..Query::new(shape.level, keys(identifier))
    }
}

/// Sends the answers, as many at a time as are there. A cancel is honored before the next answer.
async fn deliver(
    operation: &Operation,
    shape: &Shape,
    mut answers: Answers,
    sent: &mut u64,
) -> Result<Status, Failure> {
    let status = if answers.unsupported.is_empty() {
        Status::PENDING
    } else {
        Status::PENDING_WITH_WARNING
    };
    let mut batch = Batch::new(operation, operation.response(status));
    let limit = operation.session.provider.config.max_answers;
    loop {
        if operation.canceled.is_cancelled() {
            return Ok(Status::CANCEL);
        }
        let answer = match answers.answers.next().now_or_never() {
            Some(answer) => answer,
            None => {
                batch.flush(sent).await?;
                tokio::select! {
                    biased;
                    () = operation.canceled.cancelled() => return Ok(Status::CANCEL),
                    answer = answers.answers.next() => answer,
                }
            }
        };
        let answer = match answer {
            None => break,
            Some(Ok(answer)) => answer,
            Some(Err(error)) => {
                batch.flush(sent).await?;
                return Err(Failure::of(Kind::Find, &error));
            }
        };
        if *sent + batch.len() >= limit {
            batch.flush(sent).await?;
            let comment = format!("more than {limit} answers");
            return Err(Failure::new(Status::OUT_OF_RESOURCES, comment));
        }
        batch.push(&shape.apply(answer))?;
        if batch.is_full() {
            batch.flush(sent).await?;
        }
    }
    batch.flush(sent).await?;
    Ok(Status::SUCCESS)
}

/// Answers that go out together.
struct Batch<'a> {
    operation: &'a Operation,
    pending: CommandSet,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a> Batch<'a> {
    fn new(operation: &'a Operation, pending: CommandSet) -> Batch<'a> {
        Batch {
            operation,
            pending,
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    fn len(&self) -> u64 {
        self.ends.len() as u64
    }

    fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH
    }

    fn push(&mut self, answer: &DataSet) -> Result<(), Failure> {
        let transfer_syntax = self.operation.context.transfer_syntax.as_str();
        write_data_set(answer, transfer_syntax, &mut self.bytes)
            .map_err(|error| Failure::new(Status::CANNOT_UNDERSTAND, error.to_string()))?;
        self.ends.push(self.bytes.len());
        Ok(())
    }

    async fn flush(&mut self, sent: &mut u64) -> Result<(), Failure> {
        if self.ends.is_empty() {
            return Ok(());
        }
        let mut bytes = Bytes::copy_from_slice(&self.bytes);
        self.bytes.clear();
        let mut start = 0;
        let mut data_sets = Vec::with_capacity(self.ends.len());
        for end in self.ends.drain(..) {
            data_sets.push(bytes.split_to(end - start));
            start = end;
        }
        *sent += data_sets.len() as u64;
        let sender = &self.operation.session.sender;
        // A peer that is gone gets no final response either.
        sender
            .send_each(self.operation.context.id, &self.pending, &data_sets)
            .await
            .map_err(|error| Failure::new(Status::PROCESSING_FAILURE, error.to_string()))
    }
}
