//! `sagittal conformance ledger`: what peers of a server propose and refuse.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use http::StatusCode;
use sagittal_core::{dictionary, transfer_syntax};
use sagittal_dimse::ledger::{Context, PeerRecord, Side, Summary, file};
use serde::Deserialize;
use time::OffsetDateTime;
use time::macros::format_description;

use super::Exit;
use crate::client::{Access, HttpClient, ServerUrl, body, reason};

/// Bytes of an answer.
const LONGEST: usize = 64 << 20;

/// What peers of a server propose and refuse, what is converted for them, and where they depart from their documents
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal conformance ledger --server http://127.0.0.1:8080
  sagittal conformance ledger CT1 --server https://pacs.example --json
  sagittal conformance ledger --data /srv/archive

With --server the ledger of a running server, which takes the permission `observe`; without it, what
a server last wrote to its data folder: once a minute, and when it stops.
Exit codes: 0 shown, 1 there is no such peer or no ledger.")]
pub struct Arguments {
    /// Only this AE title, in full
    #[arg(value_name = "AE")]
    ae_title: Option<String>,
    /// URL of a running server
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    server: Option<ServerUrl>,
    /// Data folder of a server
    #[arg(
        long,
        value_name = "DIR",
        default_value = "sagittal-data",
        env = "SAGITTAL_DATA"
    )]
    data: PathBuf,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

#[derive(Deserialize)]
struct Peers<T> {
    peers: Vec<T>,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let json = match &arguments.server {
        Some(url) => crate::runtime()?.block_on(fetch(&arguments, url))?,
        None => read(&arguments)?,
    };
    let Some(json) = json else {
        let who = arguments.ae_title.as_deref().unwrap_or_default();
        bail!("no association with the AE title {who:?} is in the ledger");
    };
    if arguments.json {
        crate::say!("{}", serde_json::to_string_pretty(&json)?);
    } else if arguments.ae_title.is_some() {
        let found: Peers<PeerRecord> = serde_json::from_value(json)?;
        let texts: Vec<String> = found.peers.iter().map(details).collect();
        crate::show!("{}", texts.join("\n"));
    } else {
        let found: Peers<Summary> = serde_json::from_value(json)?;
        crate::show!("{}", overview(&found.peers));
    }
    Ok(Exit::Done)
}

fn read(arguments: &Arguments) -> anyhow::Result<Option<serde_json::Value>> {
    let path = arguments.data.join(file::NAME);
    if !path.exists() {
        bail!(
            "there is no ledger in {}: a server writes it there once a minute and when it stops",
            arguments.data.display()
        );
    }
    let mut records = file::read(&path)?;
    records.sort_by(|a, b| (&a.ae_title, &a.address).cmp(&(&b.ae_title, &b.address)));
    Ok(match &arguments.ae_title {
        None => {
            let rows: Vec<Summary> = records.iter().map(PeerRecord::summary).collect();
            Some(serde_json::json!({ "peers": rows }))
        }
        Some(title) => {
            records.retain(|record| record.ae_title == *title);
            (!records.is_empty()).then(|| serde_json::json!({ "peers": records }))
        }
    })
}

