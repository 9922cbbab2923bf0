//! Text found in pictures by Tesseract, through its command line: a picture goes in as PNG, words
//! come out as tab-separated values.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use sagittal_deid::pixels::{Rectangle, TextBox, TextDetector};
use sagittal_deid::{Error, Result};
use sagittal_pixel::render::{Picture, Pixels};

/// Tesseract as it is installed.
#[derive(Clone, Debug)]
pub struct Tesseract {
    program: OsString,
    version: String,
    /// For all looks at one picture together.
    pub limit: Duration,
    /// Languages (`-l`), or Tesseract's own choice.
    pub languages: Option<String>,
}

/// For all looks at one picture.
const LIMIT: Duration = Duration::from_secs(60);
/// The longest side that small pictures are magnified to, and the most by which.
const MAGNIFIED: u32 = 2600;
const MOST_MAGNIFIED: u32 = 4;
/// The longest side of pictures that are given as they are.
const LONGEST: u32 = 6000;

impl Tesseract {
    /// Tesseract from the search path, or from `SAGITTAL_TESSERACT`'s place given by the caller;
    /// `None` if there is none.
    pub fn find(program: Option<&str>) -> Option<Tesseract> {
        let program = OsString::from(program.unwrap_or("tesseract"));
        let output = Command::new(&program)
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        // Old versions tell it on the error channel.
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        Some(Tesseract {
            program,
            version: text.lines().next().unwrap_or("tesseract").trim().to_owned(),
            limit: LIMIT,
            languages: None,
        })
    }

    /// One look at a picture.
    fn look(&self, png: Vec<u8>, until: Instant) -> Result<String> {
        let mut command = Command::new(&self.program);
        command
            .args(["stdin", "stdout", "--psm", "11", "--dpi", "150"])
            .env("OMP_THREAD_LIMIT", "1");
        if let Some(languages) = &self.languages {
            command.args(["-l", languages]);
        }
        // Words that no dictionary has, such as names, are as good as others.
        command.args(["-c", "load_system_dawg=0", "-c", "load_freq_dawg=0", "tsv"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(format!("tesseract cannot be started: {error}")))?;
        let (mut input, output) = (child.stdin.take(), child.stdout.take());
        thread::scope(|scope| {
            scope.spawn(move || {
                if let Some(input) = &mut input {
                    // A program that ends early tells why by its status.
                    let _ = input.write_all(&png);
                }
            });
            let reader = scope.spawn(move || {
                let mut text = Vec::new();
                let read = output.map(|mut output| output.read_to_end(&mut text));
                read.unwrap_or(Ok(0)).map(|_| text)
            });
            let ended = wait(&mut child, until);
            let text = reader.join();
            ended?;
            match text {
                Ok(Ok(text)) => Ok(String::from_utf8_lossy(&text).into_owned()),
                _ => Err(failed("tesseract's answer cannot be read".to_owned())),
            }
        })
    }
}

/// Waits for a program to end well; ends it when its time has come.
fn wait(child: &mut Child, until: Instant) -> Result<()> {
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(failed(format!("tesseract ended with {status}"))),
            Ok(None) if Instant::now() < until => {
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(50));
            }
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed("tesseract did not end in time".to_owned()));
            }
            Err(error) => return Err(failed(format!("tesseract is lost: {error}"))),
        }
    }
}

fn failed(message: String) -> Error {
    Error::TextDetection(message)
}

