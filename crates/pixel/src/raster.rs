//! What a code stream holds, as its codec gives and takes it: a picture without DICOM.

use crate::{Error, Result};

/// Samples of a code stream, the components of a pixel side by side. Signed ones are two's
/// complement, extended to the width of the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// Precision up to 8 bits.
    U8(Vec<u8>),
    /// Precision 9 to 16 bits.
    U16(Vec<u16>),
    /// Precision 17 to 32 bits.
    U32(Vec<u32>),
}

impl Samples {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Samples::U8(samples) => samples.len(),
            Samples::U16(samples) => samples.len(),
            Samples::U32(samples) => samples.len(),
        }
    }

    /// None?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What the stream itself says of its components' colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum StreamColor {
    /// Nothing: the data set must say.
    #[default]
    Unknown,
    /// Grey.
    Grey,
    /// Red, green, blue: also where the stream transformed them and the decoder has undone it, as
    /// JPEG 2000's component transformation.
    Rgb,
    /// Luminance and colors (JFIF's YCbCr), each pixel with its own after decoding.
    Ycc,
}

/// A picture as a code stream has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    /// Columns, at least 1.
    pub columns: u32,
    /// Rows, at least 1.
    pub rows: u32,
    /// Components of a pixel, 1 to 4.
    pub components: u8,
    /// Bits of a sample, 1 to 32.
    pub precision: u8,
    /// Are samples two's complement?
    pub is_signed: bool,
    /// Colors, as the stream tells.
    pub color: StreamColor,
    /// `rows × columns × components` samples.
    pub samples: Samples,
}

/// What a stream must be, from the data set: looked at before anything is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Columns and rows; `None` takes any.
    pub size: Option<(u32, u32)>,
    /// Components; `None` takes any.
    pub components: Option<u8>,
    /// Most bytes that the decoded picture may have.
    pub max_bytes: u64,
}

impl Expected {
    /// Any picture of at most so many bytes.
    pub fn any(max_bytes: u64) -> Expected {
        Expected {
            size: None,
            components: None,
            max_bytes,
        }
    }

    /// Looks at what a stream's header claims. `bytes_per_sample` is that of the decoder's output.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if data set and stream differ, [`Error::TooLarge`] above the limit.
    pub fn check(
        &self,
        columns: u32,
        rows: u32,
        components: u8,
        bytes_per_sample: u8,
    ) -> Result<()> {
        let differs = |what, stream: u32, data_set: u32| {
            Err(Error::Mismatch {
                what,
                stream,
                data_set,
            })
        };
        if let Some((expected_columns, expected_rows)) = self.size {
            if columns != expected_columns {
                return differs("columns", columns, expected_columns);
            }
            if rows != expected_rows {
                return differs("rows", rows, expected_rows);
            }
        }
        if let Some(expected) = self.components
            && components != expected
        {
            return differs("components", components.into(), expected.into());
        }
        let bytes = u64::from(columns)
            .saturating_mul(rows.into())
            .saturating_mul(components.into())
            .saturating_mul(bytes_per_sample.into());
        if bytes > self.max_bytes {
            return Err(Error::TooLarge {
                bytes,
                limit: self.max_bytes,
            });
        }
        Ok(())
    }
}
