//! Compression with loss for peers of which the configuration says that they want it.
//!
//! What comes out is another instance: it has a UID of its own, and says what was done to it
//! (PS3.3 §C.7.6.1.1.5). It is made on the way out; nothing of it is kept.

use sagittal_core::{Uid, transfer_syntax as ts};
use sagittal_pixel::codec::EncodeOptions;
use sagittal_pixel::transcode::{Change, change};

/// Names of lossy codings, and their transfer syntaxes.
pub const CODINGS: &[(&str, &str)] = &[
    ("jpeg", ts::JPEG_BASELINE_8_BIT),
    ("jpeg-ls-lossy", ts::JPEG_LS_NEAR_LOSSLESS),
    ("j2k-lossy", ts::JPEG_2000),
    ("htj2k-lossy", ts::HTJ2K),
];

/// A lossy transfer syntax that a peer may be given.
#[derive(Clone, Debug, PartialEq)]
pub struct Lossy {
    /// Which.
    pub transfer_syntax_uid: Uid,
    /// How much is lost.
    pub encode: EncodeOptions,
}

impl Lossy {
    /// By its name in [`CODINGS`].
    pub fn by_name(name: &str, encode: EncodeOptions) -> Option<Lossy> {
        let (_, uid) = CODINGS.iter().find(|(known, _)| *known == name)?;
        Some(Lossy {
            transfer_syntax_uid: Uid::from_static(uid),
            encode,
        })
    }

    /// Can it be made of what is stored so?
    pub(crate) fn is_possible(&self, stored: &Uid) -> bool {
        let to = self.transfer_syntax_uid.as_str();
        change(stored.as_str(), to) == Some(Change::Lossy)
    }
}
