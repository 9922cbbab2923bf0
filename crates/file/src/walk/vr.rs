//! VRs from letters, and VRs that are not written (PS3.5 §A.1, PS3.6).

use sagittal_core::{Tag, Vr, dictionary};

/// VRs by their letters: a walk looks one up per element.
static BY_LETTERS: [Option<Vr>; 1024] = {
    let mut table = [None; 1024];
    let mut at = 0;
    while at < Vr::ALL.len() {
        let letters = Vr::ALL[at].as_str().as_bytes();
        table[((letters[0] - b'A') as usize) << 5 | (letters[1] - b'A') as usize] =
            Some(Vr::ALL[at]);
        at += 1;
    }
    table
};

/// The VR with these letters.
#[inline]
pub(crate) fn from_letters(letters: [u8; 2]) -> Option<Vr> {
    let [first, second] = letters.map(|letter| letter.wrapping_sub(b'A'));
    if first >= 32 || second >= 32 {
        return None;
    }
    BY_LETTERS
        .get(usize::from(first) << 5 | usize::from(second))
        .copied()
        .flatten()
}

/// "US or SS" in PS3.6: Pixel Representation (0028,0103) decides.
const US_OR_SS: &[Tag] = &[
    Tag(0x0018, 0x9810),
    Tag(0x0022, 0x1452),
    Tag(0x0028, 0x0071),
    Tag(0x0028, 0x0104),
    Tag(0x0028, 0x0105),
    Tag(0x0028, 0x0106),
    Tag(0x0028, 0x0107),
    Tag(0x0028, 0x0108),
    Tag(0x0028, 0x0109),
    Tag(0x0028, 0x0110),
    Tag(0x0028, 0x0111),
    Tag(0x0028, 0x0120),
    Tag(0x0028, 0x0121),
    Tag(0x0028, 0x1100),
    Tag(0x0028, 0x1101),
    Tag(0x0028, 0x1102),
    Tag(0x0028, 0x1103),
    Tag(0x0028, 0x1111),
    Tag(0x0028, 0x1112),
    Tag(0x0028, 0x1113),
    Tag(0x0028, 0x3002),
    Tag(0x0040, 0x9211),
    Tag(0x0040, 0x9216),
    Tag(0x0060, 0x3004),
    Tag(0x0060, 0x3006),
];

/// The VR of a standard element that does not bear one. `signed`: Pixel Representation of the
/// same data set or the nearest enclosing one is 1.
#[inline]
pub(crate) fn standard(tag: Tag, signed: bool) -> Vr {
    let vr = dictionary::vr(tag);
    if signed && vr == Vr::US && US_OR_SS.binary_search(&tag).is_ok() {
        Vr::SS
    } else {
        vr
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_find_their_vr_and_nothing_else() {
        for &vr in Vr::ALL {
            let letters = [vr.as_str().as_bytes()[0], vr.as_str().as_bytes()[1]];
            assert_eq!(from_letters(letters), Some(vr));
        }
        for bad in [*b"??", *b"ob", *b"ZZ", [0, 0], [255, 255], *b"A\\"] {
            assert_eq!(from_letters(bad), None);
        }
    }

    #[test]
    fn us_or_ss_is_in_order() {
        assert!(US_OR_SS.is_sorted());
    }
}
