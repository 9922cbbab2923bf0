//! Checks across settings: what is allowed by itself but not together.

use std::path::Path;

use super::compression;
use super::deid;
use super::layers::{Held, Layers, Row};
use super::model::Config;
use super::problem::{Place, Problem, nearest};
use super::value::Value;

/// Adds what does not fit together to the layers' problems.
pub fn check(layers: &mut Layers) {
    let config = Config::from_layers(layers);
    let mut found = Vec::new();
    ports(layers, &config, &mut found);
    tls(layers, &config, &mut found);
    space(layers, &config, &mut found);
    paths(layers, &config, &mut found);
    unique(layers, "peer", "name", &mut found);
    unique(layers, "auth.user", "name", &mut found);
    unique(layers, "auth.token", "name", &mut found);
    unique(layers, "auth.role", "name", &mut found);
    unique(layers, "compression.rule", "name", &mut found);
    unique(layers, "quality.rule", "name", &mut found);
    compression::check(layers, &mut found);
    documents(layers, &mut found);
    roles(layers, &config, &mut found);
    authentication(layers, &config, &mut found);
    unique(layers, "deid.policy", "name", &mut found);
    unique(layers, "deid.view", "name", &mut found);
    deid::check(layers, &config, &mut found);
    layers.problems.append(&mut found);
}

fn place(layers: &Layers, path: &str) -> Place {
    layers
        .single
        .get(path)
        .and_then(|held| held.place.clone())
        .unwrap_or(Place::Nowhere)
}

fn ports(layers: &Layers, config: &Config, found: &mut Vec<Problem>) {
    let mut used = Vec::new();
    if config.dimse.enabled {
        used.push(("dimse.port", config.dimse.address));
        if let Some(tls) = &config.dimse.tls {
            used.push(("dimse.tls.port", tls.address));
        }
    }
    if config.http.enabled {
        used.push(("http.port", config.http.address));
    }
    for (position, (path, address)) in used.iter().enumerate() {
        for (other, taken) in used.iter().take(position) {
            let same = address.port() == taken.port()
                && (address.ip() == taken.ip()
                    || address.ip().is_unspecified()
                    || taken.ip().is_unspecified());
            if address.port() != 0 && same {
                let message = format!("port {} is {other} already", address.port());
                found.push(
                    Problem::new(place(layers, path), *path, message).remedy("choose another port"),
                );
            }
        }
    }
    if !config.dimse.enabled && !config.http.enabled {
        let message = "both dimse and http are off: nothing would be served";
        found.push(
            Problem::new(place(layers, "http.enabled"), "http.enabled", message)
                .remedy("set one of them to true"),
        );
    }
}

fn tls(layers: &Layers, config: &Config, found: &mut Vec<Problem>) {
    for (section, tls) in [
        ("dimse.tls", &config.dimse.tls),
        ("http.tls", &config.http.tls),
    ] {
        let Some(tls) = tls else { continue };
        let mut files = vec![
            ("certificate", tls.certificate.as_path()),
            ("key", tls.key.as_path()),
        ];
        if let Some(authority) = &tls.client_ca {
            files.push(("client_ca", authority));
        }
        for (key, file) in files {
            let path = format!("{section}.{key}");
            if file == Path::new("") {
                let enabled = place(layers, &format!("{section}.enabled"));
                found.push(
                    Problem::new(enabled, path, "TLS is enabled, but this file is not given")
                        .remedy(format!("add {key} = \"…\" to [{section}]")),
                );
            } else if let Err(error) = std::fs::File::open(file) {
                let message = format!("cannot read {}: {error}", file.display());
                found.push(Problem::new(place(layers, &path), path, message));
            }
        }
        if tls.require_client_certificate && tls.client_ca.is_none() {
            let path = format!("{section}.require_client_certificate");
            found.push(
                Problem::new(
                    place(layers, &path),
                    path,
                    "needs the authorities to check against",
                )
                .remedy(format!("add client_ca = \"…\" to [{section}]")),
            );
        }
    }
}

