//! Byte order of values (PS3.5 §7.3).

use sagittal_core::Vr;

/// Swaps every number of `unit` bytes; a rest that is no whole number stays as it is.
pub fn swap(bytes: &mut [u8], unit: usize) {
    match unit {
        2 => bytes
            .as_chunks_mut::<2>()
            .0
            .iter_mut()
            .for_each(|number| number.reverse()),
        4 => bytes
            .as_chunks_mut::<4>()
            .0
            .iter_mut()
            .for_each(|number| number.reverse()),
        8 => bytes
            .as_chunks_mut::<8>()
            .0
            .iter_mut()
            .for_each(|number| number.reverse()),
        _ => {}
    }
}

/// Bytes of a sample of native Pixel Data with this VR in big endian. `OW` are words of two bytes
/// (PS3.5 §6.2); those who write samples of 32 bits swap them as a whole nevertheless. Data sets
/// keep to the former, whoever wants samples has to use the latter.
pub fn unit_of_pixels(vr: Vr, bits_allocated: u16) -> usize {
    match (vr, bits_allocated) {
        (Vr::OW, 32) => 4,
        (Vr::OW, 64) => 8,
        _ => vr.unit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_swapped_and_the_rest_is_kept() {
        let mut bytes = [1, 2, 3, 4, 5];
        swap(&mut bytes, 2);
        assert_eq!(bytes, [2, 1, 4, 3, 5]);
        swap(&mut bytes, 1);
        swap(&mut bytes, 8);
        assert_eq!(bytes, [2, 1, 4, 3, 5]);
        swap(&mut bytes, 4);
        assert_eq!(bytes, [3, 4, 1, 2, 5]);
    }
}
