//! What every route has at hand.

use std::sync::Arc;
use std::time::Instant;

use sagittal_archive::Archive;
use sagittal_audit::AuditLog;
use sagittal_auth::Directory;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::WebConfig;

/// Passwords hashed at the same time: each takes 19 MiB and a core.
const HASHING: usize = 2;

/// Makes the text of `/metrics`.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// The negotiation ledger as JSON: all peers in a few figures, or those with an AE title in full
/// (`None` if there are none).
pub type Negotiations = Arc<dyn Fn(Option<&str>) -> Option<serde_json::Value> + Send + Sync>;

/// What every route has at hand. Cheap to clone.
#[derive(Clone)]
pub struct WebState {
    /// The archive.
    pub archive: Archive,
    /// Who is who.
    pub directory: Arc<Directory>,
    /// What is recorded.
    pub audit: AuditLog,
    /// Settings.
    pub config: Arc<WebConfig>,
    /// The text of `/metrics`.
    pub metrics: RenderMetrics,
    /// The negotiation ledger, if DIMSE is on.
    pub negotiations: Option<Negotiations>,
    /// Ends streams that would go on for ever.
    pub shutdown: CancellationToken,
    pub(crate) started: Instant,
    pub(crate) followers: Arc<Semaphore>,
    pub(crate) hashing: Arc<Semaphore>,
}

impl WebState {
    /// What the routes of a de-identified view have at hand: the archive seen through it, at paths
    /// of its own.
    pub(crate) fn of_view(&self, name: &str) -> Option<WebState> {
        let archive = self.archive.through(name)?;
        let view = archive.view()?;
        let mut config = WebConfig::clone(&self.config);
        for path in [&mut config.dicomweb_path, &mut config.wado_uri_path] {
            *path = format!("/deid/{name}{path}");
        }
        config.ae_title = view.ae_title.clone().unwrap_or_else(|| name.to_owned());
        config.read_only = true;
        Some(WebState {
            config: Arc::new(config),
            archive,
            ..self.clone()
        })
    }

    /// State for a server that ends with `shutdown`.
    pub fn new(
        archive: Archive,
        directory: Arc<Directory>,
        audit: AuditLog,
        mut config: WebConfig,
        metrics: RenderMetrics,
        shutdown: CancellationToken,
    ) -> WebState {
        for path in [&mut config.dicomweb_path, &mut config.wado_uri_path] {
            *path = format!("/{}", path.trim_matches('/'));
        }
        WebState {
            archive,
            directory,
            audit,
            followers: Arc::new(Semaphore::new(config.limits.event_followers)),
            config: Arc::new(config),
            metrics,
            negotiations: None,
            shutdown,
            started: Instant::now(),
            hashing: Arc::new(Semaphore::new(HASHING)),
        }
    }
}
