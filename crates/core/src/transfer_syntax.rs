//! Transfer syntaxes by name and their properties (PS3.5 §10 and Annex A).

pub use crate::generated::transfer_syntax::*;

/// How a transfer syntax lays out a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferSyntax {
    /// The UID.
    pub uid: &'static str,
    /// The keyword, e.g. `ExplicitVRLittleEndian`.
    pub keyword: &'static str,
    /// The name, e.g. `Explicit VR Little Endian`.
    pub name: &'static str,
    /// VRs are written.
    pub explicit: bool,
    /// Numbers are big endian.
    pub big_endian: bool,
    /// Pixel Data is encapsulated (PS3.5 §A.4).
    pub encapsulated: bool,
    /// The data set as a whole is deflated (PS3.5 §A.5).
    pub deflated: bool,
    /// What is done to Pixel Data.
    pub compression: Compression,
    /// What it holds may have been compressed irreversibly by it.
    pub lossy: bool,
    /// Retired.
    pub retired: bool,
}

/// What a transfer syntax does to Pixel Data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Nothing.
    None,
    /// Reversible compression.
    Lossless,
    /// Irreversible compression, near-lossless included.
    Lossy,
    /// One or the other; the bit stream tells.
    LossyOrLossless,
    /// Irreversible compression across frames.
    Video,
}

/// The transfer syntax with this UID.
pub fn by_uid(uid: &str) -> Option<&'static TransferSyntax> {
    ALL.binary_search_by(|row| row.uid.cmp(uid))
        .ok()
        .and_then(|at| ALL.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transfer_syntax_is_found_by_its_uid() {
        assert!(ALL.iter().all(|row| by_uid(row.uid) == Some(row)));
        assert_eq!(by_uid("1.2.840.10008.1.2.9"), None);
    }

    #[test]
    fn properties_are_those_of_annex_a() {
        let of = |uid| by_uid(uid).expect("a transfer syntax");
        assert!(!of(IMPLICIT_VR_LITTLE_ENDIAN).explicit);
        assert!(of(EXPLICIT_VR_BIG_ENDIAN).big_endian && of(EXPLICIT_VR_BIG_ENDIAN).retired);
        assert!(of(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN).deflated);
        assert!(of(JPEG_2000_LOSSLESS).encapsulated && !of(JPEG_2000_LOSSLESS).lossy);
        assert_eq!(of(JPEG_BASELINE_8_BIT).compression, Compression::Lossy);
        assert_eq!(of(MPEG2_MPML).compression, Compression::Video);
    }
}
