//! A caller, and the proof that it may do something.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::net::IpAddr;

use crate::permission::{Grant, Permission};

/// How a caller made itself known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// Not at all (authentication is off).
    Anonymous,
    /// An Application Entity, by title and address (and certificate, if TLS asks for one).
    ApplicationEntity,
    /// A user with a password.
    User,
    /// An API token.
    Token,
    /// The command line on the server's own machine.
    Local,
}

/// A caller whose identity has been settled.
#[derive(Clone, Debug)]
pub struct Caller {
    /// AE title, user name or token name; empty for anonymous.
    pub name: String,
    /// How it made itself known.
    pub kind: CallerKind,
    /// From where.
    pub address: Option<IpAddr>,
    /// What it may do.
    pub permissions: BTreeSet<Permission>,
}

/// Proof that a caller has a permission. Only [`Authorized::check`] makes one.
#[derive(Clone, Debug)]
pub struct Authorized<P> {
    caller: Caller,
    permission: PhantomData<P>,
}

/// The caller lacks the permission.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} may not {permission:?}")]
pub struct Denied {
    /// Name of the caller.
    pub name: String,
    /// What it lacks.
    pub permission: Permission,
}

impl<P: Grant> Authorized<P> {
    /// Checks the caller's permissions.
    pub fn check(caller: &Caller) -> Result<Authorized<P>, Denied> {
        if caller.permissions.contains(&P::PERMISSION) {
            Ok(Authorized {
                caller: caller.clone(),
                permission: PhantomData,
            })
        } else {
            Err(Denied {
                name: caller.name.clone(),
                permission: P::PERMISSION,
            })
        }
    }

    /// Who it is.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}
