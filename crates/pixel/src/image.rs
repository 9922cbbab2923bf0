//! How samples are laid out: the Image Pixel Module (PS3.3 §C.7.6.3).

use std::fmt;

use sagittal_core::{DataSet, tags};

use crate::{Error, Result};

/// Photometric Interpretation (0028,0004): what the samples mean (PS3.3 §C.7.6.3.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Photometric {
    /// Grey, the lowest value is white.
    Monochrome1,
    /// Grey, the lowest value is black.
    Monochrome2,
    /// Samples are indices into a palette.
    PaletteColor,
    /// Red, green, blue.
    Rgb,
    /// Luminance and two colors, full range.
    YbrFull,
    /// The same, pairs of pixels share their colors.
    YbrFull422,
    /// Luminance and two colors of the restricted range of television, sharing (retired).
    YbrPartial422,
    /// The same with a quarter of the colors.
    YbrPartial420,
    /// Irreversible transformation of JPEG 2000.
    YbrIct,
    /// Reversible transformation of JPEG 2000.
    YbrRct,
    /// JPEG XL's.
    Xyb,
    /// Retired: hue, saturation, value.
    Hsv,
    /// Retired: alpha, red, green, blue.
    Argb,
    /// Retired: cyan, magenta, yellow, black.
    Cmyk,
}

impl Photometric {
    /// The defined term.
    pub fn as_str(self) -> &'static str {
        match self {
            Photometric::Monochrome1 => "MONOCHROME1",
            Photometric::Monochrome2 => "MONOCHROME2",
            Photometric::PaletteColor => "PALETTE COLOR",
            Photometric::Rgb => "RGB",
            Photometric::YbrFull => "YBR_FULL",
            Photometric::YbrFull422 => "YBR_FULL_422",
            Photometric::YbrPartial422 => "YBR_PARTIAL_422",
            Photometric::YbrPartial420 => "YBR_PARTIAL_420",
            Photometric::YbrIct => "YBR_ICT",
            Photometric::YbrRct => "YBR_RCT",
            Photometric::Xyb => "XYB",
            Photometric::Hsv => "HSV",
            Photometric::Argb => "ARGB",
            Photometric::Cmyk => "CMYK",
        }
    }

    /// Reads a term; case and padding do not count.
    pub fn parse(term: &str) -> Option<Photometric> {
        const ALL: [Photometric; 14] = [
            Photometric::Monochrome1,
            Photometric::Monochrome2,
            Photometric::PaletteColor,
            Photometric::Rgb,
            Photometric::YbrFull,
            Photometric::YbrFull422,
            Photometric::YbrPartial422,
            Photometric::YbrPartial420,
            Photometric::YbrIct,
            Photometric::YbrRct,
            Photometric::Xyb,
            Photometric::Hsv,
            Photometric::Argb,
            Photometric::Cmyk,
        ];
        let term = term.trim_matches(['\0', ' ']);
        ALL.into_iter()
            .find(|one| one.as_str().eq_ignore_ascii_case(term))
    }

    /// One sample a pixel: grey or a palette's index?
    pub fn is_single(self) -> bool {
        matches!(
            self,
            Photometric::Monochrome1 | Photometric::Monochrome2 | Photometric::PaletteColor
        )
    }

    /// Samples are indices into a palette, which no coding with loss may touch?
    pub fn is_palette(self) -> bool {
        self == Photometric::PaletteColor
    }

    /// Luminance and colors rather than red, green and blue?
    pub fn is_ybr(self) -> bool {
        matches!(
            self,
            Photometric::YbrFull
                | Photometric::YbrFull422
                | Photometric::YbrPartial422
                | Photometric::YbrPartial420
                | Photometric::YbrIct
                | Photometric::YbrRct
        )
    }
}

impl fmt::Display for Photometric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which element holds the samples, and so what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum SampleKind {
    /// Pixel Data (7FE0,0010): integers.
    #[default]
    Integer,
    /// Float Pixel Data (7FE0,0008): 32-bit floating point.
    Float,
    /// Double Float Pixel Data (7FE0,0009): 64-bit floating point.
    Double,
}

/// How the samples of one frame are laid out (PS3.3 §C.7.6.3, §C.7.6.24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImagePixel {
    /// Rows (0028,0010), at least 1.
    pub rows: u32,
    /// Columns (0028,0011), at least 1.
    pub columns: u32,
    /// Samples per Pixel (0028,0002): 1 to 4.
    pub samples_per_pixel: u8,
    /// Photometric Interpretation (0028,0004).
    pub photometric: Photometric,
    /// Planar Configuration (0028,0006) is 1: all red samples, then all green ones.
    pub is_by_plane: bool,
    /// Bits Allocated (0028,0100): 1, 8, 16, 32 or 64; of old objects also others up to 64.
    pub bits_allocated: u8,
    /// Bits Stored (0028,0101): 1 to `bits_allocated`.
    pub bits_stored: u8,
    /// High Bit (0028,0102): `bits_stored - 1` unless the object is old.
    pub high_bit: u8,
    /// Pixel Representation (0028,0103) is 1: two's complement.
    pub is_signed: bool,
    /// What samples are.
    pub kind: SampleKind,
}

