//! Permissions. A route or service takes `Authorized<permission::X>`; one that takes none does
//! not get a caller and so cannot do anything.

use serde::{Deserialize, Serialize};

/// A permission, as configured and logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// C-ECHO, status page, capabilities.
    Verify,
    /// C-STORE, STOW-RS, import.
    Store,
    /// C-FIND, QIDO-RS.
    Query,
    /// C-MOVE, C-GET, WADO.
    Retrieve,
    /// DELETE.
    Delete,
    /// Event stream.
    Events,
    /// Metrics and server state.
    Observe,
    /// Everything else that changes the server.
    Administer,
}

/// A permission as a type.
pub trait Grant {
    /// The value.
    const PERMISSION: Permission;
}

macro_rules! grants {
    ($($name:ident),*) => { $(
        #[doc = concat!("Type of [`Permission::", stringify!($name), "`].")]
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl Grant for $name { const PERMISSION: Permission = Permission::$name; }
    )* };
}
grants!(
    Verify, Store, Query, Retrieve, Delete, Events, Observe, Administer
);
