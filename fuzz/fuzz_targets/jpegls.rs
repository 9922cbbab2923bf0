//! Decodes any bytes as JPEG-LS; what comes out is as large as the header says, and survives being
//! encoded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_pixel::Expected;
use sagittal_pixel::codec::jpegls;

fuzz_target!(|input: &[u8]| {
    let header = jpegls::header(input);
    let Ok(raster) = jpegls::decode(input, &Expected::any(1 << 22)) else { return };
    let header = header.expect("decodes");
    assert_eq!(header.columns, raster.columns);
    let pixels = u64::from(raster.columns) * u64::from(raster.rows);
    assert_eq!(raster.samples.len() as u64, pixels * u64::from(raster.components));
    if raster.columns > 0xFFFF || raster.rows > 0xFFFF {
        return;
    }
    let stream = jpegls::encode(&raster, 0).expect("no larger than what was decoded");
    let again = jpegls::decode(&stream, &Expected::any(1 << 22)).expect("encoded");
    assert!(again.samples == raster.samples);
});
