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

impl CallerKind {
    /// As logged.
    pub const fn as_str(self) -> &'static str {
        match self {
            CallerKind::Anonymous => "anonymous",
            CallerKind::ApplicationEntity => "application-entity",
            CallerKind::User => "user",
            CallerKind::Token => "token",
            CallerKind::Local => "local",
        }
    }
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

impl Caller {
    /// Anybody, while authentication is off: may do everything.
    pub fn anonymous(address: Option<IpAddr>) -> Caller {
        Caller {
            name: String::new(),
            kind: CallerKind::Anonymous,
            address,
            permissions: Permission::all(),
        }
    }

    /// The command line on the server's own machine: may do everything.
    pub fn local(name: impl Into<String>) -> Caller {
        Caller {
            name: name.into(),
            kind: CallerKind::Local,
            address: None,
            permissions: Permission::all(),
        }
    }

    /// What it may do in a de-identified view: with the permission for that find and retrieve,
    /// without it nothing, whatever it may do with originals.
    pub fn in_view(&self) -> Caller {
        let granted: &[Permission] = match self.may(Permission::ViewDeidentified) {
            true => &[
                Permission::Verify,
                Permission::Query,
                Permission::Retrieve,
                Permission::ViewDeidentified,
            ],
            false => &[],
        };
        Caller {
            permissions: granted.iter().copied().collect(),
            ..self.clone()
        }
    }

    /// May it do this?
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }
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
        if caller.may(P::PERMISSION) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::permission;

    #[test]
    fn a_proof_is_made_only_for_a_permission_that_is_there() {
        let mut caller = Caller::anonymous(None);
        assert!(Authorized::<permission::Delete>::check(&caller).is_ok());
        caller.permissions.remove(&Permission::Delete);
        let denied = Authorized::<permission::Delete>::check(&caller).unwrap_err();
        assert_eq!(denied.permission, Permission::Delete);
        assert!(Authorized::<permission::Query>::check(&caller).is_ok());
    }
}
