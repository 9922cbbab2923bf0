//! The page at `/`: what this server is and how to begin. No patient data.

use std::fmt::Write as _;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use sagittal_auth::Permission;

use crate::authorize::Anybody;
use crate::request::Request;
use crate::state::WebState;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--soft:#8882;--accent:#0a6c8c;--warn:#a4480a}\
@media(prefers-color-scheme:dark){:root{--accent:#5cc3e6;--warn:#f0a35e}}\
body{font:16px/1.55 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1.25rem}\
h1{font-size:1.9rem;margin:0;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2.2rem 0 .6rem}\
p.lead{margin:.2rem 0 0;opacity:.75}\
table{border-collapse:collapse;width:100%}td,th{padding:.4rem 0;border-bottom:1px solid var(--line);text-align:left}\
th{font-weight:500;opacity:.75;width:10rem;vertical-align:top}td{overflow-wrap:anywhere}\
code,pre{font:14px/1.5 ui-monospace,monospace}.warn{color:var(--warn)}\
pre{background:var(--soft);padding:.8rem 1rem;border-radius:.5rem;overflow:auto}\
.tiles{display:grid;grid-template-columns:repeat(3,1fr);gap:.8rem}\
.tile{background:var(--soft);border-radius:.6rem;padding:.8rem 1rem}.tile b{display:block;font-size:1.5rem}\
a{color:var(--accent)}\
@media(max-width:32rem){body{margin:1.5rem auto}.tiles{grid-template-columns:repeat(2,1fr)}\
th,td{display:block;width:auto}th{border:0;padding-bottom:0}td{padding-top:0}}";

/// A slice between two halves, drawn here so that browsers ask for no other icon.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
%3Ccircle cx='8' cy='8' r='7' fill='%230a6c8c'/%3E%3Cpath d='M8 0v16' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E";

/// `GET /`.
pub(crate) async fn page(
    caller: Anybody,
    State(state): State<WebState>,
    request: Request,
) -> Response {
    let mut html = String::with_capacity(8 << 10);
    let config = &state.config;
    let title = escape(&config.ae_title);
    let _ = write!(
        html,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title} – Sagittal</title><link rel=\"icon\" href=\"{ICON}\"><style>{STYLE}</style></head><body>\
         <h1>{title}</h1><p class=\"lead\">A Sagittal archive for medical images, version {}</p>",
        escape(&config.version)
    );
    if caller.may(Permission::Observe) {
        tiles(&state, &mut html).await;
    } else if state.directory.http_is_protected() {
        html.push_str("<p>What is in the archive is shown to those who authenticate.</p>");
    }
    addresses(&state, &request, &mut html);
    first_study(&state, &request, &mut html);
    let _ = write!(
        html,
        "<h2>More</h2><p><a href=\"{root}/openapi.json\">Interface description (OpenAPI)</a> · \
         <a href=\"{root}/healthz\">Health</a> · <a href=\"{root}/metrics\">Metrics</a> · \
         <a href=\"{root}/events\">Events</a></p></body></html>",
        root = escape(&request.root)
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, html).into_response()
}

async fn tiles(state: &WebState, html: &mut String) {
    let Ok(statistics) = state.archive.statistics().await else {
        html.push_str("<p><b>The archive does not answer; see the server's log.</b></p>");
        return;
    };
    html.push_str("<h2>In the archive</h2><div class=\"tiles\">");
    for (name, value) in [
        (
            plural(statistics.patients, "patient", "patients"),
            count(statistics.patients),
        ),
        (
            plural(statistics.studies, "study", "studies"),
            count(statistics.studies),
        ),
        ("series", count(statistics.series)),
        (
            plural(statistics.instances, "instance", "instances"),
            count(statistics.instances),
        ),
        ("of data", size(statistics.bytes)),
        ("free", size(statistics.free_bytes)),
    ] {
        let _ = write!(html, "<div class=\"tile\"><b>{value}</b>{name}</div>");
    }
    html.push_str("</div>");
}

fn addresses(state: &WebState, request: &Request, html: &mut String) {
    let config = &state.config;
    let dimse = match &config.dimse_address {
        Some(address) => {
            let (host, port) = dimse_target(address, &request.root);
            format!("{} at {host}:{port}", config.ae_title)
        }
        None => "off".to_owned(),
    };
    html.push_str("<h2>How to reach it</h2><table>");
    for (name, value) in [
        ("DIMSE", dimse),
        ("DICOMweb", request.base.clone()),
        (
            "WADO-URI",
            format!("{}{}", request.root, config.wado_uri_path),
        ),
    ] {
        let _ = write!(
            html,
            "<tr><th>{name}</th><td><code>{}</code></td></tr>",
            escape(&value)
        );
    }
    html.push_str(if state.directory.http_is_protected() {
        "<tr><th>Authentication</th><td>user and password, or API token</td></tr></table>"
    } else {
        "<tr><th>Authentication</th><td class=\"warn\">off: everybody who reaches this port may do \
         everything</td></tr></table>"
    });
}

/// Host and port for DIMSE, as a client may use them: where every address is listened on, the host
/// by which this page was reached.
fn dimse_target<'a>(address: &'a str, root: &'a str) -> (&'a str, &'a str) {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "11112"));
    if !matches!(host, "0.0.0.0" | "[::]" | "") {
        return (host, port);
    }
    let authority = root.split_once("://").map_or(root, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or(authority);
    let host = match authority.rsplit_once(':') {
        Some((host, _)) if !authority.ends_with(']') => host,
        _ => authority,
    };
    (host, port)
}

fn first_study(state: &WebState, request: &Request, html: &mut String) {
    let config = &state.config;
    html.push_str("<h2>Load studies</h2><pre>");
    let base = escape(&request.base);
    let (token, header) = match state.directory.http_is_protected() {
        true => (
            "export SAGITTAL_TOKEN=…\n",
            "-H \"Authorization: Bearer $SAGITTAL_TOKEN\" ",
        ),
        false => ("", ""),
    };
    let header = escape(header);
    let _ = writeln!(
        html,
        "{token}sagittal import --server {base} /path/to/folder"
    );
    if let Some(address) = &config.dimse_address {
        let (host, port) = dimse_target(address, &request.root);
        let _ = writeln!(
            html,
            "sagittal send {}@{}:{} /path/to/folder",
            escape(&config.ae_title),
            escape(host),
            escape(port)
        );
    }
    let _ = write!(
        html,
        "curl {header}-H 'Content-Type: application/dicom' \\\n  --data-binary @file.dcm {base}/studies\n\
         curl {header}{base}/studies</pre>"
    );
}

fn plural(number: u64, one: &'static str, many: &'static str) -> &'static str {
    if number == 1 { one } else { many }
}

