//! Application Entity titles (PS3.5 §6.2 AE, PS3.8 §9.3.2).

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// An Application Entity title: 1 to 16 printable ASCII characters, no backslash;
/// leading and trailing spaces are not significant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AeTitle(Box<str>);

impl AeTitle {
    /// Checks and trims.
    pub fn new(text: &str) -> Result<AeTitle, Error> {
        let trimmed = text.trim_matches(' ');
        let ok = |b: u8| (b' '..=b'~').contains(&b) && b != b'\\';
        if (1..=16).contains(&trimmed.len()) && trimmed.bytes().all(ok) {
            Ok(AeTitle(trimmed.into()))
        } else {
            Err(Error::InvalidAeTitle {
                found: text.to_owned(),
            })
        }
    }

    /// The characters, without padding.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Sixteen bytes, padded with spaces, as in an A-ASSOCIATE PDU.
    pub fn to_padded(&self) -> [u8; 16] {
        let mut bytes = [b' '; 16];
        for (slot, byte) in bytes.iter_mut().zip(self.0.bytes()) {
            *slot = byte;
        }
        bytes
    }
}

impl fmt::Display for AeTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AeTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AeTitle {
    type Err = Error;
    fn from_str(text: &str) -> Result<AeTitle, Error> {
        AeTitle::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_trimmed_and_checked() {
        assert_eq!(
            AeTitle::new("  STORE SCP ")
                .map(|a| a.to_string())
                .ok()
                .as_deref(),
            Some("STORE SCP")
        );
        for bad in ["", "    ", "SEVENTEEN_LETTERS", "A\\B", "Ä"] {
            assert!(AeTitle::new(bad).is_err(), "{bad}");
        }
    }
}
