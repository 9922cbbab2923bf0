//! From bytes to samples.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jxl_oxide::{AllocTracker, InitializeResult, JxlImage, JxlThreadPool, Render};

use super::header::{self, Header};
use super::{broken, container, unsupported};
use crate::{Expected, Raster, Result, Samples, StreamColor};

/// Bytes that decoding may take besides those of the picture's samples.
const OVERHEAD: usize = 64 << 20;
/// Bytes for each sample of the picture: several buffers of 32 bits.
const BYTES_PER_SAMPLE: usize = 48;

/// Decodes a frame. Colors come out as red, green and blue.
///
/// # Errors
/// [`Error::Mismatch`](crate::Error::Mismatch) and [`Error::TooLarge`](crate::Error::TooLarge) before
/// anything is allocated, [`Error::Stream`](crate::Error::Stream) if the stream is broken,
/// [`Error::Unsupported`](crate::Error::Unsupported) for what no frame is.
pub fn decode(bytes: &[u8], expected: &Expected) -> Result<Raster> {
    let stream = container::unwrap(bytes)?;
    let header = header::of(&stream)?;
    let bytes_per_sample = match header.precision {
        0..=8 => 1,
        9..=16 => 2,
        _ => 4,
    };
    expected.check(
        header.columns,
        header.rows,
        header.components,
        bytes_per_sample,
    )?;
    // A stream that the decoder did not think of must not end more than this frame.
    catch_unwind(AssertUnwindSafe(|| render(&stream, &header)))
        .unwrap_or_else(|_| Err(broken(0, "the decoder gave up")))
}

fn render(stream: &[u8], header: &Header) -> Result<Raster> {
    let wrong = |error: Box<dyn std::error::Error + Send + Sync>| broken(0, error.to_string());
    let count = header.columns as usize * header.rows as usize * usize::from(header.components);
    let limit = count
        .saturating_mul(BYTES_PER_SAMPLE)
        .saturating_add(OVERHEAD);
    let mut empty = JxlImage::builder()
        .pool(JxlThreadPool::none())
        .alloc_tracker(AllocTracker::with_limit(limit))
        .build_uninit();
    empty.feed_bytes(stream).map_err(wrong)?;
    let InitializeResult::Initialized(mut image) = empty.try_init().map_err(wrong)? else {
        return Err(broken(stream.len(), "ends within the header"));
    };
    image.set_render_spot_color(false);
    if image.num_loaded_keyframes() != 1 || !image.is_loading_done() {
        return Err(broken(stream.len(), "not one whole picture"));
    }
    let picture = image.render_frame(0).map_err(wrong)?;
    let samples = match header.precision {
        0..=8 => Samples::U8(interleaved(&picture, header, |value| value as u8)?),
        9..=16 => Samples::U16(interleaved(&picture, header, |value| value as u16)?),
        _ => Samples::U32(interleaved(&picture, header, |value| value as u32)?),
    };
    Ok(Raster {
        columns: header.columns,
        rows: header.rows,
        components: header.components,
        precision: header.precision,
        is_signed: false,
        color: match header.components {
            1 => StreamColor::Grey,
            _ => StreamColor::Rgb,
        },
        samples,
    })
}

/// Samples side by side, from the integers that the decoder has where nothing was lost.
fn interleaved<S: Copy + Default>(
    picture: &Render,
    header: &Header,
    convert: impl Fn(i32) -> S + Copy,
) -> Result<Vec<S>> {
    let channels = picture.color_channels();
    let components = usize::from(header.components);
    let (columns, rows) = (header.columns as usize, header.rows as usize);
    let most = ((1u32 << header.precision) - 1) as i32;
    if channels.len() != components {
        return Err(unsupported("another number of channels than of colors"));
    }
    let mut samples = vec![S::default(); columns * rows * components];
    for (number, channel) in channels.iter().enumerate() {
        if channel.width() < columns || channel.height() < rows {
            return Err(broken(0, "a channel smaller than the picture"));
        }
        let out = samples.chunks_exact_mut(columns * components);
        for (y, row) in out.enumerate() {
            let places = row.iter_mut().skip(number).step_by(components);
            copy_row(channel, y, places, most, convert);
        }
    }
    Ok(samples)
}

fn copy_row<'s, S: 's>(
    channel: &jxl_render::ImageBuffer,
    row: usize,
    places: impl Iterator<Item = &'s mut S>,
    most: i32,
    convert: impl Fn(i32) -> S,
) {
    use jxl_render::ImageBuffer;
    match channel {
        ImageBuffer::I16(grid) => {
            for (place, &sample) in places.zip(grid.get_row(row)) {
                *place = convert(i32::from(sample).clamp(0, most));
            }
        }
        ImageBuffer::I32(grid) => {
            for (place, &sample) in places.zip(grid.get_row(row)) {
                *place = convert(sample.clamp(0, most));
            }
        }
        ImageBuffer::F32(grid) => {
            for (place, &sample) in places.zip(grid.get_row(row)) {
                let scaled = (sample * most as f32 + 0.5).floor() as i32;
                *place = convert(scaled.clamp(0, most));
            }
        }
    }
}
