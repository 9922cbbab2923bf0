//! Planes, and colors that pixels share (PS3.3 §C.7.6.3.1.2, §C.7.6.3.1.3).

use crate::{Error, ImagePixel, Photometric, Result};

/// How samples follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// As in a decoded frame.
    ByPixel,
    /// Plane after plane.
    ByPlane,
    /// Two pixels of a row share their colors: luminance, luminance, blue, red.
    PairsByPixel,
    /// The same plane after plane.
    PairsByPlane,
    /// Four pixels share their colors, plane after plane.
    FoursByPlane,
}

impl Layout {
    /// The layout that description and length tell. Some writers say that colors are shared and
    /// share none: the length shows it.
    pub fn of(image: &ImagePixel, length: usize) -> Result<Layout> {
        let full = image
            .samples()
            .saturating_mul(image.bits_allocated.into())
            .div_ceil(8);
        let is_full = image.samples_per_pixel != 3 || length as u64 >= full;
        match image.photometric {
            Photometric::YbrFull422 | Photometric::YbrPartial422 if !is_full => {
                Ok(if image.is_by_plane {
                    Layout::PairsByPlane
                } else {
                    Layout::PairsByPixel
                })
            }
            Photometric::YbrPartial420 if !is_full && image.is_by_plane => Ok(Layout::FoursByPlane),
            Photometric::YbrPartial420 if !is_full => Err(Error::Unsupported {
                codec: "native",
                what: "YBR_PARTIAL_420 pixel by pixel".into(),
            }),
            _ if image.is_by_plane && image.samples_per_pixel > 1 => Ok(Layout::ByPlane),
            _ => Ok(Layout::ByPixel),
        }
    }

    /// Samples that a frame has.
    pub fn samples(self, image: &ImagePixel) -> u64 {
        match self {
            Layout::ByPixel | Layout::ByPlane => image.samples(),
            Layout::PairsByPixel | Layout::PairsByPlane => {
                let pairs = u64::from(image.columns.div_ceil(2)) * u64::from(image.rows);
                image.pixels() + 2 * pairs
            }
            Layout::FoursByPlane => {
                let fours =
                    u64::from(image.columns.div_ceil(2)) * u64::from(image.rows.div_ceil(2));
                image.pixels() + 2 * fours
            }
        }
    }

    /// Orders samples by pixel, each with colors of its own.
    pub fn by_pixel(self, image: &ImagePixel, data: Vec<u8>) -> Result<Vec<u8>> {
        Ok(match (self, image.sample_bytes()) {
            (Layout::ByPixel, _) => data,
            (_, 1) => self.reorder(image, data.as_chunks::<1>().0),
            (_, 2) => self.reorder(image, data.as_chunks::<2>().0),
            (_, 4) => self.reorder(image, data.as_chunks::<4>().0),
            (_, _) => self.reorder(image, data.as_chunks::<8>().0),
        })
    }

    fn reorder<const N: usize>(self, image: &ImagePixel, samples: &[[u8; N]]) -> Vec<u8> {
        let pixels = usize::try_from(image.pixels()).unwrap_or(0);
        let columns = (image.columns as usize).max(1);
        let half = columns.div_ceil(2);
        match self {
            Layout::ByPixel => samples.as_flattened().to_vec(),
            Layout::ByPlane => interleave(samples, pixels, image.samples_per_pixel),
            Layout::PairsByPixel => pairs(samples, columns, image.rows as usize),
            Layout::PairsByPlane => {
                let (luminance, colors) = samples.split_at_checked(pixels).unwrap_or((&[], &[]));
                let colors = colors
                    .split_at_checked(colors.len() / 2)
                    .unwrap_or((&[], &[]));
                shared(luminance, colors, columns, half, 1)
            }
            Layout::FoursByPlane => {
                let (luminance, colors) = samples.split_at_checked(pixels).unwrap_or((&[], &[]));
                let colors = colors
                    .split_at_checked(colors.len() / 2)
                    .unwrap_or((&[], &[]));
                shared(luminance, colors, columns, half, 2)
            }
        }
    }
}

