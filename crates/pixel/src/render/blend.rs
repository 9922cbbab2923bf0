//! Blending: one picture of several images, as a blending or advanced blending presentation state
//! says (PS3.3 §C.11.14, §C.11.33, §C.11.34; PS3.4 §N.2.4, §N.2.6).

use sagittal_core::{DataSet, tags};

use super::pipeline::{base, finish};
use super::presentation::PresentationState;
use super::samples::numbers;
use super::volume::Slice;
use super::{Description, Options, Picture, Pixels};
use crate::{Error, Frame, Result};
use threshold::Thresholds;

/// Images of one input of a blending.
#[derive(Clone, Debug)]
pub struct BlendingInput {
    /// Its Series Instance UIDs.
    pub series: Vec<String>,
    /// SOP Instance UIDs of its images; all of the series if there are none.
    pub images: Vec<String>,
    /// Its number; of a plain blending 1 for what is superimposed, 2 for what is underlying.
    number: i64,
    /// How it is shown: a presentation state of its own.
    state: DataSet,
    /// Modality transformations are not told by the state, but by images.
    keeps_modality: bool,
}

/// What a presentation state blends.
///
/// Thresholds of inputs are applied. Registrations are not: images of different frames of reference
/// are refused, for they would be put in wrong places.
#[derive(Clone, Debug)]
pub struct Blending {
    inputs: Vec<BlendingInput>,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
struct Step {
    from: Vec<i64>,
    /// Of the first of two, over the other; else all are equal.
    opacity: Option<f64>,
    /// What the result is called.
    to: Option<i64>,
}

/// An image of an input.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// The header of its instance.
    pub header: &'a DataSet,
    /// Which frame of it, from 1.
    pub frame_number: u32,
    /// The decoded frame.
    pub frame: &'a Frame,
}

/// Colors on the grid of the first layer, and how much of each element there is: 0 or 1.
struct Sheet {
    colors: Vec<[f32; 3]>,
    is_there: Vec<bool>,
}

const SUPERIMPOSED: i64 = 1;
const UNDERLYING: i64 = 2;

impl Blending {
    /// What a state blends, if it does.
    pub fn read(state: &DataSet) -> Option<Blending> {
        let plain = state.items(tags::BLENDING_SEQUENCE);
        if !plain.is_empty() {
            let inputs = plain.iter().filter_map(|item| plain_input(state, item));
            // The grid is that of the underlying images.
            let mut inputs: Vec<BlendingInput> = inputs.collect();
            inputs.sort_by_key(|input| input.number != UNDERLYING);
            let opacity = state.float(tags::RELATIVE_OPACITY).unwrap_or(0.5);
            let step = Step {
                from: vec![SUPERIMPOSED, UNDERLYING],
                opacity: Some(opacity.clamp(0.0, 1.0)),
                to: None,
            };
            return (inputs.len() == 2).then(|| Blending {
                inputs,
                steps: vec![step],
            });
        }
        let inputs: Vec<BlendingInput> = state
            .items(tags::ADVANCED_BLENDING_SEQUENCE)
            .iter()
            .filter_map(advanced_input)
            .collect();
        let steps: Vec<Step> = state
            .items(tags::BLENDING_DISPLAY_SEQUENCE)
            .iter()
            .filter_map(step)
            .collect();
        (!inputs.is_empty() && !steps.is_empty()).then_some(Blending { inputs, steps })
    }

    /// What is blended; the picture has the size and place of the first.
    pub fn inputs(&self) -> &[BlendingInput] {
        &self.inputs
    }

