//! The configuration as the server uses it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::layers::{Held, Layers, Row};
use super::quality::Quality;
use std::collections::BTreeSet;
use std::time::SystemTime;

use sagittal_auth::{AddressRange, Permission};

use super::value::{Value, parse_day};

/// Everything.
#[derive(Clone, Debug)]
pub struct Config {
    /// Data folder.
    pub data: PathBuf,
    /// `[storage]`
    pub storage: Storage,
    /// `[compression]`, `[[compression.rule]]`
    pub compression: Compression,
    /// `[quality]`, `[[quality.rule]]`
    pub quality: Quality,
    /// `[dimse]`
    pub dimse: Dimse,
    /// `[http]`
    pub http: Http,
    /// `[services]`
    pub services: Services,
    /// `[limits]`
    pub limits: Limits,
    /// `[auth]`
    pub auth: Auth,
    /// `[audit]`
    pub audit: Audit,
    /// `[log]`
    pub log: Log,
    /// `[[peer]]`
    pub peers: Vec<Peer>,
    /// `[deid]`, `[[deid.policy]]`, `[[deid.view]]`
    pub deid: Deid,
}

/// `[storage]`
#[derive(Clone, Debug)]
#[allow(missing_docs)] // named and explained in schema.rs, here and below
pub struct Storage {
    pub duplicates: String,
    pub pack_size: u64,
    pub large_instance: u64,
    pub ingest_memory: u64,
    pub reserve: u64,
    pub warn_below: u64,
    pub study_quiet: Duration,
    pub compact_below: u64,
    pub compact_every: Duration,
    pub scrub_every: Duration,
}

/// `[compression]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Compression {
    pub every: Duration,
    pub rate: u64,
    pub rules: Vec<CompressionRule>,
}

/// `[[compression.rule]]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct CompressionRule {
    pub name: String,
    pub modalities: Vec<String>,
    pub sop_classes: Vec<String>,
    pub transfer_syntaxes: Vec<String>,
    pub sources: Vec<String>,
    pub min_size: u64,
    pub max_size: u64,
    pub min_frames: u32,
    pub min_age: Duration,
    /// Name or UID.
    pub to: String,
    pub later: bool,
}

/// `[dimse]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Dimse {
    pub enabled: bool,
    pub ae_title: String,
    pub aliases: Vec<String>,
    pub address: SocketAddr,
    pub check_called_ae_title: bool,
    pub known_peers_only: bool,
    pub max_pdu: u32,
    pub artim_timeout: Duration,
    pub idle_timeout: Duration,
    pub read_timeout: Duration,
    pub write_timeout: Duration,
    pub min_rate: u64,
    pub max_associations: usize,
    pub max_associations_per_peer: usize,
    pub max_operations: u16,
    pub transfer_syntaxes: Vec<String>,
    pub retired_sop_classes: bool,
    pub sop_classes: Vec<String>,
    pub unknown_sop_classes: bool,
    pub tls: Option<Tls>,
}

/// `[dimse.tls]`, `[http.tls]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Tls {
    pub address: SocketAddr,
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client_ca: Option<PathBuf>,
    pub require_client_certificate: bool,
}

/// `[http]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Http {
    pub enabled: bool,
    pub address: SocketAddr,
    pub dicomweb_path: String,
    pub wado_path: String,
    pub base_url: Option<String>,
    pub cors: Vec<String>,
    pub max_connections: usize,
    pub header_timeout: Duration,
    pub idle_timeout: Duration,
    pub max_body: u64,
    pub max_part: u64,
    pub max_answers: u64,
    pub trusted_proxies: Vec<AddressRange>,
    pub tls: Option<Tls>,
}

/// `[services]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Services {
    pub store: bool,
    pub find: bool,
    pub r#move: bool,
    pub get: bool,
}

/// `[limits]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Limits {
    pub query_answers: u64,
    pub shutdown: Duration,
}

/// `[auth]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Auth {
    pub on: bool,
    pub roles: Vec<Role>,
    pub users: Vec<User>,
    pub tokens: Vec<Token>,
    pub rules: Vec<AeRule>,
}

/// `[[auth.role]]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Role {
    pub name: String,
    pub permissions: Vec<String>,
}

/// `[[auth.user]]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct User {
    pub name: String,
    pub password_hash: String,
    pub roles: Vec<String>,
}

