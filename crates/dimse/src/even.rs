//! Data sets of odd length, made even: fragments are even (PS3.8 §E.2), and DCMTK aborts an
//! association if one is not.

use bytes::Bytes;
use sagittal_core::Limits;
use sagittal_file::encoding::Encoding;
use sagittal_file::{Result, read, write};

/// Longer data sets of odd length are not mended: they are held in memory meanwhile.
pub(crate) const MAX_MENDED: u64 = 256 << 20;

/// The data set with its odd values padded; a deflated one with a zero byte behind its end
/// (PS3.5 §A.5).
pub(crate) fn mended(bytes: Bytes, transfer_syntax_uid: &str) -> Result<Vec<u8>> {
    if Encoding::of(transfer_syntax_uid).deflated {
        let mut padded = Vec::with_capacity(bytes.len() + 1);
        padded.extend_from_slice(&bytes);
        padded.push(0);
        return Ok(padded);
    }
    let mut mended = Vec::with_capacity(bytes.len() + 1);
    let (data_set, _) = read::read_data_set(&bytes, transfer_syntax_uid, Limits::default())?;
    write::write_data_set(&data_set, transfer_syntax_uid, &mut mended)?;
    Ok(mended)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests {
    use super::*;

    #[test]
    fn an_odd_value_is_padded_and_a_deflated_data_set_gets_a_byte() {
        let odd = Bytes::from_static(b"\x10\x00\x20\x00LO\x03\x00ABC");
        let even = mended(odd.clone(), "1.2.840.10008.1.2.1").unwrap();
        assert_eq!(even, b"\x10\x00\x20\x00LO\x04\x00ABC ");
        let padded = mended(odd, "1.2.840.10008.1.2.1.99").unwrap();
        assert_eq!(padded.len(), 12);
    }
}
