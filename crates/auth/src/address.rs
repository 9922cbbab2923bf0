//! IP addresses and networks from which a caller may come.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::Error;

/// An address or a network in CIDR form, e.g. `10.1.0.0/16`, `::1`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressRange {
    network: IpAddr,
    prefix: u8,
}

impl AddressRange {
    /// Every IPv4 and IPv6 address of the machine itself.
    pub fn loopback() -> [AddressRange; 2] {
        [
            AddressRange {
                network: IpAddr::from([127, 0, 0, 0]),
                prefix: 8,
            },
            AddressRange {
                network: IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
                prefix: 128,
            },
        ]
    }

    /// Does the address lie in it? IPv4 addresses that came over an IPv6 socket
    /// (`::ffff:10.1.2.3`) are taken as what they are.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32u32.saturating_sub(u32::from(self.prefix));
                u32::from(network).checked_shr(shift).unwrap_or(0)
                    == u32::from(address).checked_shr(shift).unwrap_or(0)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128u32.saturating_sub(u32::from(self.prefix));
                u128::from(network).checked_shr(shift).unwrap_or(0)
                    == u128::from(address).checked_shr(shift).unwrap_or(0)
            }
            _ => false,
        }
    }
}

impl FromStr for AddressRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<AddressRange, Error> {
        let invalid = || Error::InvalidAddress {
            found: text.to_owned(),
        };
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let address = address.to_canonical();
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse::<u8>().map_err(|_| invalid())?
            }
            Some(_) => return Err(invalid()),
        };
        if prefix > longest {
            return Err(invalid());
        }
        Ok(AddressRange {
            network: address,
            prefix,
        })
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

impl fmt::Debug for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn holds(range: &str, address: &str) -> bool {
        range
            .parse::<AddressRange>()
            .unwrap()
            .contains(address.parse().unwrap())
    }

    #[test]
    fn networks_hold_their_addresses_and_no_others() {
        assert!(holds("10.1.0.0/16", "10.1.255.3"));
        assert!(!holds("10.1.0.0/16", "10.2.0.1"));
        assert!(holds("10.1.2.3", "10.1.2.3"));
        assert!(!holds("10.1.2.3", "10.1.2.4"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::7"));
        assert!(holds("::/0", "2001:db8::1"));
    }

    #[test]
    fn an_address_mapped_to_ipv6_is_the_ipv4_address() {
        assert!(holds("10.0.0.0/8", "::ffff:10.9.9.9"));
        assert!(holds("::ffff:10.9.9.9", "10.9.9.9"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in [
            "",
            "host",
            "10.1.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0/8",
        ] {
            assert!(bad.parse::<AddressRange>().is_err(), "{bad:?}");
        }
    }
}
