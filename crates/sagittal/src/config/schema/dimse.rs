//! Settings of the DIMSE side, and peers.

use super::{KIB, MIB, PERMISSIONS, TIMEOUT, setting};
use crate::config::setting::{Kind, Section};

pub(super) const DIMSE: Section = Section {
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
            "min_rate",
            Kind::Size { min: 0, max: MIB },
            "\"256 B\"",
            "Bytes per second that a peer must give or take in the middle of a message, on average over\nread_timeout or write_timeout; slower ones lose the association. 0 allows any rate.",
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
};

pub(super) const DIMSE_TLS: Section = Section {
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
};

pub(super) const SERVICES: Section = Section {
    path: "services",
    repeated: false,
    doc: "DIMSE services that are offered; what is off is rejected in the negotiation.\nHTTP is restricted by roles, see [auth].",
    settings: &[
        setting("store", Kind::Bool, "true", "C-STORE."),
        setting("find", Kind::Bool, "true", "C-FIND."),
        setting("move", Kind::Bool, "true", "C-MOVE."),
        setting("get", Kind::Bool, "true", "C-GET."),
    ],
};

pub(super) const PEER: Section = Section {
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
            "lossy",
            Kind::List(&Kind::Choice(&[
                "jpeg",
                "jpeg-ls-lossy",
                "j2k-lossy",
                "htj2k-lossy",
            ])),
            "[]",
            "Compression with loss that it may be given where it takes nothing that loses nothing, the first\nfirst. What it gets is another instance, with a SOP Instance UID of its own. Empty: never.",
        ),
        setting(
            "lossy_quality",
            Kind::Integer { min: 1, max: 100 },
            "90",
            "Quality of lossy JPEG.",
        ),
        setting(
            "lossy_ratio",
            Kind::Integer { min: 2, max: 1000 },
            "10",
            "How much smaller lossy JPEG 2000 and HTJ2K shall be than the samples.",
        ),
        setting(
            "lossy_near",
            Kind::Integer { min: 1, max: 255 },
            "2",
            "By how much samples of near-lossless JPEG-LS may differ.",
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
        setting(
            "document",
            Kind::Path,
            "\"\"",
            "Its conformance document (`sagittal conformance`): what it does otherwise is logged, announced and\nmarked in the negotiation ledger. Empty: nothing is expected.",
        ),
        setting(
            "deid",
            Kind::Text,
            "\"\"",
            "A [[deid.policy]]: it gets instances only as that policy lets them be given away; what cannot be\nde-identified is a failed sub-operation. Empty: instances as they are.",
        ),
    ],
};
