//! Waveforms (PS3.3 §C.10.9) as drawings: SVG on millimetre paper, 25 mm/s, ECG 10 mm/mV.

use std::fmt::Write as _;

use sagittal_core::{DataSet, tags};

use super::report::escape;
use crate::{Error, Result};

/// Millimetres of a second.
const SPEED: f64 = 25.0;
/// Millimetres of a millivolt of ECG.
const GAIN: f64 = 10.0;
/// Height of a channel's row.
const ROW: f64 = 25.0;
/// Where the traces begin.
const LEFT: f64 = 5.0;
/// Space for what is written on top.
const TOP: f64 = 12.0;
/// The most samples of all channels that are drawn.
const MOST_SAMPLES: usize = 20_000_000;

/// Which part of a recording is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Seconds from its begin.
    pub start: f64,
    /// Seconds.
    pub length: f64,
}

impl Default for Stretch {
    fn default() -> Stretch {
        Stretch {
            start: 0.0,
            length: 30.0,
        }
    }
}

/// One multiplex group: channels sampled together.
pub(super) struct Group<'a> {
    label: String,
    pub frequency: f64,
    pub channels: Vec<Channel>,
    pub samples: usize,
    bytes: &'a [u8],
    interpretation: Interpretation,
    padding: Option<i64>,
}

pub(super) struct Channel {
    name: String,
    /// From stored to real values.
    factor: f64,
    baseline: f64,
    unit: String,
}

/// Waveform Sample Interpretation (5400,1006).
#[derive(Clone, Copy, PartialEq)]
enum Interpretation {
    Signed(usize),
    Unsigned(usize),
    MuLaw,
    ALaw,
}

/// Draws all multiplex groups of a waveform instance, one below the other.
///
/// # Errors
/// [`Error::Missing`] without a waveform.
pub fn waveform_svg(header: &DataSet, stretch: Stretch) -> Result<String> {
    let groups: Vec<Group<'_>> = header
        .items(tags::WAVEFORM_SEQUENCE)
        .iter()
        .filter_map(read_group)
        .collect();
    if groups.is_empty() {
        return Err(Error::Missing {
            what: "Waveform Data (5400,1010)",
        });
    }
    let mut body = String::new();
    let (mut top, mut width) = (0.0, 0.0_f64);
    let mut left_samples = MOST_SAMPLES;
    for group in &groups {
        let (drawn, height, drawn_width) = draw_group(group, stretch, top, &mut left_samples);
        body.push_str(&drawn);
        top += height;
        width = width.max(drawn_width);
    }
    let width = width + 2.0 * LEFT;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.1}mm\" height=\"{top:.1}mm\" \
         viewBox=\"0 0 {width:.1} {top:.1}\" font-family=\"sans-serif\" font-size=\"3\">\n\
         <defs><pattern id=\"mm\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">\
         <path d=\"M1 0V5M2 0V5M3 0V5M4 0V5M0 1H5M0 2H5M0 3H5M0 4H5\" stroke=\"#f6d5d5\" \
         stroke-width=\"0.1\"/><path d=\"M0 0V5M0 0H5\" stroke=\"#e8a0a0\" stroke-width=\"0.2\"/>\
         </pattern></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    ))
}

pub(super) fn read_group(item: &DataSet) -> Option<Group<'_>> {
    let count = usize::try_from(item.int(tags::NUMBER_OF_WAVEFORM_CHANNELS)?).ok()?;
    let declared = usize::try_from(item.int(tags::NUMBER_OF_WAVEFORM_SAMPLES)?).ok()?;
    let frequency = item
        .float(tags::SAMPLING_FREQUENCY)
        .filter(|hertz| *hertz > 0.0)?;
    let interpretation = match item
        .first_text(tags::WAVEFORM_SAMPLE_INTERPRETATION)?
        .as_str()
    {
        "SB" => Interpretation::Signed(1),
        "UB" => Interpretation::Unsigned(1),
        "SS" => Interpretation::Signed(2),
        "US" => Interpretation::Unsigned(2),
        "SL" => Interpretation::Signed(4),
        "UL" => Interpretation::Unsigned(4),
        "SV" => Interpretation::Signed(8),
        "UV" => Interpretation::Unsigned(8),
        "MB" => Interpretation::MuLaw,
        "AB" => Interpretation::ALaw,
        _ => return None,
    };
    let bytes = item.bytes(tags::WAVEFORM_DATA)?;
    if count == 0 || count > 1024 {
        return None;
    }
    let definitions = item.items(tags::CHANNEL_DEFINITION_SEQUENCE);
    let channels = (0..count)
        .map(|at| read_channel(definitions.get(at), at))
        .collect();
    let padding = item.bytes(tags::WAVEFORM_PADDING_VALUE).and_then(|value| {
        let width = interpretation.width();
        interpretation.sample(value.get(..width)?)
    });
    Some(Group {
        label: item
            .first_text(tags::MULTIPLEX_GROUP_LABEL)
            .unwrap_or_default(),
        frequency,
        samples: declared.min(bytes.len() / (count * interpretation.width())),
        channels,
        bytes,
        interpretation,
        padding,
    })
}

