//! A resting ECG (12-Lead ECG Waveform IOD, PS3.3 §A.34.3).

use sagittal_core::{DataSet, Vr, sop_class, tags};

use super::context::{Series, Study, begin, put_moments};
use super::noise::normal;
use super::object::{Object, code, texts, uid};

const SAMPLES: u32 = 5000;
const RATE: f32 = 500.0;
/// Beats per minute.
const HEART_RATE: f32 = 66.0;

/// Leads: code of CID 3001, meaning, label; amplitudes of P, Q, R, S and T in µV.
const LEADS: [(&str, &str, &str, [f32; 5]); 12] = [
    ("2:1", "Lead I", "I", [90.0, -40.0, 620.0, -110.0, 220.0]),
    (
        "2:2",
        "Lead II",
        "II",
        [140.0, -60.0, 1100.0, -190.0, 310.0],
    ),
    ("2:61", "Lead III", "III", [50.0, -20.0, 480.0, -80.0, 90.0]),
    (
        "2:62",
        "aVR, augmented voltage, right",
        "aVR",
        [-115.0, 50.0, -860.0, 150.0, -265.0],
    ),
    (
        "2:63",
        "aVL, augmented voltage, left",
        "aVL",
        [20.0, -10.0, 70.0, -15.0, 65.0],
    ),
    (
        "2:64",
        "aVF, augmented voltage, foot",
        "aVF",
        [95.0, -40.0, 790.0, -135.0, 200.0],
    ),
    ("2:3", "Lead V1", "V1", [60.0, 0.0, 240.0, -880.0, -90.0]),
    ("2:4", "Lead V2", "V2", [70.0, 0.0, 520.0, -1350.0, 420.0]),
    ("2:5", "Lead V3", "V3", [70.0, -10.0, 880.0, -900.0, 480.0]),
    ("2:6", "Lead V4", "V4", [70.0, -30.0, 1420.0, -560.0, 450.0]),
    ("2:7", "Lead V5", "V5", [70.0, -50.0, 1380.0, -260.0, 360.0]),
    ("2:8", "Lead V6", "V6", [65.0, -55.0, 1080.0, -120.0, 270.0]),
];

/// Waves of a beat: center and width in seconds after its start.
const WAVES: [(f32, f32); 5] = [
    (0.17, 0.022),
    (0.295, 0.008),
    (0.32, 0.011),
    (0.348, 0.010),
    (0.57, 0.050),
];

/// Ten seconds at rest.
pub fn at_rest(study: &Study, number: u32) -> Object {
    let series = Series {
        modality: "ECG",
        number,
        description: "12-lead ECG at rest",
        body_part: "",
        model: "Demo ECG",
    };
    let class = sop_class::TWELVE_LEAD_ECG_WAVEFORM_STORAGE;
    let (mut data_set, instance_uid) = begin(study, &series, class, 1);
    put_moments(&mut data_set, study);
    data_set.remove(tags::ACQUISITION_DATE);
    data_set.remove(tags::ACQUISITION_TIME);
    let moment = format!("{}{}", study.date, study.time);
    data_set.put_text(tags::ACQUISITION_DATETIME, &moment);
    data_set.put_uid(
        tags::SYNCHRONIZATION_FRAME_OF_REFERENCE_UID,
        &uid(&format!("{} synchronization", study.seed)),
    );
    texts(
        &mut data_set,
        &[
            (tags::SYNCHRONIZATION_TRIGGER, "NO TRIGGER"),
            (tags::ACQUISITION_TIME_SYNCHRONIZED, "N"),
        ],
    );
    data_set.put_items(tags::ACQUISITION_CONTEXT_SEQUENCE, vec![]);
    data_set.put_items(tags::WAVEFORM_SEQUENCE, vec![multiplex_group()]);
    data_set.put_items(tags::WAVEFORM_ANNOTATION_SEQUENCE, vec![heart_rate()]);
    Object::new(data_set, class, instance_uid)
}

