//! JPEG XL of any bytes: decoded or refused, within the cap.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_pixel::Expected;
use sagittal_pixel::codec::jxl;

fuzz_target!(|bytes: &[u8]| {
    let _ = jxl::header(bytes);
    if let Ok(raster) = jxl::decode(bytes, &Expected::any(1 << 20)) {
        let samples = u64::from(raster.columns) * u64::from(raster.rows) * u64::from(raster.components);
        assert_eq!(raster.samples.len() as u64, samples);
    }
});
