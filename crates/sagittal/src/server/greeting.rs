//! What the server says when its ports are open.

use std::net::SocketAddr;

use super::Run;
use crate::config::Config;

/// Where the server listens, with real ports.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    pub dimse: Option<SocketAddr>,
    pub dimse_tls: Option<SocketAddr>,
    pub http: Option<SocketAddr>,
}

/// Prints it on standard output.
pub(super) fn print(config: &Config, addresses: &Addresses, run: &Run) {
    // A terminal that has gone must not end the server.
    let mut text = greeting(config, addresses);
    if run.print_ready {
        text.push_str(&format!("ready {}\n", ready(config, addresses)));
    }
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The base URL by which this machine reaches the server.
fn base_url(config: &Config, address: SocketAddr) -> String {
    if let Some(url) = &config.http.base_url {
        return url.clone();
    }
    let scheme = if config.http.tls.is_some() {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{}", reachable(address))
}

/// An address that a client on this machine can connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    match (address.ip().is_unspecified(), address.is_ipv4()) {
        (true, true) => SocketAddr::from(([127, 0, 0, 1], address.port())),
        (true, false) => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], address.port())),
        (false, _) => address,
    }
}

fn greeting(config: &Config, addresses: &Addresses) -> String {
    let mut text = format!("Sagittal {}\n", env!("CARGO_PKG_VERSION"));
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:<11}{value}\n"));
    let data = std::path::absolute(&config.data).unwrap_or_else(|_| config.data.clone());
    row("data", data.display().to_string());
    if let Some(address) = addresses.dimse {
        row(
            "AE title",
            format!("{} on {address}", config.dimse.ae_title),
        );
    }
    if let Some(address) = addresses.dimse_tls {
        row("DIMSE TLS", address.to_string());
    }
    if let Some(address) = addresses.http {
        let base = base_url(config, address);
        row("web", format!("{base}/"));
        row("DICOMweb", format!("{base}{}", config.http.dicomweb_path));
        row("WADO-URI", format!("{base}{}", config.http.wado_path));
    }
    row(
        "security",
        match config.auth.on {
            true => "on: users, tokens and AE rules of the configuration".to_owned(),
            false if is_loopback(addresses) => {
                "off: everybody on this machine may read and write; only loopback is served"
                    .to_owned()
            }
            false => "OFF: everybody on the network may read and write all studies".to_owned(),
        },
    );
    text.push_str("\nLoad a first study from another terminal:\n");
    if let Some(address) = addresses.http {
        let base = base_url(config, address);
        text.push_str(&format!(
            "  sagittal import --server {base}{} FOLDER\n",
            config.http.dicomweb_path
        ));
    }
    if let Some(address) = addresses.dimse {
        let address = reachable(address);
        text.push_str(&format!(
            "  sagittal send {}@{address} FOLDER\n",
            config.dimse.ae_title
        ));
    }
    text.push_str("or start with --demo for generated ones. Ctrl-C stops.\n\n");
    text
}

fn is_loopback(addresses: &Addresses) -> bool {
    [addresses.dimse, addresses.dimse_tls, addresses.http]
        .into_iter()
        .flatten()
        .all(|address| address.ip().to_canonical().is_loopback())
}

/// One line of JSON for scripts and tests.
fn ready(config: &Config, addresses: &Addresses) -> serde_json::Value {
    let base = addresses.http.map(|address| base_url(config, address));
    serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "data": config.data,
        "ae_title": config.dimse.ae_title,
        "dimse": addresses.dimse,
        "dimse_tls": addresses.dimse_tls,
        "http": addresses.http,
        "base_url": base,
        "dicomweb": base.as_ref().map(|base| format!("{base}{}", config.http.dicomweb_path)),
        "wado": base.as_ref().map(|base| format!("{base}{}", config.http.wado_path)),
    })
}
