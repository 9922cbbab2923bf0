//! The negotiation ledger of the server: its file, what is expected of peers, and who is told.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sagittal_archive::Archive;
use sagittal_archive::events::Event;
use sagittal_dimse::Ledger;
use sagittal_dimse::ledger::{Alarm, Departed, Limits, file};
use sagittal_web::Negotiations;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, documents};

/// What is new is written so often: as much as a crash may cost.
const INTERVAL: Duration = Duration::from_secs(60);

/// The ledger, and where it is kept.
pub(super) struct Kept {
    pub ledger: Arc<Ledger>,
    /// `None` if the file cannot be read, and so must not be written over.
    path: Option<PathBuf>,
}

/// Reads it from the data folder.
pub(super) fn open(config: &Config, archive: &Archive) -> anyhow::Result<Kept> {
    let path = config.data.join(file::NAME);
    let (mut ledger, problem) = file::open(&path, Limits::default());
    let expected = documents::expected(config).map_err(anyhow::Error::msg)?;
    if !expected.is_empty() {
        ledger = ledger.expecting(Arc::new(expected), alarm(config, archive));
    }
    metrics::gauge!("sagittal_ledger_peers").set(ledger.summaries().len() as f64);
    Ok(Kept {
        ledger: Arc::new(ledger),
        path: match problem {
            Some(file::Error::Read { .. }) => None,
            _ => Some(path),
        },
    })
}

impl Kept {
    /// Writes it now and then, and when the server has stopped.
    pub async fn keep(self, stop: CancellationToken) {
        match self.path {
            Some(path) => file::keep(self.ledger, path, INTERVAL, stop).await,
            None => stop.cancelled().await,
        }
    }

    /// What HTTP shows of it.
    pub fn shown(&self) -> Negotiations {
        let ledger = self.ledger.clone();
        Arc::new(move |ae_title| match ae_title {
            None => Some(serde_json::json!({ "peers": ledger.summaries() })),
            Some(ae_title) => {
                let records = ledger.peer(ae_title);
                (!records.is_empty()).then(|| serde_json::json!({ "peers": records }))
            }
        })
    }
}

/// The log, the change feed and a metric are told of each distinct departure once.
fn alarm(config: &Config, archive: &Archive) -> Alarm {
    let peers: Vec<(String, String)> = config
        .peers
        .iter()
        .map(|peer| (peer.ae_title.clone(), peer.name.clone()))
        .collect();
    let archive = archive.clone();
    Arc::new(move |ae_title: &str, address: &str, departed: &Departed| {
        let text = &departed.text;
        tracing::warn!(
            peer = ae_title,
            address,
            about = departed.kind,
            "a peer departs from its conformance document: {text}"
        );
        let known = peers.iter().find(|(title, _)| title == ae_title);
        let name = known.map_or_else(|| "other".to_owned(), |(_, name)| name.clone());
        metrics::counter!("sagittal_peer_departures_total", "peer" => name, "about" => departed.kind)
            .increment(1);
        archive.announce(Event::Departed {
            ae_title: ae_title.to_owned(),
            address: address.to_owned(),
            about: departed.kind.to_owned(),
            departure: text.clone(),
        });
    })
}
