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
:root{color-scheme:light dark;--line:#8884;--soft:#8882;--accent:#0a7ea4}\
body{font:16px/1.55 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1.25rem}\
h1{font-size:1.9rem;margin:0}h2{font-size:1.1rem;margin:2.2rem 0 .6rem}\
p.lead{margin:.2rem 0 0;opacity:.75}\
table{border-collapse:collapse;width:100%}td,th{padding:.4rem .6rem;border-bottom:1px solid var(--line);text-align:left}\
th{font-weight:500;opacity:.75;width:12rem}code,pre{font:14px/1.5 ui-monospace,monospace}\
pre{background:var(--soft);padding:.8rem 1rem;border-radius:.5rem;overflow:auto}\
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.8rem}\
.tile{background:var(--soft);border-radius:.6rem;padding:.8rem 1rem}.tile b{display:block;font-size:1.5rem}\
a{color:var(--accent)}";

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
         <title>{title} – Sagittal</title><style>{STYLE}</style></head><body>\
         <h1>{title}</h1><p class=\"lead\">A Sagittal archive for medical images, version {}</p>",
        escape(&config.version)
    );
    if caller.may(Permission::Observe) {
        tiles(&state, &mut html).await;
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
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
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
        ("patients", count(statistics.patients)),
        ("studies", count(statistics.studies)),
        ("series", count(statistics.series)),
        ("instances", count(statistics.instances)),
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
        Some(address) => format!("{} at {address}", config.ae_title),
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
        (
            "Authentication",
            if state.directory.http_is_protected() {
                "user and password, or API token".to_owned()
            } else {
                "off: everybody who reaches this port may do everything".to_owned()
            },
        ),
    ] {
        let _ = write!(
            html,
            "<tr><th>{name}</th><td><code>{}</code></td></tr>",
            escape(&value)
        );
    }
    html.push_str("</table>");
}

fn first_study(state: &WebState, request: &Request, html: &mut String) {
    let config = &state.config;
    html.push_str("<h2>Load a first study</h2><pre>");
    let base = escape(&request.base);
    let _ = writeln!(html, "sagittal import --server {base} /path/to/folder");
    if let Some(address) = &config.dimse_address {
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "11112"));
        let host = match host {
            "0.0.0.0" | "[::]" | "" => "localhost",
            host => host,
        };
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
        "curl -H 'Content-Type: application/dicom' --data-binary @file.dcm \\\n  {base}/studies\n\
         curl {base}/studies</pre>"
    );
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
    fn what_others_may_choose_cannot_become_markup() {
        assert_eq!(escape("<a href='x'>"), "&lt;a href=&#39;x&#39;&gt;");
    }
}