/// 1 234 567
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push('\u{202F}');
        }
        out.push(digit);
    }
    out
}

fn size(bytes: u64) -> String {
    const UNITS: &[&str] = &["B", "kB", "MB", "GB", "TB", "PB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 100.0);
    format!(
        "{value:.digits$}\u{202F}{}",
        UNITS.get(unit).unwrap_or(&"B")
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1\u{202F}234\u{202F}567");
        assert_eq!(size(999), "999\u{202F}B");
        assert_eq!(size(1_500_000_000), "1.5\u{202F}GB");
    }

    #[test]
    fn the_host_for_dimse_is_one_that_clients_can_use() {
        for (address, root, expected) in [
            ("10.0.0.1:104", "https://pacs/x", ("10.0.0.1", "104")),
            ("0.0.0.0:104", "https://pacs/x", ("pacs", "104")),
            ("0.0.0.0:104", "http://pacs:8080", ("pacs", "104")),
            ("[::]:104", "http://[::1]:8080", ("[::1]", "104")),
            ("[::]:104", "http://[::1]", ("[::1]", "104")),
            ("[fd00::1]:104", "http://pacs", ("[fd00::1]", "104")),
        ] {
            assert_eq!(dimse_target(address, root), expected);
        }
    }

    #[test]
    fn what_others_may_choose_cannot_become_markup() {
        assert_eq!(escape("<a href='x'>"), "&lt;a href=&#39;x&#39;&gt;");
    }
}
