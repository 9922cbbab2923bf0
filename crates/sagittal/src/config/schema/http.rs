//! Settings of the HTTP side.

use super::{MIB, TIMEOUT, setting};
use crate::config::setting::{Kind, Section};

pub(super) const HTTP: Section = Section {
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
        setting(
            "max_answers",
            Kind::Integer {
                min: 1,
                max: 10_000_000,
            },
            "10000",
            "Answers to one search (QIDO-RS), whatever its limit; a Warning header tells of more.",
        ),
        setting(
            "trusted_proxies",
            Kind::List(&Kind::Network),
            "[]",
            "Proxies whose X-Forwarded-* headers are believed.",
        ),
    ],
};

pub(super) const HTTP_TLS: Section = Section {
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
};