impl TextDetector for Tesseract {
    fn name(&self) -> String {
        self.version.clone()
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<TextBox>> {
        let until = Instant::now() + self.limit;
        let longest = picture.width.max(picture.height).max(1);
        let magnified = (MAGNIFIED / longest).clamp(1, MOST_MAGNIFIED);
        let reduced = longest.div_ceil(LONGEST);
        let mut looks = vec![(magnified, false), (magnified, true)];
        if magnified > 2 {
            // Large letters are read better as they are.
            looks.push((1, false));
            looks.push((1, true));
        }
        let mut found: Vec<TextBox> = Vec::new();
        for (magnified, inverted) in looks {
            let scaled = scaled(picture, magnified, reduced, inverted)?;
            let text = self.look(scaled.to_png()?, until)?;
            let first_line = found.iter().map(|one| one.line + 1).max().unwrap_or(0);
            for word in words(&text, first_line) {
                let word = TextBox {
                    rectangle: back(word.rectangle, magnified, reduced),
                    ..word
                };
                merge(&mut found, word);
            }
        }
        Ok(found)
    }
}

/// Magnified by linear steps, or reduced by means, and inverted.
fn scaled(picture: &Picture, magnified: u32, reduced: u32, inverted: bool) -> Result<Picture> {
    let (width, height) = (picture.width, picture.height);
    let rgb = picture.to_rgb();
    let grey: Vec<u8> = rgb
        .as_chunks::<3>()
        .0
        .iter()
        .map(|[red, green, blue]| {
            // Any color on black or white is text: the strongest channel counts, or the weakest.
            let strongest = *red.max(green).max(blue);
            if inverted { 255 - strongest } else { strongest }
        })
        .collect();
    let at = |x: u32, y: u32| {
        let (x, y) = (
            x.min(width.saturating_sub(1)),
            y.min(height.saturating_sub(1)),
        );
        let index = y as usize * width as usize + x as usize;
        u32::from(grey.get(index).copied().unwrap_or(0))
    };
    let (out_width, out_height) = (
        (width * magnified).div_ceil(reduced),
        (height * magnified).div_ceil(reduced),
    );
    let mut pixels = Vec::with_capacity(out_width as usize * out_height as usize);
    for y in 0..out_height {
        for x in 0..out_width {
            let value = if reduced > 1 {
                let cells = reduced * reduced;
                let sum: u32 = (0..cells)
                    .map(|cell| at(x * reduced + cell % reduced, y * reduced + cell / reduced))
                    .sum();
                sum / cells
            } else {
                let (left, top) = (x / magnified, y / magnified);
                let (across, down) = (x % magnified, y % magnified);
                let row = |y| at(left, y) * (magnified - across) + at(left + 1, y) * across;
                (row(top) * (magnified - down) + row(top + 1) * down) / (magnified * magnified)
            };
            pixels.push(u8::try_from(value).unwrap_or(u8::MAX));
        }
    }
    Ok(Picture::new(out_width, out_height, Pixels::Grey8(pixels))?)
}

/// A place of a scaled picture in the original.
fn back(of: Rectangle, magnified: u32, reduced: u32) -> Rectangle {
    let low = |at: u32| at.saturating_mul(reduced) / magnified;
    let high = |at: u32| at.saturating_mul(reduced).div_ceil(magnified);
    Rectangle::of_corners(low(of.x), low(of.y), high(of.right()), high(of.bottom()))
}

/// The words of Tesseract's table. Marks without a letter or digit are none.
fn words(table: &str, first_line: u32) -> Vec<TextBox> {
    let mut lines: HashMap<[&str; 4], u32> = HashMap::new();
    let mut words = Vec::new();
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.splitn(12, '\t').collect();
        let &[
            "5",
            page,
            block,
            paragraph,
            line,
            _,
            left,
            top,
            width,
            height,
            confidence,
            text,
        ] = columns.as_slice()
        else {
            continue;
        };
        let numbers: Option<Vec<u32>> = [left, top, width, height]
            .iter()
            .map(|one| one.parse().ok())
            .collect();
        let (Some(numbers), Ok(confidence)) = (numbers, confidence.parse::<f32>()) else {
            continue;
        };
        let text = text.trim();
        let letters = text.chars().filter(|one| one.is_alphanumeric()).count();
        // A single mark is text only if it is clear: noise looks like many.
        if letters == 0 || (letters == 1 && confidence < 80.0) {
            continue;
        }
        let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        let line = *lines.entry([page, block, paragraph, line]).or_insert(count);
        if let Ok([x, y, width, height]) = <[u32; 4]>::try_from(numbers) {
            words.push(TextBox {
                rectangle: [x, y, width, height].into(),
                text: text.to_owned(),
                confidence,
                line: first_line.saturating_add(line),
            });
        }
    }
    words
}

