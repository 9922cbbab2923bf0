//! How a transfer syntax encodes a data set (PS3.5 §10, Annex A).

/// What a reader or writer must know of a transfer syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Explicit VR.
    pub explicit: bool,
    /// Big endian.
    pub big_endian: bool,
    /// The data set is deflated as a whole (PS3.5 §A.5).
    pub deflated: bool,
    /// Pixel data are in fragments (PS3.5 §A.4).
    pub encapsulated: bool,
}

/// Implicit VR Little Endian.
pub const IMPLICIT_VR_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2";
/// Explicit VR Little Endian.
pub const EXPLICIT_VR_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1";
/// Deflated Explicit VR Little Endian.
pub const DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1.99";
/// Explicit VR Big Endian.
pub const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

impl Encoding {
    /// Explicit VR Little Endian.
    pub const EXPLICIT_LE: Encoding = Encoding {
        explicit: true,
        big_endian: false,
        deflated: false,
        encapsulated: false,
    };
    /// Implicit VR Little Endian.
    pub const IMPLICIT_LE: Encoding = Encoding {
        explicit: false,
        ..Encoding::EXPLICIT_LE
    };
    /// Explicit VR Big Endian (retired).
    pub const EXPLICIT_BE: Encoding = Encoding {
        big_endian: true,
        ..Encoding::EXPLICIT_LE
    };
    const DEFLATED: Encoding = Encoding {
        deflated: true,
        ..Encoding::EXPLICIT_LE
    };
    const ENCAPSULATED: Encoding = Encoding {
        encapsulated: true,
        ..Encoding::EXPLICIT_LE
    };

    /// From the table of PS3.6; an unknown (private) syntax is taken for encapsulated
    /// Explicit VR Little Endian, as PS3.5 §A.4 requires of every compressed one.
    pub fn of(transfer_syntax_uid: &str) -> Encoding {
        match Kind::of(transfer_syntax_uid) {
            Kind::Native(encoding) | Kind::Referenced(encoding, _) => encoding,
            Kind::Encapsulated => Encoding::ENCAPSULATED,
        }
    }
}

/// What can become what without a codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Pixels, if any, as they are.
    Native(Encoding),
    /// Pixels kept in a way of their own, such as behind a URL (JPIP); the number says which.
    Referenced(Encoding, u8),
    /// Pixels in fragments, or nothing that is known.
    Encapsulated,
}

impl Kind {
    pub(crate) fn of(transfer_syntax_uid: &str) -> Kind {
        match transfer_syntax_uid.trim_end_matches(['\0', ' ']) {
            // Papyrus 3 differs in name only.
            IMPLICIT_VR_LITTLE_ENDIAN | "1.2.840.10008.1.20" => Kind::Native(Encoding::IMPLICIT_LE),
            EXPLICIT_VR_LITTLE_ENDIAN => Kind::Native(Encoding::EXPLICIT_LE),
            DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => Kind::Native(Encoding::DEFLATED),
            EXPLICIT_VR_BIG_ENDIAN => Kind::Native(Encoding::EXPLICIT_BE),
            // GE: as Implicit VR Little Endian, but for pixel data in big endian.
            "1.2.840.113619.5.2" => Kind::Referenced(Encoding::IMPLICIT_LE, 2),
            "1.2.840.10008.1.2.4.94" => Kind::Referenced(Encoding::EXPLICIT_LE, 0),
            "1.2.840.10008.1.2.4.95" => Kind::Referenced(Encoding::DEFLATED, 0),
            "1.2.840.10008.1.2.4.204" => Kind::Referenced(Encoding::EXPLICIT_LE, 1),
            "1.2.840.10008.1.2.4.205" => Kind::Referenced(Encoding::DEFLATED, 1),
            _ => Kind::Encapsulated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntaxes_are_told_by_their_uid() {
        assert_eq!(Encoding::of("1.2.840.10008.1.2\0"), Encoding::IMPLICIT_LE);
        assert_eq!(Encoding::of(EXPLICIT_VR_BIG_ENDIAN), Encoding::EXPLICIT_BE);
        assert!(Encoding::of(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN).deflated);
        assert!(Encoding::of("1.2.840.10008.1.2.4.95").deflated);
        assert!(!Encoding::of("1.2.840.10008.1.2.4.94").encapsulated);
    }

    #[test]
    fn an_unknown_syntax_is_encapsulated_explicit_little_endian() {
        let encoding = Encoding::of("1.3.6.1.4.1.1.2.3");
        assert!(
            encoding.explicit
                && encoding.encapsulated
                && !encoding.big_endian
                && !encoding.deflated
        );
    }
}
