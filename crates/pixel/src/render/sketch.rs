//! Small pictures of what is no image: the first words of a report, the traces of a waveform, a
//! sheet with the title of a document. For thumbnails.

use sagittal_core::{DataSet, tags};

use super::waveform::{Group, read_group};
use super::{Picture, Pixels, font, report};
use crate::{Error, Result};

const GROUND: u8 = 24;
const INK: [u8; 3] = [230; 3];
const FAINT: [u8; 3] = [110; 3];
/// Levels of a report's content that are looked at.
const DEPTH: usize = 8;
/// Elements beside the text.
const MARGIN: i64 = 3;

/// The first lines of a structured report (PS3.3 §C.17.3).
///
/// # Errors
/// [`Error::Parameter`] for sizes that cannot be.
pub fn report_sketch(report: &DataSet, width: u32, height: u32) -> Result<Picture> {
    let mut sheet = Sheet::new(width, height)?;
    let title = report::concept_name(report)
        .or_else(|| report.first_text(tags::DOCUMENT_TITLE))
        .unwrap_or_else(|| "Report".to_owned());
    sheet.write(&title, INK);
    sheet.rule();
    content(report, 0, &mut sheet);
    sheet.finish()
}

/// A sheet with what kind of document it is, and its title.
///
/// # Errors
/// [`Error::Parameter`] for sizes that cannot be.
pub fn document_sketch(kind: &str, title: &str, width: u32, height: u32) -> Result<Picture> {
    let mut sheet = Sheet::new(width, height)?;
    sheet.write(kind, FAINT);
    sheet.rule();
    sheet.write(title, INK);
    sheet.finish()
}

/// The first traces of a waveform (PS3.3 §C.10.9), one below the other.
///
/// # Errors
/// [`Error::Unsupported`] if there is none that can be read.
pub fn waveform_sketch(header: &DataSet, width: u32, height: u32) -> Result<Picture> {
    /// Traces, and seconds of them.
    const TRACES: usize = 12;
    const SECONDS: f64 = 10.0;
    let mut sheet = Sheet::new(width, height)?;
    let items = header.items(tags::WAVEFORM_SEQUENCE).iter();
    let group = items.filter_map(read_group).find(|group| group.samples > 0);
    let Some(group) = group else {
        return Err(Error::Unsupported {
            codec: "waveform",
            what: "a recording without samples".into(),
        });
    };
    // Saturates.
    let samples = group
        .samples
        .min((SECONDS * group.frequency).ceil() as usize)
        .max(1);
    let traces = group.channels.len().min(TRACES);
    let row = f64::from(height) / traces as f64;
    for channel in 0..traces {
        let middle = row * (channel as f64 + 0.5);
        trace(&group, channel, samples, [middle, row * 0.45], &mut sheet);
    }
    sheet.finish()
}

/// A trace about a line, as high as its samples reach.
fn trace(group: &Group<'_>, channel: usize, samples: usize, place: [f64; 2], sheet: &mut Sheet) {
    let [middle, reach] = place;
    let value = |sample: usize| group.value(channel, sample);
    let (low, high) = (0..samples)
        .filter_map(value)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if low > high {
        return;
    }
    let half = ((high - low) / 2.0).max(f64::MIN_POSITIVE);
    let y = |value: f64| middle - (value - low - half) / half * reach;
    let columns = sheet.picture.width as usize;
    let mut last: Option<f64> = None;
    for column in 0..columns {
        let from = column * samples / columns;
        let to = ((column + 1) * samples / columns)
            .max(from + 1)
            .min(samples);
        for at in (from..to).filter_map(value).map(y) {
            let begin = last.unwrap_or(at);
            let (top, bottom) = (begin.min(at), begin.max(at));
            // Of a picture of at most 16384 rows.
            for row in top.round() as i64..=bottom.round() as i64 {
                sheet.dot(column as i64, row);
            }
            last = Some(at);
        }
    }
}

/// What a report says, in order.
fn content(parent: &DataSet, depth: usize, sheet: &mut Sheet) {
    for item in parent.items(tags::CONTENT_SEQUENCE) {
        if sheet.is_full() || depth > DEPTH {
            return;
        }
        let name = report::concept_name(item).unwrap_or_default();
        let value = match item
            .first_text(tags::VALUE_TYPE)
            .unwrap_or_default()
            .as_str()
        {
            "TEXT" => item.text(tags::TEXT_VALUE).map(|text| text.to_string()),
            "NUM" => Some(report::number(item)),
            "CODE" => report::code(item, tags::CONCEPT_CODE_SEQUENCE),
            "DATE" => report::date(item, tags::DATE),
            "CONTAINER" => Some(String::new()),
            // Names, references and coordinates say little in small.
            _ => None,
        };
        if let Some(value) = value {
            let between = if name.is_empty() || value.is_empty() {
                ""
            } else {
                ": "
            };
            sheet.write(&format!("{name}{between}{value}"), INK);
        }
        content(item, depth + 1, sheet);
    }
}

/// A dark sheet that is written on from the top.
struct Sheet {
    picture: Picture,
    y: i64,
    scale: i64,
}

impl Sheet {
    fn new(width: u32, height: u32) -> Result<Sheet> {
        super::Viewport::size(width, height)?;
        let count = width as usize * height as usize;
        Ok(Sheet {
            picture: Picture::new(width, height, Pixels::Grey8(vec![GROUND; count]))?,
            y: MARGIN,
            scale: (i64::from(width.min(height)) / 160).max(1),
        })
    }

