//! Text detected in pictures: the hook for OCR, which frames are looked at, and what is made of
//! the text that was found.

use sagittal_core::DataSet;
use sagittal_pixel::render::{self, Options, Picture, Window};
use serde::Serialize;

use super::frames::Frames;
use super::policy::{OcrBlanks, PixelPolicy};
use super::region::{Region, Source};
use super::shape::{Rectangle, Shape};
use crate::Result;
use crate::text::Cleaner;

/// Finds text in pictures. Called from many threads.
pub trait TextDetector: Send + Sync {
    /// What it is, with its version, for reports.
    fn name(&self) -> String;

    /// The words in a picture.
    ///
    /// # Errors
    /// [`Error::TextDetection`](crate::Error::TextDetection) if it could not look, or not within
    /// its time.
    fn detect(&self, picture: &Picture) -> Result<Vec<TextBox>>;
}

/// A word that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct TextBox {
    /// Where, in the picture.
    pub rectangle: Rectangle,
    /// What it says: a protected value.
    pub text: String,
    /// How sure the detector is, 0 to 100.
    pub confidence: f32,
    /// Words of one line have the same number.
    pub line: u32,
}

impl TextBox {
    /// The box, with a margin for strokes that stick out.
    pub fn shape(&self) -> Shape {
        let margin = (self.rectangle.height / 5).clamp(2, 12);
        Shape::Rectangle(self.rectangle.widened(margin))
    }
}

/// What was looked at, and found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Looked {
    /// By what.
    pub detector: String,
    /// At which frames, from 1.
    pub frames: Vec<u32>,
    /// Words found.
    pub words: usize,
    /// Of these blanked.
    pub blanked: usize,
    /// What was read; for the residual check, never for a log.
    #[serde(skip)]
    pub texts: Vec<String>,
}

/// Looks for text in frames of a data set. What is found on one frame is blanked on all: text
/// stays where it is while frames change.
///
/// # Errors
/// Of the detector, and of frames that cannot be decoded or rendered.
pub(super) fn look(
    data_set: &DataSet,
    frames: &Frames,
    detector: &dyn TextDetector,
    policy: &PixelPolicy,
    cleaner: Option<&Cleaner>,
) -> Result<(Vec<Region>, Looked)> {
    let mut looked = Looked {
        detector: detector.name(),
        ..Looked::default()
    };
    let mut regions = Vec::new();
    let mut last: Option<Vec<u8>> = None;
    for number in 1..=frames.count() {
        let is_sampled = number == 1
            || number == frames.count()
            || (number - 1).is_multiple_of(policy.ocr_every.max(1));
        let picture = picture(data_set, frames, number, None)?;
        let thumbnail = thumbnail(&picture);
        let differs = last.as_ref().is_none_or(|last| differs(last, &thumbnail));
        if !is_sampled && !differs {
            continue;
        }
        last = Some(thumbnail);
        looked.frames.push(number);
        let mut found = detector.detect(&picture)?;
        if let Some(range) = full_range(data_set, frames, number)? {
            // A window may hide text.
            let whole = self::picture(data_set, frames, number, Some(range))?;
            if whole.pixels != picture.pixels {
                let lines = 1 + found.iter().map(|one| one.line).max().unwrap_or(0);
                let more = detector.detect(&whole)?.into_iter().map(|one| TextBox {
                    line: one.line.saturating_add(lines),
                    ..one
                });
                found.extend(more);
            }
        }
        found.retain(|one| one.confidence >= f32::from(policy.ocr_confidence));
        looked.words += found.len();
        let chosen = choose(&found, policy.ocr_blanks, cleaner);
        looked.blanked += chosen.len();
        regions.extend(
            chosen
                .iter()
                .map(|one| Region::on_all(one.shape(), Source::Text)),
        );
        looked.texts.extend(found.into_iter().map(|one| one.text));
    }
    Ok((regions, looked))
}

