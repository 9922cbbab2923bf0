//! Who may do what, from the configuration.

use std::net::IpAddr;

use anyhow::Context as _;
use sagittal_auth::{AddressRange, AeRule, ApiToken, Directory, DirectoryBuilder, User};
use sagittal_core::AeTitle;

use crate::config::{Config, Peer, permissions};

/// Rules of `[[auth.ae]]` come before those that follow from peers.
pub(super) async fn build(config: &Config) -> anyhow::Result<Directory> {
    if !config.auth.on {
        return Ok(Directory::off());
    }
    let mut builder = DirectoryBuilder::default();
    for user in &config.auth.users {
        builder.users.push(User {
            name: user.name.clone(),
            password_hash: user.password_hash.clone(),
            permissions: config.permissions_of(&user.roles),
        });
    }
    for token in &config.auth.tokens {
        builder.tokens.push(ApiToken {
            name: token.name.clone(),
            hash: token.hash.clone(),
            permissions: config.permissions_of(&token.roles),
            expires: token.expires,
        });
    }
    for rule in &config.auth.rules {
        builder.ae_rules.push(AeRule {
            ae_title: AeRule::title(&rule.ae_title)
                .with_context(|| format!("auth.ae: {:?}", rule.ae_title))?,
            addresses: rule.addresses.clone(),
            certificate_subject: rule.certificate_subject.clone(),
            permissions: permissions(&rule.permissions),
        });
    }
    for peer in &config.peers {
        builder.ae_rules.extend(rule_of(peer).await?);
    }
    Ok(builder.build()?)
}

/// A peer must come from its own address. One whose name is not known may do nothing here.
async fn rule_of(peer: &Peer) -> anyhow::Result<Option<AeRule>> {
    let addresses: Vec<IpAddr> = match tokio::net::lookup_host((peer.host.as_str(), peer.port))
        .await
    {
        Ok(found) => found.map(|address| address.ip()).collect(),
        Err(error) => {
            tracing::warn!(peer = peer.name, host = peer.host, %error, "host name not known; the peer is not let in");
            return Ok(None);
        }
    };
    let addresses: Result<Vec<AddressRange>, _> = addresses
        .iter()
        .map(|address| address.to_string().parse())
        .collect();
    Ok(Some(AeRule {
        ae_title: Some(AeTitle::new(&peer.ae_title)?),
        addresses: addresses?,
        certificate_subject: None,
        permissions: permissions(&peer.permissions),
    }))
}
