//! One association from its acceptance to its end, and what its operations share: responses to our
//! own sub-operations are handed to who waits for them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use sagittal_audit::{Action, Event, Outcome};
use sagittal_auth::Caller;
use sagittal_net::dimse::CommandSet;
use sagittal_net::{AbortReason, Association, Data, Negotiated, Sender};
use tokio::sync::oneshot;

use super::c_store::{self, StoreSummary};
use super::operations::Operations;
use crate::policy;
use crate::provider::Provider;

/// What the operations of one association share.
pub(crate) struct Session {
    pub(crate) provider: Arc<Provider>,
    pub(crate) caller: Caller,
    pub(crate) sender: Sender,
    pub(crate) negotiated: Arc<Negotiated>,
    /// C-STORE requests of ours (C-GET) that await a response.
    pub(crate) invocations: Invocations,
    /// What was stored, for the audit trail.
    pub(crate) stored: Mutex<StoreSummary>,
}

impl Session {
    /// An audit event by the caller.
    pub(crate) fn event(&self, action: Action, service: &str) -> Event {
        Event::new(action, service).by(
            self.caller.name.clone(),
            self.caller.kind.as_str(),
            self.caller.address,
        )
    }

    /// Sends a message without a data set.
    pub(crate) async fn send(&self, context_id: u8, command: &CommandSet) {
        self.send_data(context_id, command, Data::None).await;
    }

    /// Sends a message. That the peer is gone is for the receiving half to tell.
    pub(crate) async fn send_data(&self, context_id: u8, command: &CommandSet, data: Data<'_>) {
        if let Err(error) = self.sender.send(context_id, command, data).await {
            tracing::debug!(%error, "response not sent");
        }
    }
}

/// Requests of ours by Message ID.
#[derive(Default)]
pub(crate) struct Invocations(Mutex<HashMap<u16, oneshot::Sender<CommandSet>>>);

impl Invocations {
    /// The response to this message will come here.
    pub(crate) fn register(&self, message_id: u16) -> oneshot::Receiver<CommandSet> {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().insert(message_id, sender);
        receiver
    }

    /// Nobody waits any more.
    pub(crate) fn forget(&self, message_id: u16) {
        self.0.lock().remove(&message_id);
    }

    pub(super) fn deliver(&self, response: CommandSet) {
        let waiting = response
            .message_id_being_responded_to()
            .ok()
            .and_then(|id| self.0.lock().remove(&id));
        match waiting {
            Some(waiting) => drop(waiting.send(response)),
            None => tracing::debug!("a response to no request of ours"),
        }
    }
}

/// Serves an association to its end.
pub(crate) async fn run(provider: Arc<Provider>, mut association: Association) {
    let negotiated = association.negotiated().clone();
    let provider = provider.called(&negotiated.called_ae_title);
    let identified = policy::identify(
        &provider.directory,
        &negotiated.calling_ae_title,
        association.peer(),
        negotiated.user_identity.as_ref(),
    );
    // The policy has let it in with the same answer a moment ago.
    let Ok(caller) = identified.await else {
        association.abort(AbortReason::ServiceUser).await;
        return;
    };
    let session = Arc::new(Session {
        caller: provider.granted(caller),
        provider: provider.clone(),
        sender: association.sender(),
        negotiated: negotiated.clone(),
        invocations: Invocations::default(),
        stored: Mutex::default(),
    });
    let opened = Instant::now();
    metrics::counter!("sagittal_dimse_associations_total").increment(1);
    metrics::gauge!("sagittal_dimse_associations_open").increment(1.0);
    provider.record(
        session
            .event(Action::NetworkEntry, "A-ASSOCIATE")
            .detail(format!("called {}", negotiated.called_ae_title)),
    );
    tracing::info!(peer = %negotiated.calling_ae_title, address = ?association.peer().address,
        contexts = negotiated.contexts.len(), refused = negotiated.refused.len(), "association");
    let mut operations = Operations::new(session.clone());
    let ending = operations.serve(&mut association).await;
    operations.end().await;
    c_store::record(&session);
    let counters = association.counters();
    metrics::gauge!("sagittal_dimse_associations_open").decrement(1.0);
    metrics::counter!("sagittal_dimse_bytes_received_total").increment(counters.bytes_received);
    metrics::counter!("sagittal_dimse_bytes_sent_total").increment(counters.bytes_sent);
    let seconds = opened.elapsed().as_secs_f64();
    match ending {
        Ok(()) => tracing::info!(peer = %negotiated.calling_ae_title, seconds, "released"),
        Err(error) => {
            tracing::info!(peer = %negotiated.calling_ae_title, seconds, %error, "association ended");
        }
    }
}

impl StoreSummary {
    /// Is there anything to tell?
    pub(crate) fn event(&mut self, session: &Session) -> Option<Event> {
        let StoreSummary { studies, failed } = std::mem::take(self);
        let instances: u64 = studies.values().sum();
        if instances == 0 && failed == 0 {
            return None;
        }
        let mut event = session
            .event(Action::InstancesStored, "C-STORE")
            .studies(studies.into_keys().map(|uid| uid.to_string()))
            .instances(instances);
        if failed > 0 {
            let outcome = if instances == 0 {
                Outcome::SeriousFailure
            } else {
                Outcome::MinorFailure
            };
            event = event.outcome(outcome).detail(format!("{failed} refused"));
        }
        Some(event)
    }
}
