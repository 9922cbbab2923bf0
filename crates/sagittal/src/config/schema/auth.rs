//! Settings of access and its record.

use super::{KIB, PERMISSIONS, setting};
use crate::config::setting::{Kind, Section};

pub(super) const AUTH: Section = Section {
    path: "auth",
    repeated: false,
    doc: "Who may do what. Off, everybody may do everything, and only loopback is served.",
    settings: &[setting(
        "mode",
        Kind::Choice(&["off", "on"]),
        "\"off\"",
        "on: HTTP needs a user or a token, DIMSE a rule in [[auth.ae]] or a [[peer]].",
    )],
};

pub(super) const AUTH_ROLE: Section = Section {
    path: "auth.role",
    repeated: true,
    doc: "A role: a name for some permissions. There already: reader (verify, query, retrieve, events), writer (verify, store),\neditor (both), monitor (verify, observe, events), admin (everything).",
    settings: &[
        setting("name", Kind::Name, "", "Its name."),
        setting(
            "permissions",
            Kind::List(&Kind::Choice(PERMISSIONS)),
            "",
            "verify, store, query, retrieve, delete, events, observe, administer.",
        ),
    ],
};

pub(super) const AUTH_USER: Section = Section {
    path: "auth.user",
    repeated: true,
    doc: "A user of the HTTP side (basic authentication).",
    settings: &[
        setting("name", Kind::Name, "", "The user's name."),
        setting(
            "password_hash",
            Kind::PasswordHash,
            "",
            "What `sagittal user hash` prints.",
        ),
        setting("roles", Kind::List(&Kind::Name), "[\"reader\"]", "Roles."),
    ],
};

pub(super) const AUTH_TOKEN: Section = Section {
    path: "auth.token",
    repeated: true,
    doc: "An API token (Authorization: Bearer …).",
    settings: &[
        setting("name", Kind::Name, "", "Its name, for the audit log."),
        setting(
            "hash",
            Kind::TokenHash,
            "",
            "What `sagittal token new` prints; the token itself is nowhere.",
        ),
        setting("roles", Kind::List(&Kind::Name), "[\"reader\"]", "Roles."),
        setting(
            "expires",
            Kind::Day,
            "\"\"",
            "The last day on which it is good, in UTC; empty: for ever.",
        ),
    ],
};

pub(super) const AUTH_AE: Section = Section {
    path: "auth.ae",
    repeated: true,
    doc: "What an Application Entity may do, by title and address. The first rule that fits counts.",
    settings: &[
        setting(
            "ae_title",
            Kind::Text,
            "\"*\"",
            "Calling AE title, or * for any.",
        ),
        setting(
            "addresses",
            Kind::List(&Kind::Network),
            "[]",
            "Addresses or networks it must come from; empty: from anywhere.",
        ),
        setting(
            "certificate_subject",
            Kind::Text,
            "\"\"",
            "Subject that its TLS certificate must have; empty: none is demanded.",
        ),
        setting(
            "permissions",
            Kind::List(&Kind::Choice(PERMISSIONS)),
            "",
            "As for roles.",
        ),
    ],
};

pub(super) const AUDIT: Section = Section {
    path: "audit",
    repeated: false,
    doc: "The audit log (PS3.15 §A.5) as JSON lines.",
    settings: &[
        setting("enabled", Kind::Bool, "true", "Keep one."),
        setting(
            "file",
            Kind::Path,
            "\"audit.jsonl\"",
            "The file; a relative path starts in the data folder.",
        ),
        setting(
            "max_size",
            Kind::Size {
                min: 64 * KIB,
                max: 1 << 40,
            },
            "\"256 MiB\"",
            "Begin a new file at this size.",
        ),
        setting(
            "keep",
            Kind::Integer {
                min: 1,
                max: 100_000,
            },
            "20",
            "Older files to keep.",
        ),
    ],
};
