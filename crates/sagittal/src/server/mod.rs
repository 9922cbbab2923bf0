//! The running server: archive, DIMSE, HTTP, audit, metrics, wired together by a configuration.

mod directory;
mod greeting;
mod guard;
mod ledger;
mod logging;
mod metrics;
mod preload;
mod settings;
mod stop;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use sagittal_archive::Archive;
use sagittal_archive::deid_jobs::Job;
use sagittal_archive::events::Event as Told;
use sagittal_audit::{Action, AuditLog, Event, Outcome};
use sagittal_dimse::{DimseServer, Peers, Provider};
use sagittal_web::{Listener, WebState};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::command::Exit;
use crate::config::Config;

pub use guard::refuse_remote_without_authentication;
pub use logging::start as start_logging;
pub use settings::dimse as dimse_settings;

/// Settings of the HTTP side, as they are without knowing real ports.
pub fn web_settings(config: &Config) -> sagittal_web::WebConfig {
    settings::web(config, &greeting::Addresses::default())
}

/// What the command line adds to the configuration.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Load generated studies.
    pub demo: bool,
    /// Print a machine-readable line when the ports are open.
    pub print_ready: bool,
}

/// Serves until a signal; returns when everything has ended and is on disk.
pub async fn run(config: Config, run: Run) -> anyhow::Result<Exit> {
    let metrics = metrics::install()?;
    let archive = open(&config).await?;
    let result = serve(&config, &run, archive.clone(), metrics).await;
    let closed = archive
        .close(config.limits.shutdown.max(Duration::from_secs(5)))
        .await;
    result?;
    closed.context("cannot close the archive")?;
    tracing::info!("stopped");
    Ok(Exit::Done)
}

async fn open(config: &Config) -> anyhow::Result<Archive> {
    let data = &config.data;
    std::fs::create_dir_all(data)
        .with_context(|| format!("cannot make the data folder {}", data.display()))?;
    match Archive::open(settings::archive(config)?).await {
        Ok(archive) => {
            let repaired = archive.caught_up();
            if repaired.instances > 0 || repaired.cut > 0 {
                tracing::info!(
                    instances = repaired.instances,
                    deletions = repaired.deletions,
                    cut_bytes = repaired.cut,
                    "the index has caught up with the packs"
                );
            }
            for problem in &repaired.problems {
                tracing::warn!(problem, "an instance cannot be indexed; it is kept");
            }
            Ok(archive)
        }
        Err(error) if crate::is_locked(&error) => bail!("{error}"),
        Err(error) => Err(error).with_context(|| format!("cannot open {}", data.display())),
    }
}

async fn serve(
    config: &Config,
    run: &Run,
    archive: Archive,
    metrics: metrics::Metrics,
) -> anyhow::Result<()> {
    let audit = open_audit(config)?;
    let directory = Arc::new(directory::build(config).await?);
    let stop = CancellationToken::new();

    let kept = config
        .dimse
        .enabled
        .then(|| ledger::open(config, &archive))
        .transpose()?;
    let negotiations = kept.as_ref().map(ledger::Kept::shown);
    let dimse = if let Some(kept) = &kept {
        let provider = Provider {
            config: settings::dimse(config)?,
            archive: archive.clone(),
            directory: directory.clone(),
            audit: audit.clone(),
            peers: Peers::new(settings::peers(config)?),
            ledger: kept.ledger.clone(),
        };
        Some(listen_dimse(config, Arc::new(provider)).await?)
    } else {
        None
    };
    let http = if config.http.enabled {
        Some(listen_http(config).await?)
    } else {
        None
    };
    let addresses = greeting::Addresses {
        dimse: dimse
            .as_ref()
            .and_then(|server| server.addresses().first().copied()),
        dimse_tls: dimse
            .as_ref()
            .and_then(|server| server.addresses().get(1).copied()),
        http: http.as_ref().map(|(_, address)| *address),
    };
    if run.demo {
        preload::demo(&archive).await?;
    }
    let jobs = audit.clone();
    archive
        .start_deid_jobs(move |job| record_job(&jobs, job))
        .context("cannot go on with jobs of de-identification")?;
    record(&audit, "start");
    greeting::print(config, &addresses, run);

    let mut tasks = tokio::task::JoinSet::new();
    if let Some(server) = dimse {
        let stop = stop.clone();
        tasks.spawn(async move {
            server.run(stop).await;
            Ok(())
        });
    }
    if let Some((listener, _)) = http {
        let mut state = WebState::new(
            archive.clone(),
            directory,
            audit.clone(),
            settings::web(config, &addresses),
            metrics.render(),
            stop.clone(),
        );
        state.negotiations = negotiations;
        let router = sagittal_web::router(state);
        let limits = settings::connections(config);
        let stop = stop.clone();
        tasks.spawn(sagittal_web::serve(vec![listener], router, stop, limits));
    }
    let ended = CancellationToken::new();
    let keeping = kept.map(|kept| tokio::spawn(kept.keep(ended.clone())));
    let upkeep = tokio::spawn(metrics.upkeep(archive.clone()));
    let damage = tokio::spawn(record_alerts(archive.clone(), audit.clone()));
    let result = stop::until_stopped(&mut tasks, &stop, config.limits.shutdown).await;
    ended.cancel();
    if let Some(keeping) = keeping {
        let _ = keeping.await;
    }
    archive.stop_deid_jobs();
    upkeep.abort();
    damage.abort();
    record(&audit, "stop");
    audit.flush();
    result
}