/// `[[auth.token]]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Token {
    pub name: String,
    pub hash: String,
    pub roles: Vec<String>,
    pub expires: Option<SystemTime>,
}

/// `[[auth.ae]]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct AeRule {
    pub ae_title: String,
    pub addresses: Vec<AddressRange>,
    pub certificate_subject: Option<String>,
    pub permissions: Vec<String>,
}

/// `[audit]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Audit {
    pub enabled: bool,
    /// Relative paths are resolved against the data folder already.
    pub file: PathBuf,
    pub max_size: u64,
    pub keep: usize,
}

/// `[log]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Log {
    pub json: bool,
    pub level: String,
}

/// `[[peer]]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Peer {
    pub name: String,
    pub ae_title: String,
    pub host: String,
    pub port: u16,
    pub tls: bool,
    pub transfer_syntaxes: Vec<String>,
    pub lossy: Vec<String>,
    pub lossy_quality: u8,
    pub lossy_ratio: u16,
    pub lossy_near: u8,
    pub permissions: Vec<String>,
    pub max_associations: usize,
    pub document: Option<PathBuf>,
    pub deid: Option<String>,
}

/// `[deid]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Deid {
    pub memory: u64,
    pub policies: Vec<DeidPolicy>,
    pub views: Vec<DeidView>,
}

/// `[[deid.policy]]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct DeidPolicy {
    pub name: String,
    /// `None` for the basic profile alone.
    pub file: Option<PathBuf>,
    pub key_file: PathBuf,
}

/// `[[deid.view]]`
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct DeidView {
    pub name: String,
    pub policy: String,
    pub ae_title: Option<String>,
}

