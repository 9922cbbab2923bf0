//! C-GET and C-MOVE of the catalog's files (PS3.4 §C.4.2, §C.4.3). Instances go as they are, or
//! between the uncompressed transfer syntaxes: what else the device can convert, nobody knows.

use std::collections::BTreeMap;

use sagittal_core::{DataSet, Uid, tags, transfer_syntax};
use sagittal_dimse::scu::{Instance, Session as Requested, Target, prepare};
use sagittal_net::dimse::{
    CGetRequest, CGetResponse, CMoveRequest, CMoveResponse, CStoreRequest, CommandSet, Priority,
    Status, element,
};
use sagittal_net::{Association, Data, Error, PresentationContext, Received};

use super::catalog::Entry;
use super::levels::{self, Level};
use super::session::{Session, top_of};

/// How sub-operations went.
#[derive(Default)]
struct Tally {
    remaining: u16,
    completed: u16,
    failed: u16,
    warning: u16,
}

impl Tally {
    fn new(count: usize) -> Tally {
        Tally {
            remaining: u16::try_from(count).unwrap_or(u16::MAX),
            ..Tally::default()
        }
    }

    fn note(&mut self, status: Option<Status>) {
        self.remaining = self.remaining.saturating_sub(1);
        let counter = match status {
            Some(Status::SUCCESS) => &mut self.completed,
            Some(status) if status.is_done() => &mut self.warning,
            _ => &mut self.failed,
        };
        *counter = counter.saturating_add(1);
    }

    fn status(&self) -> Status {
        match (self.completed + self.warning, self.failed) {
            (_, 0) => Status::SUCCESS,
            (0, _) => Status::UNABLE_TO_PERFORM_SUBOPERATIONS,
            _ => Status::SUBOPERATIONS_COMPLETE_WITH_FAILURES,
        }
    }

    fn put(&self, mut response: CommandSet, is_final: bool) -> CommandSet {
        if !is_final {
            response.set(element::NUMBER_OF_REMAINING_SUBOPERATIONS, &self.remaining);
        }
        response.set(element::NUMBER_OF_COMPLETED_SUBOPERATIONS, &self.completed);
        response.set(element::NUMBER_OF_FAILED_SUBOPERATIONS, &self.failed);
        response.set(element::NUMBER_OF_WARNING_SUBOPERATIONS, &self.warning);
        response
    }
}

/// The instances that an identifier asks for; `None` if it asks for nothing that can be.
fn wanted(session: &Session, class: &Uid, identifier: &DataSet) -> Option<Vec<Entry>> {
    let level = identifier.first_text(tags::QUERY_RETRIEVE_LEVEL)?;
    let level = Level::named(level.trim())?;
    let unique = level.unique()?;
    let uids = levels::values(identifier, unique);
    if uids.is_empty() {
        return None;
    }
    let mut keys = vec![(unique, uids)];
    for tag in level.above(top_of(class)) {
        let values = levels::values(identifier, tag);
        if !values.is_empty() {
            keys.push((tag, values));
        }
    }
    let fits = |entry: &Entry| {
        let is_instance = entry.path.is_some() && entry.sop_instance_uid.is_some();
        is_instance
            && keys
                .iter()
                .all(|(tag, list)| levels::is_among(entry, *tag, list))
    };
    Some(session.twin.catalog.filter(fits))
}

/// Can it be sent so without knowing codecs?
fn is_near(from: &Uid, to: &Uid) -> bool {
    let is_native = |uid: &Uid| {
        matches!(
            uid.as_str(),
            transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN
                | transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN
                | transfer_syntax::EXPLICIT_VR_BIG_ENDIAN
        )
    };
    from == to || (is_native(from) && is_native(to))
}

async fn instance_of(entry: &Entry) -> Option<Instance> {
    let path = entry.path.clone()?;
    let read = tokio::task::spawn_blocking(move || Instance::of_file(&path));
    read.await.ok()?.ok()
}

/// C-GET: back over the same association.
pub(super) async fn by_get(
    session: &Session,
    association: &mut Association,
    context: &PresentationContext,
    request: &CGetRequest,
) -> Result<(), Error> {
    let identifier = session.read(association, context).await?;
    let entries = identifier.and_then(|asked| wanted(session, &context.abstract_syntax, &asked));
    let Some(entries) = entries else {
        let response = CGetResponse::new(request, Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS);
        return association
            .send(context.id, &response.to_command_set(), Data::None)
            .await;
    };
    session.say(&format!("C-GET of {} instances", entries.len()));
    let mut tally = Tally::new(entries.len());
    let mut canceled = false;
    for entry in &entries {
        let sent = send_back(session, association, entry, request.message_id).await?;
        match sent {
            Sent::Answered(status) => tally.note(status),
            Sent::Canceled => {
                canceled = true;
                break;
            }
        }
        if tally.remaining > 0 {
            let pending = CGetResponse::new(request, Status::PENDING).to_command_set();
            let pending = tally.put(pending, false);
            association.send(context.id, &pending, Data::None).await?;
        }
    }
    let status = if canceled {
        Status::CANCEL
    } else {
        tally.status()
    };
    let response = CGetResponse::new(request, status).to_command_set();
    let response = tally.put(response, !canceled);
    association.send(context.id, &response, Data::None).await
}

enum Sent {
    /// By the receiver; `None` if it could not be sent.
    Answered(Option<Status>),
    Canceled,
}

