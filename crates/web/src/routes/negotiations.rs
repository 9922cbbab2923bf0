//! The rows of the negotiation ledger.

use axum::routing::get;
use sagittal_auth::Permission;

use super::route::{Base, Method, Route};
use crate::admin::negotiations;

/// All peers.
pub(super) const ALL: Route = Route {
    name: "negotiations",
    method: Method::Get,
    base: Base::Root,
    path: "/admin/negotiations",
    permission: Some(Permission::Observe),
    summary: "What peers propose and refuse: all of them in a few figures",
    clause: "extension",
    query: &[],
    consumes: &[],
    produces: &["application/json"],
    statuses: &[200, 404],
    handler: || get(negotiations::all),
};

/// One of them.
pub(super) const ONE: Route = Route {
    name: "negotiationsOfPeer",
    path: "/admin/negotiations/{ae}",
    summary: "What a peer proposes and refuses, what is converted for it, and where it departs from its document",
    handler: || get(negotiations::one),
    ..ALL
};
