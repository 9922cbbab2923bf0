//! Data element tags (PS3.5 §7.1).

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A data element tag: group and element number. Ordered as data sets are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tag(pub u16, pub u16);

impl Tag {
    /// Item (PS3.5 §7.5).
    pub const ITEM: Tag = Tag(0xFFFE, 0xE000);
    /// Item Delimitation Item.
    pub const ITEM_DELIMITATION_ITEM: Tag = Tag(0xFFFE, 0xE00D);
    /// Sequence Delimitation Item.
    pub const SEQUENCE_DELIMITATION_ITEM: Tag = Tag(0xFFFE, 0xE0DD);

    /// The group number.
    pub const fn group(self) -> u16 {
        self.0
    }

    /// The element number.
    pub const fn element(self) -> u16 {
        self.1
    }

    /// Group in the high, element in the low half.
    pub const fn as_u32(self) -> u32 {
        (self.0 as u32) << 16 | self.1 as u32
    }

    /// The inverse of [`Tag::as_u32`].
    pub const fn from_u32(value: u32) -> Tag {
        Tag((value >> 16) as u16, value as u16)
    }

    /// Odd group: a private element (PS3.5 §7.8).
    pub const fn is_private(self) -> bool {
        self.0 % 2 == 1
    }

    /// A private creator element, (gggg,0010-00FF) with odd group (PS3.5 §7.8.1).
    pub const fn is_private_creator(self) -> bool {
        self.is_private() && self.1 >= 0x0010 && self.1 <= 0x00FF
    }

    /// The creator element that reserves this private element's block, if it lies in one.
    pub const fn private_creator(self) -> Option<Tag> {
        if self.is_private() && self.1 >= 0x1000 {
            Some(Tag(self.0, self.1 >> 8))
        } else {
            None
        }
    }

    /// Element number 0000: group length (PS3.5 §7.2), retired outside groups 0000 and 0002.
    pub const fn is_group_length(self) -> bool {
        self.1 == 0
    }

    /// Eight upper-case hexadecimal digits, as in DICOM JSON (PS3.18 §F.2.2).
    pub fn to_hex(self) -> String {
        format!("{:04X}{:04X}", self.0, self.1)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:04X},{:04X})", self.0, self.1)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Accepts `ggggeeee`, `gggg,eeee` and `(gggg,eeee)`; keywords are the dictionary's job.
impl FromStr for Tag {
    type Err = Error;

    fn from_str(text: &str) -> Result<Tag, Error> {
        let bare = text.trim();
        let bare = bare
            .strip_prefix('(')
            .and_then(|t| t.strip_suffix(')'))
            .unwrap_or(bare);
        let digits = match bare.split_once(',') {
            Some((group, element)) if group.len() == 4 => format!("{group}{element}"),
            _ => bare.to_owned(),
        };
        let ok = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        match u32::from_str_radix(&digits, 16) {
            Ok(value) if ok => Ok(Tag::from_u32(value)),
            _ => Err(Error::InvalidTag {
                found: text.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_in_its_three_spellings() {
        for text in ["0020000D", "0020,000d", "(0020,000D)"] {
            assert_eq!(text.parse::<Tag>().ok(), Some(Tag(0x0020, 0x000D)));
        }
        for bad in [
            "0020000",
            "+020000D",
            "00,20000D",
            "(0020000D",
            "0020,,000D",
            "",
            "0020,000É",
        ] {
            assert!(bad.parse::<Tag>().is_err(), "{bad}");
        }
    }

    #[test]
    fn private_blocks_name_their_creator() {
        assert_eq!(
            Tag(0x0029, 0x1010).private_creator(),
            Some(Tag(0x0029, 0x0010))
        );
        assert_eq!(Tag(0x0029, 0x0010).private_creator(), None);
        assert!(Tag(0x0029, 0x0010).is_private_creator());
    }
}