/// Adds a word, unless the same one is there at the same place.
fn merge(found: &mut Vec<TextBox>, word: TextBox) {
    let is_same = |one: &TextBox| {
        let (a, b) = (one.rectangle, word.rectangle);
        let near = |a: u32, b: u32| a.abs_diff(b) <= 4;
        one.text == word.text
            && near(a.x, b.x)
            && near(a.y, b.y)
            && near(a.right(), b.right())
            && near(a.bottom(), b.bottom())
    };
    match found.iter_mut().find(|one| is_same(one)) {
        Some(same) => same.confidence = same.confidence.max(word.confidence),
        None => found.push(word),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use sagittal_core::{DataSet, Vr, tags, transfer_syntax as ts};
    use sagittal_deid::pixels::{PixelCleaner, PixelPolicy};
    use sagittal_pixel::ImagePixel;
    use sagittal_pixel::render::{Annotation, Options, render};

    use super::*;

    /// A machine without Tesseract is told so; CI has one.
    fn tesseract() -> Option<Tesseract> {
        let found = Tesseract::find(None);
        if found.is_none() {
            assert!(
                std::env::var_os("SAGITTAL_TEST_STRICT").is_none(),
                "no tesseract"
            );
            eprintln!("skipped: no tesseract");
        }
        found
    }

    /// A grey capture with the patient written into its pixels.
    fn capture() -> DataSet {
        let mut data_set = DataSet::new();
        data_set.put_text(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.7");
        data_set.put_text(tags::MODALITY, "OT");
        data_set.put_text(tags::PATIENT_NAME, "MILLER^ROBERT");
        data_set.put_text(tags::PATIENT_ID, "4711815");
        data_set.put_text(tags::PATIENT_BIRTH_DATE, "19480131");
        for (tag, value) in [
            (tags::ROWS, 300),
            (tags::COLUMNS, 420),
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::BITS_ALLOCATED, 8),
            (tags::BITS_STORED, 8),
            (tags::HIGH_BIT, 7),
            (tags::PIXEL_REPRESENTATION, 0),
        ] {
            data_set.put_u16(tag, &[value]);
        }
        data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
        let plain: Vec<u8> = (0..300_u32 * 420)
            .map(|at| 20 + ((at % 420) / 12 + (at / 420) / 10) as u8)
            .collect();
        data_set.put_bytes(tags::PIXEL_DATA, Vr::OB, plain.clone());
        let image = ImagePixel::of(&data_set).unwrap();
        let frame = sagittal_pixel::Frame::new(image, plain).unwrap();
        let options = Options {
            annotation: vec![Annotation::Patient],
            window: Some(sagittal_pixel::render::Window::of_range(0.0, 255.0)),
            ..Options::default()
        };
        let Pixels::Grey8(written) = render(&data_set, 1, &frame, &options).unwrap().pixels else {
            panic!("not grey");
        };
        data_set.put_bytes(tags::PIXEL_DATA, Vr::OB, written);
        data_set
    }

    fn picture(data_set: &DataSet) -> Picture {
        let bytes = data_set.bytes(tags::PIXEL_DATA).unwrap().to_vec();
        Picture::new(420, 300, Pixels::Grey8(bytes)).unwrap()
    }

    #[test]
    fn text_is_found_before_cleaning_and_not_afterwards() {
        let Some(tesseract) = tesseract() else {
            return;
        };
        let mut data_set = capture();
        let before = tesseract.detect(&picture(&data_set)).unwrap();
        let text: String = before
            .iter()
            .map(|one| one.text.to_uppercase() + " ")
            .collect();
        assert!(
            text.contains("MILLER") && text.contains("4711815"),
            "{text}"
        );
        let cleaner = PixelCleaner {
            detector: Some(Arc::new(tesseract.clone())),
            ..PixelCleaner::new(PixelPolicy::default())
        };
        let report = cleaner
            .clean(&mut data_set, ts::EXPLICIT_VR_LITTLE_ENDIAN, None)
            .unwrap();
        assert!(report.looked.unwrap().blanked >= 2);
        let after = tesseract.detect(&picture(&data_set)).unwrap();
        let sure: Vec<_> = after.iter().filter(|one| one.confidence > 30.0).collect();
        assert!(sure.is_empty(), "{sure:?}");
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let Some(tesseract) = tesseract() else {
            return;
        };
        let hasty = Tesseract {
            limit: Duration::ZERO,
            ..tesseract
        };
        let found = hasty.detect(&picture(&capture()));
        assert!(matches!(found, Err(Error::TextDetection(_))));
        assert!(Tesseract::find(Some("/nowhere/tesseract")).is_none());
    }

    #[test]
    fn words_are_read_from_the_table() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            1\t1\t0\t0\t0\t0\t0\t0\t100\t100\t-1\t\n\
            5\t1\t1\t1\t1\t1\t10\t20\t30\t8\t91.5\tDOE,\n\
            5\t1\t1\t1\t1\t2\t50\t20\t30\t8\t88\tJOHN\n\
            5\t1\t2\t1\t1\t1\t1\t2\t3\t4\t60\t|\n\
            5\t1\t2\t1\t1\t1\t1\t2\t3\t4\t60\tx\n";
        let words = words(table, 7);
        assert_eq!(words.len(), 2);
        assert_eq!(
            (words[0].text.as_str(), words[0].line, words[1].line),
            ("DOE,", 7, 7)
        );
        assert_eq!(back(words[0].rectangle, 3, 1), [3, 6, 11, 4].into());
    }
}
