//! What the web server is told by the configuration.

use std::path::PathBuf;
use std::time::Duration;

use sagittal_auth::AddressRange;

/// Settings of the web server. Nothing here is read from the environment.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Where DICOMweb begins, e.g. `/dicom-web`.
    pub dicomweb_path: String,
    /// Where WADO-URI is, e.g. `/wado`.
    pub wado_uri_path: String,
    /// Scheme, host, port and prefix by which clients reach the server, e.g.
    /// `https://pacs.example.org/archive`; without it the request's own.
    pub base_url: Option<String>,
    /// Proxies whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<AddressRange>,
    /// Origins that browsers may call from; `*` for any. Empty: no CORS.
    pub cors_origins: Vec<String>,
    /// The server's AE title: status page, Retrieve AE Title, warnings.
    pub ae_title: String,
    /// Where DIMSE is listened for, for the status page, e.g. `127.0.0.1:11112`.
    pub dimse_address: Option<String>,
    /// Version of the program.
    pub version: String,
    /// Where parts too large for memory wait until their data set is complete.
    pub spool: PathBuf,
    /// Nothing can be written here: not told of in capabilities.
    pub read_only: bool,
    /// Bounds.
    pub limits: Limits,
}

/// Bounds of single requests.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a request body after inflating.
    pub request_bytes: u64,
    /// Bytes of one instance.
    pub instance_bytes: u64,
    /// Parts of one request.
    pub parts: usize,
    /// Bytes of metadata (JSON or XML) in one store request.
    pub metadata_bytes: usize,
    /// Bulk data parts up to this size stay in memory until their data set is complete.
    pub bulk_in_memory: usize,
    /// How often a compressed body may exceed its own size.
    pub inflate_factor: u64,
    /// Instances of one request that are written at the same time.
    pub concurrent_stores: usize,
    /// Answers to one search, whatever its `limit`.
    pub search_results: u64,
    /// Frames of one request.
    pub frames: usize,
    /// A request body that brings nothing for so long is given up.
    pub body_stall: Duration,
    /// Bytes a second that a request body must bring on average, after a minute.
    pub body_rate: u64,
    /// Followers of the event stream at the same time.
    pub event_followers: usize,
    /// Silence after which the event stream says that it is alive.
    pub event_heartbeat: Duration,
}

impl WebConfig {
    /// The defaults; large parts wait in `spool`.
    pub fn new(spool: impl Into<PathBuf>) -> WebConfig {
        WebConfig {
            dicomweb_path: "/dicom-web".to_owned(),
            wado_uri_path: "/wado".to_owned(),
            base_url: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            ae_title: "SAGITTAL".to_owned(),
            dimse_address: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            spool: spool.into(),
            read_only: false,
            limits: Limits::default(),
        }
    }
}

impl WebConfig {
    /// What is wrong with the paths, if anything: the router could not be made.
    pub fn problem(&self) -> Option<String> {
        let paths = [&self.dicomweb_path, &self.wado_uri_path];
        for path in paths {
            let clean = path.trim_matches('/');
            let ok =
                |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b'~');
            if clean.is_empty() || !clean.bytes().all(ok) || clean.contains("//") {
                return Some(format!("{path:?} is not a path such as /dicom-web"));
            }
            let taken = ["healthz", "metrics", "events", "openapi.json"];
            if taken.contains(&clean) || clean == "deid" || clean.starts_with("deid/") {
                return Some(format!("{path:?} is taken by the server itself"));
            }
        }
        let [dicomweb, wado] = paths.map(|path| path.trim_matches('/'));
        let below = wado
            .strip_prefix(dicomweb)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        below.then(|| format!("{wado:?} lies within {dicomweb:?}"))
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            request_bytes: 256 << 30,
            instance_bytes: 64 << 30,
            parts: 200_000,
            metadata_bytes: 64 << 20,
            bulk_in_memory: 1 << 20,
            inflate_factor: 200,
            concurrent_stores: 16,
            search_results: 10_000,
            frames: 10_000,
            body_stall: Duration::from_secs(30),
            body_rate: 1024,
            event_followers: 256,
            event_heartbeat: Duration::from_secs(15),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_no_router_can_serve_are_named() {
        let problem = |dicomweb: &str, wado: &str| {
            let mut config = WebConfig::new("/tmp");
            config.dicomweb_path = dicomweb.to_owned();
            config.wado_uri_path = wado.to_owned();
            config.problem().is_some()
        };
        assert!(!problem("/dicom-web", "/wado"));
        assert!(!problem("/a/b/", "wado"));
        for (dicomweb, wado) in [
            ("/", "/wado"),
            ("/a", "/a"),
            ("/a", "/a/wado"),
            ("/{x}", "/wado"),
            ("/metrics", "/wado"),
            ("/a//b", "/wado"),
        ] {
            assert!(problem(dicomweb, wado), "{dicomweb} {wado}");
        }
    }
}