/// The words to be blanked.
fn choose<'b>(
    found: &'b [TextBox],
    blanks: OcrBlanks,
    cleaner: Option<&Cleaner>,
) -> Vec<&'b TextBox> {
    let (OcrBlanks::Identities, Some(cleaner)) = (blanks, cleaner) else {
        return found.iter().collect();
    };
    let mut lines: Vec<u32> = found.iter().map(|one| one.line).collect();
    lines.sort_unstable();
    lines.dedup();
    let mut chosen = Vec::new();
    for line in lines {
        let words: Vec<&TextBox> = found.iter().filter(|one| one.line == line).collect();
        // A name may be made of several words: the cleaner sees the line.
        let mut text = String::new();
        let mut places = Vec::with_capacity(words.len());
        for word in &words {
            let start = text.len();
            text.push_str(&word.text);
            places.push(start..text.len());
            text.push(' ');
        }
        let removed = cleaner.clean(&text).removed;
        let is_removed = |place: &std::ops::Range<usize>| {
            let overlaps = |(range, _): &(std::ops::Range<usize>, _)| {
                range.start < place.end && place.start < range.end
            };
            removed.iter().any(overlaps)
        };
        let pairs = words.into_iter().zip(&places);
        chosen.extend(
            pairs
                .filter(|(_, place)| is_removed(place))
                .map(|(word, _)| word),
        );
    }
    chosen
}

/// A frame as it is looked at: in its own pixels, without anything laid over it.
pub(super) fn picture(
    data_set: &DataSet,
    frames: &Frames,
    number: u32,
    window: Option<Window>,
) -> Result<Picture> {
    let frame = frames.decoded(number)?;
    let options = Options {
        window,
        no_overlays: true,
        no_shutters: true,
        keep_pixels: true,
        ..Options::default()
    };
    Ok(render::render(data_set, number, &frame, &options)?)
}

/// All values of a grey frame, as a window.
fn full_range(data_set: &DataSet, frames: &Frames, number: u32) -> Result<Option<Window>> {
    if frames.image.samples_per_pixel != 1 || frames.image.photometric.is_palette() {
        return Ok(None);
    }
    let frame = frames.decoded(number)?;
    let range = render::default_range(data_set, number, &frame);
    Ok(range.map(|(low, high)| Window::of_range(low, high)))
}

const SIDE: usize = 48;

/// Means of a grid of parts.
fn thumbnail(picture: &Picture) -> Vec<u8> {
    let rgb = picture.to_rgb();
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut sums = vec![(0_u32, 0_u32); SIDE * SIDE];
    for (at, pixel) in rgb.as_chunks::<3>().0.iter().enumerate() {
        let (x, y) = (at % width.max(1), at / width.max(1));
        let cell = y * SIDE / height.max(1) * SIDE + x * SIDE / width.max(1);
        if let Some((sum, count)) = sums.get_mut(cell) {
            *sum += pixel.iter().map(|part| u32::from(*part)).sum::<u32>() / 3;
            *count += 1;
        }
    }
    let mean = |(sum, count): (u32, u32)| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX);
    sums.into_iter().map(mean).collect()
}

/// Does a part of the picture look different?
fn differs(before: &[u8], now: &[u8]) -> bool {
    let changed = before.iter().zip(now).filter(|(a, b)| a.abs_diff(**b) > 24);
    changed.count() * 100 > before.len() * 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Identity, Leave};

    #[test]
    fn all_words_are_chosen_unless_a_cleaner_tells_them_apart() {
        let word = |text: &str, line| TextBox {
            rectangle: [0, 0, 10, 10].into(),
            text: text.to_owned(),
            confidence: 90.0,
            line,
        };
        let found = [word("LIVER", 0), word("DOE", 1)];
        assert_eq!(choose(&found, OcrBlanks::All, None).len(), 2);
        // Without a cleaner nobody knows: all.
        assert_eq!(choose(&found, OcrBlanks::Identities, None).len(), 2);
        let cleaner = Cleaner::new(Identity::default(), Leave::default());
        assert!(choose(&found, OcrBlanks::Identities, Some(&cleaner)).len() <= 2);
    }
}
