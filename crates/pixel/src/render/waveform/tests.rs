#![allow(clippy::unwrap_used)]
use super::*;
use sagittal_core::Vr;

fn recording(samples: &[i16]) -> DataSet {
    let mut unit = DataSet::new();
    unit.put_text(tags::CODE_VALUE, "uV");
    let mut source = DataSet::new();
    source.put_text(tags::CODE_MEANING, "Lead <II>");
    let mut channel = DataSet::new();
    channel.put_items(tags::CHANNEL_SOURCE_SEQUENCE, vec![source]);
    channel.put_items(tags::CHANNEL_SENSITIVITY_UNITS_SEQUENCE, vec![unit]);
    channel.put_text(tags::CHANNEL_SENSITIVITY, "2.5");
    let mut group = DataSet::new();
    group.put_u16(tags::NUMBER_OF_WAVEFORM_CHANNELS, &[1]);
    let count = u32::try_from(samples.len()).unwrap();
    group.put_u32(tags::NUMBER_OF_WAVEFORM_SAMPLES, &[count]);
    group.put_text(tags::SAMPLING_FREQUENCY, "25");
    group.put_text(tags::WAVEFORM_SAMPLE_INTERPRETATION, "SS");
    group.put_items(tags::CHANNEL_DEFINITION_SEQUENCE, vec![channel]);
    let bytes: Vec<u8> = samples.iter().flat_map(|v| v.to_le_bytes()).collect();
    group.put_bytes(tags::WAVEFORM_DATA, Vr::OW, bytes);
    let mut header = DataSet::new();
    header.put_items(tags::WAVEFORM_SEQUENCE, vec![group]);
    header
}

#[test]
fn a_millivolt_is_ten_millimetres_and_a_second_is_25() {
    // 400 × 2.5 µV is a millivolt; a sample is a millimetre.
    let svg = waveform_svg(&recording(&[0, 400, 0, -400]), Stretch::default()).unwrap();
    assert!(
        svg.contains("M0.00 12.50L1.00 2.50L2.00 12.50L3.00 22.50"),
        "{svg}"
    );
    assert!(svg.contains("&lt;II&gt; 10 mm/mV"));
}

#[test]
fn only_the_stretch_is_drawn() {
    let stretch = Stretch {
        start: 0.04,
        length: 0.08,
    };
    let svg = waveform_svg(&recording(&[0, 400, 0, -400]), stretch).unwrap();
    assert!(svg.contains("M0.00 2.50L1.00 12.50\""), "{svg}");
}

#[test]
fn telephone_codes_are_understood() {
    assert_eq!(mu_law(0xFF), 0);
    assert_eq!(mu_law(0x80), -mu_law(0x00));
    assert_eq!(mu_law(0x80), 32124);
    assert_eq!(a_law(0xD5), 8);
    assert_eq!(a_law(0xAA), 32256);
}

#[test]
fn a_recording_without_samples_is_refused() {
    assert!(waveform_svg(&DataSet::new(), Stretch::default()).is_err());
}
