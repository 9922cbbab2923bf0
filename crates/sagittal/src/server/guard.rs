//! Nobody is served beyond this machine without authentication by mistake.

use std::net::SocketAddr;

use anyhow::bail;

use crate::config::Config;

/// Refuses addresses beyond loopback while authentication is off, unless that was asked for.
pub fn refuse_remote_without_authentication(config: &Config, allowed: bool) -> anyhow::Result<()> {
    if config.auth.on || allowed {
        return Ok(());
    }
    let mut open: Vec<(&str, SocketAddr)> = Vec::new();
    if config.dimse.enabled {
        open.push(("DIMSE", config.dimse.address));
    }
    if config.http.enabled {
        open.push(("HTTP", config.http.address));
    }
    open.retain(|(_, address)| !address.ip().to_canonical().is_loopback());
    if open.is_empty() {
        return Ok(());
    }
    let which: Vec<String> = open
        .iter()
        .map(|(what, address)| format!("{what} on {address}"))
        .collect();
    bail!(
        "{} can be reached from other machines, and authentication is off.\n        \
         Turn it on ([auth] mode = \"on\" in the configuration file), or, if everybody on the network \
         may read and write all studies, give --allow-remote-without-auth.",
        which.join(" and ")
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::{Flags, Loaded};

    fn config(values: &[(&'static str, &str)]) -> Config {
        let flags = Flags {
            values: values
                .iter()
                .map(|(path, value)| (*path, (*value).to_owned(), "--x"))
                .collect(),
            ..Flags::default()
        };
        Loaded::load(&flags, []).config().unwrap()
    }

    #[test]
    fn loopback_is_served_and_other_addresses_only_when_asked_for() {
        let loopback = config(&[]);
        assert!(refuse_remote_without_authentication(&loopback, false).is_ok());
        for (path, address) in [
            ("http.address", "0.0.0.0"),
            ("dimse.address", "::"),
            ("dimse.address", "192.168.1.2"),
            ("http.address", "::ffff:10.0.0.1"),
        ] {
            let open = config(&[(path, address)]);
            let error = refuse_remote_without_authentication(&open, false).unwrap_err();
            assert!(error.to_string().contains("--allow-remote-without-auth"));
            assert!(refuse_remote_without_authentication(&open, true).is_ok());
        }
        let mapped = config(&[("http.address", "::ffff:127.0.0.1")]);
        assert!(refuse_remote_without_authentication(&mapped, false).is_ok());
    }
}