/// Planes to pixels.
fn interleave<const N: usize>(samples: &[[u8; N]], pixels: usize, planes: u8) -> Vec<u8> {
    let mut out = vec![[0; N]; samples.len()];
    let mut plane = samples.chunks_exact(pixels.max(1));
    if planes == 3
        && let (Some(first), Some(second), Some(third)) = (plane.next(), plane.next(), plane.next())
    {
        let colors = first.iter().zip(second).zip(third);
        for (pixel, ((first, second), third)) in out.as_chunks_mut::<3>().0.iter_mut().zip(colors) {
            *pixel = [*first, *second, *third];
        }
    } else {
        let planes = usize::from(planes.max(1));
        for (at, plane) in samples.chunks_exact(pixels.max(1)).enumerate() {
            for (to, from) in out.iter_mut().skip(at).step_by(planes).zip(plane) {
                *to = *from;
            }
        }
    }
    out.into_flattened()
}

/// Pixels to planes.
pub(super) fn to_planes(image: &ImagePixel, data: &[u8]) -> Vec<u8> {
    let width = usize::from(image.sample_bytes());
    let planes = usize::from(image.samples_per_pixel.max(1));
    let mut out = Vec::with_capacity(data.len());
    for plane in 0..planes {
        match width {
            1 => out.extend(data.iter().skip(plane).step_by(planes)),
            _ => data
                .chunks_exact(width)
                .skip(plane)
                .step_by(planes)
                .for_each(|sample| out.extend_from_slice(sample)),
        }
    }
    out
}

/// Rows of luminance, luminance, blue, red. A row of an odd number of columns ends without the
/// second luminance.
fn pairs<const N: usize>(samples: &[[u8; N]], columns: usize, rows: usize) -> Vec<u8> {
    let row = columns + 2 * columns.div_ceil(2);
    let mut out = Vec::with_capacity(columns * rows * 3);
    for row in samples.chunks_exact(row.max(1)).take(rows) {
        let (fours, rest) = row.as_chunks::<4>();
        for [first, second, blue, red] in fours {
            out.extend_from_slice(&[*first, *blue, *red, *second, *blue, *red]);
        }
        if let [last, blue, red] = rest {
            out.extend_from_slice(&[*last, *blue, *red]);
        }
    }
    out.into_flattened()
}

/// Planes of luminance and of smaller colors, whose samples stand for two columns and `down` rows.
fn shared<const N: usize>(
    luminance: &[[u8; N]],
    (blue, red): (&[[u8; N]], &[[u8; N]]),
    columns: usize,
    half: usize,
    down: usize,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(luminance.len() * 3);
    for (number, row) in luminance.chunks_exact(columns).enumerate() {
        let begin = number / down * half;
        let blue = blue.get(begin..begin + half).unwrap_or(&[]);
        let red = red.get(begin..begin + half).unwrap_or(&[]);
        for (pair, (blue, red)) in row.chunks(2).zip(blue.iter().zip(red)) {
            out.extend(pair.iter().flat_map(|luminance| [*luminance, *blue, *red]));
        }
    }
    out.resize(luminance.len() * 3, [0; N]);
    out.into_flattened()
}

/// Pixels of their own colors to pairs that share the first one's: the reverse of decoding.
///
/// # Errors
/// [`Error::Unsupported`] if pixels do not pair.
pub(super) fn share_colors(image: &ImagePixel, data: &[u8]) -> Result<Vec<u8>> {
    if !image.columns.is_multiple_of(2) {
        return Err(Error::Unsupported {
            codec: "native",
            what: "an odd number of columns with shared colors".into(),
        });
    }
    let width = usize::from(image.sample_bytes());
    let mut out = Vec::with_capacity(data.len() / 3 * 2);
    for pair in data.chunks_exact(width * 6) {
        let (first, second) = pair.split_at_checked(width * 3).unwrap_or((pair, &[]));
        let (luminance, colors) = first.split_at_checked(width).unwrap_or((first, &[]));
        out.extend_from_slice(luminance);
        out.extend_from_slice(second.get(..width).unwrap_or(&[]));
        out.extend_from_slice(colors);
    }
    Ok(out)
}
