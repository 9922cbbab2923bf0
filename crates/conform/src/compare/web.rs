//! DICOMweb (PS3.18) and media (PS3.11): what a user agent or reader needs against what is offered.

use super::association::is_closed;
use super::remedy;
use super::report::{Finding, Outcome, Place, Severity, Workflow};
use super::way::{Way, passes_on};
use crate::document::{Document, MediaRole, Support, Web, WebResource, WebRole};

pub(super) fn findings(way: &Way<'_>, found: &mut Vec<Finding>) {
    if way.wants(Workflow::Web) {
        for client in way
            .from
            .web
            .iter()
            .filter(|web| web.role == WebRole::UserAgent)
        {
            requests(way, client, found);
        }
    }
    if way.wants(Workflow::Media) {
        media(way, found);
    }
}

/// Is what is not listed not there?
fn is_told(document: &Document) -> bool {
    remedy::is_ours(document) || document.application_entities.iter().any(is_closed)
}

fn missing(document: &Document) -> (Support, Outcome) {
    match is_told(document) {
        true => (Support::No, Outcome::Refused),
        false => (Support::Unknown, Outcome::Unknown),
    }
}

fn requests(way: &Way<'_>, client: &Web, found: &mut Vec<Finding>) {
    let servers = way
        .to
        .web
        .iter()
        .filter(|web| web.role == WebRole::OriginServer);
    let servers: Vec<&Web> = servers.collect();
    for asked in client.resources.iter().filter(|row| row.support.is_yes()) {
        let subject = format!("{} {}", asked.method, asked.path);
        let mut offered: Vec<(&Web, &WebResource)> = Vec::new();
        for server in &servers {
            let same = server.resources.iter().filter(|row| is_same(row, asked));
            offered.extend(same.map(|row| (*server, row)));
        }
        let best = offered.iter().min_by_key(|(_, row)| match row.support {
            Support::Yes => 0,
            Support::Unknown => 1,
            Support::No => 2,
        });
        let url = best.map(|(server, _)| server.url.as_str());
        let url = url
            .or(servers.first().map(|server| server.url.as_str()))
            .unwrap_or("");
        let (support, outcome) = match best.map(|(_, row)| row.support) {
            Some(Support::Yes) => (Support::Yes, Outcome::Works),
            Some(Support::No) => (Support::No, Outcome::Refused),
            Some(Support::Unknown) => (Support::Unknown, Outcome::Unknown),
            None => missing(way.to),
        };
        let mut finding = way.finding(Workflow::Web, outcome, &client.url, url);
        finding.subject = subject;
        finding.clause = "PS3.18 §8";
        if !support.is_yes() {
            finding.place = Some(Place::Resource);
            finding.detail = match support {
                Support::No => format!("{} does not offer it", way.to.system.name),
                _ => format!("the document of {} does not tell of it", way.to.system.name),
            };
            finding.remedies = remedy::web(way, servers.is_empty());
            found.push(finding);
            continue;
        }
        finding.detail = "is offered".to_owned();
        let base = finding.clone();
        let before = found.len();
        if let Some((_, row)) = best {
            details(way, asked, row, &base, found);
        }
        if found.len() == before {
            found.push(finding);
        }
    }
}

