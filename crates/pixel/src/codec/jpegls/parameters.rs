//! Coding parameters: the preset ones of the LSE segment (§C.2.4.1.1) and what follows from them
//! (§A.2).

/// Preset coding parameters as a stream gives them; 0 stands for the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Preset {
    pub max_value: u32,
    pub thresholds: [u32; 3],
    pub reset: u32,
}

/// Whose default thresholds hold where a stream gives none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defaults {
    /// §C.2.4.1.1.1.
    Standard,
    /// Those of the Java imaging library, which scales them with MAXVAL beyond 12 bits.
    Unclamped,
    /// Those of CharLS before 2.1, which has one formula for all depths.
    OneFormula,
}

/// All that the entropy coder needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    /// MAXVAL.
    pub max_value: i32,
    /// NEAR.
    pub near: i32,
    /// T1, T2, T3.
    pub thresholds: [i32; 3],
    /// RESET.
    pub reset: i32,
    /// RANGE.
    pub range: i32,
    /// `2 × NEAR + 1`.
    pub step: i32,
    /// qbpp: bits of a mapped error that is written plainly.
    pub error_bits: u32,
    /// LIMIT.
    pub limit: u32,
}

impl Coding {
    /// Parameters of a scan.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(
        precision: u8,
        near: u8,
        preset: Preset,
        defaults: Defaults,
    ) -> Result<Coding, &'static str> {
        let most = (1_i32 << precision) - 1;
        let max_value = match i32::try_from(preset.max_value) {
            Ok(0) => most,
            Ok(value) if value <= most => value,
            _ => return Err("MAXVAL does not fit the precision"),
        };
        let near = i32::from(near);
        if near > 255.min(max_value / 2) {
            return Err("NEAR is above half of MAXVAL");
        }
        let mut thresholds = default_thresholds(max_value, near, defaults);
        let mut least = near + 1;
        for (threshold, given) in thresholds.iter_mut().zip(preset.thresholds) {
            if given != 0 {
                *threshold = i32::try_from(given).unwrap_or(i32::MAX);
            }
            if *threshold < least || *threshold > max_value {
                return Err("thresholds are not in order");
            }
            least = *threshold;
        }
        let reset = match i32::try_from(preset.reset) {
            Ok(0) => 64,
            Ok(value) if (3..=255.max(max_value)).contains(&value) => value,
            _ => return Err("RESET is out of range"),
        };
        let step = 2 * near + 1;
        let range = if near == 0 {
            max_value + 1
        } else {
            (max_value + 2 * near) / step + 1
        };
        let bits = bits_for(max_value + 1).max(2);
        Ok(Coding {
            max_value,
            near,
            thresholds,
            reset,
            range,
            step,
            error_bits: bits_for(range),
            limit: 2 * (bits + bits.max(8)),
        })
    }

    /// Lossless, and errors wrap as binary numbers do: the fast case.
    pub fn is_plain(&self) -> bool {
        self.near == 0 && self.range & (self.range - 1) == 0
    }

    /// Zeros of a code that announce a plainly written error, where `limit` is its most bits.
    pub fn escape(&self, limit: u32) -> u32 {
        limit.saturating_sub(self.error_bits + 1)
    }

    /// First value of A in every context (§A.2.1).
    pub fn first_a(&self) -> u32 {
        ((self.range + 32) / 64).max(2).unsigned_abs()
    }
}

/// `ceil(log2(count))`.
fn bits_for(count: i32) -> u32 {
    (count - 1).max(0).checked_ilog2().map_or(0, |log| log + 1)
}

/// Default thresholds, §C.2.4.1.1.1.
fn default_thresholds(max_value: i32, near: i32, defaults: Defaults) -> [i32; 3] {
    let clamp = |value: i32, least: i32| {
        if value > max_value || value < least {
            least
        } else {
            value
        }
    };
    let basic = if max_value >= 128 || defaults == Defaults::OneFormula {
        let top = match defaults {
            Defaults::Unclamped => max_value,
            _ => max_value.min(4095),
        };
        let factor = (top + 128) / 256;
        [factor + 2, factor * 4 + 3, factor * 17 + 4]
    } else {
        let factor = 256 / (max_value + 1);
        [3 / factor, 7 / factor, 21 / factor]
    };
    let least = if max_value >= 128 { [0; 3] } else { [2, 3, 4] };
    let mut thresholds = [0; 3];
    let mut above = near + 1;
    for (index, threshold) in thresholds.iter_mut().enumerate() {
        let weight = [3, 5, 7][index];
        let value = (basic[index] + weight * near).max(least[index]);
        *threshold = clamp(value, above);
        above = *threshold;
    }
    thresholds
}

