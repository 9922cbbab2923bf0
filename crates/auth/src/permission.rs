//! Permissions. A route or service takes `Authorized<permission::X>`; one that takes none does
//! not get a caller and so cannot do anything.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

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
    /// De-identified views, and nothing else: what [`Permission::Query`] and
    /// [`Permission::Retrieve`] are for originals.
    ViewDeidentified,
}

impl Permission {
    /// All there are.
    pub const ALL: &'static [Permission] = &[
        Permission::Verify,
        Permission::Store,
        Permission::Query,
        Permission::Retrieve,
        Permission::Delete,
        Permission::Events,
        Permission::Observe,
        Permission::Administer,
        Permission::ViewDeidentified,
    ];

    /// As configured and logged.
    pub const fn as_str(self) -> &'static str {
        match self {
            Permission::Verify => "verify",
            Permission::Store => "store",
            Permission::Query => "query",
            Permission::Retrieve => "retrieve",
            Permission::Delete => "delete",
            Permission::Events => "events",
            Permission::Observe => "observe",
            Permission::Administer => "administer",
            Permission::ViewDeidentified => "view-deidentified",
        }
    }

    /// Every permission.
    pub fn all() -> BTreeSet<Permission> {
        Permission::ALL.iter().copied().collect()
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = Error;
    fn from_str(text: &str) -> Result<Permission, Error> {
        Permission::ALL
            .iter()
            .copied()
            .find(|permission| permission.as_str() == text)
            .ok_or_else(|| Error::InvalidPermission {
                found: text.to_owned(),
                expected: Permission::ALL
                    .iter()
                    .map(|permission| permission.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }
}

/// A permission as a type.
pub trait Grant: Send + Sync + 'static {
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
    Verify,
    Store,
    Query,
    Retrieve,
    Delete,
    Events,
    Observe,
    Administer,
    ViewDeidentified
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_permission_is_read_back_from_its_name() {
        for &permission in Permission::ALL {
            assert_eq!(
                permission.as_str().parse::<Permission>().unwrap(),
                permission
            );
            let json = serde_json_name(permission);
            assert_eq!(json, permission.as_str());
        }
        assert!("Verify".parse::<Permission>().is_err());
    }

    /// The name that serde gives, without a JSON crate: the Debug form in kebab case.
    fn serde_json_name(permission: Permission) -> String {
        let mut name = String::new();
        for letter in format!("{permission:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.extend(letter.to_lowercase());
        }
        name
    }
}
