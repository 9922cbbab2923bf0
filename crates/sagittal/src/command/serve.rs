//! `sagittal serve`: the archive server.

use std::path::PathBuf;

use super::Exit;
use crate::config::{Flags, Loaded};
use crate::server::{self, Run};

/// Run the archive server
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal serve
  sagittal serve --demo
  sagittal serve --data /srv/archive --ae-title PACS --dimse 127.0.0.1:104 --http 127.0.0.1:80
  sagittal serve --peer WS1=WORKSTATION@10.0.0.5:104 --peer WS2=OTHER@10.0.0.6:104
  sagittal serve --config sagittal.toml          (sagittal config init writes one)

Flags are stronger than the environment (SAGITTAL_DIMSE_PORT, …), which is stronger than the file.
Ctrl-C or SIGTERM lets running transfers end; a second one stops at once.")]
pub struct Arguments {
    /// Configuration file
    #[arg(long, value_name = "FILE", env = "SAGITTAL_CONFIG")]
    config: Option<PathBuf>,
    /// Data folder [default: sagittal-data]
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
    /// Our AE title [default: SAGITTAL]
    #[arg(long, value_name = "TITLE")]
    ae_title: Option<String>,
    /// Where to listen for DIMSE; off turns it off [default: 127.0.0.1:11112]
    #[arg(long, value_name = "ADDRESS:PORT")]
    dimse: Option<String>,
    /// Where to listen for HTTP; off turns it off [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    http: Option<String>,
    /// A peer, for C-MOVE; may be given several times
    #[arg(long, value_name = "NAME=AET@HOST:PORT")]
    peer: Vec<String>,
    /// A web origin that may call us; may be given several times
    #[arg(long, value_name = "ORIGIN")]
    cors: Vec<String>,
    /// Also load generated studies (CT, MR, US, CR, ECG, SR)
    #[arg(long)]
    demo: bool,
    /// Serve other machines although authentication is off
    #[arg(long)]
    allow_remote_without_auth: bool,
    /// Log format: text or json
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Log level: error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Print a line `ready {…}` with the addresses as JSON when the ports are open
    #[arg(long)]
    print_ready: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let loaded = Loaded::load(&flags(&arguments), std::env::vars());
    let config = match loaded.config() {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("{problems}");
            eprintln!("sagittal: the configuration has mistakes, nothing was started");
            return Ok(Exit::Failed);
        }
    };
    server::refuse_remote_without_authentication(&config, arguments.allow_remote_without_auth)?;
    server::start_logging(&config.log);
    let run = Run {
        demo: arguments.demo,
        print_ready: arguments.print_ready,
    };
    crate::runtime()?.block_on(server::run(config, run))
}

fn flags(arguments: &Arguments) -> Flags {
    let mut values: Vec<(&'static str, String, &'static str)> = Vec::new();
    let mut put = |path, value: &Option<String>, flag| {
        if let Some(value) = value {
            values.push((path, value.clone(), flag));
        }
    };
    put("data", &arguments.data, "--data");
    put("dimse.ae_title", &arguments.ae_title, "--ae-title");
    put("log.format", &arguments.log_format, "--log-format");
    put("log.level", &arguments.log_level, "--log-level");
    for (given, section, flag) in [
        (
            &arguments.dimse,
            ["dimse.enabled", "dimse.address", "dimse.port"],
            "--dimse",
        ),
        (
            &arguments.http,
            ["http.enabled", "http.address", "http.port"],
            "--http",
        ),
    ] {
        let Some(given) = given else { continue };
        let [enabled, address, port] = section;
        if given == "off" {
            values.push((enabled, "false".into(), flag));
            continue;
        }
        // `PORT`, `:PORT`, `ADDRESS:PORT`, `[ADDRESS]:PORT`
        let (host, number) = given.rsplit_once(':').unwrap_or(("", given));
        if !host.is_empty() {
            let host = if host == "localhost" {
                "127.0.0.1"
            } else {
                host
            };
            values.push((address, host.to_owned(), flag));
        }
        values.push((enabled, "true".into(), flag));
        values.push((port, number.to_owned(), flag));
    }
    if !arguments.cors.is_empty() {
        values.push(("http.cors", arguments.cors.join(","), "--cors"));
    }
    Flags {
        file: arguments.config.clone(),
        values,
        peers: arguments.peer.clone(),
    }
}