/// From a server. The URL may be the one of DICOMweb, which lies below the root.
async fn fetch(
    arguments: &Arguments,
    url: &ServerUrl,
) -> anyhow::Result<Option<serde_json::Value>> {
    let mut path = "/admin/negotiations".to_owned();
    if let Some(title) = &arguments.ae_title {
        path.push('/');
        path.push_str(&escaped(title));
    }
    let parent = url
        .path
        .rsplit_once('/')
        .map(|(parent, _)| parent.to_owned());
    let roots = [Some(url.path.clone()), parent];
    let mut said = String::new();
    for root in roots.into_iter().flatten() {
        let url = ServerUrl {
            path: root,
            ..url.clone()
        };
        let mut client = HttpClient::new(&url, &arguments.access)?;
        let response = client.get(&path, "application/json").await?;
        let status = response.status();
        let bytes = body(response, LONGEST).await?;
        match status {
            StatusCode::OK => {
                let json = serde_json::from_slice(&bytes).context("the answer is no JSON")?;
                return Ok(Some(json));
            }
            StatusCode::NOT_FOUND => said = reason(status, &bytes),
            _ => bail!("{url}: {}", reason(status, &bytes)),
        }
    }
    if arguments.ae_title.is_some() && said.contains("ledger") {
        return Ok(None);
    }
    bail!("{url} shows no ledger: {said}")
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn overview(rows: &[Summary]) -> String {
    if rows.is_empty() {
        return "no peer was seen yet\n".to_owned();
    }
    let mut table = vec![
        [
            "AE title",
            "address",
            "implementation",
            "asked us",
            "rejected",
            "asked by us",
            "rejected",
            "refused of it",
            "by it",
            "converted",
            "departures",
            "last seen",
        ]
        .map(str::to_owned),
    ];
    table.extend(rows.iter().map(|row| {
        [
            row.ae_title.clone(),
            row.address.clone(),
            row.implementation_version_name.clone().unwrap_or_default(),
            row.inbound_accepted.to_string(),
            row.inbound_rejected.to_string(),
            row.outbound_accepted.to_string(),
            row.outbound_rejected.to_string(),
            row.refused_of_it.to_string(),
            row.refused_by_it.to_string(),
            row.transcoded.to_string(),
            row.departures.to_string(),
            when(row.last_seen_ms),
        ]
    }));
    let widths: Vec<usize> = (0..12)
        .map(|column| {
            let cells = table.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for row in &table {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        let _ = writeln!(out, "{}", cells.join("  ").trim_end());
    }
    out
}

fn details(record: &PeerRecord) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} at {}", record.ae_title, record.address);
    let _ = writeln!(
        out,
        "  seen from {} to {}",
        when(record.first_seen_ms),
        when(record.last_seen_ms)
    );
    let name = record.implementation_version_name.as_deref();
    let class = record.implementation_class_uid.as_deref();
    if name.is_some() || class.is_some() {
        let (name, class) = (name.unwrap_or("-"), class.unwrap_or("-"));
        let _ = writeln!(out, "  implementation {name} {class}");
    }
    if let Some(max_pdu) = record.max_pdu {
        let _ = writeln!(out, "  maximum PDU {max_pdu}");
    }
    side(&mut out, "it asked us", &record.inbound);
    side(&mut out, "we asked it", &record.outbound);
    if !record.transcoded.is_empty() {
        let _ = writeln!(out, "  converted for it");
        for row in &record.transcoded {
            let loss = if row.lossy { ", with loss" } else { "" };
            let (from, to) = (syntax(&row.from), syntax(&row.to));
            let _ = writeln!(out, "    {} x {from} -> {to}{loss}", row.count);
        }
    }
    if !record.departures.is_empty() {
        let _ = writeln!(out, "  departs from its document");
        for row in &record.departures {
            let since = when(row.first_seen_ms);
            let _ = writeln!(out, "    {} ({} x since {since})", row.text, row.count);
        }
    }
    out
}

fn side(out: &mut String, title: &str, side: &Side) {
    if side.accepted + side.rejected == 0 {
        return;
    }
    let _ = writeln!(
        out,
        "  {title}: {} associations, {} rejected, last {}",
        side.accepted,
        side.rejected,
        when(side.last_seen_ms)
    );
    for row in &side.rejections {
        let _ = writeln!(out, "    {} x {}", row.count, row.reason);
    }
    for row in side.contexts.iter() {
        context(out, row);
    }
    if side.contexts_left_out > 0 {
        let _ = writeln!(out, "    {} more contexts", side.contexts_left_out);
    }
}

fn context(out: &mut String, row: &Context) {
    let class = match dictionary::uid_name(&row.sop_class_uid) {
        Some(name) if !name.is_empty() => name,
        _ => &row.sop_class_uid,
    };
    let list: Vec<&str> = row
        .transfer_syntax_uids
        .iter()
        .map(|uid| syntax(uid))
        .collect();
    let _ = writeln!(out, "    {class} in {}", list.join(", "));
    for (uid, count) in &row.accepted {
        let _ = writeln!(out, "      accepted {count} x in {}", syntax(uid));
    }
    for (reason, count) in &row.refused {
        let _ = writeln!(out, "      refused {count} x: {}", reason.replace('-', " "));
    }
}

fn syntax(uid: &str) -> &str {
    transfer_syntax::by_uid(uid).map_or(uid, |row| row.name)
}

/// In UTC, to the second.
fn when(ms: i64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
    OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000))
        .ok()
        .and_then(|time| time.format(&format).ok())
        .unwrap_or_else(|| "-".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_with_spaces_can_stand_in_a_path() {
        assert_eq!(escaped("CT 1/ä"), "CT%201%2F%C3%A4");
    }

    #[test]
    fn the_overview_is_aligned() {
        let row = |title: &str| Summary {
            ae_title: title.to_owned(),
            address: "10.0.0.1".to_owned(),
            ..Summary::default()
        };
        let text = overview(&[row("A"), row("LONG_AE_TITLE")]);
        let columns: Vec<Option<usize>> = text.lines().map(|line| line.find("1970")).collect();
        assert_eq!(columns.get(1), columns.get(2));
        assert_eq!(when(0), "1970-01-01 00:00:00Z");
    }
}
