//! De-identification in the server.

use super::{GIB, MIB, setting};
use crate::config::setting::{Kind, Section};

pub(super) const DEID: Section = Section {
    path: "deid",
    repeated: false,
    doc: "De-identification in the server (PS3.15 Annex E), by the policies below.",
    settings: &[setting(
        "memory",
        Kind::Size {
            min: 64 * MIB,
            max: 256 * GIB,
        },
        "\"768 MiB\"",
        "Memory for all instances that are being de-identified at the same time. One instance may have\na third of it; a larger one is refused.",
    )],
};

pub(super) const DEID_POLICY: Section = Section {
    path: "deid.policy",
    repeated: true,
    doc: "A policy with its key, to be named in views, jobs and peers.",
    settings: &[
        setting("name", Kind::Name, "", "Its name."),
        setting(
            "file",
            Kind::Path,
            "\"\"",
            "The policy (TOML), as for `sagittal deid --profile`; empty for the basic profile alone. Lists and\ncatalogues that it names are looked for beside it.",
        ),
        setting(
            "key_file",
            Kind::Path,
            "",
            "The project key, made by `sagittal deid key`. The same key gives the same pseudonyms everywhere.",
        ),
    ],
};

pub(super) const DEID_VIEW: Section = Section {
    path: "deid.view",
    repeated: true,
    doc: "A de-identified view: queries and retrievals are de-identified on the fly, nothing is copied and\nnothing can be written. Takes the permission `view-deidentified`, and no other.",
    settings: &[
        setting(
            "name",
            Kind::Name,
            "",
            "Its name. Its DICOMweb is at /deid/<name> followed by http.dicomweb_path.",
        ),
        setting("policy", Kind::Name, "", "The policy that it is made by."),
        setting(
            "ae_title",
            Kind::Text,
            "\"\"",
            "AE title for C-FIND, C-MOVE and C-GET of the view; empty for none.",
        ),
    ],
};
