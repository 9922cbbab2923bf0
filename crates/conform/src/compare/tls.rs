//! Secure transport (PS3.15 Annex B): is there a version and a cipher suite for both?

use super::remedy;
use super::report::{Finding, Outcome, Place, Workflow};
use super::way::Way;
use crate::document::{ApplicationEntity, ClientCertificate, Support, Tls};

pub(super) fn findings(
    way: &Way<'_>,
    scu: &ApplicationEntity,
    scp: &ApplicationEntity,
    found: &mut Vec<Finding>,
) {
    let is_required = !scp.addresses.is_empty() && scp.addresses.iter().all(|address| address.tls);
    let is_offered = scp.tls.is_some() || scp.addresses.iter().any(|address| address.tls);
    let matters = is_required || (is_offered && scu.tls.is_some());
    if !matters {
        return;
    }
    let finding = |outcome, detail: String| {
        let mut finding = way.finding(Workflow::Association, outcome, &scu.ae_title, &scp.ae_title);
        finding.place = Some(Place::Tls);
        finding.subject = "TLS".to_owned();
        finding.detail = detail;
        finding.clause = "PS3.15 §B.12";
        finding
    };
    let Some(client) = &scu.tls else {
        let detail = format!(
            "{} listens over TLS only; whether {} speaks it is not told",
            scp.ae_title, scu.ae_title
        );
        let mut finding = finding(Outcome::Unknown, detail);
        finding.remedies = remedy::plain_port(way, scu, scp);
        found.push(finding);
        return;
    };
    let Some(server) = &scp.tls else {
        return;
    };
    // A peer with a port without TLS can be reached, but not as the other side can do better.
    let failing = if is_required {
        Outcome::Refused
    } else {
        Outcome::Impaired
    };
    match common_version(client, server) {
        (Support::No, _) => {
            let detail = format!(
                "no version of TLS in common: {} speaks {}, {} takes {}",
                scu.ae_title,
                versions(client),
                scp.ae_title,
                versions(server)
            );
            let mut finding = finding(failing, detail);
            finding.remedies = remedy::tls_versions(way);
            found.push(finding);
            return;
        }
        (Support::Yes, common) if has_no_suite(client, server, &common) => {
            let detail = format!(
                "no cipher suite of TLS {} in common between {} and {}",
                common.join(", "),
                scu.ae_title,
                scp.ae_title
            );
            let mut finding = finding(failing, detail);
            finding.remedies = remedy::tls_versions(way);
            found.push(finding);
            return;
        }
        (Support::Unknown, _) if is_required => {
            let detail = format!(
                "whether {} and {} have a version of TLS in common is not told",
                scu.ae_title, scp.ae_title
            );
            found.push(finding(Outcome::Unknown, detail));
        }
        _ => {}
    }
    if server.client_certificate.value == Some(ClientCertificate::Required) {
        let detail = format!(
            "{} wants a certificate of {} from an authority that it trusts",
            scp.ae_title, scu.ae_title
        );
        let mut finding = finding(Outcome::Unknown, detail);
        finding.remedies = remedy::client_certificate(way);
        found.push(finding);
    }
}

/// Versions of which both documents say yes; `No` if there can be none.
fn common_version(client: &Tls, server: &Tls) -> (Support, Vec<String>) {
    let of = |tls: &Tls, version: &str| {
        let row = tls.versions.iter().find(|row| row.version == version);
        row.map_or(Support::Unknown, |row| row.support)
    };
    let mut common = Vec::new();
    let mut best = Support::No;
    for version in ["1.3", "1.2", "1.1", "1.0"] {
        match (of(client, version), of(server, version)) {
            (Support::Yes, Support::Yes) => common.push(version.to_owned()),
            (Support::No, _) | (_, Support::No) => {}
            _ => best = Support::Unknown,
        }
    }
    if common.is_empty() {
        (best, common)
    } else {
        (Support::Yes, common)
    }
}

/// Both list suites of the versions in common, and none is in both lists.
fn has_no_suite(client: &Tls, server: &Tls, versions: &[String]) -> bool {
    let suites = |tls: &Tls| -> Vec<String> {
        let rows = tls.suites.iter();
        let rows = rows.filter(|row| row.support.is_yes() && versions.contains(&row.version));
        rows.map(|row| row.name.clone()).collect()
    };
    let (client, server) = (suites(client), suites(server));
    !client.is_empty() && !server.is_empty() && !client.iter().any(|name| server.contains(name))
}

fn versions(tls: &Tls) -> String {
    let rows = tls.versions.iter().filter(|row| row.support.is_yes());
    let names: Vec<&str> = rows.map(|row| row.version.as_str()).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
