//! Policies and views of de-identification: do the files say what they should?

use sagittal_core::AeTitle;

use super::layers::{Layers, Row};
use super::model::{Config, DeidPolicy};
use super::problem::{Place, Problem, nearest};

/// Adds what is wrong with policies and views.
pub(super) fn check(layers: &Layers, config: &Config, found: &mut Vec<Problem>) {
    let rows = |section| layers.rows.get(section).map_or(&[][..], Vec::as_slice);
    for (row, policy) in rows("deid.policy").iter().zip(&config.deid.policies) {
        if !policy.name.is_empty() && !policy.key_file.as_os_str().is_empty() {
            files(row, policy, found);
        }
    }
    let names: Vec<&str> = config
        .deid
        .policies
        .iter()
        .map(|p| p.name.as_str())
        .collect();
    peers(rows("peer"), config, &names, found);
    let mut titles = vec![config.dimse.ae_title.as_str()];
    titles.extend(config.dimse.aliases.iter().map(String::as_str));
    for (row, view) in rows("deid.view").iter().zip(&config.deid.views) {
        let mut problem = |key: &str, message: String, remedy: Option<String>| {
            let mut problem = Problem::new(place(row, key), format!("deid.view.{key}"), message);
            problem.remedy = remedy;
            found.push(problem);
        };
        if !view.policy.is_empty() && !names.contains(&view.policy.as_str()) {
            let near = nearest(&view.policy, names.iter().copied());
            let remedy = match near {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "add it as [[deid.policy]]".to_owned(),
            };
            let message = format!("there is no policy {:?}", view.policy);
            problem("policy", message, Some(remedy));
        }
        if let Some(title) = &view.ae_title {
            match AeTitle::new(title) {
                Err(error) => problem("ae_title", error.to_string(), None),
                Ok(_) if titles.contains(&title.as_str()) => {
                    let message = format!("{title} is taken: a view has an AE title of its own");
                    problem("ae_title", message, Some("choose another".to_owned()));
                }
                Ok(_) => titles.push(title),
            }
        }
    }
}

/// Peers that get what a policy lets through.
fn peers(rows: &[Row], config: &Config, names: &[&str], found: &mut Vec<Problem>) {
    for (row, peer) in rows.iter().zip(&config.peers) {
        let Some(policy) = &peer.deid else { continue };
        if !names.contains(&policy.as_str()) {
            let message = format!("there is no policy {policy:?}");
            let mut problem = Problem::new(place(row, "deid"), "peer.deid", message);
            problem.remedy = Some(match nearest(policy, names.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "add it as [[deid.policy]]".to_owned(),
            });
            found.push(problem);
        }
    }
}

/// Reads all that a policy names. Mistakes of the policy are told with its own lines.
fn files(row: &Row, policy: &DeidPolicy, found: &mut Vec<Problem>) {
    if let Err(error) = crate::deid::read_key(&policy.key_file) {
        let (place, path) = (place(row, "key_file"), "deid.policy.key_file");
        found.push(Problem::new(place, path, format!("{error:#}")));
        return;
    }
    if let Err(error) = crate::deid::policy(policy) {
        let (place, path) = (place(row, "file"), "deid.policy.file");
        found.push(Problem::new(place, path, format!("{error:#}")));
    }
}

fn place(row: &Row, key: &str) -> Place {
    let held = row.get(key).and_then(|held| held.place.clone());
    held.unwrap_or(Place::Nowhere)
}
