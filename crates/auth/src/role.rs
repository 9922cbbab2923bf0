//! Roles: named sets of permissions, so that a configuration need not list them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Permission};

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks: finds and retrieves.
    Reader,
    /// Sends: a modality or an AI tool that delivers results, and nothing else.
    Writer,
    /// Reads and sends.
    Editor,
    /// Watches the server: metrics, health, events; sees no studies.
    Monitor,
    /// Sees what de-identified views show, and no originals.
    Researcher,
    /// Everything.
    Admin,
}

/// What each role may do.
const ROLES: &[(Role, &str, &[Permission])] = &[
    (
        Role::Reader,
        "reader",
        &[
            Permission::Verify,
            Permission::Query,
            Permission::Retrieve,
            Permission::Events,
        ],
    ),
    (
        Role::Writer,
        "writer",
        &[Permission::Verify, Permission::Store],
    ),
    (
        Role::Editor,
        "editor",
        &[
            Permission::Verify,
            Permission::Query,
            Permission::Retrieve,
            Permission::Events,
            Permission::Store,
        ],
    ),
    (
        Role::Monitor,
        "monitor",
        &[Permission::Verify, Permission::Observe, Permission::Events],
    ),
    (
        Role::Researcher,
        "researcher",
        &[Permission::Verify, Permission::ViewDeidentified],
    ),
    (Role::Admin, "admin", Permission::ALL),
];

impl Role {
    /// All there are.
    pub fn all() -> impl Iterator<Item = Role> {
        ROLES.iter().map(|(role, ..)| *role)
    }

    /// As configured.
    pub fn as_str(self) -> &'static str {
        ROLES
            .iter()
            .find(|(role, ..)| *role == self)
            .map_or("", |(_, name, _)| name)
    }

    /// What it may do.
    pub fn permissions(self) -> BTreeSet<Permission> {
        ROLES
            .iter()
            .find(|(role, ..)| *role == self)
            .map(|(.., permissions)| permissions.iter().copied().collect())
            .unwrap_or_default()
    }

    /// What several roles may do together.
    pub fn union(roles: &[Role]) -> BTreeSet<Permission> {
        roles.iter().flat_map(|role| role.permissions()).collect()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = Error;
    fn from_str(text: &str) -> Result<Role, Error> {
        Role::all()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| Error::InvalidRole {
                found: text.to_owned(),
                expected: Role::all().map(Role::as_str).collect::<Vec<_>>().join(", "),
            })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_role_has_a_name_and_permissions() {
        for role in [
            Role::Reader,
            Role::Writer,
            Role::Editor,
            Role::Monitor,
            Role::Admin,
        ] {
            assert_eq!(role.as_str().parse::<Role>().unwrap(), role);
            assert!(!role.permissions().is_empty());
        }
        assert!("root".parse::<Role>().is_err());
    }

    #[test]
    fn only_an_admin_deletes() {
        let deleters: Vec<Role> = Role::all()
            .filter(|role| role.permissions().contains(&Permission::Delete))
            .collect();
        assert_eq!(deleters, [Role::Admin]);
    }
}