fn space(layers: &Layers, config: &Config, found: &mut Vec<Problem>) {
    if config.storage.warn_below < config.storage.reserve {
        let path = "storage.warn_below";
        let message = "smaller than storage.reserve: the warning would come after the refusal";
        found.push(Problem::new(place(layers, path), path, message).remedy("make it larger"));
    }
    if config.http.max_part > config.http.max_body {
        let path = "http.max_part";
        found.push(Problem::new(
            place(layers, path),
            path,
            "larger than http.max_body",
        ));
    }
    if config.dimse.max_associations_per_peer > config.dimse.max_associations
        && place(layers, "dimse.max_associations_per_peer") != Place::Nowhere
    {
        let path = "dimse.max_associations_per_peer";
        found.push(Problem::new(
            place(layers, path),
            path,
            "larger than dimse.max_associations",
        ));
    }
}

fn paths(layers: &Layers, config: &Config, found: &mut Vec<Problem>) {
    let (dicomweb, wado) = (&config.http.dicomweb_path, &config.http.wado_path);
    let within = |a: &str, b: &str| a == b || a.starts_with(&format!("{b}/"));
    if within(dicomweb, wado) || within(wado, dicomweb) {
        let path = "http.wado_path";
        let message = format!("{wado:?} and http.dicomweb_path {dicomweb:?} lie in each other");
        found.push(Problem::new(place(layers, path), path, message).remedy("choose another path"));
    }
}

fn unique(layers: &Layers, section: &str, key: &str, found: &mut Vec<Problem>) {
    let mut seen: Vec<&Value> = Vec::new();
    for held in cells(layers, section, key) {
        if seen.contains(&&held.value) {
            let place = held.place.clone().unwrap_or(Place::Nowhere);
            let path = format!("{section}.{key}");
            found.push(
                Problem::new(
                    place,
                    path,
                    format!("this {key} is taken by an earlier [[{section}]]"),
                )
                .remedy("choose another"),
            );
        }
        seen.push(&held.value);
    }
}

fn roles(layers: &Layers, config: &Config, found: &mut Vec<Problem>) {
    let configured = config.auth.roles.iter().map(|role| role.name.as_str());
    let built_in = sagittal_auth::Role::all().map(sagittal_auth::Role::as_str);
    let mut known: Vec<&str> = built_in.collect();
    known.extend(configured);
    for section in ["auth.user", "auth.token"] {
        for held in cells(layers, section, "roles") {
            let Value::List(names) = &held.value else {
                continue;
            };
            for name in names {
                let Value::Text(name) = name else { continue };
                if known.contains(&name.as_str()) {
                    continue;
                }
                let place = held.place.clone().unwrap_or(Place::Nowhere);
                let path = format!("{section}.roles");
                let message = format!("there is no role {name:?}; there are {}", known.join(", "));
                let mut problem = Problem::new(place, path, message);
                problem.remedy = nearest(name, known.iter().copied())
                    .map(|near| format!("did you mean \"{near}\"?"))
                    .or_else(|| Some("add it as [[auth.role]]".into()));
                found.push(problem);
            }
        }
    }
}

/// Conformance documents of peers can be read, and speak of the peer.
fn documents(layers: &Layers, found: &mut Vec<Problem>) {
    let rows: &[Row] = layers.rows.get("peer").map(Vec::as_slice).unwrap_or(&[]);
    for row in rows {
        let (Some(held), Some(title)) = (row.get("document"), row.get("ae_title")) else {
            continue;
        };
        let (Value::Text(file), Value::Text(title)) = (&held.value, &title.value) else {
            continue;
        };
        if file.is_empty() {
            continue;
        }
        if let Err(message) = super::documents::check(title, Path::new(file)) {
            let place = held.place.clone().unwrap_or(Place::Nowhere);
            found.push(Problem::new(place, "peer.document", message));
        }
    }
}

fn authentication(layers: &Layers, config: &Config, found: &mut Vec<Problem>) {
    let auth = &config.auth;
    let nobody = auth.users.is_empty()
        && auth.tokens.is_empty()
        && auth.rules.is_empty()
        && config.peers.is_empty();
    if auth.on && nobody {
        let path = "auth.mode";
        let message = "on, but there is no [[auth.user]], [[auth.token]], [[auth.ae]] or [[peer]]: nobody could do anything";
        found.push(Problem::new(place(layers, path), path, message).remedy(
            "add a user (`sagittal user hash`), a token (`sagittal token new`) or an AE rule",
        ));
    }
}

fn cells<'a>(layers: &'a Layers, section: &str, key: &'a str) -> impl Iterator<Item = &'a Held> {
    let rows: &[Row] = layers.rows.get(section).map(Vec::as_slice).unwrap_or(&[]);
    rows.iter().filter_map(move |row| row.get(key))
}
