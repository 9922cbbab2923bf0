//! `sagittal echo`: is a peer there, and how fast does it answer?

use std::time::{Duration, Instant};

use sagittal_dimse::scu::{Address, Error, Session, Target, echo_proposal};

use super::Exit;
use super::peer::Connection;

/// Ask a DICOM peer for an echo (C-ECHO)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal echo PACS@10.0.0.1:104
  sagittal echo -n 10 --aet WORKSTATION PACS@pacs.example:11112
  sagittal echo --tls --ca hospital.pem PACS@pacs.example:2762
  sagittal echo --json PACS@10.0.0.1:104 | jq .association_ms

Exit codes: 0 every echo was answered with success, 1 none, 3 some.")]
pub struct Arguments {
    /// The peer
    #[arg(value_name = "AE@HOST:PORT")]
    peer: Address,
    /// How often
    #[arg(short = 'n', long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// Seconds between two
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    interval: f64,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// What was seen.
#[derive(Default)]
struct Outcome {
    association: Option<Duration>,
    implementation: Option<String>,
    echoes: Vec<Duration>,
    error: Option<String>,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let target = arguments.connection.target(&arguments.peer)?;
    let mut outcome = Outcome::default();
    let result = crate::runtime()?.block_on(echo(&arguments, &target, &mut outcome));
    outcome.error = result.err().map(|error| error.chain());
    if arguments.json {
        crate::say!(
            "{}",
            serde_json::to_string_pretty(&json(&arguments.peer, &outcome))?
        );
    } else if let Some(error) = &outcome.error {
        eprintln!("sagittal: {error}");
    } else if outcome.echoes.len() > 1 {
        crate::say!("{}", statistics(&outcome.echoes));
    }
    let answered = outcome.echoes.len() as u64;
    Ok(Exit::of(answered, u64::from(arguments.count) - answered))
}

async fn echo(arguments: &Arguments, target: &Target, outcome: &mut Outcome) -> Result<(), Error> {
    let started = Instant::now();
    let mut session = Session::connect(target, &echo_proposal(target)).await?;
    outcome.association = Some(started.elapsed());
    outcome.implementation = session
        .negotiated()
        .peer_implementation_version_name
        .clone();
    let pause = Duration::try_from_secs_f64(arguments.interval).unwrap_or_default();
    for number in 0..arguments.count {
        if number > 0 {
            tokio::time::sleep(pause).await;
        }
        let took = session.echo().await?;
        outcome.echoes.push(took);
        if !arguments.json {
            crate::say!("{}: success in {}", arguments.peer, milliseconds(took));
        }
    }
    session.release().await
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

fn statistics(echoes: &[Duration]) -> String {
    let sum: Duration = echoes.iter().sum();
    let mean = sum.as_secs_f64() / echoes.len() as f64;
    let least = echoes.iter().min().copied().unwrap_or_default();
    let most = echoes.iter().max().copied().unwrap_or_default();
    format!(
        "{} echoes: least {}, mean {:.2} ms, most {}",
        echoes.len(),
        milliseconds(least),
        mean * 1e3,
        milliseconds(most)
    )
}

fn json(peer: &Address, outcome: &Outcome) -> serde_json::Value {
    let ms = |duration: &Duration| (duration.as_secs_f64() * 1e6).round() / 1e3;
    serde_json::json!({
        "peer": peer.to_string(),
        "success": outcome.error.is_none(),
        "association_ms": outcome.association.as_ref().map(ms),
        "echo_ms": outcome.echoes.iter().map(ms).collect::<Vec<_>>(),
        "implementation_version_name": outcome.implementation,
        "error": outcome.error,
    })
}
