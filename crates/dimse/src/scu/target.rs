//! Whom to talk to, and as whom.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sagittal_core::AeTitle;
use sagittal_net::tls::TlsClient;
use sagittal_net::{Config, Proposal};

use crate::lossy::Lossy;
use crate::peers::Peer;

/// Called where a user names no AE title (DCMTK's default, which peers that do not care accept).
const ANY: &str = "ANY-SCP";

/// An Application Entity at an address, written `AE@HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its AE title.
    pub ae_title: AeTitle,
    /// Name or number.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// `AE@HOST:PORT` or `HOST:PORT`; an IPv6 address stands in brackets.
impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        // An AE title may contain an @, a host cannot.
        let (title, place) = match text.rsplit_once('@') {
            Some((title, place)) => (title, place),
            None => (ANY, text),
        };
        let ae_title = AeTitle::new(title).map_err(|error| error.to_string())?;
        let (host, port) = place
            .rsplit_once(':')
            .ok_or_else(|| format!("{text:?} has no port, expected AE@HOST:PORT"))?;
        let inner = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if inner.is_none() && host.contains(':') {
            return Err(format!("the address in {text:?} must stand in brackets"));
        }
        let host = inner.unwrap_or(host);
        if host.is_empty() {
            return Err(format!("{text:?} has no host, expected AE@HOST:PORT"));
        }
        match port.parse() {
            Ok(port) if port > 0 => Ok(Address {
                ae_title,
                host: host.to_owned(),
                port,
            }),
            _ => Err(format!("{port:?} is no port (1 to 65535)")),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address {
            ae_title,
            host,
            port,
        } = self;
        if host.contains(':') {
            write!(f, "{ae_title}@[{host}]:{port}")
        } else {
            write!(f, "{ae_title}@{host}:{port}")
        }
    }
}

/// Who we say we are (PS3.7 §D.3.3.7).
#[derive(Clone)]
pub struct User {
    /// The name.
    pub name: String,
    /// The passcode, if there is one.
    pub passcode: Option<String>,
}

/// The name only.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("User").field(&self.name).finish()
    }
}

/// A peer to associate with, and how.
#[derive(Clone)]
pub struct Target {
    /// The peer.
    pub address: Address,
    /// Our AE title.
    pub calling_ae_title: AeTitle,
    /// Speak TLS.
    pub tls: Option<TlsClient>,
    /// User identity.
    pub user: Option<User>,
    /// Operations that we would like to have under way at the same time; 0 is no limit, and with 1
    /// nothing is negotiated.
    pub window: u16,
    /// Transfer syntaxes in which it may be given copies with loss, if it takes none without; the
    /// first that can be made counts.
    pub lossy: Vec<Lossy>,
    /// For each response.
    pub response_timeout: Duration,
    /// Timeouts and sizes.
    pub association: Config,
}

impl Target {
    /// With the defaults.
    pub fn new(address: Address, calling_ae_title: AeTitle) -> Target {
        Target {
            address,
            calling_ae_title,
            tls: None,
            user: None,
            window: 1,
            lossy: Vec::new(),
            response_timeout: Duration::from_secs(300),
            association: Config::default(),
        }
    }

    /// A peer of the configuration.
    pub fn of_peer(peer: &Peer, calling_ae_title: AeTitle) -> Target {
        let address = Address {
            ae_title: peer.ae_title.clone(),
            host: peer.host.clone(),
            port: peer.port,
        };
        Target {
            tls: peer.tls.clone(),
            lossy: peer.lossy.clone(),
            ..Target::new(address, calling_ae_title)
        }
    }

    /// A proposal without presentation contexts.
    pub fn proposal(&self) -> Proposal {
        let called = self.address.ae_title.clone();
        let mut proposal = Proposal::new(self.calling_ae_title.clone(), called);
        if self.window != 1 {
            proposal = proposal.window(self.window, 1);
        }
        if let Some(user) = &self.user {
            proposal = proposal.username(&user.name, user.passcode.as_deref());
        }
        proposal
    }
}

/// Not the certificates.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("address", &self.address)
            .field("calling_ae_title", &self.calling_ae_title)
            .field("tls", &self.tls.is_some())
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(text: &str) -> Result<(String, String, u16), String> {
        let address: Address = text.parse()?;
        Ok((
            address.ae_title.to_string(),
            address.host.clone(),
            address.port,
        ))
    }

    #[test]
    fn an_address_is_read_and_shown_again() {
        let is = |title: &str, host: &str, port| Ok((title.to_owned(), host.to_owned(), port));
        assert_eq!(parse("PACS@10.0.0.1:104"), is("PACS", "10.0.0.1", 104));
        assert_eq!(parse("A B@host:11112"), is("A B", "host", 11112));
        assert_eq!(parse("A@B@host:1"), is("A@B", "host", 1));
        assert_eq!(parse("X@[::1]:104"), is("X", "::1", 104));
        assert_eq!(parse("host:104"), is("ANY-SCP", "host", 104));
        for text in ["X@[::1]:104", "PACS@host:104"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        for bad in [
            "",
            "PACS",
            "PACS@host",
            "PACS@:104",
            "PACS@host:0",
            "PACS@host:99999",
            "@host:104",
            "SEVENTEEN_LETTERS@host:104",
            "X@::1:104",
        ] {
            assert!(!parse(bad).unwrap_err().is_empty(), "{bad}");
        }
    }

    #[test]
    fn a_passcode_is_not_shown() {
        let user = User {
            name: "joe".into(),
            passcode: Some("secret".into()),
        };
        assert!(!format!("{user:?}").contains("secret"));
    }
}
