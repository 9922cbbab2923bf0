//! The base URL of a DICOMweb server.

use std::fmt;
use std::str::FromStr;

/// `http[s]://host[:port][/path]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    /// https.
    pub tls: bool,
    /// Host, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path of the DICOMweb services, without a slash at its end.
    pub path: String,
}

impl ServerUrl {
    /// Value of the Host header.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

impl FromStr for ServerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<ServerUrl, String> {
        let expected =
            || format!("{text:?} is not a DICOMweb URL such as http://127.0.0.1:8080/dicom-web");
        let uri: ::http::Uri = text.parse().map_err(|_| expected())?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(expected()),
        };
        let host = uri
            .host()
            .filter(|host| !host.is_empty())
            .ok_or_else(expected)?;
        if uri.query().is_some() {
            return Err(expected());
        }
        Ok(ServerUrl {
            tls,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_url_is_taken_apart_and_shown_again() {
        for text in [
            "http://127.0.0.1:8080/dicom-web",
            "https://pacs.example.org/a/b",
            "http://[::1]:80/x",
        ] {
            let url: ServerUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), text.replace("]:80", "]"));
        }
        for bad in [
            "127.0.0.1:8080",
            "ftp://x/y",
            "http:///x",
            "http://h/p?q=1",
            "",
        ] {
            assert!(bad.parse::<ServerUrl>().is_err(), "{bad}");
        }
    }
}
