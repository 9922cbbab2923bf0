//! `sagittal recv`: writes what is sent to it as files.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sagittal_core::AeTitle;
use sagittal_dimse::scu::{FileReceiver, FileReceiverOptions, Intake, intake_policy};
use sagittal_net::Config;
use sagittal_net::server::{Limits, Server, Statistics};
use sagittal_net::tls::{ClientAuthentication, TlsServer};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Exit;
use super::get::Existing;
use crate::transfer::{self, Received};

/// How long senders may take to release when enough has come, or to finish after Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);

/// Receive instances and write them as files (Storage SCP)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal recv --port 11113 --out folder/
  sagittal recv --port 11113 --host 0.0.0.0 --aet WORKSTATION --out folder/
  sagittal recv --port 0 --max 1 --json --out folder/      one instance, then the end
  sagittal recv --port 11113 --idle-exit 60 --fsync --out folder/

Takes every storage SOP class in every transfer syntax, and answers echoes. Files are named
study/series/instance.dcm and appear when they are whole. It listens for this machine only unless
--host says otherwise. Ctrl-C ends it.
Exit codes: 0 all that came was written, 1 nothing came or nothing could be written, 3 some failed.")]
pub struct Arguments {
    /// Port to listen on; 0 takes a free one
    #[arg(short, long)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Write to this folder
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
    /// Our AE title; without it, calls to any are taken
    #[arg(long, value_name = "AE", alias = "ae-title")]
    aet: Option<AeTitle>,
    /// If there is a file for an instance
    #[arg(long, value_name = "WHAT", default_value = "both")]
    existing: Existing,
    /// Sync every file before its sender is told that it was stored
    #[arg(long)]
    fsync: bool,
    /// End after so many instances
    #[arg(long, value_name = "N", alias = "count", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
    /// End when nothing has come for so long, and nobody is connected
    #[arg(long, value_name = "SECONDS")]
    idle_exit: Option<u64>,
    /// Speak TLS, with this certificate and chain (PEM file)
    #[arg(long, value_name = "FILE", requires = "cert_key")]
    cert: Option<PathBuf>,
    /// Private key (PEM file)
    #[arg(long, value_name = "FILE", requires = "cert")]
    cert_key: Option<PathBuf>,
    /// Demand certificates of these authorities from senders (PEM file)
    #[arg(long, value_name = "FILE", requires = "cert")]
    ca: Option<PathBuf>,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
    /// Print a line when it listens, and the summary, as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    crate::runtime()?.block_on(receive(arguments))
}

async fn receive(arguments: Arguments) -> anyhow::Result<Exit> {
    let receiver = FileReceiver::new(FileReceiverOptions {
        folder: arguments.out.clone(),
        collision: arguments.existing.collision(),
        sync: arguments.fsync,
    })?;
    let policy = intake_policy(arguments.aet.iter().cloned().collect());
    let mut server = Server::new(Arc::new(policy), Config::default(), Limits::default());
    let address = SocketAddr::new(arguments.host, arguments.port);
    let bound = server
        .bind(address, tls(&arguments)?)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    announce(&arguments, bound)?;
    let statistics = server.statistics();
    let stop = CancellationToken::new();
    let (events, mut happened) = mpsc::unbounded_channel();
    let intake = Arc::new(Intake::new(Arc::new(receiver), events));
    let running = tokio::spawn(server.run(intake, stop.clone(), GRACE));
    let mut received = Received::new(arguments.quiet);
    let interrupt = transfer::interrupt();
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    let mut last = Instant::now();
    loop {
        tokio::select! {
            biased;
            () = interrupt.cancelled() => break,
            Some(outcome) = happened.recv() => {
                received.add(outcome);
                last = Instant::now();
                if arguments.max.is_some_and(|max| received.written() >= max) {
                    until_released(&statistics).await;
                    break;
                }
            }
            _ = tick.tick() => {
                if statistics.connections.load(Ordering::Relaxed) > 0 {
                    last = Instant::now();
                } else if arguments.idle_exit.is_some_and(|idle| last.elapsed().as_secs() >= idle) {
                    break;
                }
            }
        }
    }
    stop.cancel();
    running.await.context("the server failed")?;
    while let Ok(outcome) = happened.try_recv() {
        received.add(outcome);
    }
    received.tell(arguments.json)
}

/// Whoever sent the last instance may release in peace.
async fn until_released(statistics: &Statistics) {
    let started = Instant::now();
    while statistics.associations.load(Ordering::Relaxed) > 0 && started.elapsed() < GRACE {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn announce(arguments: &Arguments, bound: SocketAddr) -> anyhow::Result<()> {
    let title = arguments.aet.as_ref().map_or("*", AeTitle::as_str);
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let line = serde_json::json!({"listening": bound.to_string(), "ae_title": title});
        writeln!(out, "{line}")?;
    } else if !arguments.quiet {
        let folder = arguments.out.display();
        writeln!(
            out,
            "listening on {bound} (AE title {title}), writing to {folder}"
        )?;
    }
    Ok(out.flush()?)
}

fn tls(arguments: &Arguments) -> anyhow::Result<Option<TlsServer>> {
    let (Some(cert), Some(key)) = (&arguments.cert, &arguments.cert_key) else {
        return Ok(None);
    };
    let read = |path: &Path| {
        std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let clients = match &arguments.ca {
        Some(path) => ClientAuthentication::Required(read(path)?),
        None => ClientAuthentication::None,
    };
    let server = TlsServer::from_pem(&read(cert)?, &read(key)?, &clients)
        .context("cannot use the certificate")?;
    Ok(Some(server))
}
