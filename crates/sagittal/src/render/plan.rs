//! What is to be made of files.

use std::path::Path;

use anyhow::{Context as _, bail};
use sagittal_core::{DataSet, tags};
use sagittal_pixel::Frame;
use sagittal_pixel::render::{
    Mesh, Options, Picture, Stretch, Subtraction, default_range, output,
    presentation_state_refers_to, render, render_deep, report_html, waveform_svg,
};

use super::{Library, Source, document};

/// Columns and rows of a drawn surface, unless asked for otherwise.
const SURFACE: u32 = 512;

/// Files of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Lossless.
    Png,
    /// Small.
    #[value(alias = "jpg")]
    Jpeg,
    /// Moving, where there are several frames.
    Gif,
}

impl Format {
    /// By the ending of a file's name.
    pub fn of(path: &Path) -> Option<Format> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "png" => Some(Format::Png),
            "jpg" | "jpeg" => Some(Format::Jpeg),
            "gif" => Some(Format::Gif),
            _ => None,
        }
    }

    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Png => "png",
            Format::Jpeg => "jpg",
            Format::Gif => "gif",
        }
    }

    pub(super) fn encode(self, picture: &Picture) -> anyhow::Result<Vec<u8>> {
        Ok(match self {
            Format::Png => picture.to_png(),
            Format::Jpeg => picture.to_jpeg(),
            Format::Gif => picture.to_gif(),
        }?)
    }
}

/// Which frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// All of them.
    All,
    /// The one in the middle.
    Middle,
    /// One, from 1.
    One(u32),
}

impl Frames {
    /// Reads a number, `all` or `middle`.
    pub fn parse(text: &str) -> Result<Frames, String> {
        match text {
            "all" => Ok(Frames::All),
            "middle" => Ok(Frames::Middle),
            _ => match text.parse() {
                Ok(number) if number > 0 => Ok(Frames::One(number)),
                _ => Err("takes a number from 1, all or middle".to_owned()),
            },
        }
    }

    fn of(self, count: u32) -> anyhow::Result<Vec<u32>> {
        match self {
            Frames::All => Ok((1..=count).collect()),
            Frames::Middle => Ok(vec![count / 2 + 1]),
            Frames::One(number) if number <= count => Ok(vec![number]),
            Frames::One(number) => bail!("there is no frame {number}, only {count}"),
        }
    }
}

/// How files are drawn.
#[derive(Clone, Debug)]
pub struct Plan {
    /// For the renderer.
    pub options: Options,
    /// Which frames; if not said, all for a GIF, else the middle one.
    pub frames: Option<Frames>,
    /// Files of pictures.
    pub format: Format,
    /// Greys of 16 bits.
    pub deep: bool,
}

/// What became of a file: what is added to its name, the ending, and the bytes.
pub(super) struct Made {
    pub suffix: String,
    pub ending: &'static str,
    pub bytes: Vec<u8>,
}

impl Plan {
    /// Pictures of the chosen frames.
    pub fn pictures(
        &self,
        source: &Source,
        library: &Library,
    ) -> anyhow::Result<Vec<(u32, Picture)>> {
        if let Some(what) = source.video() {
            bail!("it is a video ({what}); frames of videos are not decoded");
        }
        if source.is_presentation_state() {
            return library.as_it_says(self, source);
        }
        if source.frames() == 0 {
            let none = document::describe(&source.header);
            let mesh = Mesh::of_instance(&source.header).context(none)??;
            let size = self.options.viewport;
            let (width, height) = size.map_or((SURFACE, SURFACE), |size| (size.width, size.height));
            let mut picture = mesh.picture(width, height)?;
            picture.quality = self.options.quality;
            return Ok(vec![(1, picture)]);
        }
        let frames = self.frames.unwrap_or(match self.format {
            Format::Gif => Frames::All,
            Format::Png | Format::Jpeg => Frames::Middle,
        });
        let numbers = frames.of(source.frames())?;
        let mut options = self.options.clone();
        if numbers.len() > 1 {
            options.default_range = common_range(source, &numbers)?;
        }
        let mut pictures = Vec::new();
        for number in numbers {
            let frame = source.frame(number)?;
            let mut options = options.clone();
            options.presentation_state = options
                .presentation_state
                .filter(|state| presentation_state_refers_to(state, &source.header, number));
            pictures.push((number, self.picture(source, number, frame, options)?));
        }
        Ok(pictures)
    }

