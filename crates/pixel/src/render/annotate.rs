//! Text burned in: `annotation` (PS3.18 §8.3.5.1.1).

use sagittal_core::date_time::{Date, Time};
use sagittal_core::{DataSet, PersonName, Tag, tags};

use super::voi::Voi;
use super::{Annotation, Description, Picture, font};

/// Writes what is asked for: the patient in the upper, the technique in the lower left corner.
pub(super) fn draw(
    picture: &mut Picture,
    header: &DataSet,
    description: &Description,
    voi: Option<&Voi>,
    wanted: &[Annotation],
) {
    let scale = i64::from(picture.height.min(picture.width) / 400).max(1);
    let height = i64::from(picture.height);
    let Some(mut canvas) = picture.canvas() else {
        return;
    };
    let margin = 3 * scale;
    let mut write = |top: i64, lines: Vec<String>| {
        for (at, line) in (0..).zip(lines) {
            let y = top + at * font::LINE * scale;
            font::write(&mut canvas, margin, y, scale, [255; 3], &line);
        }
    };
    if wanted.contains(&Annotation::Patient) {
        write(margin, patient(header));
    }
    if wanted.contains(&Annotation::Technique) {
        let lines = technique(header, description, voi);
        let count = i64::try_from(lines.len()).unwrap_or(0);
        write(height - margin - count * font::LINE * scale, lines);
    }
}

impl Picture {
    /// Writes lines along the lower edge, in the middle, as large as fits.
    pub fn label(&mut self, lines: &[String]) {
        let (wide, high) = font::extent(&lines.join("\n"));
        let (width, height) = (i64::from(self.width), i64::from(self.height));
        let scale = (width / (wide + font::ADVANCE).max(1)).min(height / (4 * high).max(1));
        let scale = scale.clamp(1, 8);
        let Some(mut canvas) = self.canvas() else {
            return;
        };
        let top = height - (high + 2) * scale;
        for (at, line) in (0..).zip(lines) {
            let (own, _) = font::extent(line);
            let left = (width - own * scale) / 2;
            font::write(
                &mut canvas,
                left,
                top + at * font::LINE * scale,
                scale,
                [255; 3],
                line,
            );
        }
    }
}

/// Who and when.
fn patient(header: &DataSet) -> Vec<String> {
    let name = header
        .text(tags::PATIENT_NAME)
        .map(|text| readable_name(&text));
    let date = |tag| {
        let date = Date::parse(&header.first_text(tag)?).ok()?;
        Some(date.to_iso())
    };
    let time = header
        .first_text(tags::STUDY_TIME)
        .and_then(|text| Time::parse(&text).ok())
        .map(|time| format!("{:02}:{:02}", time.hour(), time.minute().unwrap_or(0)));
    let text = |tag| header.first_text(tag);
    [
        join(" ", [name, text(tags::PATIENT_ID)]),
        join(
            " ",
            [text(tags::PATIENT_SEX), date(tags::PATIENT_BIRTH_DATE)],
        ),
        join(" ", [date(tags::STUDY_DATE), time]),
        text(tags::INSTITUTION_NAME).unwrap_or_default(),
    ]
    .into_iter()
    .filter(|line| !line.is_empty())
    .collect()
}

/// Family name, given name: in letters if there are any, else as the person writes it.
fn readable_name(text: &str) -> String {
    let name = PersonName::tolerant(text);
    let group = name
        .groups()
        .into_iter()
        .find(|group| !group.is_empty())
        .cloned()
        .unwrap_or_default();
    join(
        ", ",
        [Some(group.family), Some(group.given)].map(|part| part.filter(|part| !part.is_empty())),
    )
}

/// How the picture was made and is shown.
fn technique(header: &DataSet, description: &Description, voi: Option<&Voi>) -> Vec<String> {
    let number = |label: &str, tag: Tag, unit: &str| {
        let value = header.float(tag)?;
        Some(format!("{label} {}{unit}", short(value)))
    };
    let text = |tag| header.first_text(tag);
    let window = voi.map(|voi| match voi {
        Voi::Window(window) => format!("C {} W {}", short(window.center), short(window.width)),
        Voi::Table(_) => "VOI LUT".to_owned(),
    });
    [
        join(
            " ",
            [
                text(tags::MODALITY),
                text(tags::SERIES_DESCRIPTION),
                text(tags::SERIES_NUMBER).map(|series| format!("S{series}")),
                text(tags::INSTANCE_NUMBER).map(|instance| format!("I{instance}")),
            ],
        ),
        join(
            " ",
            [
                number("", tags::KVP, " kV"),
                number("", tags::X_RAY_TUBE_CURRENT, " mA"),
                number("TR", tags::REPETITION_TIME, ""),
                number("TE", tags::ECHO_TIME, ""),
                number("", tags::SLICE_THICKNESS, " mm"),
                text(tags::VIEW_POSITION),
                text(tags::IMAGE_LATERALITY).or_else(|| text(tags::LATERALITY)),
            ],
        ),
        join(" ", [window, description.units.clone()]),
    ]
    .into_iter()
    .map(|line| line.trim().to_owned())
    .filter(|line| !line.is_empty())
    .collect()
}

fn join<const N: usize>(between: &str, parts: [Option<String>; N]) -> String {
    let parts: Vec<String> = parts
        .into_iter()
        .flatten()
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(between)
}

/// Few digits, no zeros behind.
fn short(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1000.0 {
        format!("{value:.0}")
    } else if value.abs() >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples::tests::grey16;
    use super::super::{Pixels, Window};
    use super::*;

    fn header() -> DataSet {
        let mut header = DataSet::new();
        header.put_text(tags::PATIENT_NAME, "Doe^Jane^^Dr");
        header.put_text(tags::PATIENT_ID, "4711");
        header.put_text(tags::PATIENT_SEX, "F");
        header.put_text(tags::PATIENT_BIRTH_DATE, "19700131");
        header.put_text(tags::STUDY_DATE, "20260102");
        header.put_text(tags::STUDY_TIME, "130501");
        header.put_text(tags::MODALITY, "CT");
        header.put_text(tags::KVP, "120");
        header
    }

    #[test]
    fn the_lines_say_who_and_how() {
        assert_eq!(
            patient(&header()),
            ["Doe, Jane 4711", "F 1970-01-31", "2026-01-02 13:05"]
        );
        let image = grey16(1, 12, 11, false, &[0]).image;
        let description = Description::of(&header(), 1, &image);
        let voi = Voi::Window(Window::of_range(0.0, 0.5));
        assert_eq!(
            technique(&header(), &description, Some(&voi)),
            ["CT", "120 kV", "C 0.250 W 0.500"]
        );
    }

    #[test]
    fn only_what_is_asked_for_is_written() {
        let image = grey16(1, 12, 11, false, &[0]).image;
        let description = Description::of(&header(), 1, &image);
        let shown = |wanted: &[Annotation]| {
            let mut picture = Picture::new(64, 64, Pixels::Grey8(vec![50; 4096])).unwrap();
            draw(&mut picture, &header(), &description, None, wanted);
            let Pixels::Grey8(pixels) = picture.pixels else {
                unreachable!()
            };
            let (upper, lower) = pixels.split_at(2048);
            let has_text = |part: &[u8]| part.contains(&255);
            (has_text(upper), has_text(lower))
        };
        assert_eq!(shown(&[]), (false, false));
        assert_eq!(shown(&[Annotation::Patient]), (true, false));
        assert_eq!(shown(&[Annotation::Technique]), (false, true));
    }
}