impl Config {
    /// From checked layers.
    pub fn from_layers(layers: &Layers) -> Config {
        let at = |path| Reader { layers, path };
        let data = at("data").path();
        let dimse_address = at("dimse.address").socket("dimse.port");
        let http_address = at("http.address").socket("http.port");
        Config {
            storage: Storage {
                duplicates: at("storage.duplicates").text(),
                pack_size: at("storage.pack_size").number(),
                large_instance: at("storage.large_instance").number(),
                ingest_memory: at("storage.ingest_memory").number(),
                reserve: at("storage.reserve").number(),
                warn_below: at("storage.warn_below").number(),
                study_quiet: at("storage.study_quiet").duration(),
                compact_below: at("storage.compact_below").number(),
                compact_every: at("storage.compact_every").duration(),
                scrub_every: at("storage.scrub_every").duration(),
            },
            compression: Compression {
                every: at("compression.every").duration(),
                rate: at("compression.rate").number(),
                rules: rows(layers, "compression.rule", |row| CompressionRule {
                    name: text(row, "name"),
                    modalities: list(row, "modalities"),
                    sop_classes: list(row, "sop_classes"),
                    transfer_syntaxes: list(row, "transfer_syntaxes"),
                    sources: list(row, "sources"),
                    min_size: number(row, "min_size"),
                    max_size: number(row, "max_size"),
                    min_frames: u32::try_from(number(row, "min_frames")).unwrap_or(u32::MAX),
                    min_age: Duration::from_millis(number(row, "min_age")),
                    to: text(row, "to"),
                    later: text(row, "at") == "later",
                }),
            },
            quality: Quality::from_layers(layers),
            dimse: Dimse {
                enabled: at("dimse.enabled").bool(),
                ae_title: at("dimse.ae_title").text(),
                aliases: at("dimse.aliases").list(),
                address: dimse_address,
                check_called_ae_title: at("dimse.check_called_ae_title").bool(),
                known_peers_only: at("dimse.known_peers_only").bool(),
                max_pdu: u32::try_from(at("dimse.max_pdu").number()).unwrap_or(u32::MAX),
                artim_timeout: at("dimse.artim_timeout").duration(),
                idle_timeout: at("dimse.idle_timeout").duration(),
                read_timeout: at("dimse.read_timeout").duration(),
                write_timeout: at("dimse.write_timeout").duration(),
                min_rate: at("dimse.min_rate").number(),
                max_associations: at("dimse.max_associations").size(),
                max_associations_per_peer: at("dimse.max_associations_per_peer").size(),
                max_operations: at("dimse.max_operations").port(),
                transfer_syntaxes: at("dimse.transfer_syntaxes").list(),
                retired_sop_classes: at("dimse.retired_sop_classes").bool(),
                sop_classes: at("dimse.sop_classes").list(),
                unknown_sop_classes: at("dimse.unknown_sop_classes").bool(),
                tls: at("dimse.tls.enabled").bool().then(|| Tls {
                    address: at("dimse.address").socket("dimse.tls.port"),
                    certificate: at("dimse.tls.certificate").path(),
                    key: at("dimse.tls.key").path(),
                    client_ca: at("dimse.tls.client_ca").optional_path(),
                    require_client_certificate: at("dimse.tls.require_client_certificate").bool(),
                }),
            },
            http: Http {
                enabled: at("http.enabled").bool(),
                address: http_address,
                dicomweb_path: at("http.dicomweb_path").text(),
                wado_path: at("http.wado_path").text(),
                base_url: Some(at("http.base_url").text())
                    .filter(|url| !url.is_empty())
                    .map(|url| url.trim_end_matches('/').to_owned()),
                cors: at("http.cors").list(),
                max_connections: at("http.max_connections").size(),
                header_timeout: at("http.header_timeout").duration(),
                idle_timeout: at("http.idle_timeout").duration(),
                max_body: at("http.max_body").number(),
                max_part: at("http.max_part").number(),
                max_answers: at("http.max_answers").number(),
                trusted_proxies: at("http.trusted_proxies")
                    .list()
                    .iter()
                    .filter_map(|text| text.parse().ok())
                    .collect(),
                tls: at("http.tls.enabled").bool().then(|| Tls {
                    address: http_address,
                    certificate: at("http.tls.certificate").path(),
                    key: at("http.tls.key").path(),
                    client_ca: None,
                    require_client_certificate: false,
                }),
            },
            services: Services {
                store: at("services.store").bool(),
                find: at("services.find").bool(),
                r#move: at("services.move").bool(),
                get: at("services.get").bool(),
            },
            limits: Limits {
                query_answers: at("limits.query_answers").number(),
                shutdown: at("limits.shutdown").duration(),
            },
            auth: Auth {
                on: at("auth.mode").text() == "on",
                roles: rows(layers, "auth.role", |row| Role {
                    name: text(row, "name"),
                    permissions: list(row, "permissions"),
                }),
                users: rows(layers, "auth.user", |row| User {
                    name: text(row, "name"),
                    password_hash: text(row, "password_hash"),
                    roles: list(row, "roles"),
                }),
                tokens: rows(layers, "auth.token", |row| Token {
                    name: text(row, "name"),
                    hash: text(row, "hash"),
                    roles: list(row, "roles"),
                    expires: parse_day(&text(row, "expires"))
                        .and_then(time::Date::next_day)
                        .map(|day| day.midnight().assume_utc().into()),
                }),
                rules: rows(layers, "auth.ae", |row| AeRule {
                    ae_title: text(row, "ae_title"),
                    addresses: list(row, "addresses")
                        .iter()
                        .filter_map(|text| text.parse().ok())
                        .collect(),
                    certificate_subject: Some(text(row, "certificate_subject"))
                        .filter(|subject| !subject.is_empty()),
                    permissions: list(row, "permissions"),
                }),
            },
            audit: Audit {
                enabled: at("audit.enabled").bool(),
                file: data.join(at("audit.file").path()),
                max_size: at("audit.max_size").number(),
                keep: at("audit.keep").size(),
            },
            log: Log {
                json: at("log.format").text() == "json",
                level: at("log.level").text(),
            },
            peers: rows(layers, "peer", |row| Peer {
                name: text(row, "name"),
                ae_title: text(row, "ae_title"),
                host: text(row, "host"),
                port: u16::try_from(number(row, "port")).unwrap_or_default(),
                tls: bool_of(row, "tls"),
                transfer_syntaxes: list(row, "transfer_syntaxes"),
                lossy: list(row, "lossy"),
                lossy_quality: u8::try_from(number(row, "lossy_quality")).unwrap_or(90),
                lossy_ratio: u16::try_from(number(row, "lossy_ratio")).unwrap_or(10),
                lossy_near: u8::try_from(number(row, "lossy_near")).unwrap_or(2),
                permissions: list(row, "permissions"),
                max_associations: usize::try_from(number(row, "max_associations")).unwrap_or(1),
                document: Some(PathBuf::from(text(row, "document")))
                    .filter(|path| !path.as_os_str().is_empty()),
                deid: Some(text(row, "deid")).filter(|policy| !policy.is_empty()),
            }),
            deid: Deid {
                memory: at("deid.memory").number(),
                policies: rows(layers, "deid.policy", |row| DeidPolicy {
                    name: text(row, "name"),
                    file: Some(PathBuf::from(text(row, "file")))
                        .filter(|file| !file.as_os_str().is_empty()),
                    key_file: PathBuf::from(text(row, "key_file")),
                }),
                views: rows(layers, "deid.view", |row| DeidView {
                    name: text(row, "name"),
                    policy: text(row, "policy"),
                    ae_title: Some(text(row, "ae_title")).filter(|title| !title.is_empty()),
                }),
            },
            data,
        }
    }

