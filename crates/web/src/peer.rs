//! Who is at the other end of the connection, and by which URL it reached us.

use std::net::{IpAddr, SocketAddr};

use http::header::HOST;
use http::{HeaderMap, Uri};
use sagittal_auth::AddressRange;

use crate::config::WebConfig;

/// The other end of a connection; [`crate::serve`] puts it into every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Our own address on this connection.
    pub local: Option<SocketAddr>,
    /// Is the connection encrypted?
    pub tls: bool,
}

/// The address of the client: of the connection, or the one that a trusted proxy names.
pub(crate) fn client_address(
    peer: Option<&Peer>,
    headers: &HeaderMap,
    trusted: &[AddressRange],
) -> Option<IpAddr> {
    let peer = peer?.address.ip();
    if !is_trusted(peer, trusted) {
        return Some(peer);
    }
    // The nearest address that is not itself a trusted proxy: what lies before it may be invented.
    let mut client = peer;
    for text in forwarded_for(headers) {
        let Ok(address) = text.parse::<IpAddr>() else {
            break;
        };
        client = address;
        if !is_trusted(address, trusted) {
            break;
        }
    }
    Some(client)
}

/// `scheme://host[:port][/prefix]` by which the client reached the server, without a slash at the end.
pub(crate) fn base_url(
    config: &WebConfig,
    peer: Option<&Peer>,
    headers: &HeaderMap,
    uri: &Uri,
) -> String {
    if let Some(url) = &config.base_url {
        return url.trim_end_matches('/').to_owned();
    }
    let trusted = peer.is_some_and(|peer| is_trusted(peer.address.ip(), &config.trusted_proxies));
    let forwarded = |name: &str| -> Option<&str> {
        let value = headers.get(name).filter(|_| trusted)?.to_str().ok()?;
        let first = value.split(',').next()?.trim();
        (!first.is_empty()).then_some(first)
    };
    let scheme = forwarded("x-forwarded-proto")
        .filter(|scheme| matches!(*scheme, "http" | "https"))
        .unwrap_or(match peer {
            Some(peer) if peer.tls => "https",
            _ => "http",
        });
    let host = forwarded("x-forwarded-host")
        .or_else(|| headers.get(HOST).and_then(|host| host.to_str().ok()))
        .or_else(|| uri.authority().map(|authority| authority.as_str()))
        .filter(|host| is_host(host))
        .unwrap_or("localhost");
    let port = forwarded("x-forwarded-port")
        .filter(|port| port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()))
        .filter(|port| !has_port(host) && *port != default_port(scheme))
        .map(str::to_owned)
        .or_else(|| forgotten_port(host, scheme, peer));
    let prefix = forwarded("x-forwarded-prefix")
        .filter(|prefix| prefix.starts_with('/') && prefix.bytes().all(is_path_byte))
        .map(|prefix| prefix.trim_end_matches('/'))
        .unwrap_or("");
    match port {
        Some(port) => format!("{scheme}://{host}:{port}{prefix}"),
        None => format!("{scheme}://{host}{prefix}"),
    }
}

/// The port that a client left out of Host although it is not the scheme's own, as dicomweb-client
/// does. Only where Host is the very address of our socket: behind a proxy it is not.
fn forgotten_port(host: &str, scheme: &str, peer: Option<&Peer>) -> Option<String> {
    let local = peer?.local?;
    let own = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address == local.ip().to_canonical(),
        Err(_) => host.eq_ignore_ascii_case("localhost") && local.ip().to_canonical().is_loopback(),
    };
    let port = local.port().to_string();
    (own && port != default_port(scheme)).then_some(port)
}

fn is_trusted(address: IpAddr, trusted: &[AddressRange]) -> bool {
    trusted.iter().any(|range| range.contains(address))
}

/// Addresses of `X-Forwarded-For`, nearest first.
fn forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let texts: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .collect();
    texts.into_iter().rev()
}

/// Host names, addresses and ports; nothing that could change the meaning of a URL or a header.
fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 255
        && host.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']')
        })
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~')
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':')
        .is_some_and(|(_, port)| !port.contains(']'))
}

fn default_port(scheme: &str) -> &'static str {
    match scheme {
        "https" => "443",
        _ => "80",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn config(trusted: &str) -> WebConfig {
        let mut config = WebConfig::new("/tmp");
        config.trusted_proxies = vec![trusted.parse().unwrap()];
        config
    }

    const PEER: Peer = Peer {
        address: SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 4000),
        local: Some(SocketAddr::new(
            IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)),
            8080,
        )),
        tls: false,
    };

    #[test]
    fn the_base_url_is_the_requests_own_unless_a_trusted_proxy_says_otherwise() {
        let fields = headers(&[
            ("host", "inner:8080"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "pacs.example.org"),
            ("x-forwarded-prefix", "/archive/"),
            ("x-forwarded-for", "203.0.113.7, 10.0.0.9"),
        ]);
        let uri = Uri::from_static("/studies");
        let far = config("192.168.0.0/16");
        assert_eq!(
            base_url(&far, Some(&PEER), &fields, &uri),
            "http://inner:8080"
        );
        let near = config("10.0.0.0/8");
        assert_eq!(
            base_url(&near, Some(&PEER), &fields, &uri),
            "https://pacs.example.org/archive"
        );
        let client = |config: &WebConfig| {
            client_address(Some(&PEER), &fields, &config.trusted_proxies)
                .unwrap()
                .to_string()
        };
        assert_eq!(client(&far), "10.0.0.1");
        assert_eq!(client(&near), "203.0.113.7");
    }

    #[test]
    fn a_port_that_a_client_forgot_is_added_only_to_our_own_address() {
        let uri = Uri::from_static("/studies");
        let config = WebConfig::new("/tmp");
        for (host, expected) in [
            ("10.0.0.2", "http://10.0.0.2:8080"),
            ("10.0.0.2:80", "http://10.0.0.2:80"),
            ("10.0.0.3", "http://10.0.0.3"),
            ("pacs", "http://pacs"),
            ("localhost", "http://localhost"),
        ] {
            let fields = headers(&[("host", host)]);
            assert_eq!(base_url(&config, Some(&PEER), &fields, &uri), expected);
        }
    }

    #[test]
    fn hosts_that_are_none_are_not_repeated() {
        let uri = Uri::from_static("/studies");
        for bad in ["a b", "a/b", "a\"b", "a@b"] {
            let fields = headers(&[("host", bad)]);
            let url = base_url(&WebConfig::new("/tmp"), None, &fields, &uri);
            assert_eq!(url, "http://localhost", "{bad}");
        }
        let fields = headers(&[("host", "[::1]:8080")]);
        let url = base_url(&WebConfig::new("/tmp"), None, &fields, &uri);
        assert_eq!(url, "http://[::1]:8080");
    }
}
