//! Value representations (PS3.5 §6.2).

use std::fmt;

macro_rules! vrs {
    ($($name:ident $doc:literal),* $(,)?) => {
        /// A value representation (PS3.5 Table 6.2-1).
        #[allow(clippy::upper_case_acronyms)]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Vr { $(#[doc = $doc] $name),* }

        impl Vr {
            /// Every VR, in alphabetical order.
            pub const ALL: &'static [Vr] = &[$(Vr::$name),*];

            /// The two letters.
            pub const fn as_str(self) -> &'static str {
                match self { $(Vr::$name => stringify!($name)),* }
            }

        }
    };
}

vrs! {
    AE "Application Entity", AS "Age String", AT "Attribute Tag", CS "Code String", DA "Date",
    DS "Decimal String", DT "Date Time", FD "Floating Point Double", FL "Floating Point Single",
    IS "Integer String", LO "Long String", LT "Long Text", OB "Other Byte", OD "Other Double",
    OF "Other Float", OL "Other Long", OV "Other 64-bit Very Long", OW "Other Word", PN "Person Name",
    SH "Short String", SL "Signed Long", SQ "Sequence of Items", SS "Signed Short", ST "Short Text",
    SV "Signed 64-bit Very Long", TM "Time", UC "Unlimited Characters", UI "Unique Identifier",
    UL "Unsigned Long", UN "Unknown", UR "Universal Resource Identifier", US "Unsigned Short",
    UT "Unlimited Text", UV "Unsigned 64-bit Very Long",
}

/// VRs by their two letters: a reader of explicit VR asks for every element.
const BY_LETTERS: [Option<Vr>; 26 * 26] = {
    let mut table = [None; 26 * 26];
    let mut at = 0;
    while at < Vr::ALL.len() {
        let letters = Vr::ALL[at].as_str().as_bytes();
        table[(letters[0] - b'A') as usize * 26 + (letters[1] - b'A') as usize] = Some(Vr::ALL[at]);
        at += 1;
    }
    table
};

impl Vr {
    /// Reads the two letters; `None` for anything else.
    pub fn from_bytes(bytes: [u8; 2]) -> Option<Vr> {
        let [first, second] = bytes.map(|b| usize::from(b.wrapping_sub(b'A')));
        if first > 25 || second > 25 {
            return None;
        }
        BY_LETTERS.get(first * 26 + second).copied().flatten()
    }

    /// Explicit VR with two reserved bytes and a 32-bit length (PS3.5 §7.1.2).
    pub const fn has_long_length(self) -> bool {
        matches!(
            self,
            Vr::OB
                | Vr::OD
                | Vr::OF
                | Vr::OL
                | Vr::OV
                | Vr::OW
                | Vr::SQ
                | Vr::SV
                | Vr::UC
                | Vr::UN
                | Vr::UR
                | Vr::UT
                | Vr::UV
        )
    }

    /// Text whose repertoire is chosen by Specific Character Set (PS3.5 §6.1.2.2).
    pub const fn uses_character_set(self) -> bool {
        matches!(
            self,
            Vr::SH | Vr::LO | Vr::ST | Vr::LT | Vr::UC | Vr::UT | Vr::PN
        )
    }

    /// Any character string, whatever its repertoire.
    pub const fn is_text(self) -> bool {
        self.uses_character_set()
            || matches!(
                self,
                Vr::AE
                    | Vr::AS
                    | Vr::CS
                    | Vr::DA
                    | Vr::DS
                    | Vr::DT
                    | Vr::IS
                    | Vr::TM
                    | Vr::UI
                    | Vr::UR
            )
    }

    /// Text that is one value: the backslash is a character in it (PS3.5 §6.4).
    pub const fn is_single_text(self) -> bool {
        matches!(self, Vr::ST | Vr::LT | Vr::UT | Vr::UR)
    }

    /// `OB`, `OD`, `OF`, `OL`, `OV`, `OW`, `UN`: in DICOM JSON inline or bulk data (PS3.18 §F.2.7).
    pub const fn is_bulk(self) -> bool {
        matches!(
            self,
            Vr::OB | Vr::OD | Vr::OF | Vr::OL | Vr::OV | Vr::OW | Vr::UN
        )
    }

    /// Bytes of one number, which is also the unit of byte swapping (PS3.5 §7.3); 1 for the others.
    pub const fn unit(self) -> usize {
        match self {
            Vr::AT | Vr::OW | Vr::SS | Vr::US => 2,
            Vr::FL | Vr::OF | Vr::OL | Vr::SL | Vr::UL => 4,
            Vr::FD | Vr::OD | Vr::OV | Vr::SV | Vr::UV => 8,
            _ => 1,
        }
    }

    /// Bytes of one value of a binary number or tag; `None` for strings, bulk and sequences.
    pub const fn fixed_length(self) -> Option<usize> {
        match self {
            Vr::SS | Vr::US => Some(2),
            Vr::AT | Vr::FL | Vr::SL | Vr::UL => Some(4),
            Vr::FD | Vr::SV | Vr::UV => Some(8),
            _ => None,
        }
    }

    /// The byte that pads a value to even length (PS3.5 §6.2).
    pub const fn padding(self) -> u8 {
        if self.is_text() && !matches!(self, Vr::UI) {
            b' '
        } else {
            0
        }
    }
}

impl fmt::Display for Vr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Vr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vr_is_read_back_from_its_letters() {
        for &vr in Vr::ALL {
            let letters = [vr.as_str().as_bytes()[0], vr.as_str().as_bytes()[1]];
            assert_eq!(Vr::from_bytes(letters), Some(vr));
        }
        for none in [*b"ZZ", *b"AA", *b"ob", [0, 0], [0xFF, 0xFF], *b"A["] {
            assert_eq!(Vr::from_bytes(none), None);
        }
    }

    #[test]
    fn lengths_and_padding_are_those_of_the_standard() {
        let long = [
            "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV",
        ];
        for &vr in Vr::ALL {
            assert_eq!(vr.has_long_length(), long.contains(&vr.as_str()), "{vr}");
            assert!(
                vr.fixed_length()
                    .is_none_or(|length| length % vr.unit() == 0)
            );
        }
        assert_eq!(
            (Vr::UI.padding(), Vr::PN.padding(), Vr::OB.padding()),
            (0, b' ', 0)
        );
    }
}
