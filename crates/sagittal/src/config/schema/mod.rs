//! Every setting there is. The template, the checks, the environment variables, `config show` and
//! the reference page are made from this table.

mod auth;
mod compression;
mod deid;
mod dimse;
mod http;
mod quality;

use super::setting::{Kind, Section, Setting};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const SECOND: u64 = 1000;
const HOUR: u64 = 3600 * SECOND;
const DAY: u64 = 24 * HOUR;

/// Permissions as they are written in the file (see `sagittal_auth::permission`).
pub const PERMISSIONS: &[&str] = &[
    "verify",
    "store",
    "query",
    "retrieve",
    "delete",
    "events",
    "observe",
    "administer",
    "view-deidentified",
];

const TIMEOUT: Kind = Kind::Duration { min: 100, max: DAY };

const fn setting(
    key: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
) -> Setting {
    Setting {
        key,
        kind,
        default,
        doc,
    }
}

/// All sections, in the order of the template.
pub const SECTIONS: &[Section] = &[
    Section {
        path: "",
        repeated: false,
        doc: "",
        settings: &[setting(
            "data",
            Kind::Path,
            "\"sagittal-data\"",
            "Folder of the archive: packs, index, audit log. Made if it is not there.\nA relative path starts at the folder in which the server is started. Flag: --data",
        )],
    },
    Section {
        path: "storage",
        repeated: false,
        doc: "How instances are kept.",
        settings: &[
            setting(
                "duplicates",
                Kind::Choice(&["keep-both", "keep-first", "replace"]),
                "\"keep-both\"",
                "The same SOP Instance UID again with other content:\n  keep-both   the first stays visible, the newcomer is kept hidden and reported\n  keep-first  the newcomer is refused\n  replace     the newcomer is visible from now on, the first is kept hidden\nIdentical bytes are always acknowledged and never kept twice.",
            ),
            setting(
                "pack_size",
                Kind::Size {
                    min: 4 * MIB,
                    max: 16 * GIB,
                },
                "\"128 MiB\"",
                "Instances are appended to packs; a new pack begins at this size.",
            ),
            setting(
                "large_instance",
                Kind::Size {
                    min: MIB,
                    max: 16 * GIB,
                },
                "\"16 MiB\"",
                "A larger instance goes to a pack of its own while it arrives.",
            ),
            setting(
                "ingest_memory",
                Kind::Size {
                    min: 16 * MIB,
                    max: 64 * GIB,
                },
                "\"96 MiB\"",
                "Memory for all instances that are arriving at the same time; senders wait when it is used up.",
            ),
            setting(
                "reserve",
                Kind::Size {
                    min: 16 * MIB,
                    max: 1 << 50,
                },
                "\"256 MiB\"",
                "Refuse to store (A700, 507) when less than this is free on the volume; the index needs the rest.",
            ),
            setting(
                "warn_below",
                Kind::Size {
                    min: 0,
                    max: 1 << 50,
                },
                "\"2 GiB\"",
                "Warn when less than this is free.",
            ),
            setting(
                "study_quiet",
                Kind::Duration {
                    min: SECOND,
                    max: DAY,
                },
                "\"1m\"",
                "A study that got nothing for this long is reported as completed.",
            ),
            setting(
                "compact_below",
                Kind::Integer { min: 0, max: 95 },
                "50",
                "Percent. What is left of packs of which less than this is in use is copied to a new pack in\nthe background, and their space given back; 0 never does.",
            ),
            setting(
                "compact_every",
                Kind::Duration {
                    min: SECOND,
                    max: DAY,
                },
                "\"10m\"",
                "Between looks for packs with so much to give back.",
            ),
            setting(
                "scrub_every",
                Kind::Duration {
                    min: 0,
                    max: 3_650 * DAY,
                },
                "\"30d\"",
                "Everything that is stored is read again and compared with its checksums once in so long, slowly,\nin the background; what has rotted is told in log, metrics, events and audit trail. \"0s\" never does.",
            ),
        ],
    },
    compression::COMPRESSION,
    quality::QUALITY,
    dimse::DIMSE,
    dimse::DIMSE_TLS,
    http::HTTP,
    http::HTTP_TLS,
    dimse::SERVICES,
    Section {
        path: "limits",
        repeated: false,
        doc: "Bounds on what one request or object may ask of us.",
        settings: &[
            setting(
                "query_answers",
                Kind::Integer {
                    min: 1,
                    max: i64::MAX,
                },
                "10000000",
                "Answers to one C-FIND.",
            ),
            setting(
                "shutdown",
                Kind::Duration { min: 0, max: HOUR },
                "\"30s\"",
                "Running transfers may go on for this long after a stop was asked for.",
            ),
        ],
    },
    auth::AUTH,
    auth::AUTH_ROLE,
    auth::AUTH_USER,
    auth::AUTH_TOKEN,
    auth::AUTH_AE,
    auth::AUDIT,
    Section {
        path: "log",
        repeated: false,
        doc: "The server's own log, on standard error. It holds no patient data.",
        settings: &[
            setting(
                "format",
                Kind::Choice(&["text", "json"]),
                "\"text\"",
                "For people, or for a collector.",
            ),
            setting(
                "level",
                Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
                "\"info\"",
                "How much.",
            ),
        ],
    },
    compression::COMPRESSION_RULE,
    quality::QUALITY_RULE,
    dimse::PEER,
    deid::DEID,
    deid::DEID_POLICY,
    deid::DEID_VIEW,
];

/// The section with this path.
pub fn section(path: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.path == path)
}

/// Section and setting of a full path such as `dimse.tls.port`, repeated sections excluded.
pub fn find(path: &str) -> Option<(&'static Section, &'static Setting)> {
    let (section_path, key) = path.rsplit_once('.').unwrap_or(("", path));
    let section = section(section_path).filter(|section| !section.repeated)?;
    let setting = section.settings.iter().find(|setting| setting.key == key)?;
    Some((section, setting))
}

/// The environment variable of a setting: `dimse.tls.port` → `SAGITTAL_DIMSE_TLS_PORT`.
pub fn variable(path: &str) -> String {
    format!("SAGITTAL_{}", path.replace('.', "_").to_uppercase())
}