fn multiplex_group() -> DataSet {
    let mut group = DataSet::new();
    texts(
        &mut group,
        &[
            (tags::WAVEFORM_ORIGINALITY, "ORIGINAL"),
            (tags::SAMPLING_FREQUENCY, "500"),
            (tags::MULTIPLEX_GROUP_LABEL, "RHYTHM"),
            (tags::WAVEFORM_SAMPLE_INTERPRETATION, "SS"),
        ],
    );
    group.put_u16(tags::NUMBER_OF_WAVEFORM_CHANNELS, &[12]);
    group.put_u32(tags::NUMBER_OF_WAVEFORM_SAMPLES, &[SAMPLES]);
    group.put_u16(tags::WAVEFORM_BITS_ALLOCATED, &[16]);
    let channels = LEADS
        .iter()
        .map(|(value, meaning, label, _)| channel(value, meaning, label));
    group.put_items(tags::CHANNEL_DEFINITION_SEQUENCE, channels.collect());
    let padding = i16::MIN.to_le_bytes().to_vec();
    group.put_bytes(tags::WAVEFORM_PADDING_VALUE, Vr::OW, padding);
    group.put_bytes(tags::WAVEFORM_DATA, Vr::OW, samples());
    group
}

fn channel(value: &str, meaning: &str, label: &str) -> DataSet {
    let mut channel = DataSet::new();
    texts(
        &mut channel,
        &[
            (tags::CHANNEL_LABEL, label),
            (tags::CHANNEL_SENSITIVITY, "1"),
            (tags::CHANNEL_SENSITIVITY_CORRECTION_FACTOR, "1"),
            (tags::CHANNEL_BASELINE, "0"),
            (tags::CHANNEL_SAMPLE_SKEW, "0"),
            (tags::FILTER_LOW_FREQUENCY, "0.05"),
            (tags::FILTER_HIGH_FREQUENCY, "150"),
        ],
    );
    channel.put_u16(tags::WAVEFORM_BITS_STORED, &[16]);
    channel.put_items(
        tags::CHANNEL_SOURCE_SEQUENCE,
        vec![code(value, "MDC", meaning)],
    );
    channel.put_items(
        tags::CHANNEL_SENSITIVITY_UNITS_SEQUENCE,
        vec![code("uV", "UCUM", "microvolt")],
    );
    channel
}

/// Channels interleaved, one sample after the other.
fn samples() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SAMPLES as usize * 24);
    let beat = 60.0 / HEART_RATE;
    for sample in 0..SAMPLES {
        let time = sample as f32 / RATE;
        let within = time.rem_euclid(beat);
        let breath = (time * 1.6).sin() * 18.0;
        for (lead, (_, _, _, amplitudes)) in LEADS.iter().enumerate() {
            let mut value = breath + normal(u64::from(sample) * 16 + lead as u64) * 6.0;
            for ((center, width), amplitude) in WAVES.iter().zip(amplitudes) {
                let distance = (within - center) / width;
                value += amplitude * (-0.5 * distance * distance).exp();
            }
            bytes.extend_from_slice(&(value as i16).to_le_bytes());
        }
    }
    bytes
}

fn heart_rate() -> DataSet {
    let mut annotation = DataSet::new();
    annotation.put_u16(tags::REFERENCED_WAVEFORM_CHANNELS, &[1, 0]);
    annotation.put_u16(tags::ANNOTATION_GROUP_NUMBER, &[1]);
    annotation.put_text(tags::NUMERIC_VALUE, &format!("{HEART_RATE}"));
    annotation.put_items(
        tags::MEASUREMENT_UNITS_CODE_SEQUENCE,
        vec![code("{H.B.}/min", "UCUM", "Heart beat per minute")],
    );
    annotation.put_items(
        tags::CONCEPT_NAME_CODE_SEQUENCE,
        vec![code("8867-4", "LN", "Heart rate")],
    );
    annotation
}
