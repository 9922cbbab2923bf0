//! `sagittal recv`: takes instances in as files (Storage SCP).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use sagittal_core::AeTitle;
use sagittal_dimse::scu::{Collision, FileReceiver, FileReceiverOptions, Intake, intake_policy};
use sagittal_net::server::{Limits, Server};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Exit;

/// Senders may take this long to release their associations at the end.
const RELEASE: Duration = Duration::from_secs(5);

/// Receive instances into a folder, without an archive (Storage SCP)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal recv --out folder/
  sagittal recv --ae-title ME --listen 0.0.0.0:11113 --out folder/
  sagittal recv --count 100 --out folder/        ends after 100 instances

Every storage SOP class and transfer syntax is taken. Ctrl-C ends it.
Exit codes: 0 all that came was written, 1 nothing was, 3 something was not.")]
pub struct Arguments {
    /// Where files are written
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:11113")]
    listen: SocketAddr,
    /// Our AE title; without it we answer to any
    #[arg(long, value_name = "AE_TITLE")]
    ae_title: Option<AeTitle>,
    /// End after so many instances
    #[arg(long)]
    count: Option<u64>,
    /// A file that is there is replaced by another instance with the same UID
    #[arg(long)]
    replace: bool,
    /// Print one JSON line an instance
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
        collision: if arguments.replace {
            Collision::Replace
        } else {
            Collision::Both
        },
        sync: true,
    })?;
    let (events, mut told) = mpsc::unbounded_channel();
    let intake = Arc::new(Intake::new(Arc::new(receiver), events));
    let policy = Arc::new(intake_policy(arguments.ae_title.iter().cloned().collect()));
    let mut server = Server::new(policy, sagittal_net::Config::default(), Limits::default());
    let address = server
        .bind(arguments.listen, None)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    eprintln!(
        "listening on {address}, writing to {}",
        arguments.out.display()
    );
    let stop = CancellationToken::new();
    let statistics = server.statistics();
    let serving = tokio::spawn(server.run(intake, stop.clone(), Duration::from_secs(10)));

    let (mut written, mut failed) = (0u64, 0u64);
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    loop {
        let next = tokio::select! {
            next = told.recv() => next,
            _ = &mut interrupt => None,
        };
        let Some(next) = next else { break };
        match next {
            Ok(receipt) => {
                written += 1;
                if arguments.json {
                    println!(
                        "{}",
                        serde_json::json!({"kept": format!("{:?}", receipt.kept).to_lowercase(), "bytes": receipt.bytes})
                    );
                }
            }
            Err(failure) => {
                failed += 1;
                eprintln!("sagittal: {failure}");
            }
        }
        if arguments.count.is_some_and(|count| written >= count) {
            break;
        }
    }
    // Whoever sent the last instance releases its association now.
    let end = tokio::time::Instant::now() + RELEASE;
    while statistics.associations.load(Ordering::Relaxed) > 0 && tokio::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    serving.await?;
    eprintln!("{written} instance(s) written, {failed} failed");
    Ok(if written == 0 && failed == 0 {
        Exit::Done
    } else {
        Exit::of(written, failed)
    })
}