/// Regions of the gradients (§A.3.3) for every difference of two samples.
pub(super) struct Regions(Box<[i8]>);

/// Differences of 16-bit samples, each at its value plus [`Regions::ZERO`].
const DIFFERENCES: usize = 1 << 17;

impl Regions {
    const ZERO: i32 = 1 << 16;

    /// The table for these parameters.
    pub fn new(coding: &Coding) -> Regions {
        let [t1, t2, t3] = coding.thresholds;
        let most = coding.max_value;
        // (first difference, region) of the positive side, up to `most`.
        let starts = [
            (coding.near + 1, 1_i8),
            (t1, 2),
            (t2, 3),
            (t3, 4),
            (most + 1, 0),
        ];
        let mut table = vec![0_i8; DIFFERENCES].into_boxed_slice();
        let at = |difference: i32| (difference + Self::ZERO).unsigned_abs() as usize;
        for pair in starts.windows(2) {
            if let [(first, region), (end, _)] = *pair
                && first < end
            {
                table[at(first)..at(end)].fill(region);
                table[at(1 - end)..at(1 - first)].fill(-region);
            }
        }
        Regions(table)
    }

    /// The table to look up in.
    pub fn table(&self) -> Table<'_> {
        // The length is fixed above.
        Table(self.0.first_chunk().unwrap_or(&[0; DIFFERENCES]))
    }
}

/// The regions, of a length that the compiler knows.
#[derive(Clone, Copy)]
pub(super) struct Table<'a>(&'a [i8; DIFFERENCES]);

impl Table<'_> {
    /// Region of a difference of two samples, -4 to 4.
    #[inline(always)]
    pub fn of(self, difference: i32) -> i32 {
        let at = (difference + Regions::ZERO) as usize & (DIFFERENCES - 1);
        i32::from(self.0[at])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn coding(precision: u8, near: u8) -> Coding {
        Coding::new(precision, near, Preset::default(), Defaults::Standard).unwrap()
    }

    #[test]
    fn default_thresholds_are_those_of_the_tables() {
        // Table C.3 and the values that CharLS writes for 16 bits.
        assert_eq!(coding(8, 0).thresholds, [3, 7, 21]);
        assert_eq!(coding(12, 0).thresholds, [18, 67, 276]);
        assert_eq!(coding(16, 0).thresholds, [18, 67, 276]);
        assert_eq!(coding(16, 4).thresholds, [0x1e, 0x57, 0x130]);
        assert_eq!(coding(4, 0).thresholds, [2, 3, 4]);
        assert_eq!(coding(2, 0).thresholds, [2, 3, 3]);
    }

    #[test]
    fn derived_parameters_follow_the_formulas() {
        assert_eq!((coding(8, 0).limit, coding(8, 0).error_bits), (32, 8));
        assert_eq!((coding(16, 0).limit, coding(16, 0).error_bits), (64, 16));
        assert_eq!(coding(16, 0).first_a(), 1024);
        assert_eq!(coding(8, 2).range, 52);
        assert_eq!(coding(8, 2).error_bits, 6);
    }

    #[test]
    fn every_difference_has_its_region() {
        for (precision, near) in [(2, 0), (3, 1), (8, 0), (8, 3), (12, 0), (16, 0), (16, 255)] {
            let coding = coding(precision, near);
            let regions = Regions::new(&coding);
            let [t1, t2, t3] = coding.thresholds;
            for difference in -coding.max_value..=coding.max_value {
                let size = difference.abs();
                let region = if size <= coding.near {
                    0
                } else if size < t1 {
                    1
                } else if size < t2 {
                    2
                } else if size < t3 {
                    3
                } else {
                    4
                };
                assert_eq!(
                    regions.table().of(difference),
                    region * difference.signum(),
                    "{precision} {near} {difference}"
                );
            }
        }
    }

    #[test]
    fn impossible_parameters_are_refused() {
        let preset = |max_value, thresholds, reset| Preset {
            max_value,
            thresholds,
            reset,
        };
        let refused = |preset| Coding::new(8, 0, preset, Defaults::Standard).is_err();
        assert!(refused(preset(256, [0; 3], 0)));
        assert!(refused(preset(0, [9, 8, 20], 0)));
        assert!(refused(preset(0, [1, 2, 256], 0)));
        assert!(refused(preset(0, [0; 3], 2)));
        assert!(refused(preset(0, [0; 3], 256)));
        assert!(Coding::new(8, 128, Preset::default(), Defaults::Standard).is_err());
    }
}
