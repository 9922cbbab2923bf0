//! The reversible color transformations of HP's encoder, named in an APP8 segment `mrfx`. They are
//! no part of T.87, but streams with them exist.

use crate::raster::Samples;

/// Which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transform {
    None,
    /// Red and blue as differences to green.
    Hp1,
    /// Blue as difference to the mean of red and green.
    Hp2,
    /// Green and differences of the others mixed.
    Hp3,
}

impl Transform {
    /// By number; 4 and 5 are known to be, but nobody writes them.
    pub fn of(number: u8) -> Option<Transform> {
        match number {
            0 => Some(Transform::None),
            1 => Some(Transform::Hp1),
            2 => Some(Transform::Hp2),
            3 => Some(Transform::Hp3),
            _ => None,
        }
    }

    /// Red, green and blue of a pixel; `half` is half of the range of samples.
    fn invert(self, [v1, v2, v3]: [i32; 3], half: i32) -> [i32; 3] {
        match self {
            Transform::None => [v1, v2, v3],
            Transform::Hp1 => [v1 + v2 - half, v2, v3 + v2 - half],
            Transform::Hp2 => {
                let red = (v1 + v2 - half) & (2 * half - 1);
                [red, v2, v3 + ((red + v2) >> 1) - half]
            }
            Transform::Hp3 => {
                let green = (v1 - ((v3 + v2) >> 2) + half / 2) & (2 * half - 1);
                [v3 + green - half, green, v2 + green - half]
            }
        }
    }

    /// Undoes the transformation of pixels of three samples of 8 or 16 bits.
    pub fn undo(self, samples: &mut Samples) {
        match samples {
            Samples::U8(samples) => {
                for pixel in samples.as_chunks_mut::<3>().0 {
                    // Wraps, as the encoder's bytes do.
                    *pixel = self.invert(pixel.map(i32::from), 1 << 7).map(|v| v as u8);
                }
            }
            Samples::U16(samples) => {
                for pixel in samples.as_chunks_mut::<3>().0 {
                    *pixel = self.invert(pixel.map(i32::from), 1 << 15).map(|v| v as u16);
                }
            }
            Samples::U32(_) => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The forward transformations, as their papers give them.
    fn forward(transform: Transform, [red, green, blue]: [i32; 3]) -> [u8; 3] {
        match transform {
            Transform::None => [red, green, blue],
            Transform::Hp1 => [red - green + 128, green, blue - green + 128],
            Transform::Hp2 => [red - green + 128, green, blue - ((red + green) >> 1) + 128],
            Transform::Hp3 => {
                let v2 = (blue - green + 128) & 255;
                let v3 = (red - green + 128) & 255;
                [green + ((v2 + v3) >> 2) - 64, v2, v3]
            }
        }
        .map(|value| value as u8)
    }

    #[test]
    fn transformations_are_undone() {
        for transform in [
            Transform::None,
            Transform::Hp1,
            Transform::Hp2,
            Transform::Hp3,
        ] {
            let mut transformed = Vec::new();
            let mut pixels = Vec::new();
            for seed in 0..5_000_i32 {
                let pixel = [seed * 7, seed * 31 / 3, seed * 13].map(|value| value & 255);
                transformed.extend(forward(transform, pixel));
                pixels.extend(pixel.map(|value| value as u8));
            }
            let mut samples = Samples::U8(transformed);
            transform.undo(&mut samples);
            assert_eq!(samples, Samples::U8(pixels), "{transform:?}");
        }
    }
}