    /// A picture of a frame, with masks taken from it if image or presentation state say so.
    fn picture(
        &self,
        source: &Source,
        number: u32,
        frame: Frame,
        mut options: Options,
    ) -> anyhow::Result<Picture> {
        let draw = |header: &DataSet, frame: &Frame, options: &Options| match self.deep {
            true => render_deep(header, number, frame, options),
            false => render(header, number, frame, options),
        };
        let state = options.presentation_state.clone();
        let (header, count) = (&source.header, source.frames());
        let Some(subtraction) = Subtraction::of(header, state.as_ref(), number, count) else {
            return Ok(draw(header, &frame, &options)?);
        };
        let mut frames = Vec::new();
        for wanted in subtraction.frames() {
            frames.push((wanted, source.frame(wanted)?));
        }
        let give = |wanted: u32| {
            let found = frames.iter().find(|(number, _)| *number == wanted);
            found.map(|(_, frame)| frame)
        };
        let done = subtraction.apply(header, state.as_ref(), give)?;
        options.presentation_state = done.presentation_state;
        options.default_range = None;
        Ok(draw(&done.header, &done.frame, &options)?)
    }

    /// Whatever a file can be looked at as.
    pub(super) fn make(&self, source: &Source, library: &Library) -> anyhow::Result<Vec<Made>> {
        let whole = |ending, bytes| {
            Ok(vec![Made {
                suffix: String::new(),
                ending,
                bytes,
            }])
        };
        let text = |ending, text: String| whole(ending, text.into_bytes());
        if let Some((ending, bytes)) = document::read(&source.header)? {
            return whole(ending, bytes);
        }
        if source.header.contains(tags::WAVEFORM_SEQUENCE) {
            return text("svg", waveform_svg(&source.header, Stretch::default())?);
        }
        if source.frames() == 0 && source.header.contains(tags::CONTENT_SEQUENCE) {
            return text("html", report_html(&source.header));
        }
        let pictures = self.pictures(source, library)?;
        let ending = self.format.ending();
        if self.format == Format::Gif && pictures.len() > 1 {
            let delays = output::frame_delays(&source.header, pictures.len());
            let pictures: Vec<Picture> = pictures.into_iter().map(|(_, p)| p).collect();
            let bytes = output::gif(&pictures, &delays)?;
            return Ok(vec![Made {
                suffix: String::new(),
                ending,
                bytes,
            }]);
        }
        let is_one = pictures.len() == 1;
        pictures
            .iter()
            .map(|(number, picture)| {
                let suffix = if is_one {
                    String::new()
                } else {
                    format!("-{number:04}")
                };
                let bytes = self.format.encode(picture)?;
                Ok(Made {
                    suffix,
                    ending,
                    bytes,
                })
            })
            .collect()
    }
}

/// The values that frames have together, after some of them.
fn common_range(source: &Source, numbers: &[u32]) -> anyhow::Result<Option<(f64, f64)>> {
    let mut common: Option<(f64, f64)> = None;
    for &number in numbers.iter().step_by(numbers.len().div_ceil(8).max(1)) {
        let found = default_range(&source.header, number, &source.frame(number)?);
        common = match (common, found) {
            (Some((low, high)), Some((least, most))) => Some((low.min(least), high.max(most))),
            (known, found) => known.or(found),
        };
    }
    Ok(common)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn frames_are_a_number_all_or_the_middle() {
        assert_eq!(Frames::parse("all").unwrap().of(3).unwrap(), [1, 2, 3]);
        assert_eq!(Frames::parse("middle").unwrap().of(3).unwrap(), [2]);
        assert_eq!(Frames::parse("3").unwrap().of(3).unwrap(), [3]);
        assert!(Frames::One(4).of(3).is_err());
        assert!(Frames::parse("0").is_err() && Frames::parse("last").is_err());
    }

    #[test]
    fn the_ending_tells_the_format() {
        assert_eq!(Format::of(Path::new("a.JPG")), Some(Format::Jpeg));
        assert_eq!(Format::of(Path::new("folder")), None);
    }
}
