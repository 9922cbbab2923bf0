//! `sagittal echo`: is a peer there (C-ECHO)?

use anyhow::Context as _;
use sagittal_dimse::scu::{Session, echo_proposal};

use super::Exit;
use super::association::Association;

/// Ask a peer whether it is there (C-ECHO)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal echo SAGITTAL@127.0.0.1:11112
  sagittal echo --calling WORKSTATION PACS@10.0.0.5:104 && echo it is there

Exit codes: 0 the peer answers with success, 1 it does not.")]
pub struct Arguments {
    #[command(flatten)]
    association: Association,
    /// How many echoes over one association
    #[arg(long, default_value_t = 1)]
    count: u32,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    crate::runtime()?.block_on(async move {
        let target = arguments.association.target()?;
        let mut session = Session::connect(&target, &echo_proposal(&target)).await?;
        let name = arguments.association.name();
        for _ in 0..arguments.count.max(1) {
            let took = session.echo().await.context("C-ECHO")?;
            let milliseconds = took.as_secs_f64() * 1000.0;
            if arguments.json {
                println!(
                    "{}",
                    serde_json::json!({"peer": name, "milliseconds": milliseconds})
                );
            } else {
                println!("{name} answers in {milliseconds:.2} ms");
            }
        }
        session.release().await?;
        Ok(Exit::Done)
    })
}
