//! `sagittal conformance statement`: our own, from the tables and the configuration.

use std::path::{Path, PathBuf};

use anyhow::bail;
use sagittal_conform::document::ClientCertificate;
use sagittal_conform::{Document, Input, Route};
use sagittal_web::routes::ROUTES;

use super::{Exit, Format};
use crate::config::{Config, Flags, Loaded};
use crate::server;

/// Print the conformance statement of this program, made from its own tables
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal conformance statement > conformance.md
  sagittal conformance statement --config sagittal.toml --format json
  sagittal conformance statement --format html > conformance.html")]
pub struct Arguments {
    /// Say what holds with this configuration file
    #[arg(long, value_name = "FILE", env = "SAGITTAL_CONFIG")]
    config: Option<PathBuf>,
    /// The form
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let document = of_configuration(arguments.config.as_deref())?;
    let format = if arguments.json {
        Format::Json
    } else {
        arguments.format
    };
    crate::show!("{}", format.write(&document)?);
    Ok(Exit::Done)
}

/// What holds with a configuration file and the environment.
pub(super) fn of_configuration(file: Option<&Path>) -> anyhow::Result<Document> {
    let flags = Flags {
        file: file.map(Path::to_owned),
        ..Flags::default()
    };
    match Loaded::load(&flags, std::env::vars()).config() {
        Ok(config) => document(&config),
        Err(problems) => bail!("{problems}"),
    }
}

fn document(config: &Config) -> anyhow::Result<Document> {
    let dimse = server::dimse_settings(config)?;
    let web = server::web_settings(config);
    let routes = ROUTES.iter().map(|route| Route {
        method: route.method.as_str().to_owned(),
        path: route.full_path(&web),
        description: route.summary.to_owned(),
        media_types: route
            .produces
            .iter()
            .map(|&media_type| media_type.to_owned())
            .collect(),
        parameters: route
            .query
            .iter()
            .map(|parameter| (parameter.name.to_owned(), parameter.about.to_owned()))
            .collect(),
    });
    let tls = config.dimse.tls.as_ref();
    Ok(sagittal_conform::statement(&Input {
        dimse: &dimse,
        version: env!("CARGO_PKG_VERSION"),
        date: Some(sagittal_conform::probe::now()),
        port: config.dimse.address.port(),
        tls_port: tls.map(|tls| tls.address.port()),
        client_certificate: match tls {
            Some(tls) if tls.require_client_certificate => ClientCertificate::Required,
            Some(tls) if tls.client_ca.is_some() => ClientCertificate::Optional,
            _ => ClientCertificate::None,
        },
        dicomweb: config
            .http
            .base_url
            .clone()
            .unwrap_or_else(|| "/".to_owned()),
        peers: config
            .peers
            .iter()
            .map(|peer| peer.ae_title.clone())
            .collect(),
        routes: if config.http.enabled {
            routes.collect()
        } else {
            Vec::new()
        },
    }))
}
