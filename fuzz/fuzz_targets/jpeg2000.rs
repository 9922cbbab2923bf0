//! JPEG 2000 of any bytes: decoded or refused, within the cap.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_pixel::Expected;
use sagittal_pixel::codec::jpeg2000;

fuzz_target!(|bytes: &[u8]| {
    let _ = jpeg2000::header(bytes);
    if let Ok(raster) = jpeg2000::decode(bytes, &Expected::any(1 << 20)) {
        let samples = u64::from(raster.columns) * u64::from(raster.rows) * u64::from(raster.components);
        assert_eq!(raster.samples.len() as u64, samples);
    }
});