    fn is_full(&self) -> bool {
        self.y + font::LINE * self.scale > i64::from(self.picture.height)
    }

    /// Writes a paragraph, in as many lines as it needs and there are.
    fn write(&mut self, text: &str, color: [u8; 3]) {
        let room = (i64::from(self.picture.width) - 2 * MARGIN) / (font::ADVANCE * self.scale);
        let room = usize::try_from(room).unwrap_or(0);
        if room == 0 {
            return;
        }
        let mut line = String::new();
        let mut lines = Vec::new();
        // More than a sheet holds is not looked at.
        for word in text.split_whitespace().take(2000) {
            let mut word: Vec<char> = word.chars().take(2000).collect();
            let length = line.chars().count();
            if length > 0 && length + 1 + word.len() > room {
                lines.push(std::mem::take(&mut line));
            }
            while word.len() > room {
                let rest = word.split_off(room);
                lines.push(word.into_iter().collect());
                word = rest;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(word);
        }
        lines.push(line);
        for line in lines {
            if self.is_full() {
                return;
            }
            let (y, scale) = (self.y, self.scale);
            if let Some(mut canvas) = self.picture.canvas() {
                font::write(&mut canvas, MARGIN, y, scale, color, &line);
            }
            self.y += font::LINE * self.scale;
        }
    }

    /// A line across.
    fn rule(&mut self) {
        for x in MARGIN..i64::from(self.picture.width) - MARGIN {
            let y = self.y;
            if let Some(mut canvas) = self.picture.canvas() {
                canvas.set(x, y, FAINT);
            }
        }
        self.y += 3 * self.scale;
    }

    fn dot(&mut self, x: i64, y: i64) {
        if let Some(mut canvas) = self.picture.canvas() {
            canvas.set(x, y, INK);
        }
    }

    #[allow(clippy::unnecessary_wraps)] // all sketches end the same way
    fn finish(self) -> Result<Picture> {
        Ok(self.picture)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use sagittal_core::Vr;

    fn item(fill: impl FnOnce(&mut DataSet)) -> DataSet {
        let mut item = DataSet::utf8();
        fill(&mut item);
        item
    }

    /// Rows that have something on them.
    fn inked(picture: &Picture) -> Vec<usize> {
        let Pixels::Grey8(pixels) = &picture.pixels else {
            return Vec::new();
        };
        let rows = pixels.chunks(picture.width as usize).enumerate();
        rows.filter(|(_, row)| row.iter().any(|grey| *grey > 200))
            .map(|(at, _)| at)
            .collect()
    }

    #[test]
    fn a_report_shows_its_first_lines() {
        let text = |words: &str| {
            item(|item| {
                item.put_text(tags::VALUE_TYPE, "TEXT");
                item.put_text(tags::TEXT_VALUE, words);
            })
        };
        let short = item(|report| {
            report.put_items(tags::CONTENT_SEQUENCE, vec![text("one line")]);
        });
        let long = item(|report| {
            let words = "many words that go on and on over several lines of the sheet ".repeat(50);
            report.put_items(tags::CONTENT_SEQUENCE, vec![text(&words)]);
        });
        let short = inked(&report_sketch(&short, 128, 128).unwrap());
        let long = inked(&report_sketch(&long, 128, 128).unwrap());
        assert!(
            !short.is_empty() && *short.last().unwrap() < 40,
            "{short:?}"
        );
        assert!(*long.last().unwrap() > 110, "{long:?}");
        assert!(document_sketch("PDF", &"w".repeat(9999), 20, 20).is_ok());
        assert!(document_sketch("PDF", "x", 1, 1).is_ok());
    }

    #[test]
    fn a_waveform_shows_its_traces() {
        let samples: Vec<u8> = (0..1000_i16)
            .flat_map(|at| {
                let wave = if at % 100 < 5 { 1000_i16 } else { 0 };
                [wave.to_le_bytes(), (at).to_le_bytes()].concat()
            })
            .collect();
        let group = item(|group| {
            group.put_u16(tags::NUMBER_OF_WAVEFORM_CHANNELS, &[2]);
            group.put_u32(tags::NUMBER_OF_WAVEFORM_SAMPLES, &[1000]);
            group.put_text(tags::SAMPLING_FREQUENCY, "100");
            group.put_text(tags::WAVEFORM_SAMPLE_INTERPRETATION, "SS");
            group.put_bytes(tags::WAVEFORM_DATA, Vr::OW, samples);
        });
        let header = item(|header| header.put_items(tags::WAVEFORM_SEQUENCE, vec![group]));
        let picture = waveform_sketch(&header, 100, 60).unwrap();
        let Pixels::Grey8(pixels) = &picture.pixels else {
            return;
        };
        let is_ink = |x: usize, y: usize| pixels[y * 100 + x] > 200;
        // The upper trace has ten peaks; the lower one rises from the left to the right.
        let peaks = (1..100)
            .filter(|x| is_ink(*x, 5) && !is_ink(x - 1, 5))
            .count();
        assert!((9..=10).contains(&peaks), "{peaks}");
        assert!(is_ink(1, 58) && is_ink(98, 32) && !is_ink(98, 58));
        assert!(waveform_sketch(&DataSet::new(), 10, 10).is_err());
    }
}