    /// The picture. `layers` are an image of each of the inputs, in their order.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if there are not as many, or a step names none of them; and as
    /// [`render`](super::render).
    pub fn render(
        &self,
        state: &DataSet,
        layers: &[Layer<'_>],
        options: &Options,
    ) -> Result<Picture> {
        let Some(first) = layers.first().filter(|_| layers.len() == self.inputs.len()) else {
            return Err(refused("images of some of the inputs"));
        };
        if layers.iter().any(|layer| !shares_space(layer, first)) {
            return Err(refused(
                "images of different frames of reference, as registrations are not applied",
            ));
        }
        let mut sheets: Vec<(i64, Sheet)> = Vec::new();
        for (input, layer) in self.inputs.iter().zip(layers) {
            sheets.push((input.number, sheet(input, layer, first, options)?));
        }
        let mut result = None;
        for step in &self.steps {
            let found: Vec<&Sheet> = step
                .from
                .iter()
                .filter_map(|wanted| sheets.iter().rev().find(|(number, _)| number == wanted))
                .map(|(_, sheet)| sheet)
                .collect();
            if found.len() != step.from.len() || found.is_empty() {
                return Err(refused("a step whose inputs are not told"));
            }
            let mixed = mix(&found, step.opacity);
            match step.to {
                Some(number) => sheets.push((number, mixed)),
                None => result = Some(mixed),
            }
        }
        let sheet = match result {
            Some(sheet) => sheet,
            // No step says that it is the last.
            None => sheets
                .pop()
                .map(|(_, sheet)| sheet)
                .ok_or(refused("nothing"))?,
        };
        let colors = sheet.colors.iter().flatten();
        // Between 0 and 255.
        let pixels = colors.map(|level| level.clamp(0.0, 255.0).round() as u8);
        let image = &first.frame.image;
        let mut picture = Picture::new(image.columns, image.rows, Pixels::Rgb8(pixels.collect()))?;
        picture.quality = options.quality;
        let described = Description::of(first.header, first.frame_number, image);
        let shown = PresentationState::read(state, first.header, first.frame_number, image);
        finish(
            picture,
            first.header,
            &described,
            Some(&shown),
            None,
            options,
        )
    }
}

fn refused(what: &'static str) -> Error {
    Error::Unsupported {
        codec: "blending",
        what: what.into(),
    }
}

fn texts(items: &[DataSet], tag: sagittal_core::Tag) -> Vec<String> {
    items
        .iter()
        .filter_map(|item| item.first_text(tag))
        .collect()
}

fn plain_input(state: &DataSet, item: &DataSet) -> Option<BlendingInput> {
    let number = match item.first_text(tags::BLENDING_POSITION)?.as_str() {
        "SUPERIMPOSED" => SUPERIMPOSED,
        "UNDERLYING" => UNDERLYING,
        _ => return None,
    };
    let series = item.items(tags::REFERENCED_SERIES_SEQUENCE);
    let images = series
        .iter()
        .flat_map(|series| {
            texts(
                series.items(tags::REFERENCED_IMAGE_SEQUENCE),
                tags::REFERENCED_SOP_INSTANCE_UID,
            )
        })
        .collect();
    let mut own = item.clone();
    if number == SUPERIMPOSED {
        // The palette of the state is for what is superimposed.
        for element in state.elements() {
            let is_palette =
                element.tag.group() == 0x0028 && (0x1101..=0x1223).contains(&element.tag.element());
            if is_palette {
                own.put(element.clone());
            }
        }
    }
    Some(BlendingInput {
        series: texts(series, tags::SERIES_INSTANCE_UID),
        images,
        number,
        state: own,
        keeps_modality: false,
    })
}

fn advanced_input(item: &DataSet) -> Option<BlendingInput> {
    let mut own = item.clone();
    let palettes = item.items(tags::PALETTE_COLOR_LOOKUP_TABLE_SEQUENCE);
    for element in palettes
        .first()
        .iter()
        .flat_map(|palette| palette.elements())
    {
        own.put(element.clone());
    }
    Some(BlendingInput {
        series: item
            .first_text(tags::SERIES_INSTANCE_UID)
            .into_iter()
            .collect(),
        images: texts(
            item.items(tags::REFERENCED_IMAGE_SEQUENCE),
            tags::REFERENCED_SOP_INSTANCE_UID,
        ),
        number: item.int(tags::BLENDING_INPUT_NUMBER)?,
        state: own,
        keeps_modality: true,
    })
}

fn step(item: &DataSet) -> Option<Step> {
    let inputs = item.items(tags::BLENDING_DISPLAY_INPUT_SEQUENCE);
    let from = inputs
        .iter()
        .filter_map(|input| input.int(tags::BLENDING_INPUT_NUMBER))
        .collect();
    let opacity = match item.first_text(tags::BLENDING_MODE)?.as_str() {
        "FOREGROUND" => {
            let opacity = item.float(tags::RELATIVE_OPACITY).unwrap_or(0.5);
            Some(opacity.clamp(0.0, 1.0))
        }
        _ => None,
    };
    Some(Step {
        from,
        opacity,
        to: item.int(tags::BLENDING_INPUT_NUMBER),
    })
}

/// Do positions in the patient mean the same? Images that do not tell are believed to.
fn shares_space(layer: &Layer<'_>, first: &Layer<'_>) -> bool {
    let of = |layer: &Layer<'_>| layer.header.first_text(tags::FRAME_OF_REFERENCE_UID);
    match (of(layer), of(first)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

/// The colors of a layer on the grid of the first.
fn sheet(
    input: &BlendingInput,
    layer: &Layer<'_>,
    first: &Layer<'_>,
    options: &Options,
) -> Result<Sheet> {
    let image = &layer.frame.image;
    let described = Description::of(layer.header, layer.frame_number, image);
    let mut own = PresentationState::read(&input.state, layer.header, layer.frame_number, image);
    if input.keeps_modality {
        own.modality = described.modality.clone();
    }
    // A window of the caller would be for all inputs alike.
    let plain = Options {
        window: None,
        window_number: options.window_number,
        ..Options::default()
    };
    let (pixels, _) = base(layer.frame, &described, Some(&own), &plain)?;
    let picture = Picture::new(image.columns, image.rows, pixels)?;
    let colors = picture.to_rgb();
    let (colors, _) = colors.as_chunks::<3>();
    let is_grey = image.samples_per_pixel == 1;
    let mut is_padding: Vec<bool> = match described.padding {
        Some((from, to)) if is_grey => numbers(layer.frame)
            .map(|stored| (from..=to).contains(&stored))
            .collect(),
        _ => Vec::new(),
    };
    if let Some(thresholds) = Thresholds::read(&input.state)? {
        if !is_grey {
            return Err(refused("thresholds of colors"));
        }
        is_padding.resize(image.columns as usize * image.rows as usize, false);
        for (is_padding, stored) in is_padding.iter_mut().zip(numbers(layer.frame)) {
            *is_padding |= !thresholds.show(own.modality.apply(stored));
        }
    }
    let (width, height) = (image.columns as usize, image.rows as usize);
    let place = placing(layer, first);
    let grid = &first.frame.image;
    let mut sheet = Sheet {
        colors: Vec::new(),
        is_there: Vec::new(),
    };
    for row in 0..grid.rows {
        for column in 0..grid.columns {
            let [x, y] = place(f64::from(column), f64::from(row));
            let is_inside =
                (-0.5..width as f64 - 0.5).contains(&x) && (-0.5..height as f64 - 0.5).contains(&y);
            // The nearest element tells whether there is anything.
            let nearest = y.round().max(0.0) as usize * width + x.round().max(0.0) as usize;
            let is_there = is_inside && !is_padding.get(nearest).copied().unwrap_or(false);
            sheet.is_there.push(is_there);
            sheet.colors.push(match is_there {
                true => between(colors, width, height, x, y),
                false => [0.0; 3],
            });
        }
    }
    Ok(sheet)
}

/// Where an element of the first layer lies in another: by their places in the patient, else
/// stretched over each other.
fn placing(layer: &Layer<'_>, first: &Layer<'_>) -> Box<dyn Fn(f64, f64) -> [f64; 2]> {
    let slice = |layer: &Layer<'_>| {
        let mut image = layer.frame.image;
        // Colors have places, too.
        image.samples_per_pixel = 1;
        Slice::of(layer.header, layer.frame_number, &image).ok()
    };
    if let (Some(here), Some(there)) = (slice(first), slice(layer)) {
        return Box::new(move |column, row| there.place_of(here.point_at(column, row)));
    }
    let (from, to) = (first.frame.image, layer.frame.image);
    let across = f64::from(to.columns) / f64::from(from.columns);
    let down = f64::from(to.rows) / f64::from(from.rows);
    Box::new(move |column, row| [(column + 0.5) * across - 0.5, (row + 0.5) * down - 0.5])
}

fn between(colors: &[[u8; 3]], width: usize, height: usize, x: f64, y: f64) -> [f32; 3] {
    let split = |at: f64, count: usize| {
        let inside = at.clamp(0.0, count as f64 - 1.0);
        // Not below 0, not above the last.
        let whole = inside as usize;
        (
            whole,
            (whole + 1).min(count - 1),
            (inside - whole as f64) as f32,
        )
    };
    let (left, right, across) = split(x, width);
    let (top, low, down) = split(y, height);
    let color = |row: usize, column: usize| {
        let color = colors.get(row * width + column).copied();
        color.unwrap_or_default().map(f32::from)
    };
    let mix = |a: [f32; 3], b: [f32; 3], part: f32| {
        [0, 1, 2].map(|at: usize| a[at] + (b[at] - a[at]) * part)
    };
    let along = |row: usize| mix(color(row, left), color(row, right), across);
    mix(along(top), along(low), down)
}

/// Sheets over each other; where one has nothing, the others are whole.
fn mix(sheets: &[&Sheet], opacity: Option<f64>) -> Sheet {
    let count = sheets.first().map_or(0, |sheet| sheet.colors.len());
    let mut mixed = Sheet {
        colors: Vec::with_capacity(count),
        is_there: Vec::with_capacity(count),
    };
    for at in 0..count {
        let (mut sum, mut weights) = ([0.0_f32; 3], 0.0_f32);
        for (number, sheet) in sheets.iter().enumerate() {
            let (Some(color), Some(true)) = (sheet.colors.get(at), sheet.is_there.get(at)) else {
                continue;
            };
            // Single precision is plenty for 8 bits.
            let weight = match (opacity, number) {
                (Some(opacity), 0) => opacity as f32,
                (Some(opacity), _) => 1.0 - opacity as f32,
                (None, _) => 1.0,
            };
            for (sum, level) in sum.iter_mut().zip(color) {
                *sum += level * weight;
            }
            weights += weight;
        }
        let is_there = weights > 0.0;
        mixed.is_there.push(is_there);
        mixed.colors.push(match is_there {
            true => sum.map(|level| level / weights),
            false => [0.0; 3],
        });
    }
    mixed
}

mod threshold;

#[cfg(test)]
mod tests;