fn read_channel(definition: Option<&DataSet>, at: usize) -> Channel {
    let code = |tag| {
        definition
            .and_then(|definition| definition.items(tag).first())
            .cloned()
            .unwrap_or_default()
    };
    let number = |tag| definition.and_then(|definition| definition.float(tag));
    let source = code(tags::CHANNEL_SOURCE_SEQUENCE);
    let name = definition
        .and_then(|definition| definition.first_text(tags::CHANNEL_LABEL))
        .or_else(|| source.first_text(tags::CODE_MEANING))
        .unwrap_or_else(|| format!("{}", at + 1));
    let unit = code(tags::CHANNEL_SENSITIVITY_UNITS_SEQUENCE)
        .first_text(tags::CODE_VALUE)
        .unwrap_or_default();
    // Volts are shown as millivolts.
    let (scale, unit) = match unit.as_str() {
        "uV" | "µV" => (1e-3, "mV".to_owned()),
        "V" => (1e3, "mV".to_owned()),
        _ => (1.0, unit),
    };
    let factor = number(tags::CHANNEL_SENSITIVITY).unwrap_or(1.0)
        * number(tags::CHANNEL_SENSITIVITY_CORRECTION_FACTOR).unwrap_or(1.0);
    Channel {
        name: short_lead(&name),
        factor: factor * scale,
        baseline: number(tags::CHANNEL_BASELINE).unwrap_or(0.0) * scale,
        unit,
    }
}

/// "Lead II (Einthoven)" is II.
fn short_lead(name: &str) -> String {
    let name = name.strip_prefix("Lead ").unwrap_or(name);
    let name = name.split(" (").next().unwrap_or(name);
    name.chars().take(24).collect()
}

impl Interpretation {
    fn width(self) -> usize {
        match self {
            Interpretation::Signed(width) | Interpretation::Unsigned(width) => width,
            Interpretation::MuLaw | Interpretation::ALaw => 1,
        }
    }

    fn sample(self, bytes: &[u8]) -> Option<i64> {
        let mut wide = [0; 8];
        wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
        let raw = u64::from_le_bytes(wide);
        let unused = 64 - 8 * u32::try_from(bytes.len()).ok()?;
        Some(match self {
            Interpretation::Signed(_) => (raw << unused).cast_signed() >> unused,
            Interpretation::Unsigned(_) => i64::try_from(raw).unwrap_or(i64::MAX),
            Interpretation::MuLaw => mu_law(*bytes.first()?),
            Interpretation::ALaw => a_law(*bytes.first()?),
        })
    }
}

/// ITU-T G.711, µ-law.
fn mu_law(byte: u8) -> i64 {
    let code = !byte;
    let magnitude = ((i64::from(code & 0x0F) << 3) + 0x84) << (code >> 4 & 7);
    if code & 0x80 == 0 {
        magnitude - 0x84
    } else {
        0x84 - magnitude
    }
}

/// ITU-T G.711, A-law.
fn a_law(byte: u8) -> i64 {
    let code = byte ^ 0x55;
    let mantissa = i64::from(code & 0x0F) << 4;
    let magnitude = match code >> 4 & 7 {
        0 => mantissa + 8,
        exponent => (mantissa + 0x108) << (exponent - 1),
    };
    if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

impl Group<'_> {
    /// A value of a channel, unless it is padding.
    pub fn value(&self, channel: usize, sample: usize) -> Option<f64> {
        let width = self.interpretation.width();
        let start = (sample * self.channels.len() + channel) * width;
        let stored = self
            .interpretation
            .sample(self.bytes.get(start..start + width)?)?;
        let of = self.channels.get(channel)?;
        (Some(stored) != self.padding).then_some(stored as f64 * of.factor + of.baseline)
    }

    /// The leads of a resting ECG, in the order of its grid.
    fn twelve_leads(&self) -> Option<[usize; 12]> {
        const GRID: [&str; 12] = [
            "I", "aVR", "V1", "V4", "II", "aVL", "V2", "V5", "III", "aVF", "V3", "V6",
        ];
        let mut found = [0; 12];
        for (slot, lead) in found.iter_mut().zip(GRID) {
            *slot = self
                .channels
                .iter()
                .position(|channel| channel.name.eq_ignore_ascii_case(lead))?;
        }
        (self.channels.len() == 12).then_some(found)
    }
}

