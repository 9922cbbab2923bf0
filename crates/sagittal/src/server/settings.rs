//! From the configuration to the settings of each part.

use sagittal_archive::Options;
use sagittal_archive::options::DuplicatePolicy;
use sagittal_core::{AeTitle, Uid};
use sagittal_dimse::{DimseConfig, Lossy, Offered, Peer};
use sagittal_pixel::codec::EncodeOptions;
use sagittal_web::{ServeLimits, WebConfig};

use super::greeting::Addresses;
use super::tls;
use crate::config::Config;

pub(super) fn archive(config: &Config) -> anyhow::Result<Options> {
    let storage = &config.storage;
    Ok(Options {
        duplicates: match storage.duplicates.as_str() {
            "keep-first" => DuplicatePolicy::KeepFirst,
            "replace" => DuplicatePolicy::Replace,
            _ => DuplicatePolicy::KeepBoth,
        },
        pack_size: storage.pack_size,
        large_instance: storage.large_instance,
        ingest_memory: storage.ingest_memory,
        reserve: storage.reserve,
        warn_below: storage.warn_below,
        study_quiet: storage.study_quiet,
        compact_below: storage.compact_below as f64 / 100.0,
        compact_every: storage.compact_every,
        scrub_every: storage.scrub_every,
        compression: crate::config::compression::settings(&config.compression),
        policies: crate::deid::policies(&config.deid)?,
        deidentification_memory: config.deid.memory,
        quality: crate::config::quality::settings(&config.quality),
        ..Options::new(&config.data)
    })
}

/// Settings of the DIMSE side.
pub fn dimse(config: &Config) -> anyhow::Result<DimseConfig> {
    let dimse = &config.dimse;
    let titles: Result<Vec<AeTitle>, _> = dimse.aliases.iter().map(|t| AeTitle::new(t)).collect();
    let defaults = sagittal_net::Config::default();
    let association = sagittal_net::Config {
        artim: dimse.artim_timeout,
        // The same timer in Sta13 (PS3.8 §9.2.2); no peer needs long to close a connection.
        close: dimse.artim_timeout.min(defaults.close),
        idle: Some(dimse.idle_timeout),
        read: dimse.read_timeout,
        write: dimse.write_timeout,
        min_rate: dimse.min_rate,
        max_pdu_receive: dimse.max_pdu,
        ..defaults
    };
    let mut settings = DimseConfig::new(AeTitle::new(&dimse.ae_title)?);
    settings.aliases = titles?;
    settings.check_called_ae_title = dimse.check_called_ae_title;
    settings.known_peers_only = dimse.known_peers_only;
    settings.offered = Offered {
        store: config.services.store,
        find: config.services.find,
        r#move: config.services.r#move,
        get: config.services.get,
    };
    settings.retired_sop_classes = dimse.retired_sop_classes;
    settings.sop_classes = uids(&dimse.sop_classes)?;
    settings.unknown_sop_classes = dimse.unknown_sop_classes;
    settings.transfer_syntaxes = uids(&dimse.transfer_syntaxes)?;
    settings.max_operations = dimse.max_operations;
    settings.max_answers = config.limits.query_answers;
    settings.associations = (dimse.max_associations, dimse.max_associations_per_peer);
    settings.association = association;
    settings.grace = config.limits.shutdown;
    Ok(settings)
}

pub(super) fn peers(config: &Config) -> anyhow::Result<Vec<Peer>> {
    let peer = |peer: &crate::config::Peer| -> anyhow::Result<Peer> {
        let ae_title = AeTitle::new(&peer.ae_title)?;
        let mut known = Peer::new(peer.name.clone(), ae_title, peer.host.clone(), peer.port);
        known.transfer_syntaxes = uids(&peer.transfer_syntaxes)?;
        let encode = EncodeOptions {
            quality: peer.lossy_quality,
            ratio: f32::from(peer.lossy_ratio),
            near: peer.lossy_near,
            ..EncodeOptions::default()
        };
        let lossy = peer.lossy.iter();
        known.lossy = lossy
            .filter_map(|name| Lossy::by_name(name, encode))
            .collect();
        known.max_associations = peer.max_associations;
        known.deid = peer.deid.clone();
        known.tls = peer
            .tls
            .then(|| tls::client(config.dimse.tls.as_ref()))
            .transpose()?;
        Ok(known)
    };
    config.peers.iter().map(peer).collect()
}

pub(super) fn web(config: &Config, addresses: &Addresses) -> WebConfig {
    let http = &config.http;
    let mut web = WebConfig::new(config.data.join("spool"));
    web.dicomweb_path = http.dicomweb_path.clone();
    web.wado_uri_path = http.wado_path.clone();
    web.base_url = http.base_url.clone();
    web.cors_origins = http.cors.clone();
    web.ae_title = config.dimse.ae_title.clone();
    web.dimse_address = addresses.dimse.map(|address| address.to_string());
    web.version = env!("CARGO_PKG_VERSION").to_owned();
    web.trusted_proxies = http.trusted_proxies.clone();
    web.limits.search_results = http.max_answers;
    web.limits.request_bytes = http.max_body;
    web.limits.instance_bytes = http.max_part;
    web.limits.body_stall = http.idle_timeout;
    web
}

pub(super) fn connections(config: &Config) -> ServeLimits {
    ServeLimits {
        connections: config.http.max_connections,
        head_timeout: config.http.header_timeout,
        idle_timeout: config.http.idle_timeout,
        write_stall: config.http.idle_timeout,
        grace: config.limits.shutdown,
        ..ServeLimits::default()
    }
}

fn uids(texts: &[String]) -> anyhow::Result<Vec<Uid>> {
    let uids: Result<Vec<Uid>, _> = texts.iter().map(|text| Uid::new(text)).collect();
    Ok(uids?)
}
