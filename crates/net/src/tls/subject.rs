//! The subject of an X.509 certificate as text, for audit messages (RFC 5280 §4.1.2.6). Just enough
//! DER: a certificate that was verified by rustls is well formed; anything else gives no name.

use rustls::pki_types::CertificateDer;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const EXPLICIT_VERSION: u8 = 0xA0;

/// `CN=…, O=…`, in the order of the certificate; empty if it cannot be read.
pub(super) fn subject(certificate: &CertificateDer<'_>) -> String {
    parts(certificate.as_ref()).unwrap_or_default().join(", ")
}

fn parts(der: &[u8]) -> Option<Vec<String>> {
    let mut certificate = Der(expect(&mut Der(der), SEQUENCE)?);
    let mut body = Der(expect(&mut certificate, SEQUENCE)?);
    if body.0.first() == Some(&EXPLICIT_VERSION) {
        body.next()?;
    }
    // Serial number, signature algorithm, issuer, validity; then the subject.
    for _ in 0..4 {
        body.next()?;
    }
    let mut names = Der(expect(&mut body, SEQUENCE)?);
    let mut parts = Vec::new();
    while !names.0.is_empty() {
        let mut set = Der(expect(&mut names, SET)?);
        let mut pair = Der(expect(&mut set, SEQUENCE)?);
        let kind = expect(&mut pair, OBJECT_IDENTIFIER)?;
        let (_, value) = pair.next()?;
        let label = match kind {
            [0x55, 0x04, 0x03] => "CN",
            [0x55, 0x04, 0x0A] => "O",
            [0x55, 0x04, 0x0B] => "OU",
            [0x55, 0x04, 0x06] => "C",
            [0x55, 0x04, 0x07] => "L",
            [0x55, 0x04, 0x08] => "ST",
            _ => continue,
        };
        let clean = |c: char| if c.is_control() || c == ',' { '_' } else { c };
        let text: String = String::from_utf8_lossy(value).chars().map(clean).collect();
        parts.push(format!("{label}={text}"));
    }
    Some(parts)
}

fn expect<'a>(der: &mut Der<'a>, tag: u8) -> Option<&'a [u8]> {
    der.next()
        .filter(|(found, _)| *found == tag)
        .map(|(_, contents)| contents)
}

struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Tag and contents of the next value.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            if bytes.len() > 4 {
                return None;
            }
            (
                bytes
                    .iter()
                    .fold(0, |length, &byte| length << 8 | usize::from(byte)),
                rest,
            )
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, contents))
    }
}
