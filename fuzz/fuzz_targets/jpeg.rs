//! Decodes any bytes as JPEG, within a megabyte; what is decoded is whole, and survives lossless
//! coding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_pixel::Expected;
use sagittal_pixel::codec::jpeg;

fuzz_target!(|input: &[u8]| {
    let header = jpeg::header(input);
    let Ok(raster) = jpeg::decode(input, &Expected::any(1 << 20)) else { return };
    let header = header.expect("what can be decoded has a header");
    assert_eq!((header.columns, header.precision), (raster.columns, raster.precision));
    let pixels = u64::from(raster.columns) * u64::from(raster.rows);
    assert_eq!(raster.samples.len() as u64, pixels * u64::from(raster.components));
    let predictor = 1 + input.len() as u8 % 7;
    let stream = jpeg::encode_lossless(&raster, predictor).expect("a whole raster");
    let again = jpeg::decode(&stream, &Expected::any(1 << 20)).expect("our own stream");
    // A broken stream may hold samples beyond its precision; their excess bits are not kept.
    assert_eq!(again.samples.len(), raster.samples.len());
});
