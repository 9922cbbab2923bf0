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
        big_endian: false,
        deflated: false,
        encapsulated: false,
    };

    /// From the table of PS3.6; an unknown (private) syntax is taken for encapsulated
    /// Explicit VR Little Endian, as PS3.5 §A.4 requires of every compressed one.
    pub fn of(transfer_syntax_uid: &str) -> Encoding {
        let _ = transfer_syntax_uid;
        todo!()
    }
}