/// Draws one group below `top`; returns the drawing, its height and width in millimetres.
fn draw_group(
    group: &Group<'_>,
    stretch: Stretch,
    top: f64,
    left_samples: &mut usize,
) -> (String, f64, f64) {
    let whole = group.samples as f64 / group.frequency;
    let start = stretch.start.clamp(0.0, whole);
    let length = stretch.length.clamp(0.0, 600.0).min(whole - start);
    // Saturate.
    let first = (start * group.frequency) as usize;
    let count =
        ((length * group.frequency).round() as usize).min(group.samples - first.min(group.samples));
    let width = length * SPEED;
    // Shorter ones, as median beats, have no quarters to be shown.
    let leads = group.twelve_leads().filter(|_| length >= 4.0);
    let rows = leads.map_or(group.channels.len(), |_| 4);
    let height = TOP + rows as f64 * ROW + 3.0;
    let mut out = String::new();
    let paper = rows as f64 * ROW;
    let _ = writeln!(
        out,
        "<g transform=\"translate({LEFT} {:.1})\"><rect width=\"{width:.1}\" height=\"{paper:.1}\" \
         fill=\"url(#mm)\" stroke=\"#e8a0a0\" stroke-width=\"0.2\"/>",
        top + TOP
    );
    let heading = format!(
        "{} {:.0} Hz, {length:.1} of {whole:.1} s, 25 mm/s",
        group.label, group.frequency
    );
    let _ = writeln!(
        out,
        "<text x=\"0\" y=\"-3\">{}</text>",
        escape(heading.trim())
    );
    let mut trace = |channel: usize, row: usize, from: usize, samples: usize, x: f64| {
        if samples > *left_samples {
            return;
        }
        *left_samples -= samples;
        let y = (row as f64 + 0.5) * ROW;
        draw_trace(&mut out, group, channel, from, samples, [x, y]);
    };
    match leads {
        Some(leads) => {
            let part = count / 4;
            for (at, &channel) in leads.iter().enumerate() {
                let column = at % 4;
                let x = width / 4.0 * column as f64;
                trace(channel, at / 4, first + column * part, part, x);
            }
            let [_, _, _, _, second, ..] = leads;
            trace(second, 3, first, count, 0.0);
        }
        None => {
            for channel in 0..group.channels.len() {
                trace(channel, channel, first, count, 0.0);
            }
        }
    }
    out.push_str("</g>\n");
    (out, height, width)
}

/// One curve with its name; ECG to scale, others as high as their row.
fn draw_trace(
    out: &mut String,
    group: &Group<'_>,
    channel: usize,
    first: usize,
    count: usize,
    [left, middle]: [f64; 2],
) {
    let Some(of) = group.channels.get(channel) else {
        return;
    };
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in (first..first + count).filter_map(|at| group.value(channel, at)) {
        low = low.min(value);
        high = high.max(value);
    }
    if low > high {
        (low, high) = (0.0, 0.0);
    }
    let is_heart = group.twelve_leads().is_some() || high - low > 0.2;
    let is_ecg = of.unit == "mV" && is_heart && high - low < 3.0 * ROW / GAIN;
    let (gain, center) = if is_ecg {
        (
            GAIN,
            if low * high <= 0.0 {
                0.0
            } else {
                (low + high) / 2.0
            },
        )
    } else {
        (0.8 * ROW / (high - low).max(1e-9), (low + high) / 2.0)
    };
    let label = if is_ecg {
        format!("{} 10 mm/mV", of.name)
    } else {
        format!("{} {low:.3} to {high:.3} {}", of.name, of.unit)
    };
    let _ = write!(
        out,
        "<text x=\"{:.2}\" y=\"{:.2}\">{}</text><path fill=\"none\" stroke=\"#123\" \
         stroke-width=\"0.25\" stroke-linejoin=\"round\" d=\"",
        left + 1.0,
        middle - ROW / 2.0 + 3.5,
        escape(&label)
    );
    // At most a least and a greatest value for a twentieth of a millimetre.
    let step = SPEED / group.frequency;
    // Saturates; at least 1.
    let bundle = ((0.05 / step) as usize).max(1);
    let mut is_down = false;
    let mut at = first;
    while at < first + count {
        let end = (at + bundle).min(first + count);
        let values: Vec<f64> = (at..end)
            .filter_map(|at| group.value(channel, at))
            .collect();
        if values.is_empty() {
            is_down = false;
        }
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let pair = if values.len() > 1 && least < most {
            vec![least, most]
        } else {
            values.into_iter().take(1).collect()
        };
        for value in pair {
            let x = left + (at - first) as f64 * step;
            let y = middle - (value - center) * gain;
            let _ = write!(out, "{}{x:.2} {y:.2}", if is_down { 'L' } else { 'M' });
            is_down = true;
        }
        at = end;
    }
    out.push_str("\"/>\n");
}

#[cfg(test)]
mod tests;
