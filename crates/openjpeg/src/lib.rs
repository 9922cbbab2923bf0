//! Encoding JPEG 2000 by OpenJPEG.
//!
//! The C library only ever sees samples of our own: it decodes nothing. Every `unsafe` block of
//! this repository's codecs is in this file.

use std::ffi::c_void;
use std::ptr::NonNull;

use openjpeg_sys as opj;

/// A picture to encode.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Columns, 1 to 65,535.
    pub columns: u32,
    /// Rows, 1 to 65,535.
    pub rows: u32,
    /// Bits of a sample, 1 to 24.
    pub precision: u8,
    /// May samples be below zero?
    pub is_signed: bool,
    /// Samples of each component, row by row: 1 to 4 of `columns × rows` samples.
    pub components: &'a [Vec<i32>],
}

/// How near to the original.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quality {
    /// Reversible.
    Lossless,
    /// So many times smaller than the samples.
    Ratio(f32),
    /// Signal to noise in decibels.
    Psnr(f32),
}

/// What keeps a picture from being encoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The picture cannot be.
    #[error("{0}")]
    Picture(&'static str),
    /// OpenJPEG failed.
    #[error("OpenJPEG cannot {0}")]
    Failed(&'static str),
}

/// Encodes a picture as a bare code stream. `transforms_color`: the first three components are red,
/// green and blue and are decorrelated.
///
/// # Errors
/// [`Error::Picture`] if the picture is not as its description says, [`Error::Failed`] if the
/// library refuses.
pub fn encode(
    picture: &Picture<'_>,
    quality: Quality,
    transforms_color: bool,
) -> Result<Vec<u8>, Error> {
    check(picture, quality)?;
    let image = Image::new(picture)?;
    let mut parameters = parameters(picture, quality, transforms_color);
    // SAFETY: no arguments that could be wrong; null is looked for.
    let codec = unsafe { opj::opj_create_compress(opj::CODEC_FORMAT::OPJ_CODEC_J2K) };
    let codec = Codec(NonNull::new(codec).ok_or(Error::Failed("begin"))?);
    // SAFETY: codec, parameters and image are valid and outlive the call.
    if unsafe { opj::opj_setup_encoder(codec.0.as_ptr(), &mut parameters, image.0.as_ptr()) } == 0 {
        return Err(Error::Failed("take these parameters"));
    }
    let mut sink = Box::new(Sink::default());
    let stream = Stream::new(&mut sink)?;
    // SAFETY: codec, image and stream are valid; the stream's sink outlives it, and the image
    // outlives the codec's use of it.
    let is_done = unsafe {
        opj::opj_start_compress(codec.0.as_ptr(), image.0.as_ptr(), stream.0.as_ptr()) != 0
            && opj::opj_encode(codec.0.as_ptr(), stream.0.as_ptr()) != 0
            && opj::opj_end_compress(codec.0.as_ptr(), stream.0.as_ptr()) != 0
    };
    drop(stream);
    if is_done && !sink.has_failed {
        Ok(sink.bytes)
    } else {
        Err(Error::Failed("encode this picture"))
    }
}

fn check(picture: &Picture<'_>, quality: Quality) -> Result<(), Error> {
    let pixels = picture.columns as usize * picture.rows as usize;
    let sides = 1..=65_535;
    if !sides.contains(&picture.columns) || !sides.contains(&picture.rows) {
        return Err(Error::Picture("sides of 1 to 65,535 samples"));
    }
    if !(1..=24).contains(&picture.precision) {
        return Err(Error::Picture("precisions of 1 to 24 bits"));
    }
    if !(1..=4).contains(&picture.components.len()) {
        return Err(Error::Picture("1 to 4 components"));
    }
    let bits = u32::from(picture.precision);
    let range = if picture.is_signed {
        -(1i32 << (bits - 1))..1i32 << (bits - 1)
    } else {
        0..1i32 << bits
    };
    for component in picture.components {
        if component.len() != pixels {
            return Err(Error::Picture("as many samples as pixels"));
        }
        if !component.iter().all(|sample| range.contains(sample)) {
            return Err(Error::Picture("samples within the precision"));
        }
    }
    match quality {
        Quality::Ratio(number) | Quality::Psnr(number) if !(number > 0.0 && number < 1e6) => {
            Err(Error::Picture("a quality above 0"))
        }
        _ => Ok(()),
    }
}

/// Samples of so many bits are not decorrelated: noise of one bit would not come back.
const NO_WAVELET: u8 = 2;

/// Parameters of the encoder.
fn parameters(
    picture: &Picture<'_>,
    quality: Quality,
    transforms_color: bool,
) -> opj::opj_cparameters_t {
    let mut parameters = std::mem::MaybeUninit::<opj::opj_cparameters_t>::zeroed();
    // SAFETY: the structure is of numbers, arrays, pointers and enumerations that have 0, so zeros
    // are valid; the library then sets its defaults.
    let mut parameters = unsafe {
        opj::opj_set_default_encoder_parameters(parameters.as_mut_ptr());
        parameters.assume_init()
    };
    let smaller = picture.columns.min(picture.rows);
    let levels = match picture.precision {
        // Rounding makes sums of the wavelet larger than the bit planes that the library's two guard
        // bits leave room for.
        ..=NO_WAVELET => 0,
        _ => smaller.ilog2().min(5),
    };
    parameters.numresolution = 1 + levels as i32;
    parameters.tcp_mct = (transforms_color && picture.components.len() >= 3).into();
    parameters.tcp_numlayers = 1;
    match quality {
        Quality::Lossless => {
            parameters.cp_disto_alloc = 1;
            parameters.tcp_rates[0] = 0.0;
        }
        Quality::Ratio(ratio) => {
            parameters.irreversible = 1;
            parameters.cp_disto_alloc = 1;
            parameters.tcp_rates[0] = ratio;
        }
        Quality::Psnr(decibels) => {
            parameters.irreversible = 1;
            parameters.cp_fixed_quality = 1;
            parameters.tcp_distoratio[0] = decibels;
        }
    }
    parameters
}

struct Image(NonNull<opj::opj_image_t>);

impl Image {
    fn new(picture: &Picture<'_>) -> Result<Image, Error> {
        let mut descriptions: Vec<opj::opj_image_cmptparm_t> = picture
            .components
            .iter()
            .map(|_| opj::opj_image_cmptparm_t {
                dx: 1,
                dy: 1,
                w: picture.columns,
                h: picture.rows,
                x0: 0,
                y0: 0,
                prec: picture.precision.into(),
                bpp: picture.precision.into(),
                sgnd: picture.is_signed.into(),
            })
            .collect();
        let space = if picture.components.len() >= 3 {
            opj::COLOR_SPACE::OPJ_CLRSPC_SRGB
        } else {
            opj::COLOR_SPACE::OPJ_CLRSPC_GRAY
        };
        // SAFETY: as many descriptions as are told; null is looked for.
        let image = unsafe {
            opj::opj_image_create(descriptions.len() as u32, descriptions.as_mut_ptr(), space)
        };
        let mut image = Image(NonNull::new(image).ok_or(Error::Failed("get memory"))?);
        let pixels = picture.columns as usize * picture.rows as usize;
        // SAFETY: the image is ours alone, and it has an array of as many components as were
        // described, each with room for `w × h` samples of 32 bits, unless the pointer is null.
        unsafe {
            let whole = image.0.as_mut();
            (whole.x0, whole.y0) = (0, 0);
            (whole.x1, whole.y1) = (picture.columns, picture.rows);
            let components = std::slice::from_raw_parts_mut(whole.comps, whole.numcomps as usize);
            for (component, samples) in components.iter_mut().zip(picture.components) {
                if component.data.is_null() || samples.len() != pixels {
                    return Err(Error::Failed("get memory"));
                }
                std::ptr::copy_nonoverlapping(samples.as_ptr(), component.data, pixels);
            }
        }
        Ok(image)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: made by opj_image_create, destroyed once.
        unsafe { opj::opj_image_destroy(self.0.as_ptr()) }
    }
}

struct Codec(NonNull<opj::opj_codec_t>);

impl Drop for Codec {
    fn drop(&mut self) {
        // SAFETY: made by opj_create_compress, destroyed once.
        unsafe { opj::opj_destroy_codec(self.0.as_ptr()) }
    }
}

/// Where the code stream goes.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    position: usize,
    has_failed: bool,
}

