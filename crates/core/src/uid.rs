//! Unique identifiers (PS3.5 §9).

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::Error;

/// A unique identifier of 1 to 64 characters. Cheap to clone.
///
/// [`Uid::new`] refuses what PS3.5 §9.1 forbids. [`Uid::tolerant`] lets in what devices send
/// in spite of it (letters, leading zeros), as long as it can stand in a URL path and a log line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(Arc<str>);

impl Uid {
    /// A valid UID: digits in dot-separated components without leading zeros, at most 64 characters.
    pub fn new(text: &str) -> Result<Uid, Error> {
        let component_ok = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_digit())
                && (part.len() == 1 || !part.starts_with('0'))
        };
        if text.len() <= 64 && text.split('.').all(component_ok) {
            Ok(Uid(text.into()))
        } else {
            Err(Error::InvalidUid {
                found: text.to_owned(),
            })
        }
    }

    /// What is on the wire: padding is cut; 1 to 64 of letters, digits, `.`, `-`, `_` are taken.
    pub fn tolerant(text: &str) -> Result<Uid, Error> {
        let text = text.trim_end_matches(['\0', ' ']).trim_start_matches(' ');
        let ok = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        // A name of dots alone would mean another folder wherever a UID becomes a path.
        let has_name = text.bytes().any(|b| b.is_ascii_alphanumeric());
        if !text.is_empty() && text.len() <= 64 && text.bytes().all(ok) && has_name {
            Ok(Uid(text.into()))
        } else {
            Err(Error::InvalidUid {
                found: text.to_owned(),
            })
        }
    }

    /// A constant from a table of the standard, which need not be checked again.
    pub fn from_static(text: &'static str) -> Uid {
        debug_assert!(Uid::new(text).is_ok(), "{text}");
        Uid(text.into())
    }

    /// A UID of the UUID form, `2.25.<decimal>` (PS3.5 §B.2), from 128 random or derived bits.
    pub fn from_uuid_bits(bits: u128) -> Uid {
        Uid(format!("2.25.{bits}").into())
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Does it obey PS3.5 §9.1?
    pub fn is_valid(&self) -> bool {
        Uid::new(&self.0).is_ok()
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Uid {
    type Err = Error;
    fn from_str(text: &str) -> Result<Uid, Error> {
        Uid::new(text)
    }
}

impl AsRef<str> for Uid {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Uid {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Uid {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Uid {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_standard_forbids_is_refused() {
        for bad in ["", ".", "1.", "1..2", "1.02", "1.2a", &"1".repeat(65)] {
            assert!(Uid::new(bad).is_err(), "{bad}");
        }
        assert!(Uid::new("1.2.840.10008.1.1").is_ok());
        assert!(Uid::new("1.0.2").is_ok());
    }

    #[test]
    fn what_devices_send_is_taken_but_no_path() {
        assert_eq!(
            Uid::tolerant("1.02.x\0")
                .map(|u| u.to_string())
                .ok()
                .as_deref(),
            Some("1.02.x")
        );
        for bad in ["..", "../a", "a b", "a/b", "a\\b", "\0"] {
            assert!(Uid::tolerant(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_uid_of_a_uuid_is_valid_at_both_ends() {
        assert_eq!(Uid::from_uuid_bits(0), "2.25.0");
        assert_eq!(
            Uid::from_uuid_bits(u128::MAX),
            "2.25.340282366920938463463374607431768211455"
        );
        assert!(Uid::from_uuid_bits(u128::MAX).is_valid() && Uid::from_uuid_bits(0).is_valid());
    }
}
