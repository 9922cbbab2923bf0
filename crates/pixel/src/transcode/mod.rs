//! Instances from one transfer syntax to another, decoding and encoding pixels (PS3.5 §8.2, §A.4).
//!
//! Frames are read, decoded and encoded a few at a time, in parallel; memory is bounded whatever
//! the size of the object. All bytes of the header but those of the attributes that must change
//! stay as they are.

mod attributes;
mod compare;
mod frame_types;
mod icons;
mod overlays;
mod parts;
mod pixels;
mod run;
mod sink;
mod value;

#[cfg(test)]
mod tests;

use sagittal_core::{Uid, transfer_syntax};
use sagittal_file::transcode::is_convertible;

use crate::codec;

pub use compare::{Difference, Stored, compare};
pub use run::transcode;
pub use value::{native_value, native_value_begin};

/// What a change of transfer syntax does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Nothing: the same bytes.
    Nothing,
    /// VR, byte order and deflate change, pixels stay as they are.
    Encoding,
    /// Pixels are decoded, and encoded so that nothing is lost.
    Lossless,
    /// Pixels are encoded with loss: the result is another instance.
    Lossy,
}

/// What it takes to give an instance that is stored as `from` as `to`; `None` if that cannot be
/// done. Whether it can be done for one instance also depends on its pixels.
pub fn change(from: &str, to: &str) -> Option<Change> {
    let (from, to) = (trim(from), trim(to));
    if from == to {
        Some(Change::Nothing)
    } else if is_convertible(from, to) {
        Some(Change::Encoding)
    } else if !codec::can_decode(from) || !codec::can_encode(to) {
        None
    } else if codec::is_lossy(to) {
        Some(Change::Lossy)
    } else {
        Some(Change::Lossless)
    }
}

/// Transfer syntaxes for those who accept several, the one to be preferred first: what nearly
/// everybody can read, then what is small and fast.
pub const PREFERRED: [&str; 13] = [
    transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax::HTJ2K_LOSSLESS,
    transfer_syntax::HTJ2K_LOSSLESS_RPCL,
    transfer_syntax::JPEG_LS_LOSSLESS,
    transfer_syntax::JPEG_LOSSLESS_SV1,
    transfer_syntax::JPEG_LOSSLESS,
    transfer_syntax::RLE_LOSSLESS,
    transfer_syntax::JPEG_2000_LOSSLESS,
    transfer_syntax::JPEG_XL_LOSSLESS,
    transfer_syntax::DEFLATED_IMAGE_FRAME_COMPRESSION,
    transfer_syntax::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax::EXPLICIT_VR_BIG_ENDIAN,
];

/// How far down a transfer syntax comes among those in which an instance that is stored as `from`
/// can be given without losing anything: as it is comes first, then what leaves pixels alone, then
/// the order of [`PREFERRED`]. `None` if it cannot be given so.
pub fn rank(from: &str, to: &str) -> Option<usize> {
    let known = PREFERRED.iter().position(|uid| *uid == trim(to));
    let place = known.unwrap_or(PREFERRED.len()) + 1;
    match change(from, to)? {
        Change::Nothing => Some(0),
        Change::Encoding => Some(place),
        Change::Lossless => Some(place + PREFERRED.len() + 1),
        Change::Lossy => None,
    }
}

/// How to transcode.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Of encoders.
    pub encode: codec::EncodeOptions,
    /// Bounds.
    pub limits: Limits,
}

/// Bounds on memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a frame, encoded or decoded.
    pub frame_bytes: u64,
    /// Bytes of everything before and after pixel data.
    pub header_bytes: u64,
    /// Bytes of frames that are held at a time, for several at once and until an offset table can
    /// be written. Where more frames come, there is no Basic Offset Table, and the compression
    /// ratio is that of the frames seen.
    pub held_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frame_bytes: 1 << 30,
            header_bytes: 256 << 20,
            held_bytes: 64 << 20,
        }
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its SOP Instance UID, if it is another instance than before.
    pub new_sop_instance_uid: Option<Uid>,
    /// Frames decoded and encoded.
    pub frames: u32,
}

/// The SOP Instance UID of an instance made from another by lossy compression: the same one each
/// time (PS3.3 §C.7.6.1.1.5).
pub fn lossy_uid(sop_instance_uid: &str, to: &str, options: &codec::EncodeOptions) -> Uid {
    use sha2::{Digest as _, Sha256};
    let mut hasher = Sha256::new();
    for part in [trim(sop_instance_uid), trim(to), &format!("{options:?}")] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    let mut bits = [0; 16];
    bits.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
    // A UUID of version 8 (RFC 9562), as PS3.5 §B.2 wants one.
    let bits = u128::from_be_bytes(bits) & !(0xF << 76 | 0x3 << 62) | 0x8 << 76 | 0x2 << 62;
    Uid::from_uuid_bits(bits)
}

fn trim(uid: &str) -> &str {
    uid.trim_end_matches(['\0', ' '])
}
