//! Who asks, and may they? (design D12)
//!
//! A handler takes [`Access<P>`] and so gets proof that its caller has the permission. What
//! becomes of the request is recorded by [`crate::observe`] on the [`Trail`] that is begun here:
//! every success and every denial leaves one audit event.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use http::header::AUTHORIZATION;
use http::request::Parts;
use sagittal_archive::Error as ArchiveError;
use sagittal_audit::{Action, Event};
use sagittal_auth::permission::Grant;
use sagittal_auth::{Authorized, Caller, Permission, Quick, Rejection};

use crate::error::{Error, Result};
use crate::peer::{Peer, client_address};
use crate::state::WebState;

/// The audit event of a request while it is being answered.
#[derive(Clone, Default)]
pub(crate) struct Trail(Arc<Mutex<Option<Event>>>);

impl Trail {
    /// Adds to the event.
    pub fn note(&self, change: impl FnOnce(&mut Event)) {
        let mut event = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(event) = event.as_mut() {
            change(event);
        }
    }

    /// Takes the event to be recorded.
    pub fn take(&self) -> Option<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn begin(&self, event: Event) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(event);
    }
}

/// Proof of a permission, and the trail of what is done with it.
pub(crate) struct Access<P> {
    proof: Authorized<P>,
    trail: Trail,
}

impl<P: Grant> Access<P> {
    /// Who asks.
    pub fn caller(&self) -> &Caller {
        self.proof.caller()
    }

    /// Adds to the audit event.
    pub fn note(&self, change: impl FnOnce(&mut Event)) {
        self.trail.note(change);
    }

    /// How many instances the answer is about.
    pub fn instances(&self, count: usize) {
        self.trail.note(|event| event.instances = count as u64);
    }
}

impl<P: Grant> FromRequestParts<WebState> for Access<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Access<P>> {
        let trail = parts.extensions.get::<Trail>().cloned().unwrap_or_default();
        let address = address(parts, state);
        let mut event =
            Event::new(action(P::PERMISSION), service(parts)).by("", "unknown", address);
        if let Ok(path) = RawPathParams::from_request_parts(parts, state).await {
            let study = path.iter().find(|(name, _)| *name == "study");
            if let Some((_, uid)) = study {
                event.add_study(uid.chars().take(64).collect::<String>());
            }
        }
        if let Some(view) = state.archive.view() {
            event.detail = Some(format!("view {}, policy {}", view.name, view.policy.name));
        }
        trail.begin(event);
        let caller = match identify(parts, state).await {
            Ok(caller) if state.archive.view().is_some() => caller.in_view(),
            Ok(caller) => caller,
            Err(rejection) => {
                trail.note(|event| {
                    event.action = Action::UserAuthentication;
                    say(event, &rejection.to_string());
                });
                return Err(rejection.into());
            }
        };
        trail.note(|event| {
            event.who.clone_from(&caller.name);
            event.kind = caller.kind.as_str().to_owned();
        });
        match Authorized::check(&caller) {
            Ok(proof) => Ok(Access { proof, trail }),
            Err(denied) => {
                let error = match (state.archive.view(), denied.permission) {
                    (Some(_), Permission::Verify | Permission::Query | Permission::Retrieve) => {
                        Error::Forbidden(Permission::ViewDeidentified)
                    }
                    (Some(_), _) => ArchiveError::ReadOnly.into(),
                    (None, permission) => Error::Forbidden(permission),
                };
                trail.note(|event| {
                    event.action = Action::SecurityAlert;
                    say(event, &error.to_string());
                });
                Err(error)
            }
        }
    }
}

/// Somebody, or nobody: for pages that say more to those who are known. Wrong credentials are
/// still refused.
pub(crate) struct Anybody(pub Option<Caller>);

impl Anybody {
    /// May it do this?
    pub fn may(&self, permission: Permission) -> bool {
        self.0.as_ref().is_some_and(|caller| caller.may(permission))
    }
}

impl FromRequestParts<WebState> for Anybody {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Anybody> {
        match identify(parts, state).await {
            Ok(caller) => Ok(Anybody(Some(caller))),
            Err(Rejection::Missing) => Ok(Anybody(None)),
            Err(rejection) => {
                let trail = parts.extensions.get::<Trail>().cloned().unwrap_or_default();
                let event = Event::new(Action::UserAuthentication, service(parts))
                    .by("", "unknown", address(parts, state))
                    .detail(rejection.to_string());
                trail.begin(event);
                Err(rejection.into())
            }
        }
    }
}

async fn identify(parts: &Parts, state: &WebState) -> Result<Caller, Rejection> {
    let authorization = match parts.headers.get(AUTHORIZATION) {
        None => None,
        Some(value) => Some(value.to_str().map_err(|_| Rejection::Malformed)?),
    };
    let address = address(parts, state);
    match state
        .directory
        .authenticate_http_quickly(authorization, address)
    {
        Quick::Settled(result) => result,
        Quick::Slow => {
            // A flood of guesses waits here, and takes neither all memory nor all cores.
            let permit = state.hashing.clone().acquire_owned().await;
            let directory = state.directory.clone();
            let authorization = authorization.map(str::to_owned);
            tokio::task::spawn_blocking(move || {
                let _permit = permit;
                directory.authenticate_http(authorization.as_deref(), address)
            })
            .await
            .unwrap_or(Err(Rejection::Wrong))
        }
    }
}

fn address(parts: &Parts, state: &WebState) -> Option<IpAddr> {
    client_address(
        parts.extensions.get::<Peer>(),
        &parts.headers,
        &state.config.trusted_proxies,
    )
}

/// Adds to the detail of an event.
fn say(event: &mut Event, text: &str) {
    event.detail = Some(match event.detail.take() {
        None => text.to_owned(),
        Some(said) => format!("{said}: {text}"),
    });
}

/// Method and route template; never the path itself or the query.
fn service(parts: &Parts) -> String {
    let path = parts
        .extensions
        .get::<MatchedPath>()
        .map_or("unknown", |path| path.as_str());
    format!("{} {path}", parts.method)
}

/// What using a permission is called in the audit log.
fn action(permission: Permission) -> Action {
    match permission {
        Permission::Store => Action::InstancesStored,
        Permission::Query => Action::Query,
        Permission::Retrieve | Permission::ViewDeidentified => Action::InstancesAccessed,
        Permission::Delete => Action::StudyDeleted,
        Permission::Verify | Permission::Events | Permission::Observe => Action::NetworkEntry,
        Permission::Administer => Action::ApplicationActivity,
    }
}
