//! Every setting there is. The template, the checks, the environment variables, `config show` and
//! the reference page are made from this table.

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
                    min: 0,
                    max: 1 << 50,
                },
                "\"256 MiB\"",
                "Refuse to store (A700, 507) when less than this is free on the volume.",
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
        ],
    },
    Section {
        path: "dimse",
        repeated: false,
        doc: "The DIMSE side: associations of PS3.8, services of PS3.7 and PS3.4.",
        settings: &[
            setting(
                "enabled",
                Kind::Bool,
                "true",
                "Listen for associations at all.",
            ),
            setting(
                "ae_title",
                Kind::AeTitle,
                "\"SAGITTAL\"",
                "Our AE title. Flag: --ae-title",
            ),
            setting(
                "aliases",
                Kind::List(&Kind::AeTitle),
                "[]",
                "Further AE titles that we answer to.",
            ),
            setting(
                "address",
                Kind::Address,
                "\"127.0.0.1\"",
                "Address to listen on. Beyond loopback, authentication must be on (see [auth]) or\n--allow-remote-without-auth given. Flag: --dimse ADDRESS:PORT",
            ),
            setting("port", Kind::Port, "11112", "Port to listen on."),
            setting(
                "check_called_ae_title",
                Kind::Bool,
                "false",
                "Reject associations that call another title than ours or an alias.",
            ),
            setting(
                "known_peers_only",
                Kind::Bool,
                "false",
                "Reject associations from titles and hosts that are no [[peer]].",
            ),
            setting(
                "max_pdu",
                Kind::Size {
                    min: 4 * KIB,
                    max: 16 * MIB,
                },
                "\"128 KiB\"",
                "Largest PDU that we take (offered to the peer in the negotiation).",
            ),
            setting(
                "artim_timeout",
                TIMEOUT,
                "\"10s\"",
                "ARTIM timer (PS3.8 §9.1.5): connected, but no A-ASSOCIATE-RQ.",
            ),
            setting(
                "idle_timeout",
                TIMEOUT,
                "\"10m\"",
                "An association without any message is aborted after this.",
            ),
            setting(
                "read_timeout",
                TIMEOUT,
                "\"1m\"",
                "A message that stops in the middle ends the association after this.",
            ),
            setting(
                "write_timeout",
                TIMEOUT,
                "\"1m\"",
                "A peer that does not take what we send loses the association after this.",
            ),
            setting(
                "max_associations",
                Kind::Integer {
                    min: 1,
                    max: 100_000,
                },
                "250",
                "Associations at the same time; further ones are rejected (transient).",
            ),
            setting(
                "max_associations_per_peer",
                Kind::Integer {
                    min: 1,
                    max: 100_000,
                },
                "100",
                "The same for one address.",
            ),
            setting(
                "max_operations",
                Kind::Integer { min: 1, max: 1000 },
                "16",
                "Asynchronous operations window that we grant (PS3.7 §D.3.3.3).",
            ),
            setting(
                "transfer_syntaxes",
                Kind::List(&Kind::Uid),
                "[]",
                "Transfer syntaxes that we accept for storage, best first; empty: all that are known.",
            ),
            setting(
                "retired_sop_classes",
                Kind::Bool,
                "true",
                "Accept retired storage SOP classes too.",
            ),
            setting(
                "sop_classes",
                Kind::List(&Kind::Uid),
                "[]",
                "Further (private) storage SOP classes to accept.",
            ),
            setting(
                "unknown_sop_classes",
                Kind::Bool,
                "true",
                "Accept unknown SOP classes that the peer declares to be storage\n(SOP Class Common Extended Negotiation, PS3.7 §D.3.3.6).",
            ),
        ],
    },
    Section {
        path: "dimse.tls",
        repeated: false,
        doc: "DIMSE over TLS on a second port (PS3.15 §B.12).",
        settings: &[
            setting("enabled", Kind::Bool, "false", "Listen for TLS too."),
            setting(
                "port",
                Kind::Port,
                "2762",
                "Its port; the address is that of [dimse].",
            ),
            setting(
                "certificate",
                Kind::Path,
                "\"\"",
                "PEM file with our certificate and its chain.",
            ),
            setting("key", Kind::Path, "\"\"", "PEM file with the private key."),
            setting(
                "client_ca",
                Kind::Path,
                "\"\"",
                "PEM file with the authorities of client certificates; empty: none is asked for.",
            ),
            setting(
                "require_client_certificate",
                Kind::Bool,
                "false",
                "Refuse clients without a valid certificate.",
            ),
        ],
    },
    Section {
        path: "http",
        repeated: false,
        doc: "The web side: DICOMweb (PS3.18), status page, metrics.",
        settings: &[
            setting("enabled", Kind::Bool, "true", "Listen for HTTP at all."),
            setting(
                "address",
                Kind::Address,
                "\"127.0.0.1\"",
                "Address to listen on; as for [dimse]. Flag: --http ADDRESS:PORT",
            ),
            setting("port", Kind::Port, "8080", "Port to listen on."),
            setting(
                "dicomweb_path",
                Kind::UrlPath,
                "\"/dicom-web\"",
                "Where the DICOMweb services are.",
            ),
            setting(
                "wado_path",
                Kind::UrlPath,
                "\"/wado\"",
                "Where WADO-URI is.",
            ),
            setting(
                "base_url",
                Kind::BaseUrl,
                "\"\"",
                "How clients reach us, when a proxy is in between: begins every Retrieve URL and BulkDataURI.\nEmpty: from the Host header of each request.",
            ),
            setting(
                "cors",
                Kind::List(&Kind::Origin),
                "[]",
                "Origins of web pages that may call us. Flag: --cors ORIGIN",
            ),
            setting(
                "max_connections",
                Kind::Integer {
                    min: 1,
                    max: 100_000,
                },
                "1000",
                "Connections at the same time.",
            ),
            setting(
                "header_timeout",
                TIMEOUT,
                "\"15s\"",
                "A request must have sent its header within this.",
            ),
            setting(
                "idle_timeout",
                TIMEOUT,
                "\"2m\"",
                "A body that stops, or a client that does not read, is given up after this.",
            ),
            setting(
                "max_body",
                Kind::Size {
                    min: MIB,
                    max: 1 << 50,
                },
                "\"64 GiB\"",
                "Largest request body (STOW-RS), after decompression.",
            ),
            setting(
                "max_part",
                Kind::Size {
                    min: MIB,
                    max: 1 << 50,
                },
                "\"16 GiB\"",
                "Largest single part of a request body.",
            ),
        ],
    },
    Section {
        path: "http.tls",
        repeated: false,
        doc: "HTTPS instead of HTTP on the port of [http].",
        settings: &[
            setting("enabled", Kind::Bool, "false", "Serve HTTPS."),
            setting(
                "certificate",
                Kind::Path,
                "\"\"",
                "PEM file with our certificate and its chain.",
            ),
            setting("key", Kind::Path, "\"\"", "PEM file with the private key."),
        ],
    },
    Section {
        path: "services",
        repeated: false,
        doc: "Services that are offered; what is off is rejected in the negotiation, or answered 404.",
        settings: &[
            setting("store", Kind::Bool, "true", "C-STORE."),
            setting("find", Kind::Bool, "true", "C-FIND."),
            setting("move", Kind::Bool, "true", "C-MOVE."),
            setting("get", Kind::Bool, "true", "C-GET."),
            setting("stow_rs", Kind::Bool, "true", "STOW-RS."),
            setting("qido_rs", Kind::Bool, "true", "QIDO-RS."),
            setting("wado_rs", Kind::Bool, "true", "WADO-RS."),
            setting("wado_uri", Kind::Bool, "true", "WADO-URI."),
            setting(
                "delete",
                Kind::Bool,
                "true",
                "DELETE of studies, series and instances over HTTP.",
            ),
            setting("events", Kind::Bool, "true", "The event stream."),
            setting("metrics", Kind::Bool, "true", "/metrics."),
        ],
    },
    Section {
        path: "limits",
        repeated: false,
        doc: "Bounds on what one request or object may ask of us.",
        settings: &[
            setting(
                "nesting",
                Kind::Integer { min: 8, max: 256 },
                "64",
                "Sequences within sequences of an object that comes in.",
            ),
            setting(
                "elements",
                Kind::Integer {
                    min: 1000,
                    max: 1_000_000_000,
                },
                "4000000",
                "Elements of an object, nested ones included.",
            ),
            setting(
                "inflated",
                Kind::Size {
                    min: MIB,
                    max: 64 * GIB,
                },
                "\"1 GiB\"",
                "Size that a deflated data set may grow to.",
            ),
            setting(
                "query_answers",
                Kind::Integer {
                    min: 1,
                    max: i64::MAX,
                },
                "10000000",
                "Answers to one query; QIDO-RS pages beyond, C-FIND warns.",
            ),
            setting(
                "shutdown",
                Kind::Duration { min: 0, max: HOUR },
                "\"30s\"",
                "Running transfers may go on for this long after a stop was asked for.",
            ),
        ],
    },
    Section {
        path: "auth",
        repeated: false,
        doc: "Who may do what. Off, everybody may do everything, and only loopback is served.",
        settings: &[
            setting(
                "mode",
                Kind::Choice(&["off", "on"]),
                "\"off\"",
                "on: HTTP needs a user or a token, DIMSE a rule in [[auth.ae]] or a [[peer]].",
            ),
            setting(
                "realm",
                Kind::Text,
                "\"Sagittal\"",
                "Realm of HTTP basic authentication.",
            ),
        ],
    },
    Section {
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
    },
    Section {
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
    },
    Section {
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
    },
    Section {
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
    },
    Section {
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
    },
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
    Section {
        path: "peer",
        repeated: true,
        doc: "A DICOM peer: a destination of C-MOVE and, with `permissions`, what it may do here.\nFlag: --peer NAME=AE_TITLE@HOST:PORT",
        settings: &[
            setting("name", Kind::Name, "", "Our name for it."),
            setting("ae_title", Kind::AeTitle, "", "Its AE title."),
            setting("host", Kind::Host, "", "Where it is."),
            setting("port", Kind::Port, "104", "Its port."),
            setting("tls", Kind::Bool, "false", "Speak TLS to it."),
            setting(
                "transfer_syntaxes",
                Kind::List(&Kind::Uid),
                "[]",
                "Transfer syntaxes to offer it; empty: the stored one and the uncompressed ones.",
            ),
            setting(
                "permissions",
                Kind::List(&Kind::Choice(PERMISSIONS)),
                "[\"verify\", \"store\", \"query\", \"retrieve\"]",
                "What it may do here.",
            ),
            setting(
                "max_associations",
                Kind::Integer { min: 1, max: 1000 },
                "4",
                "Associations that we open to it at the same time.",
            ),
        ],
    },
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
