//! GIF: a picture, or frames one after the other.

use gif::{Encoder, Frame, Repeat};
use sagittal_core::{DataSet, tags};

use super::failed;
use crate::Result;
use crate::render::{Picture, Pixels};

/// Encodes pictures of one size as a GIF that repeats for ever. `delays` are the times in
/// hundredths of a second that each stays; the last counts for all that follow.
///
/// # Errors
/// [`Error::Output`](crate::Error::Output) without pictures, for pictures of different sizes and
/// of more than 65535 rows or columns.
pub fn gif(pictures: &[Picture], delays: &[u16]) -> Result<Vec<u8>> {
    let first = pictures.first().ok_or(failed("GIF", "no pictures"))?;
    let side = |side: u32| u16::try_from(side).map_err(|_| failed("GIF", "sides end at 65535"));
    let (width, height) = (side(first.width)?, side(first.height)?);
    let are_grey = pictures.iter().all(Picture::is_grey);
    let greys: Vec<u8> = (0..=u8::MAX).flat_map(|grey| [grey; 3]).collect();
    let palette: &[u8] = if are_grey { &greys } else { &[] };
    let mut out = Vec::new();
    let mut encoder =
        Encoder::new(&mut out, width, height, palette).map_err(|e| failed("GIF", e))?;
    if pictures.len() > 1 {
        encoder
            .set_repeat(Repeat::Infinite)
            .map_err(|e| failed("GIF", e))?;
    }
    for (at, picture) in pictures.iter().enumerate() {
        if (picture.width, picture.height) != (first.width, first.height) {
            return Err(failed("GIF", "pictures of different sizes"));
        }
        let mut frame = match &picture.pixels {
            Pixels::Grey8(pixels) if are_grey => {
                Frame::from_indexed_pixels(width, height, pixels.as_slice(), None)
            }
            Pixels::Grey16(pixels) if are_grey => {
                let pixels: Vec<u8> = pixels.iter().map(|grey| grey.to_be_bytes()[0]).collect();
                Frame::from_indexed_pixels(width, height, pixels, None)
            }
            _ => Frame::from_rgb_speed(width, height, &picture.to_rgb(), 10),
        };
        frame.delay = delays.get(at).or(delays.last()).copied().unwrap_or(0);
        encoder.write_frame(&frame).map_err(|e| failed("GIF", e))?;
    }
    drop(encoder);
    Ok(out)
}

/// How long each frame of an instance stays, in hundredths of a second, after Recommended Display
/// Frame Rate (0008,2144), Cine Rate (0018,0040), Frame Time (0018,1063) and Frame Time Vector
/// (0018,1065); a tenth of a second where the object does not tell.
pub fn frame_delays(header: &DataSet, frames: usize) -> Vec<u16> {
    let positive = |tag| header.float(tag).filter(|value| *value > 0.0);
    let rate = positive(tags::RECOMMENDED_DISPLAY_FRAME_RATE)
        .or_else(|| positive(tags::RECOMMENDED_DISPLAY_FRAME_RATE_IN_FLOAT))
        .or_else(|| positive(tags::CINE_RATE));
    let milliseconds = match rate {
        Some(rate) => vec![1000.0 / rate],
        None => match positive(tags::FRAME_TIME) {
            Some(time) => vec![time],
            // The first is the time before the first frame: 0.
            None => header
                .floats(tags::FRAME_TIME_VECTOR)
                .into_iter()
                .skip(1)
                .collect(),
        },
    };
    // Browsers slow down what is faster than two hundredths.
    let delays: Vec<u16> = milliseconds
        .into_iter()
        .take(frames.max(1))
        .map(|time| (time / 10.0).round().clamp(2.0, 6000.0) as u16)
        .collect();
    if delays.is_empty() { vec![10] } else { delays }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn frames_come_back_with_their_times() {
        let picture = |grey| Picture::new(2, 1, Pixels::Grey8(vec![grey, 7])).unwrap();
        let bytes = gif(&[picture(0), picture(255)], &[4, 9]).unwrap();
        let mut options = ::gif::DecodeOptions::new();
        options.set_color_output(::gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(bytes.as_slice()).unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            frames.push((frame.delay, frame.buffer[0], frame.buffer[4]));
        }
        assert_eq!(frames, [(4, 0, 7), (9, 255, 7)]);
    }

    #[test]
    fn pictures_of_different_sizes_are_no_cine() {
        let small = Picture::new(1, 1, Pixels::Grey8(vec![0])).unwrap();
        let large = Picture::new(2, 1, Pixels::Grey8(vec![0, 0])).unwrap();
        assert!(gif(&[small, large], &[]).is_err());
        assert!(gif(&[], &[]).is_err());
    }

    #[test]
    fn times_are_those_of_the_object() {
        let mut header = DataSet::new();
        assert_eq!(frame_delays(&header, 3), [10]);
        header.put_text(tags::FRAME_TIME_VECTOR, "0\\40\\60");
        assert_eq!(frame_delays(&header, 3), [4, 6]);
        header.put_text(tags::FRAME_TIME, "33.3");
        assert_eq!(frame_delays(&header, 3), [3]);
        header.put_text(tags::CINE_RATE, "5");
        assert_eq!(frame_delays(&header, 3), [20]);
    }
}