    /// Permissions of several roles together, built in or configured (which wins).
    pub fn permissions_of(&self, roles: &[String]) -> BTreeSet<Permission> {
        let of = |name: &String| match self.auth.roles.iter().find(|role| role.name == *name) {
            Some(role) => permissions(&role.permissions),
            None => name
                .parse::<sagittal_auth::Role>()
                .map(sagittal_auth::Role::permissions)
                .unwrap_or_default(),
        };
        roles.iter().flat_map(of).collect()
    }
}

/// Permissions by their names, which are checked.
pub fn permissions(names: &[String]) -> BTreeSet<Permission> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

/// Reads one setting that is known to be checked.
pub(super) struct Reader<'a> {
    pub(super) layers: &'a Layers,
    pub(super) path: &'a str,
}

impl Reader<'_> {
    fn value(&self) -> Option<&Value> {
        let held = self.layers.single.get(self.path);
        debug_assert!(held.is_some(), "no setting {}", self.path);
        held.map(|held| &held.value)
    }

    pub(super) fn bool(&self) -> bool {
        matches!(self.value(), Some(Value::Bool(true)))
    }

    fn number(&self) -> u64 {
        match self.value() {
            Some(Value::Number(number)) => *number,
            _ => 0,
        }
    }

    fn size(&self) -> usize {
        usize::try_from(self.number()).unwrap_or(usize::MAX)
    }

    fn port(&self) -> u16 {
        u16::try_from(self.number()).unwrap_or(u16::MAX)
    }

    fn duration(&self) -> Duration {
        Duration::from_millis(self.number())
    }

    pub(super) fn text(&self) -> String {
        match self.value() {
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        }
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(self.text())
    }

    fn optional_path(&self) -> Option<PathBuf> {
        Some(self.path()).filter(|path| !path.as_os_str().is_empty())
    }

    fn list(&self) -> Vec<String> {
        texts(self.value())
    }

    fn socket(&self, port: &str) -> SocketAddr {
        let address = self.text();
        let address = address.trim_matches(['[', ']']).parse::<IpAddr>();
        let port = Reader {
            layers: self.layers,
            path: port,
        };
        SocketAddr::new(address.unwrap_or(IpAddr::from([127, 0, 0, 1])), port.port())
    }
}

pub(super) fn rows<T>(layers: &Layers, path: &str, read: impl Fn(&Row) -> T) -> Vec<T> {
    layers
        .rows
        .get(path)
        .map(|rows| rows.iter().map(read).collect())
        .unwrap_or_default()
}

fn value<'a>(row: &'a Row, key: &str) -> Option<&'a Value> {
    row.get(key).map(|held: &Held| &held.value)
}

pub(super) fn text(row: &Row, key: &str) -> String {
    match value(row, key) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

pub(super) fn number(row: &Row, key: &str) -> u64 {
    match value(row, key) {
        Some(Value::Number(number)) => *number,
        _ => 0,
    }
}

fn bool_of(row: &Row, key: &str) -> bool {
    matches!(value(row, key), Some(Value::Bool(true)))
}

pub(super) fn list(row: &Row, key: &str) -> Vec<String> {
    texts(value(row, key))
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let Some(Value::List(values)) = value else {
        return Vec::new();
    };
    let text = |value: &Value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    values.iter().filter_map(text).collect()
}
