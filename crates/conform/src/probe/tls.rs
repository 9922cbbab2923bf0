//! TLS versions and cipher suites, by the first message of handshakes that go no further.
//!
//! Our own TLS speaks 1.2 and 1.3 with authenticated encryption only; what a peer would agree to
//! with others is learned from its ServerHello (RFC 5246 §7.4.1.3, RFC 8446 §4.1.3) to a
//! ClientHello that is written here.

use std::time::Duration;

use bytes::{Buf, BufMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::dial::Dialer;
use crate::document::{ClientCertificate, Fact, Support, Tls, TlsSuite, TlsVersion};

/// A cipher suite: code and name at IANA.
type Suite = (u16, &'static str);

/// Suites of TLS 1.3 (RFC 8446 §B.4).
#[rustfmt::skip]
const SUITES_13: &[Suite] = &[
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0x1304, "TLS_AES_128_CCM_SHA256"),
    (0x1305, "TLS_AES_128_CCM_8_SHA256"),
];

/// Suites of the versions before, from what the profiles of PS3.15 Annex B want to what nobody should have.
#[rustfmt::skip]
const SUITES_12: &[Suite] = &[
    (0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xC0AD, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"),
    (0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),
    (0xC09F, "TLS_DHE_RSA_WITH_AES_256_CCM"),
    (0xC09E, "TLS_DHE_RSA_WITH_AES_128_CCM"),
    (0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x006B, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    (0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    (0xC012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0005, "TLS_RSA_WITH_RC4_128_SHA"),
    (0x0004, "TLS_RSA_WITH_RC4_128_MD5"),
    (0x003B, "TLS_RSA_WITH_NULL_SHA256"),
    (0x0002, "TLS_RSA_WITH_NULL_SHA"),
    (0x0001, "TLS_RSA_WITH_NULL_MD5"),
];

const VERSIONS: &[(u16, &str, &[Suite])] = &[
    (0x0304, "1.3", SUITES_13),
    (0x0303, "1.2", SUITES_12),
    (0x0302, "1.1", SUITES_12),
    (0x0301, "1.0", SUITES_12),
];

/// For one handshake.
const LIMIT: Duration = Duration::from_secs(5);
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;

/// What a server answered.
#[derive(Debug, Default, PartialEq, Eq)]
struct Hello {
    version: u16,
    suite: u16,
    /// Told before TLS 1.3 only, where the answer is not encrypted.
    asks_for_certificate: Option<bool>,
}

pub(super) async fn ask(dialer: &Dialer) -> Tls {
    let mut found = Tls::default();
    for (code, version, suites) in VERSIONS {
        let mut left: Vec<Suite> = suites.to_vec();
        let mut any = false;
        // The server takes one; without it, it takes another, or none.
        while !left.is_empty() {
            let codes: Vec<u16> = left.iter().map(|(code, _)| *code).collect();
            let Some(hello) = shake(dialer, *code, &codes).await else {
                break;
            };
            let Some(at) = left.iter().position(|(code, _)| *code == hello.suite) else {
                break;
            };
            if hello.version != *code {
                break;
            }
            any = true;
            let (_, name) = left.remove(at);
            found.suites.push(TlsSuite {
                name: name.to_owned(),
                version: (*version).to_owned(),
                support: Support::Yes,
            });
            if let (Some(asks), None) = (hello.asks_for_certificate, found.client_certificate.value)
            {
                found.client_certificate = Fact::known(if asks {
                    ClientCertificate::Requested
                } else {
                    ClientCertificate::None
                });
            }
        }
        found.versions.push(TlsVersion {
            version: (*version).to_owned(),
            support: any.into(),
        });
    }
    if found.client_certificate.value == Some(ClientCertificate::Requested) {
        // With our own certificate, if we have one, it went well; only without one can it be known.
        found.client_certificate.remark =
            Some("whether a client must have one was not tried".to_owned());
    }
    found
}

async fn shake(dialer: &Dialer, version: u16, suites: &[u16]) -> Option<Hello> {
    dialer.take_slot().await;
    let address = &dialer.options.target.address;
    let exchange = async {
        let mut stream = TcpStream::connect((address.host.as_str(), address.port))
            .await
            .ok()?;
        let hello = client_hello(version, suites, &address.host);
        stream.write_all(&hello).await.ok()?;
        let mut bytes = Vec::new();
        loop {
            let mut part = [0; 4096];
            let count = stream.read(&mut part).await.ok()?;
            bytes.extend_from_slice(part.get(..count)?);
            let (hello, complete) = server_hello(&bytes);
            if complete || count == 0 || bytes.len() > 1 << 17 {
                return hello;
            }
        }
    };
    timeout(LIMIT, exchange).await.ok().flatten()
}

/// Puts a value behind its length of `N` bytes.
fn counted<const N: usize>(out: &mut Vec<u8>, value: &[u8]) {
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes();
    out.extend_from_slice(length.get(4 - N..).unwrap_or_default());
    out.extend_from_slice(value);
}

fn words(values: &[u16]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect()
}

fn extension(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.put_u16(kind);
    counted::<2>(out, value);
}

/// A ClientHello as a record.
fn client_hello(version: u16, suites: &[u16], host: &str) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_u16(version.min(0x0303));
    // Nothing is kept secret with it.
    body.extend_from_slice(b"sagittal conformance probe hello");
    counted::<1>(&mut body, &[]);
    counted::<2>(&mut body, &words(suites));
    counted::<1>(&mut body, &[0]);
    let mut extensions = Vec::new();
    if host.parse::<std::net::IpAddr>().is_err() {
        let mut name = vec![0];
        counted::<2>(&mut name, host.as_bytes());
        let mut list = Vec::new();
        counted::<2>(&mut list, &name);
        extension(&mut extensions, 0, &list);
    }
    let mut groups = Vec::new();
    counted::<2>(
        &mut groups,
        &words(&[0x001d, 0x0017, 0x0018, 0x0019, 0x0100]),
    );
    extension(&mut extensions, 10, &groups);
    extension(&mut extensions, 11, &[1, 0]);
    let mut signatures = Vec::new();
    let schemes = [
        0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203,
        0x0201,
    ];
    counted::<2>(&mut signatures, &words(&schemes));
    extension(&mut extensions, 13, &signatures);
    if version == 0x0304 {
        extension(&mut extensions, 43, &[2, 3, 4]);
        // No share of a key: the server says with which suite it would go on, and asks for one.
        extension(&mut extensions, 51, &[0, 0]);
    }
    counted::<2>(&mut body, &extensions);
    let mut message = vec![1];
    counted::<3>(&mut message, &body);
    let mut record = vec![HANDSHAKE, 3, 1];
    counted::<2>(&mut record, &message);
    record
}

/// The handshake messages in what has come so far, and whether more matters.
fn server_hello(bytes: &[u8]) -> (Option<Hello>, bool) {
    let mut records = bytes;
    let mut messages: Vec<u8> = Vec::new();
    while records.remaining() >= 5 {
        let (kind, _, length) = (records.get_u8(), records.get_u16(), records.get_u16());
        // An alert is an answer as well.
        if kind != HANDSHAKE {
            return (hello_of(&messages).0, true);
        }
        let length = usize::from(length);
        let Some(part) = records.get(..length) else {
            break;
        };
        messages.extend_from_slice(part);
        records.advance(length);
    }
    hello_of(&messages)
}

fn hello_of(mut messages: &[u8]) -> (Option<Hello>, bool) {
    let mut found: Option<Hello> = None;
    while messages.remaining() >= 4 {
        let kind = messages.get_u8();
        let length = usize::try_from(messages.get_uint(3)).unwrap_or(usize::MAX);
        let Some(body) = messages.get(..length) else {
            break;
        };
        match (kind, &mut found) {
            (SERVER_HELLO, _) => {
                found = parse_hello(body);
                if found.as_ref().is_none_or(|hello| hello.version >= 0x0304) {
                    return (found, true);
                }
            }
            (CERTIFICATE_REQUEST, Some(hello)) => hello.asks_for_certificate = Some(true),
            (SERVER_HELLO_DONE, Some(hello)) => {
                hello.asks_for_certificate.get_or_insert(false);
                return (found, true);
            }
            _ => {}
        }
        messages.advance(length);
    }
    (found, false)
}

fn parse_hello(mut body: &[u8]) -> Option<Hello> {
    let mut version = body.try_get_u16().ok()?;
    body = body.get(32..)?;
    let session = usize::from(body.try_get_u8().ok()?);
    body = body.get(session..)?;
    let suite = body.try_get_u16().ok()?;
    body.try_get_u8().ok()?;
    let mut extensions: &[u8] = match body.try_get_u16() {
        Ok(length) => body.get(..usize::from(length))?,
        Err(_) => &[],
    };
    while extensions.remaining() >= 4 {
        let (kind, length) = (extensions.get_u16(), usize::from(extensions.get_u16()));
        let mut value = extensions.get(..length)?;
        if kind == 43 {
            version = value.try_get_u16().ok()?;
        }
        extensions.advance(length);
    }
    Some(Hello {
        version,
        suite,
        asks_for_certificate: None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn record(messages: &[u8]) -> Vec<u8> {
        let mut bytes = vec![HANDSHAKE, 3, 3];
        counted::<2>(&mut bytes, messages);
        bytes
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind];
        counted::<3>(&mut bytes, body);
        bytes
    }

    #[test]
    fn a_server_hello_is_read_with_what_follows_it() {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0xC0, 0x2F, 0]);
        let mut messages = message(SERVER_HELLO, &body);
        assert!(!server_hello(&record(&messages)).1, "more matters");
        messages.extend(message(CERTIFICATE_REQUEST, &[1, 2]));
        messages.extend(message(SERVER_HELLO_DONE, &[]));
        let (hello, complete) = server_hello(&record(&messages));
        let expected = Hello {
            version: 0x0303,
            suite: 0xC02F,
            asks_for_certificate: Some(true),
        };
        assert_eq!((hello, complete), (Some(expected), true));
    }

    #[test]
    fn an_alert_is_no_hello() {
        assert_eq!(server_hello(&[21, 3, 3, 0, 2, 2, 40]), (None, true));
        for cut in 0..5 {
            assert_eq!(server_hello(&[21, 3, 3, 0, 2][..cut]), (None, false));
        }
    }
}
