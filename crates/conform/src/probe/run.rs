//! The whole of a probe, in order.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::dial::Dialer;
use super::report::{self, Findings, NOT_FOUND_OUT};
use super::{Options, Stored, negotiation, pairs, policy, preference, query, store, tls};
use crate::document::{Basis, Document, Fact, Role, Status, Support, System};

/// What a probe brought.
#[derive(Debug)]
pub struct Outcome {
    /// What was observed.
    pub document: Document,
    /// Why it ended early, if it did.
    pub stopped: Option<String>,
    /// Association requests.
    pub requests: u32,
    /// How long it took in all.
    pub elapsed: Duration,
    /// How long the pairs of SOP class and transfer syntax took, and how many associations.
    pub pairs_elapsed: (Duration, u32),
    /// What was sent, with [`Options::store`].
    pub stored: Vec<Stored>,
}

impl Outcome {
    /// Pairs that are accepted, refused, and not found out.
    pub fn counts(&self) -> [usize; 3] {
        let entities = &self.document.application_entities;
        [Support::Yes, Support::No, Support::Unknown].map(|support| {
            let count = |entity: &crate::document::ApplicationEntity| {
                entity.pairs(Role::Scp, support).len()
            };
            entities.iter().map(count).sum()
        })
    }
}

/// Now, as a document writes it.
pub fn now() -> String {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0);
    now.ok()
        .and_then(|now| now.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// Probes a peer. An error says why not even one association could be made.
pub async fn probe(options: Options) -> Result<Outcome, String> {
    let progress = options.progress;
    let dialer = Dialer::new(options);
    let mut pairs = pairs::begin(&dialer)
        .await
        .map_err(|answer| answer.describe())?;
    // Before anything else: some count an association for long after its end.
    let mut max_associations = Fact::default();
    if let Some(anchor) = &pairs.anchor {
        progress("associations at the same time");
        max_associations = policy::associations(&dialer, anchor).await;
    }
    let parallel = max_associations
        .value
        .and_then(|most| usize::try_from(most).ok())
        .unwrap_or(usize::MAX);
    progress("SOP classes and transfer syntaxes");
    let before = dialer.effort();
    pairs = pairs::ask(&dialer, pairs, parallel).await;
    let after = dialer.effort();
    let pairs_elapsed = (after.1 - before.1, after.0 - before.0);
    let mut findings = Findings {
        pairs,
        preferences: Default::default(),
        negotiated: Default::default(),
        policy: Default::default(),
        max_associations,
        query: Default::default(),
    };
    let mut stored = Vec::new();
    let mut cases = Vec::new();
    if dialer.distress().is_none() {
        progress("order of preference");
        findings.preferences = preference::ask(&dialer, &findings.pairs).await;
    }
    if dialer.distress().is_none() {
        progress("roles, extended negotiation, identities");
        findings.negotiated = negotiation::ask(&dialer, &findings.pairs).await;
    }
    if let (None, Some(anchor)) = (dialer.distress(), findings.pairs.anchor.clone()) {
        progress("AE titles");
        findings.policy = policy::ask(&dialer, &anchor).await;
    }
    let tls = if dialer.options.target.tls.is_some() && dialer.distress().is_none() {
        progress("TLS");
        Some(tls::ask(&dialer).await)
    } else {
        None
    };
    if dialer.options.query && dialer.distress().is_none() {
        progress("keys of queries");
        findings.query = query::ask(&dialer, &findings.pairs).await;
    }
    if dialer.options.store && dialer.distress().is_none() {
        progress("instances with and without faults");
        (cases, stored) = store::ask(&dialer, &findings.pairs).await;
    }
    let stopped = dialer.distress();
    let (requests, elapsed) = dialer.effort();
    let mut entity = report::entity(&dialer.options, findings);
    entity.tls = tls;
    entity.storage = cases;
    let address = &dialer.options.target.address;
    let evidence = format!(
        "sagittal conformance probe {} of {address} as {}, {requests} associations requested",
        env!("CARGO_PKG_VERSION"),
        dialer.options.target.calling_ae_title,
    );
    let system = System {
        name: address.ae_title.to_string(),
        product: entity.association.implementation_version_name.value.clone(),
        ..System::default()
    };
    let mut document = Document::new(
        "probe",
        Basis::new(Status::Observed, Some(now()), evidence),
        system,
    );
    let has_unknown = !entity.pairs(Role::Scp, Support::Unknown).is_empty();
    document.application_entities.push(entity);
    if has_unknown || stopped.is_some() {
        let why = stopped.clone().unwrap_or_else(|| "no answer".to_owned());
        let basis = Basis::new(Status::Unknown, Some(now()), why);
        document.bases.insert(NOT_FOUND_OUT.to_owned(), basis);
    }
    Ok(Outcome {
        document,
        stopped,
        requests,
        elapsed,
        pairs_elapsed,
        stored,
    })
}
