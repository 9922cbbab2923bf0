//! `sagittal conformance twin`: behaves as a document says.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use sagittal_conform::Document;
use sagittal_conform::document::{ApplicationEntity, ClientCertificate, Support};
use sagittal_conform::twin::{Behavior, Catalog, Options, Twin};
use sagittal_core::AeTitle;
use sagittal_dimse::scu::Address;
use sagittal_net::tls::{ClientAuthentication, TlsServer, TlsSubset};
use tokio_util::sync::CancellationToken;

use super::{Exit, user};
use crate::{files, transfer};

/// Behave as a conformance document says, so that integration can be rehearsed without the device
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal conformance twin pacs.json --port 11112 --data studies/
  sagittal conformance twin ris.toml --port 11112 --data worklist/ --known CT1 --known CT2
  sagittal conformance twin ct1.toml --scu PACS@127.0.0.1:11112
  sagittal conformance twin ct1.toml --scu PACS@127.0.0.1:11112 study/*.dcm

As SCP it accepts the contexts of the document in its order of preference, with its roles, PDU
length, window, identities, AE title rules and limits, answers queries on the files of --data with
its keys, and writes what it receives to received/ below --data. C-MOVE goes to the destinations
that --to names. With --scu it is the user side: it proposes what the document says, sends the files
or generated objects, and tells what was accepted. What the document does not know is said at the
start, and refused unless --lenient is given.
Exit codes of --scu: 0 everything was accepted and stored, 1 nothing, 3 some of it.")]
pub struct Arguments {
    /// The document: a file, as JSON or TOML, or `self` for our own with the defaults
    #[arg(value_name = "DOC")]
    document: String,
    /// Instances to send with --scu; generated ones if there are none
    #[arg(value_name = "FILE", requires = "scu")]
    pub(super) files: Vec<PathBuf>,
    /// Be the user side, of this peer
    #[arg(long, value_name = "AE@HOST:PORT")]
    pub(super) scu: Option<Address>,
    /// Which Application Entity of the document
    #[arg(long, value_name = "AE")]
    entity: Option<String>,
    /// Bear this AE title instead of its own
    #[arg(long, value_name = "AE")]
    ae: Option<AeTitle>,
    /// Port to listen on; 0 takes a free one
    #[arg(short, long, default_value_t = 11112)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Folder with DICOM files (and worklist items) to answer queries from
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A calling AE title that is known, where the document takes known ones only
    #[arg(long, value_name = "AE")]
    known: Vec<AeTitle>,
    /// A destination of C-MOVE, and of reports of storage commitment
    #[arg(long, value_name = "AE@HOST:PORT")]
    to: Vec<Address>,
    /// Take what the document does not know as granted
    #[arg(long)]
    pub(super) lenient: bool,
    /// Speak TLS: our certificate and its chain (PEM file)
    #[arg(long, value_name = "FILE", requires = "cert_key")]
    pub(super) cert: Option<PathBuf>,
    /// Our private key (PEM file)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(super) cert_key: Option<PathBuf>,
    /// The authorities to trust (PEM file): of clients, or with --scu of the peer, to which TLS is spoken then
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Do not tell what goes on
    #[arg(short, long)]
    quiet: bool,
    /// Print what is assumed and where it listens, or with --scu the outcome, as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let document = super::load::document(&arguments.document, None)?;
    let mut entity = entity(&document, arguments.entity.as_deref())?.clone();
    if let Some(peer) = &arguments.scu {
        if let Some(title) = &arguments.ae {
            entity.ae_title = title.to_string();
        }
        return crate::runtime()?.block_on(user::run(&arguments, &entity, peer));
    }
    crate::runtime()?.block_on(serve(&arguments, &document, &entity))
}

fn entity<'a>(
    document: &'a Document,
    wanted: Option<&str>,
) -> anyhow::Result<&'a ApplicationEntity> {
    let all = &document.application_entities;
    let titles: Vec<&str> = all.iter().map(|entity| entity.ae_title.as_str()).collect();
    match (wanted, all.as_slice()) {
        (Some(wanted), _) => document
            .entity(wanted)
            .with_context(|| format!("the document has no {wanted}; it has {}", titles.join(", "))),
        (None, [only]) => Ok(only),
        (None, []) if !document.web.is_empty() => {
            bail!("the document speaks of DICOMweb only, which a twin does not rehearse")
        }
        (None, []) => bail!("the document has no Application Entity"),
        (None, _) => bail!(
            "the document has several Application Entities, choose one with --entity: {}",
            titles.join(", ")
        ),
    }
}

async fn serve(
    arguments: &Arguments,
    document: &Document,
    entity: &ApplicationEntity,
) -> anyhow::Result<Exit> {
    let quiet = arguments.quiet;
    let options = Options {
        lenient: arguments.lenient,
        ae_title: arguments.ae.clone(),
        known: arguments.known.clone(),
        destinations: arguments.to.clone(),
        received: arguments.data.as_ref().map(|data| data.join("received")),
        progress: Arc::new(move |text| {
            if !quiet {
                eprintln!("{text}");
            }
        }),
    };
    let mut behavior = Behavior::new(document, entity, &options).map_err(anyhow::Error::msg)?;
    let tls = tls(arguments, entity, &mut behavior)?;
    if !document.web.is_empty() {
        behavior.note("DICOMweb is not rehearsed");
    }
    if arguments.data.is_none() {
        behavior.note(
            "without --data there is nothing to query, and instances are taken and forgotten",
        );
    }
    let catalog = Arc::new(Catalog::default());
    if let Some(data) = &arguments.data {
        load(data, &catalog)?;
    }
    let address = SocketAddr::new(arguments.host, arguments.port);
    let title = behavior.ae_title().to_string();
    let assumed = behavior.assumed().to_vec();
    let twin = Twin::bind(address, tls, behavior, catalog.clone(), options)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    announce(arguments, &twin, &title, &assumed, catalog.len())?;
    let stop = CancellationToken::new();
    let running = tokio::spawn(twin.run(stop.clone()));
    transfer::interrupt().cancelled().await;
    stop.cancel();
    running.await.context("the twin failed")?;
    Ok(Exit::Done)
}

/// Every DICOM file of a folder; others are passed over.
fn load(folder: &Path, catalog: &Catalog) -> anyhow::Result<()> {
    if !folder.is_dir() {
        bail!("{} is no folder", folder.display());
    }
    for path in files::walk(folder) {
        let path = path?;
        catalog
            .add(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(())
}

fn announce(
    arguments: &Arguments,
    twin: &Twin,
    title: &str,
    assumed: &[String],
    files: usize,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let address = twin.address().to_string();
    if arguments.json {
        let line = serde_json::json!({
            "listening": address,
            "ae_title": title,
            "files": files,
            "assumed": assumed,
        });
        writeln!(out, "{line}")?;
    } else {
        for line in assumed {
            writeln!(out, "  {line}")?;
        }
        let name = &arguments.document;
        writeln!(
            out,
            "twin of {name} on {address}, AE title {title}, {files} files"
        )?;
    }
    Ok(out.flush()?)
}

/// As the document says of versions, cipher suites and client certificates, as far as we can.
fn tls(
    arguments: &Arguments,
    entity: &ApplicationEntity,
    behavior: &mut Behavior,
) -> anyhow::Result<Option<TlsServer>> {
    let said = entity.tls.as_ref();
    let (Some(cert), Some(key)) = (&arguments.cert, &arguments.cert_key) else {
        if said.is_some() {
            behavior.note("the document speaks of TLS: without --cert the twin does not");
        }
        return Ok(None);
    };
    let certificate = said.and_then(|tls| tls.client_certificate.value);
    let authorities = arguments.ca.as_deref().map(read).transpose()?;
    let clients = match (certificate, authorities) {
        (Some(ClientCertificate::Required), None) => {
            bail!("the document demands certificates of clients: name their authorities with --ca")
        }
        (Some(ClientCertificate::Optional | ClientCertificate::Requested), Some(pem)) => {
            ClientAuthentication::Optional(pem)
        }
        (Some(ClientCertificate::None), _) | (_, None) => ClientAuthentication::None,
        (_, Some(pem)) => ClientAuthentication::Required(pem),
    };
    let mut subset = TlsSubset::default();
    if let Some(tls) = said {
        let versions = tls
            .versions
            .iter()
            .filter(|row| row.support == Support::Yes);
        subset.versions = versions.map(|row| row.version.clone()).collect();
        let suites = tls.suites.iter().filter(|row| row.support == Support::Yes);
        subset.suites = suites.map(|row| row.name.clone()).collect();
        let old: Vec<&str> = subset
            .versions
            .iter()
            .map(String::as_str)
            .filter(|version| !matches!(*version, "1.2" | "1.3"))
            .collect();
        if !old.is_empty() {
            behavior.note(format!("TLS {} is not spoken by the twin", old.join(", ")));
        }
        let is_old = |version: &String| !matches!(version.as_str(), "1.2" | "1.3");
        if !subset.versions.is_empty() && subset.versions.iter().all(is_old) {
            bail!("the document knows only versions of TLS that nobody should speak");
        }
    }
    let server = TlsServer::with_subset(&read(cert)?, &read(key)?, &clients, &subset)
        .context("cannot speak TLS as the document says")?;
    Ok(Some(server))
}

pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