/// Media types, their transfer syntaxes, and parameters.
fn details(
    way: &Way<'_>,
    asked: &WebResource,
    offered: &WebResource,
    base: &Finding,
    found: &mut Vec<Finding>,
) {
    let name = &way.to.system.name;
    let absent = missing(way.to).0;
    let mut add = |place, clause, support: Support, what: String| {
        let mut finding = base.clone();
        (finding.outcome, finding.detail) = match support {
            Support::Yes => return,
            Support::No => (Outcome::Impaired, format!("{name} does not give {what}")),
            Support::Unknown => (
                Outcome::Unknown,
                format!("whether {name} gives {what} is not told"),
            ),
        };
        finding.severity = Severity::Warning;
        finding.place = Some(place);
        finding.clause = clause;
        found.push(finding);
    };
    for media in asked
        .media_types
        .iter()
        .filter(|media| media.support.is_yes())
    {
        let wanted = essence(&media.media_type);
        let theirs = offered.media_types.iter();
        let theirs: Vec<_> = theirs
            .filter(|row| essence(&row.media_type) == wanted)
            .collect();
        let support = theirs.iter().map(|row| row.support).min().unwrap_or(absent);
        add(
            Place::MediaType,
            "PS3.18 §8.7",
            support,
            media.media_type.clone(),
        );
        for uid in media.transfer_syntaxes.iter().filter(|_| support.is_yes()) {
            let lists = theirs.iter().any(|row| !row.transfer_syntaxes.is_empty());
            let has = theirs.iter().any(|row| row.transfer_syntaxes.contains(uid));
            let support = match (has, lists) {
                (true, _) => Support::Yes,
                (false, true) => Support::No,
                (false, false) => Support::Unknown,
            };
            let what = format!("{} in {}", media.media_type, super::context::name(uid));
            add(Place::MediaType, "PS3.18 §8.7.3", support, what);
        }
    }
    for parameter in asked.parameters.iter().filter(|one| one.support.is_yes()) {
        let theirs = offered
            .parameters
            .iter()
            .find(|row| row.name == parameter.name);
        let support = theirs.map_or(absent, |row| row.support);
        let what = format!("the parameter {}", parameter.name);
        add(Place::Parameter, "PS3.18 §8.3", support, what);
    }
}

/// A media type without its parameters, except the type of the parts.
fn essence(media_type: &str) -> String {
    let mut parts = media_type
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase());
    let first = parts.next().unwrap_or_default();
    let of_parts = parts.find(|part| part.starts_with("type="));
    let of_parts = of_parts.map(|part| part.replace('"', ""));
    of_parts.map_or(first.clone(), |part| format!("{first};{part}"))
}

fn is_same(one: &WebResource, other: &WebResource) -> bool {
    one.method.eq_ignore_ascii_case(&other.method) && template(&one.path) == template(&other.path)
}

/// A path from its first known resource on, with placeholders that have no names.
fn template(path: &str) -> Vec<&str> {
    const ROOTS: [&str; 6] = [
        "studies",
        "series",
        "instances",
        "workitems",
        "bulkdata",
        "wado",
    ];
    let path = path.split('?').next().unwrap_or(path);
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let start = segments
        .iter()
        .position(|segment| ROOTS.contains(segment))
        .unwrap_or(0);
    let segments = segments.into_iter().skip(start);
    segments
        .map(|segment| {
            if segment.starts_with('{') {
                "{}"
            } else {
                segment
            }
        })
        .collect()
}

fn media(way: &Way<'_>, found: &mut Vec<Finding>) {
    let (from, to) = (&way.from.system.name, &way.to.system.name);
    for profile in &way.from.media {
        if !profile.support.is_yes() || !profile.roles.contains(&MediaRole::Creator) {
            continue;
        }
        let mut theirs = way.to.media.iter();
        let theirs = theirs
            .find(|row| row.profile == profile.profile && row.roles.contains(&MediaRole::Reader));
        let support = match theirs {
            Some(row) => row.support,
            // Of what has no media at all nothing is expected.
            None if way.to.media.is_empty() => continue,
            None => missing(way.to).0,
        };
        let outcome = match support {
            Support::Yes => Outcome::Works,
            Support::No => Outcome::Refused,
            Support::Unknown => Outcome::Unknown,
        };
        let mut finding = way.finding(Workflow::Media, outcome, from, to);
        finding.subject = profile.profile.clone();
        finding.clause = "PS3.11 §6";
        finding.detail = match support {
            Support::Yes => format!("{to} reads what {from} writes"),
            Support::No => format!("{to} does not read media of this profile"),
            Support::Unknown => format!("whether {to} reads media of this profile is not told"),
        };
        if !support.is_yes() {
            finding.place = Some(Place::MediaProfile);
        }
        if !support.is_yes() && way.from.application_entities.iter().any(passes_on) {
            finding.severity = Severity::Info;
        }
        found.push(finding);
    }
}