impl Sink {
    /// Overwrites or appends at the position, without a panic where memory is short.
    fn write(&mut self, bytes: &[u8]) -> bool {
        let Some(end) = self.position.checked_add(bytes.len()) else {
            return false;
        };
        if end > self.bytes.len() {
            if self.bytes.try_reserve(end - self.bytes.len()).is_err() {
                return false;
            }
            self.bytes.resize(end, 0);
        }
        if let Some(place) = self.bytes.get_mut(self.position..end) {
            place.copy_from_slice(bytes);
        }
        self.position = end;
        true
    }
}

struct Stream(NonNull<opj::opj_stream_t>);

impl Stream {
    /// A stream into `sink`, which must stay where it is while the stream lives.
    fn new(sink: &mut Box<Sink>) -> Result<Stream, Error> {
        // SAFETY: the arguments are numbers; null is looked for.
        let stream = unsafe { opj::opj_stream_create(1 << 16, 0) };
        let stream = Stream(NonNull::new(stream).ok_or(Error::Failed("get memory"))?);
        let user_data: *mut Sink = &mut **sink;
        // SAFETY: the stream is valid, and the callbacks take their user data as the sink that it
        // is. The sink is boxed: `encode` drops the stream before it.
        unsafe {
            opj::opj_stream_set_user_data(stream.0.as_ptr(), user_data.cast(), None);
            opj::opj_stream_set_write_function(stream.0.as_ptr(), Some(write));
            opj::opj_stream_set_skip_function(stream.0.as_ptr(), Some(skip));
            opj::opj_stream_set_seek_function(stream.0.as_ptr(), Some(seek));
        }
        Ok(stream)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: made by opj_stream_create, destroyed once.
        unsafe { opj::opj_stream_destroy(self.0.as_ptr()) }
    }
}