async fn listen_dimse(config: &Config, provider: Arc<Provider>) -> anyhow::Result<DimseServer> {
    let mut listeners = vec![(config.dimse.address, None)];
    if let Some(tls) = &config.dimse.tls {
        listeners.push((tls.address, Some(tls::dimse(tls)?)));
    }
    DimseServer::bind(provider, listeners).await.with_context(|| {
        format!(
            "cannot listen for DIMSE on {}; is another program using the port? --dimse ADDRESS:PORT chooses another",
            config.dimse.address
        )
    })
}

async fn listen_http(config: &Config) -> anyhow::Result<(Listener, std::net::SocketAddr)> {
    let address = config.http.address;
    let socket = TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen for HTTP on {address}; is another program using the port? --http ADDRESS:PORT chooses another"
        )
    })?;
    let address = socket.local_addr()?;
    let tls = config.http.tls.as_ref().map(tls::http).transpose()?;
    Ok((Listener { socket, tls }, address))
}

fn open_audit(config: &Config) -> anyhow::Result<AuditLog> {
    if !config.audit.enabled {
        return Ok(AuditLog::discard());
    }
    let file = &config.audit.file;
    let mut options = sagittal_audit::Options::new(file);
    options.rotate_at = config.audit.max_size;
    options.keep = Some(config.audit.keep);
    AuditLog::open_with(options)
        .with_context(|| format!("cannot open the audit log {}", file.display()))
}

/// What scrubbing finds, and what a view withholds, is a Security Alert (PS3.15 §A.5.3.11).
async fn record_alerts(archive: Archive, audit: AuditLog) {
    let mut follower = archive.events(None);
    // Of a flood of events some may be lost: the log has them all.
    while let Some(event) = next_event(&mut follower).await {
        let alert = |service: &str| {
            Event::new(Action::SecurityAlert, service)
                .by(format!("process {}", std::process::id()), "local", None)
                .outcome(Outcome::SeriousFailure)
        };
        let alert = match event {
            Told::Damaged {
                pack,
                offset,
                instances,
                reason,
                ..
            } => alert("scrub")
                .instances(instances)
                .detail(format!("pack {pack} at byte {offset}: {reason}")),
            Told::Withheld {
                view,
                policy,
                study_instance_uid,
                sop_instance_uid,
                reason,
            } => alert("de-identified view")
                .study(study_instance_uid)
                .instances(1)
                .detail(format!(
                    "view {view}, policy {policy}: {sop_instance_uid} is withheld: {reason}"
                )),
            _ => continue,
        };
        audit.record(alert);
    }
}

async fn next_event(follower: &mut sagittal_archive::events::Follower) -> Option<Told> {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        match follower.recv().await {
            Ok(numbered) => return Some(numbered.event),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

/// The end of a job of de-identification.
fn record_job(audit: &AuditLog, job: &Job) {
    let (counts, order) = (job.counts, &job.order);
    let is_whole = counts.written == job.total && job.error.is_none();
    let event = Event::new(Action::InstancesTransferred, "deid-job")
        .by(job.by.clone(), "job", None)
        .studies(order.studies.iter().cloned())
        .instances(counts.written)
        .outcome(match is_whole {
            true => Outcome::Success,
            false => Outcome::MinorFailure,
        })
        .detail(format!(
            "job {}, policy {}, {:?}: {} of {} written, {} refused, {} in quarantine, {} failed",
            job.id,
            order.policy,
            job.state,
            counts.written,
            job.total,
            counts.refused,
            counts.quarantined,
            counts.failed
        ));
    audit.record(event);
}

/// Application Activity (PS3.15 §A.5.3.1).
fn record(audit: &AuditLog, what: &str) {
    audit.record(Event {
        action: Action::ApplicationActivity,
        outcome: Outcome::Success,
        who: format!("process {}", std::process::id()),
        kind: "local".to_owned(),
        address: None,
        service: what.to_owned(),
        study_instance_uids: Vec::new(),
        studies_total: 0,
        instances: 0,
        detail: Some(format!("sagittal {}", env!("CARGO_PKG_VERSION"))),
    });
}
