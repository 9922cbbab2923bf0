//! PNG.

use png::{BitDepth, ColorType, Compression, Encoder, Info};

use super::failed;
use crate::Result;
use crate::render::{Picture, Pixels};

pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>> {
    let wide;
    let (color_type, bit_depth, bytes) = match &picture.pixels {
        Pixels::Grey8(pixels) => (ColorType::Grayscale, BitDepth::Eight, pixels),
        Pixels::Rgb8(pixels) => (ColorType::Rgb, BitDepth::Eight, pixels),
        Pixels::Grey16(pixels) => {
            wide = pixels.iter().flat_map(|grey| grey.to_be_bytes()).collect();
            (ColorType::Grayscale, BitDepth::Sixteen, &wide)
        }
    };
    let mut info = Info::with_size(picture.width, picture.height);
    info.color_type = color_type;
    info.bit_depth = bit_depth;
    info.icc_profile = picture
        .icc_profile
        .as_ref()
        .map(|profile| profile.to_vec().into());
    let mut out = Vec::with_capacity(bytes.len() / 2 + 1024);
    let mut encoder = Encoder::with_info(&mut out, info).map_err(|e| failed("PNG", e))?;
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header().map_err(|e| failed("PNG", e))?;
    writer
        .write_image_data(bytes)
        .and_then(|()| writer.finish())
        .map_err(|e| failed("PNG", e))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn decode(bytes: &[u8]) -> (ColorType, BitDepth, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.color_type, info.bit_depth, pixels)
    }

    #[test]
    fn what_goes_in_comes_out() {
        let grey = vec![0, 1, 2, 3, 254, 255];
        let picture = Picture::new(3, 2, Pixels::Grey8(grey.clone())).unwrap();
        let expected = (ColorType::Grayscale, BitDepth::Eight, grey);
        assert_eq!(decode(&picture.to_png().unwrap()), expected);
        let picture = Picture::new(1, 2, Pixels::Rgb8(vec![9, 8, 7, 6, 5, 4])).unwrap();
        let expected = (ColorType::Rgb, BitDepth::Eight, vec![9, 8, 7, 6, 5, 4]);
        assert_eq!(decode(&picture.to_png().unwrap()), expected);
        let picture = Picture::new(2, 1, Pixels::Grey16(vec![1, 0xABCD])).unwrap();
        let expected = (
            ColorType::Grayscale,
            BitDepth::Sixteen,
            vec![0, 1, 0xAB, 0xCD],
        );
        assert_eq!(decode(&picture.to_png().unwrap()), expected);
    }
}