async fn send_back(
    session: &Session,
    association: &mut Association,
    entry: &Entry,
    get: u16,
) -> Result<Sent, Error> {
    let Some(instance) = instance_of(entry).await else {
        return Ok(Sent::Answered(None));
    };
    let negotiated = &session.negotiated;
    let from = &instance.transfer_syntax_uid;
    let mut contexts: Vec<&PresentationContext> = negotiated
        .contexts_for(&instance.sop_class_uid)
        .filter(|context| negotiated.may_be_scu(context))
        .filter(|context| is_near(from, &context.transfer_syntax))
        .collect();
    contexts.sort_by_key(|context| context.transfer_syntax != *from);
    let Some(context) = contexts.first() else {
        return Ok(Sent::Answered(None));
    };
    let Ok(data) = instance.data(&context.transfer_syntax).await else {
        return Ok(Sent::Answered(None));
    };
    let message_id = association.next_message_id();
    let request = CStoreRequest {
        affected_sop_class_uid: instance.sop_class_uid.clone(),
        message_id,
        priority: Priority::Medium,
        affected_sop_instance_uid: instance.sop_instance_uid.clone(),
        move_originator_ae_title: None,
        move_originator_message_id: None,
    };
    association
        .send(context.id, &request.to_command_set(), data)
        .await?;
    loop {
        match association.receive().await? {
            Received::Message(message) if message.command.is_cancel() => {
                if message.command.message_id_being_responded_to() == Ok(get) {
                    return Ok(Sent::Canceled);
                }
            }
            Received::Message(message) => {
                let command = &message.command;
                if command.is_response()
                    && command.message_id_being_responded_to() == Ok(message_id)
                {
                    return Ok(Sent::Answered(command.status().ok()));
                }
            }
            Received::Released => return Err(Error::Released),
            Received::Stopping => return Err(Error::Shutdown),
        }
    }
}

/// C-MOVE: to a destination that the user named.
pub(super) async fn by_move(
    session: &Session,
    association: &mut Association,
    context: &PresentationContext,
    request: &CMoveRequest,
) -> Result<(), Error> {
    let identifier = session.read(association, context).await?;
    let destinations = &session.twin.options.destinations;
    let address = destinations
        .iter()
        .find(|address| address.ae_title == request.move_destination);
    let entries = identifier.and_then(|asked| wanted(session, &context.abstract_syntax, &asked));
    let refused = match (&address, &entries) {
        (None, _) => Some(Status::MOVE_DESTINATION_UNKNOWN),
        (_, None) => Some(Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS),
        _ => None,
    };
    if let Some(status) = refused {
        session.say(&format!("C-MOVE to {}: {status}", request.move_destination));
        let response = CMoveResponse::new(request, status).to_command_set();
        return association.send(context.id, &response, Data::None).await;
    }
    let (Some(address), Some(entries)) = (address, entries) else {
        return Ok(());
    };
    session.say(&format!(
        "C-MOVE of {} instances to {address}",
        entries.len()
    ));
    let mut target = Target::new(address.clone(), session.twin.behavior.ae_title().clone());
    target.association = session.twin.config.clone();
    let mut instances = Vec::new();
    for entry in &entries {
        instances.push(instance_of(entry).await);
    }
    let mut tally = Tally::new(instances.len());
    let mut other = connect(&target, &instances).await;
    for instance in &instances {
        if session.is_canceled(association, request.message_id).await? {
            let response = CMoveResponse::new(request, Status::CANCEL).to_command_set();
            let response = tally.put(response, false);
            return association.send(context.id, &response, Data::None).await;
        }
        tally.note(match (&mut other, instance) {
            (Some(other), Some(instance)) => store(other, instance).await,
            _ => None,
        });
        let pending = CMoveResponse::new(request, Status::PENDING).to_command_set();
        let pending = tally.put(pending, false);
        association.send(context.id, &pending, Data::None).await?;
    }
    if let Some(other) = other {
        let _ = other.release().await;
    }
    let response = CMoveResponse::new(request, tally.status()).to_command_set();
    association
        .send(context.id, &tally.put(response, true), Data::None)
        .await
}

async fn connect(target: &Target, instances: &[Option<Instance>]) -> Option<Requested> {
    let mut classes: BTreeMap<Uid, Vec<Uid>> = BTreeMap::new();
    for instance in instances.iter().flatten() {
        let list = classes.entry(instance.sop_class_uid.clone()).or_default();
        let stored = &instance.transfer_syntax_uid;
        let near = [
            transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
            transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN,
        ];
        let near = near.map(Uid::from_static).into_iter();
        for ts in [stored.clone()].into_iter().chain(near) {
            if is_near(stored, &ts) && !list.contains(&ts) {
                list.push(ts);
            }
        }
    }
    let mut proposal = target.proposal();
    for (class, list) in classes {
        proposal = proposal.contexts_for_each(class, list);
    }
    // More than that is no rehearsal.
    proposal.contexts.truncate(128);
    Requested::connect(target, &proposal).await.ok()
}

async fn store(other: &mut Requested, instance: &Instance) -> Option<Status> {
    let prepared = prepare(other.negotiated(), instance).await.ok()?;
    if !is_near(
        &instance.transfer_syntax_uid,
        prepared.transfer_syntax_uid(),
    ) {
        return None;
    }
    let stored = other.store(instance).await.ok()?;
    Some(stored.status)
}
