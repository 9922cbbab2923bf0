//! Compression of what is stored.

use super::{DAY, GIB, SECOND, setting};
use crate::config::setting::{Kind, Section};

pub(super) const COMPRESSION: Section = Section {
    path: "compression",
    repeated: false,
    doc: "Compression of what is stored, by the rules below; without rules, none. Never with loss: an\ninstance is kept compressed only if what was received was proved to come back byte for byte.",
    settings: &[
        setting(
            "every",
            Kind::Duration {
                min: SECOND,
                max: DAY,
            },
            "\"10m\"",
            "Between looks for stored instances that a rule has become due for.",
        ),
        setting(
            "rate",
            Kind::Size {
                min: 0,
                max: 16 * GIB,
            },
            "\"32 MiB\"",
            "Bytes a second that are compressed in the background at most; 0 is no bound.",
        ),
    ],
};

pub(super) const COMPRESSION_RULE: Section = Section {
    path: "compression.rule",
    repeated: true,
    doc: "A rule. All of its conditions must be met; the first rule that fits an instance counts.",
    settings: &[
        setting("name", Kind::Name, "", "Its name, for the log."),
        setting(
            "modalities",
            Kind::List(&Kind::Text),
            "[]",
            "Condition: Modality is one of these.",
        ),
        setting(
            "sop_classes",
            Kind::List(&Kind::Uid),
            "[]",
            "Condition: SOP Class UID is one of these.",
        ),
        setting(
            "transfer_syntaxes",
            Kind::List(&Kind::Uid),
            "[]",
            "Condition: received in one of these transfer syntaxes. Only uncompressed ones can be\nrestored byte for byte: Implicit VR and Explicit VR Little Endian, Explicit VR Big Endian.",
        ),
        setting(
            "sources",
            Kind::List(&Kind::Text),
            "[]",
            "Condition: received from one of these (AE titles; users; \"import\").",
        ),
        setting(
            "min_size",
            Kind::Size {
                min: 0,
                max: 1 << 50,
            },
            "0",
            "Condition: the data set has at least so many bytes.",
        ),
        setting(
            "max_size",
            Kind::Size {
                min: 0,
                max: 1 << 50,
            },
            "0",
            "Condition: the data set has at most so many bytes; 0 is no bound.",
        ),
        setting(
            "min_frames",
            Kind::Integer {
                min: 0,
                max: 1 << 31,
            },
            "0",
            "Condition: it has at least so many frames.",
        ),
        setting(
            "min_age",
            Kind::Duration {
                min: 0,
                max: 36_500 * DAY,
            },
            "\"0s\"",
            "Condition: received at least so long ago. Only for at = \"later\".",
        ),
        setting(
            "to",
            Kind::Name,
            "\"htj2k-lossless\"",
            "To what: htj2k-lossless, htj2k-lossless-rpcl, jpeg-ls-lossless, jpeg-lossless,\njpeg-2000-lossless, jpeg-xl-lossless, rle, or the UID of one of them.",
        ),
        setting(
            "at",
            Kind::Choice(&["arrival", "later"]),
            "\"arrival\"",
            "When:\n  arrival  before it is written, and so before its sender is answered; what is larger than\n           storage.large_instance in the background\n  later    in the background, while nothing arrives",
        ),
    ],
};