unsafe extern "C" fn write(buffer: *mut c_void, length: usize, user_data: *mut c_void) -> usize {
    // SAFETY: the library gives back the sink of `Stream::new`, which nothing else uses
    // meanwhile, and a buffer of `length` bytes.
    let (sink, bytes) = unsafe {
        (
            &mut *user_data.cast::<Sink>(),
            std::slice::from_raw_parts(buffer.cast::<u8>().cast_const(), length),
        )
    };
    if sink.write(bytes) {
        length
    } else {
        sink.has_failed = true;
        usize::MAX
    }
}

unsafe extern "C" fn skip(distance: i64, user_data: *mut c_void) -> i64 {
    // SAFETY: as in `write`.
    let sink = unsafe { &mut *user_data.cast::<Sink>() };
    match usize::try_from(distance) {
        Ok(distance) if distance < 1 << 32 => {
            let zeros = vec![0; distance];
            if sink.write(&zeros) {
                distance as i64
            } else {
                -1
            }
        }
        _ => -1,
    }
}

unsafe extern "C" fn seek(position: i64, user_data: *mut c_void) -> i32 {
    // SAFETY: as in `write`.
    let sink = unsafe { &mut *user_data.cast::<Sink>() };
    match usize::try_from(position) {
        Ok(position) if position <= sink.bytes.len() => {
            sink.position = position;
            1
        }
        _ => 0,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn gradient(columns: u32, rows: u32) -> Vec<i32> {
        (0..columns * rows)
            .map(|at| (at * 7 % 4093) as i32)
            .collect()
    }

    #[test]
    fn a_picture_becomes_a_code_stream() {
        let components = [gradient(33, 20)];
        let picture = Picture {
            columns: 33,
            rows: 20,
            precision: 12,
            is_signed: false,
            components: &components,
        };
        let bytes = encode(&picture, Quality::Lossless, false).unwrap();
        assert!(bytes.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]));
        assert!(bytes.ends_with(&[0xFF, 0xD9]));
        let small = encode(&picture, Quality::Ratio(8.0), false).unwrap();
        assert!(small.len() < bytes.len());
    }

    #[test]
    fn a_picture_that_is_not_as_described_is_refused() {
        let components = [gradient(33, 20)];
        let mut picture = Picture {
            columns: 33,
            rows: 21,
            precision: 12,
            is_signed: false,
            components: &components,
        };
        assert!(encode(&picture, Quality::Lossless, false).is_err());
        picture.rows = 20;
        picture.precision = 8;
        assert!(encode(&picture, Quality::Lossless, false).is_err());
        picture.precision = 12;
        assert!(encode(&picture, Quality::Ratio(f32::NAN), false).is_err());
    }
}