impl ImagePixel {
    /// Reads the module, mending what is merely missing or odd: no Photometric Interpretation, no
    /// Bits Stored, a High Bit that cannot be.
    ///
    /// # Errors
    /// [`Error::Description`] if rows, columns or bits are missing or cannot be.
    pub fn of(data_set: &DataSet) -> Result<ImagePixel> {
        let number = |tag| {
            data_set
                .int(tag)
                .and_then(|number| u32::try_from(number).ok())
        };
        let byte = |tag| number(tag).and_then(|number| u8::try_from(number).ok());
        let kind = if data_set.contains(tags::DOUBLE_FLOAT_PIXEL_DATA) {
            SampleKind::Double
        } else if data_set.contains(tags::FLOAT_PIXEL_DATA) {
            SampleKind::Float
        } else {
            SampleKind::Integer
        };
        let samples_per_pixel = byte(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        let photometric = data_set
            .first_text(tags::PHOTOMETRIC_INTERPRETATION)
            .and_then(|term| Photometric::parse(&term))
            .unwrap_or(match samples_per_pixel {
                1 => Photometric::Monochrome2,
                4 => Photometric::Cmyk,
                _ => Photometric::Rgb,
            });
        let bits_allocated = match kind {
            SampleKind::Float => 32,
            SampleKind::Double => 64,
            SampleKind::Integer => {
                byte(tags::BITS_ALLOCATED).ok_or(missing("Bits Allocated (0028,0100)"))?
            }
        };
        let bits_stored = match byte(tags::BITS_STORED) {
            Some(bits) if (1..=bits_allocated).contains(&bits) && kind == SampleKind::Integer => {
                bits
            }
            _ => bits_allocated,
        };
        let high_bit = match byte(tags::HIGH_BIT) {
            Some(bit) if bit < bits_allocated && bit + 1 >= bits_stored => bit,
            _ => bits_stored.saturating_sub(1),
        };
        let image = ImagePixel {
            rows: number(tags::ROWS).ok_or(missing("Rows (0028,0010)"))?,
            columns: number(tags::COLUMNS).ok_or(missing("Columns (0028,0011)"))?,
            samples_per_pixel,
            photometric,
            is_by_plane: number(tags::PLANAR_CONFIGURATION) == Some(1) && samples_per_pixel > 1,
            bits_allocated,
            bits_stored,
            high_bit,
            is_signed: number(tags::PIXEL_REPRESENTATION) == Some(1),
            kind,
        };
        image.check()?;
        Ok(image)
    }

    /// Can this be?
    fn check(&self) -> Result<()> {
        let wrong = |what: &'static str, value: u32| Err(Error::Description { what, value });
        if self.rows == 0 || self.rows > 0xFFFF {
            return wrong("Rows (0028,0010)", self.rows);
        }
        if self.columns == 0 || self.columns > 0xFFFF {
            return wrong("Columns (0028,0011)", self.columns);
        }
        if !(1..=4).contains(&self.samples_per_pixel) {
            return wrong(
                "Samples per Pixel (0028,0002)",
                self.samples_per_pixel.into(),
            );
        }
        if self.photometric.is_single() && self.samples_per_pixel != 1 {
            return wrong(
                "Samples per Pixel (0028,0002)",
                self.samples_per_pixel.into(),
            );
        }
        if !(1..=64).contains(&self.bits_allocated) {
            return wrong("Bits Allocated (0028,0100)", self.bits_allocated.into());
        }
        Ok(())
    }

    /// Pixels of a frame.
    pub fn pixels(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.columns)
    }

    /// Samples of a frame, after colors that pixels share have been given to each.
    pub fn samples(&self) -> u64 {
        self.pixels() * u64::from(self.samples_per_pixel)
    }

    /// Bytes of a sample of a decoded [`Frame`](crate::Frame): 1, 2, 4 or 8. Single bits take a byte.
    pub fn sample_bytes(&self) -> u8 {
        match self.bits_allocated {
            0..=8 => 1,
            9..=16 => 2,
            17..=32 => 4,
            _ => 8,
        }
    }

    /// Bytes of a decoded [`Frame`](crate::Frame).
    pub fn frame_bytes(&self) -> u64 {
        self.samples() * u64::from(self.sample_bytes())
    }
}

fn missing(what: &'static str) -> Error {
    Error::Missing { what }
}
