//! Noise that is the same on every run.

/// Mixes a number well (the finalizer of SplitMix64).
pub fn mix(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// Roughly normal with standard deviation 1: the sum of four uniform numbers.
pub fn normal(seed: u64) -> f32 {
    let bits = mix(seed);
    let mut sum = 0.0;
    for shift in [0, 16, 32, 48] {
        sum += ((bits >> shift) & 0xFFFF) as f32 / 65535.0;
    }
    (sum - 2.0) * 1.732
}

/// Uniform from 0 to 1.
pub fn uniform(seed: u64) -> f32 {
    (mix(seed) >> 40) as f32 / (1u64 << 24) as f32
}
