//! The user side of a twin: proposes what the document says, and tells what was accepted.

use std::collections::BTreeSet;

use anyhow::Context as _;
use sagittal_conform::document::ApplicationEntity;
use sagittal_conform::twin::scu::{self, Outcome};
use sagittal_core::{Uid, dictionary, sop_class, transfer_syntax};
use sagittal_dimse::scu::{Address, Instance, Target};
use sagittal_net::tls::TlsClient;

use super::Exit;
use super::twin::{Arguments, read};
use crate::{demo, files};

/// Runs it.
pub(super) async fn run(
    arguments: &Arguments,
    entity: &ApplicationEntity,
    peer: &Address,
) -> anyhow::Result<Exit> {
    let mut target = Target::new(peer.clone(), peer.ae_title.clone());
    target.tls = tls(arguments)?;
    let target = scu::target(target, entity).map_err(anyhow::Error::msg)?;
    let proposals =
        scu::proposals(&target, entity, arguments.lenient).map_err(anyhow::Error::msg)?;
    let classes: BTreeSet<Uid> = proposals
        .iter()
        .flat_map(|proposal| proposal.contexts.iter().map(|(class, _)| class.clone()))
        .collect();
    let instances = if arguments.files.is_empty() {
        generated(&classes)?
    } else {
        named(arguments)?
    };
    let outcome = scu::rehearse(&target, &proposals, &instances).await;
    if arguments.json {
        crate::say!("{}", serde_json::to_string_pretty(&json(&outcome))?);
    } else {
        crate::show!("{}", text(&outcome));
    }
    for failure in &outcome.failures {
        eprintln!("sagittal: {failure}");
    }
    Ok(exit(&outcome))
}

fn exit(outcome: &Outcome) -> Exit {
    let results = outcome
        .contexts
        .iter()
        .map(|row| row.outcome.is_ok())
        .chain(outcome.sent.iter().map(|row| row.outcome.is_ok()))
        .chain(outcome.echo.iter().map(Result::is_ok));
    let (mut good, mut bad) = (0, 0);
    for is_good in results {
        *(if is_good { &mut good } else { &mut bad }) += 1;
    }
    Exit::of(good, bad)
}

fn tls(arguments: &Arguments) -> anyhow::Result<Option<TlsClient>> {
    let Some(ca) = &arguments.ca else {
        return Ok(None);
    };
    let own = match (&arguments.cert, &arguments.cert_key) {
        (Some(cert), Some(key)) => Some((read(cert)?, read(key)?)),
        _ => None,
    };
    let own = own
        .as_ref()
        .map(|(cert, key)| (cert.as_slice(), key.as_slice()));
    let client = TlsClient::from_pem(&read(ca)?, own).context("cannot use the certificates")?;
    Ok(Some(client))
}

/// Files, and those of folders.
fn named(arguments: &Arguments) -> anyhow::Result<Vec<Instance>> {
    let mut instances = Vec::new();
    for given in &arguments.files {
        for path in files::walk(given) {
            instances.push(Instance::of_file(&path?)?);
        }
    }
    Ok(instances)
}

/// A generated instance of each SOP class that is proposed, as far as there are any.
fn generated(classes: &BTreeSet<Uid>) -> anyhow::Result<Vec<Instance>> {
    let is_storage = |uid: &&Uid| sop_class::storage(uid.as_str()).is_some();
    let mut left: BTreeSet<Uid> = classes.iter().filter(is_storage).cloned().collect();
    let mut instances = Vec::new();
    for object in demo::objects() {
        if left.remove(&object.sop_class_uid) {
            instances.push(Instance::of_bytes("generated", object.part10()?.into())?);
        }
        if left.is_empty() {
            break;
        }
    }
    let names: Vec<&str> = left.iter().map(class_name).collect();
    if !names.is_empty() {
        eprintln!(
            "no generated instances of {}: name files to send some",
            names.join(", ")
        );
    }
    Ok(instances)
}

fn class_name(uid: &Uid) -> &str {
    match dictionary::uid_name(uid.as_str()) {
        Some(name) if !name.is_empty() => name,
        _ => uid.as_str(),
    }
}

fn syntax_name(uid: &Uid) -> &str {
    transfer_syntax::by_uid(uid.as_str()).map_or(uid.as_str(), |row| row.name)
}

fn text(outcome: &Outcome) -> String {
    let mut lines = Vec::new();
    for row in &outcome.contexts {
        let name = class_name(&row.sop_class);
        lines.push(match &row.outcome {
            Ok(ts) => format!("accepted  {name} in {}", syntax_name(ts)),
            Err(why) => {
                let list: Vec<&str> = row.transfer_syntaxes.iter().map(syntax_name).collect();
                format!("refused   {name} in {}: {why}", list.join(", "))
            }
        });
    }
    if let Some(echo) = &outcome.echo {
        lines.push(match echo {
            Ok(()) => "echoed".to_owned(),
            Err(why) => format!("no echo: {why}"),
        });
    }
    for row in &outcome.sent {
        let (name, class) = (&row.name, class_name(&row.sop_class));
        lines.push(match &row.outcome {
            Ok(ts) => format!("stored    {name} ({class}) in {}", syntax_name(ts)),
            Err(why) => format!("not sent  {name} ({class}): {why}"),
        });
    }
    lines.join("\n") + "\n"
}

fn json(outcome: &Outcome) -> serde_json::Value {
    let result = |result: &Result<Uid, String>| match result {
        Ok(uid) => serde_json::json!({ "accepted": uid.as_str() }),
        Err(why) => serde_json::json!({ "refused": why }),
    };
    let contexts: Vec<_> = outcome
        .contexts
        .iter()
        .map(|row| {
            let list: Vec<&str> = row.transfer_syntaxes.iter().map(Uid::as_str).collect();
            serde_json::json!({
                "sop_class_uid": row.sop_class.as_str(),
                "transfer_syntax_uids": list,
                "outcome": result(&row.outcome),
            })
        })
        .collect();
    let sent: Vec<_> = outcome
        .sent
        .iter()
        .map(|row| {
            serde_json::json!({
                "name": row.name,
                "sop_class_uid": row.sop_class.as_str(),
                "outcome": result(&row.outcome),
            })
        })
        .collect();
    serde_json::json!({
        "contexts": contexts,
        "sent": sent,
        "echo": outcome.echo.as_ref().map(Result::is_ok),
        "failures": outcome.failures,
    })
}
