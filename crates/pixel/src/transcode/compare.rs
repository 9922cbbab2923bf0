//! Are the pixels of two data sets the same?

use super::attributes;
use super::parts::{Parts, Plain};
use super::{Limits, Options};
use crate::codec;
use crate::color;
use crate::frames::ReadAt;
use crate::{Error, Frame, ImagePixel, Result, SampleKind};

/// A data set somewhere, and its transfer syntax.
#[derive(Clone, Copy)]
pub struct Stored<'a, R: ReadAt + ?Sized> {
    /// The bytes.
    pub source: &'a R,
    /// Where the data set begins.
    pub data_set_offset: u64,
    /// Its transfer syntax UID.
    pub transfer_syntax: &'a str,
}

/// How far pixels are from each other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Difference {
    /// Frames compared.
    pub frames: u32,
    /// Samples compared.
    pub samples: u64,
    /// The largest difference of two samples.
    pub largest: u64,
    /// The sum of all differences.
    pub sum: u64,
}

impl Difference {
    /// No difference at all.
    pub fn is_none(&self) -> bool {
        self.largest == 0
    }

    /// The mean difference.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.samples.max(1) as f64
    }
}

/// Decodes both and compares the stored values, frame by frame; colors as RGB if one of the two is
/// RGB. Bits beside the stored ones do not count.
///
/// # Errors
/// Those of decoding; [`Error::Mismatch`] if numbers or sizes of frames differ.
pub fn compare<A: ReadAt + ?Sized, B: ReadAt + ?Sized>(
    a: Stored<'_, A>,
    b: Stored<'_, B>,
    limits: Limits,
) -> Result<Difference> {
    let first = Opened::of(a, limits)?;
    let second = Opened::of(b, limits)?;
    let (Some(first), Some(second)) = (&first, &second) else {
        return if first.is_none() && second.is_none() {
            Ok(Difference::default())
        } else {
            Err(Error::Missing { what: "pixel data" })
        };
    };
    let frames = first.parts.table.number_of_frames();
    let others = second.parts.table.number_of_frames();
    if frames != others {
        return Err(differ("frames", others, frames));
    }
    let mut difference = Difference {
        frames,
        ..Difference::default()
    };
    for number in 0..frames {
        let (mut one, mut other) = (first.frame(number)?, second.frame(number)?);
        let (x, y) = (
            one.image.photometric.is_ybr(),
            other.image.photometric.is_ybr(),
        );
        if x != y {
            (one, other) = if x {
                (color::to_rgb(one)?, other)
            } else {
                (one, color::to_rgb(other)?)
            };
        }
        add(&mut difference, &one, &other)?;
    }
    Ok(difference)
}

struct Opened<'a, R: ReadAt + ?Sized> {
    plain: Plain<'a, R>,
    parts: Parts,
    image: ImagePixel,
    options: Options,
}

impl<'a, R: ReadAt + ?Sized> Opened<'a, R> {
    fn of(stored: Stored<'a, R>, limits: Limits) -> Result<Option<Opened<'a, R>>> {
        let uid = super::trim(stored.transfer_syntax);
        let plain = Plain::of(stored.source, stored.data_set_offset, uid, limits)?;
        let parts = Parts::of(&plain, uid, limits)?;
        let Some(pixels) = parts.pixels_with_frames() else {
            return Ok(None);
        };
        let image = attributes::image(&parts.data_set, pixels)?;
        let options = Options {
            limits,
            ..Options::default()
        };
        Ok(Some(Opened {
            plain,
            parts,
            image,
            options,
        }))
    }

    fn frame(&self, number: u32) -> Result<Frame> {
        let limit = self.options.limits.frame_bytes;
        let bytes = self.parts.table.read(&self.plain, number, limit)?;
        codec::decode(&self.parts.transfer_syntax, &self.image, &bytes, limit)
    }
}

fn add(difference: &mut Difference, one: &Frame, other: &Frame) -> Result<()> {
    let (a, b) = (&one.image, &other.image);
    for (what, a, b) in [
        ("rows", a.rows, b.rows),
        ("columns", a.columns, b.columns),
        (
            "samples per pixel",
            a.samples_per_pixel.into(),
            b.samples_per_pixel.into(),
        ),
        ("bits stored", a.bits_stored.into(), b.bits_stored.into()),
    ] {
        if a != b {
            return Err(differ(what, b, a));
        }
    }
    difference.samples += a.samples();
    if one == other {
        return Ok(());
    }
    for (x, y) in values(one).zip(values(other)) {
        let apart = x.abs_diff(y);
        difference.largest = difference.largest.max(apart);
        difference.sum = difference.sum.saturating_add(apart);
    }
    Ok(())
}

fn differ(what: &'static str, stream: u32, data_set: u32) -> Error {
    Error::Mismatch {
        what,
        stream,
        data_set,
    }
}

/// The stored values of a frame; of floating point ones the bits.
fn values(frame: &Frame) -> impl Iterator<Item = i64> + '_ {
    let image = frame.image;
    let (stored, high) = match image.kind {
        SampleKind::Integer => (u32::from(image.bits_stored), u32::from(image.high_bit)),
        _ => (
            u32::from(image.bits_allocated),
            u32::from(image.bits_allocated) - 1,
        ),
    };
    let unused = 64 - stored.clamp(1, 64);
    let left = 63 - high.min(63);
    let words = frame.data.chunks_exact(image.sample_bytes().into());
    words.map(move |word| {
        let word = word
            .iter()
            .rev()
            .fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        if image.is_signed {
            (word << left).cast_signed() >> unused
        } else {
            ((word << left) >> unused).cast_signed()
        }
    })
}
