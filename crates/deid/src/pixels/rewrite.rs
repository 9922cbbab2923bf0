//! Frames changed in a data set, and only those: native ones in place, compressed ones decoded and
//! encoded again so that nothing else is lost (PS3.5 §8, §A.4).

use std::collections::BTreeMap;

use bytes::Bytes;
use sagittal_core::{DataSet, Value, tags, transfer_syntax as ts};
use sagittal_pixel::codec::{self, EncodeOptions, Encoded, jpeg};
use sagittal_pixel::{Expected, Frame, ImagePixel, Photometric};
use serde::Serialize;

use super::fill;
use super::frames::{Frames, Held, MOST_FRAME_BYTES, put_fragments};
use super::samples::{Edit, Samples, Values};
use super::shape::{Rectangle, Spans};
use crate::{Error, Result};

/// How a frame was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Samples were set among the others.
    InPlace,
    /// Decoded and encoded without loss.
    Reencoded,
    /// Blocks of a JPEG frame were made black; no other block was touched.
    Blocks,
}

/// One frame that was changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangedFrame {
    /// Its number, from 1.
    pub number: u32,
    /// How.
    pub method: Method,
    /// What is different now: at least what was asked for.
    pub covered: Vec<Rectangle>,
}

/// What was changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rewritten {
    /// Frames, ascending.
    pub frames: Vec<ChangedFrame>,
    /// The transfer syntax that the data set is in now, if it is another one: what was coded with
    /// loss in a way that knows no other is coded without loss now, so that nothing is lost twice.
    pub transfer_syntax: Option<&'static str>,
}

/// Bytes of decoded frames that are held at once.
const HELD_BYTES: u64 = 256 << 20;

/// Changes frames of a data set that is in `transfer_syntax`. `edit_of` is asked for each frame,
/// from 1. All other frames stay byte by byte, and all other pixels of the frames as they are.
///
/// # Errors
/// [`Error::Pixels`] and [`Error::Pixel`] of frames that cannot be told apart, decoded or encoded;
/// the data set is then as it was.
pub fn rewrite(
    data_set: &mut DataSet,
    transfer_syntax: &str,
    edit_of: &mut dyn FnMut(u32) -> Option<Edit>,
) -> Result<Rewritten> {
    let syntax = transfer_syntax.trim_end_matches(['\0', ' ']);
    let Some(frames) = Frames::of(data_set, syntax)? else {
        return Ok(Rewritten::default());
    };
    let edits: BTreeMap<u32, Edit> = (1..=frames.count())
        .filter_map(|number| Some((number, edit_of(number)?)))
        .filter(|(_, edit)| !edit.spans.is_empty())
        .collect();
    if edits.is_empty() {
        return Ok(Rewritten::default());
    }
    let is_single = frames.image.samples_per_pixel == 1;
    let has_values = edits
        .values()
        .any(|edit| matches!(edit.values, Values::Each(_)));
    if has_values && (!is_single || frames.tag != tags::PIXEL_DATA) {
        return Err(Error::Pixels(
            "only grey integers can be replaced one by one",
        ));
    }
    match &frames.held {
        Held::Native(bytes) => {
            let (bytes, changed) = native(bytes, &frames, &edits, data_set)?;
            if let Some(element) = data_set.get_mut(frames.tag) {
                element.value = Value::Bytes(bytes);
            }
            Ok(Rewritten {
                frames: changed,
                transfer_syntax: None,
            })
        }
        Held::Encapsulated(_) => Encapsulated {
            frames: &frames,
            edits: &edits,
            data_set,
            syntax,
        }
        .rewrite()?
        .put(data_set),
    }
}

fn native(
    bytes: &Bytes,
    frames: &Frames,
    edits: &BTreeMap<u32, Edit>,
    data_set: &DataSet,
) -> Result<(Bytes, Vec<ChangedFrame>)> {
    let mut copy = bytes.to_vec();
    let mut changed = Vec::with_capacity(edits.len());
    for (&number, edit) in edits {
        let ranges = frames.table.frame(number - 1);
        let Some(range) = ranges.first() else {
            return Err(Error::Pixels("pixel data end before their last frame"));
        };
        let offset = u64::from(frames.table.bit_offset(number - 1));
        let bits = (range.end - range.start) * 8 - offset;
        let mut samples = Samples::new(&mut copy, range.start * 8 + offset, bits, frames.image);
        let black = fill::black(&frames.image, data_set, samples.darkest());
        changed.push(ChangedFrame {
            number,
            method: Method::InPlace,
            covered: samples.apply(edit, &black).rectangles(),
        });
    }
    Ok((copy.into(), changed))
}

/// How touched frames are coded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// Samples as they are, each frame a fragment.
    InPlace,
    /// Blocks of sequential JPEG.
    Blocks,
    /// Without loss, in streams that the same transfer syntax allows: those of the given one.
    Same(&'static str),
    /// All frames without loss in another transfer syntax.
    Other(&'static str),
}

/// The plan for a transfer syntax.
fn plan(syntax: &str, blanks: bool) -> Option<Plan> {
    Some(match syntax {
        ts::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN => Plan::InPlace,
        ts::JPEG_BASELINE_8_BIT | ts::JPEG_EXTENDED_12_BIT if blanks => Plan::Blocks,
        ts::JPEG_BASELINE_8_BIT
        | ts::JPEG_EXTENDED_12_BIT
        | ts::JPEG_EXTENDED_35
        | ts::JPEG_SPECTRAL_SELECTION_NON_HIERARCHICAL_68
        | ts::JPEG_FULL_PROGRESSION_NON_HIERARCHICAL_1012 => Plan::Other(ts::JPEG_LOSSLESS_SV1),
        ts::RLE_LOSSLESS => Plan::Same(ts::RLE_LOSSLESS),
        ts::DEFLATED_IMAGE_FRAME_COMPRESSION => Plan::Same(ts::DEFLATED_IMAGE_FRAME_COMPRESSION),
        ts::JPEG_LOSSLESS => Plan::Same(ts::JPEG_LOSSLESS),
        ts::JPEG_LOSSLESS_SV1 => Plan::Same(ts::JPEG_LOSSLESS_SV1),
        // These take streams without loss too.
        ts::JPEG_LS_LOSSLESS | ts::JPEG_LS_NEAR_LOSSLESS => Plan::Same(ts::JPEG_LS_LOSSLESS),
        ts::JPEG_2000_LOSSLESS | ts::JPEG_2000 => Plan::Same(ts::JPEG_2000_LOSSLESS),
        ts::HTJ2K_LOSSLESS | ts::HTJ2K => Plan::Same(ts::HTJ2K_LOSSLESS),
        ts::HTJ2K_LOSSLESS_RPCL => Plan::Same(ts::HTJ2K_LOSSLESS_RPCL),
        ts::JPEG_XL_LOSSLESS | ts::JPEG_XL => Plan::Same(ts::JPEG_XL_LOSSLESS),
        ts::JPEG_2000_MC_LOSSLESS | ts::JPEG_2000_MC => Plan::Other(ts::JPEG_2000_LOSSLESS),
        ts::JPEG_XL_JPEG_RECOMPRESSION => Plan::Other(ts::JPEG_XL_LOSSLESS),
        _ => return None,
    })
}

struct Encapsulated<'a> {
    frames: &'a Frames,
    edits: &'a BTreeMap<u32, Edit>,
    data_set: &'a DataSet,
    syntax: &'a str,
}

/// A frame that was coded again.
struct Coded {
    bytes: Vec<u8>,
    image: ImagePixel,
    covered: Vec<Rectangle>,
    method: Method,
}

/// Everything coded, to be put into the data set.
struct Finished {
    fragments: Vec<Vec<Bytes>>,
    image: Option<ImagePixel>,
    had_offset_table: bool,
    rewritten: Rewritten,
}

impl Encapsulated<'_> {
    fn rewrite(&self) -> Result<Finished> {
        let blanks = self.edits.values().all(|edit| edit.values == Values::Black);
        let unsupported = Error::Pixels("frames of this transfer syntax cannot be encoded again");
        let mut plan = plan(self.syntax, blanks).ok_or(unsupported)?;
        let mut coded = match self.code(plan, false) {
            // Progressive frames under the name of sequential ones.
            Err(Error::Pixel(sagittal_pixel::Error::Unsupported { .. }))
                if plan == Plan::Blocks =>
            {
                plan = Plan::Other(ts::JPEG_LOSSLESS_SV1);
                self.code(plan, true)?
            }
            coded => coded?,
        };
        // One description for all frames: if it changes, it must change for all of them.
        let is_whole = coded.len() == self.frames.count() as usize;
        if !is_whole && coded.values().any(|one| !self.is_described(&one.image)) {
            coded = self.code(plan, true)?;
        }
        self.finish(coded, plan)
    }

    /// Does the data set's description hold for a frame?
    fn is_described(&self, image: &ImagePixel) -> bool {
        let of = |image: &ImagePixel| {
            (
                image.photometric,
                image.bits_allocated,
                image.bits_stored,
                image.high_bit,
            )
        };
        of(image) == of(&self.frames.image)
    }

    /// Codes touched frames, or all of them.
    fn code(&self, plan: Plan, is_all: bool) -> Result<BTreeMap<u32, Coded>> {
        let is_all = is_all || matches!(plan, Plan::Other(_));
        let numbers: Vec<u32> = match is_all {
            true => (1..=self.frames.count()).collect(),
            false => self.edits.keys().copied().collect(),
        };
        let mut coded = BTreeMap::new();
        codec::frames_in_parallel(
            u32::try_from(numbers.len()).unwrap_or(u32::MAX),
            self.frames.image.frame_bytes(),
            HELD_BYTES,
            |at| {
                let number = numbers.get(at as usize).copied().unwrap_or_default();
                self.one(number, plan).map(|one| (number, one))
            },
            |_, (number, one)| {
                coded.insert(number, one);
                Ok::<(), Error>(())
            },
        )?;
        Ok(coded)
    }

    fn one(&self, number: u32, plan: Plan) -> Result<Coded> {
        let image = self.frames.image;
        let edit = self.edits.get(&number);
        match plan {
            Plan::InPlace => {
                let mut bytes = self.frames.stored(number)?;
                let bits = bytes.len() as u64 * 8;
                let covered = self.apply(&mut bytes, bits, image, edit);
                Ok(Coded {
                    bytes,
                    image,
                    covered,
                    method: Method::InPlace,
                })
            }
            Plan::Blocks => self.blocks(number, edit),
            Plan::Same(syntax) | Plan::Other(syntax) => {
                let mut frame = self.frames.decoded(number)?;
                let of = frame.image;
                let bits = frame.data.len() as u64 * 8;
                // A decoded frame's samples fill whole bytes.
                let layout = ImagePixel {
                    bits_allocated: of.sample_bytes() * 8,
                    ..of
                };
                let covered = self.apply(&mut frame.data, bits, layout, edit);
                let encoded = self.encoded(frame, syntax)?;
                Ok(Coded {
                    bytes: encoded.bytes,
                    image: encoded.image,
                    covered,
                    method: Method::Reencoded,
                })
            }
        }
    }

    fn encoded(&self, frame: Frame, syntax: &str) -> Result<Encoded> {
        let frame = match syntax {
            ts::JPEG_XL_LOSSLESS => sagittal_pixel::color::to_rgb(frame)?,
            _ => frame,
        };
        Ok(codec::encode(syntax, &frame, &EncodeOptions::default())?)
    }

    fn apply(
        &self,
        bytes: &mut [u8],
        bits: u64,
        image: ImagePixel,
        edit: Option<&Edit>,
    ) -> Vec<Rectangle> {
        let Some(edit) = edit else {
            return Vec::new();
        };
        let mut samples = Samples::new(bytes, 0, bits, image);
        let black = fill::black(&image, self.data_set, samples.darkest());
        samples.apply(edit, &black).rectangles()
    }

    fn blocks(&self, number: u32, edit: Option<&Edit>) -> Result<Coded> {
        let image = self.frames.image;
        let spans = edit.map_or_else(Spans::default, |edit| edit.spans.clone());
        let areas: Vec<jpeg::Area> = spans
            .rectangles()
            .iter()
            .map(|one| jpeg::Area {
                left: one.x,
                top: one.y,
                right: one.right(),
                bottom: one.bottom(),
            })
            .collect();
        let expected = Expected {
            size: Some((image.columns, image.rows)),
            components: Some(image.samples_per_pixel),
            max_bytes: MOST_FRAME_BYTES,
        };
        let meaning = jpeg::Meaning {
            is_inverse: image.photometric == Photometric::Monochrome1,
            is_rgb: image.photometric == Photometric::Rgb,
        };
        let stored = self.frames.stored(number)?;
        let blanked = jpeg::blank(&stored, &expected, &areas, meaning)?;
        let covered = blanked
            .covered
            .iter()
            .map(|area| Rectangle::of_corners(area.left, area.top, area.right, area.bottom));
        Ok(Coded {
            bytes: blanked.bytes,
            image,
            covered: covered.collect(),
            method: Method::Blocks,
        })
    }

    fn finish(&self, mut coded: BTreeMap<u32, Coded>, plan: Plan) -> Result<Finished> {
        let Held::Encapsulated(stream) = &self.frames.held else {
            return Err(Error::Pixels("pixel data are not encapsulated"));
        };
        let image = coded.values().next().map(|one| one.image);
        let mut fragments = Vec::with_capacity(self.frames.count() as usize);
        let mut rewritten = Rewritten {
            frames: Vec::with_capacity(self.edits.len()),
            transfer_syntax: match plan {
                Plan::Other(syntax) => Some(syntax),
                _ => None,
            },
        };
        for number in 1..=self.frames.count() {
            if let Some(one) = coded.remove(&number) {
                if image.is_some_and(|image| image != one.image) {
                    return Err(Error::Pixels("frames have different layouts"));
                }
                fragments.push(vec![one.bytes.into()]);
                if self.edits.contains_key(&number) {
                    rewritten.frames.push(ChangedFrame {
                        number,
                        method: one.method,
                        covered: one.covered,
                    });
                }
                continue;
            }
            let ranges = self.frames.table.frame(number - 1);
            let pieces = ranges.iter().map(|range| stream.slice(range));
            let pieces: Option<Vec<Bytes>> = pieces.collect();
            fragments.push(pieces.ok_or(Error::Pixels("fragments cannot be told apart"))?);
        }
        let had_offset_table = matches!(
            self.data_set.get(tags::PIXEL_DATA).map(|element| &element.value),
            Some(Value::Fragments(fragments)) if !fragments.offset_table.is_empty()
        );
        Ok(Finished {
            fragments,
            image: image.filter(|image| !self.is_described(image)),
            had_offset_table,
            rewritten,
        })
    }
}

impl Finished {
    fn put(self, data_set: &mut DataSet) -> Result<Rewritten> {
        put_fragments(data_set, self.fragments, self.had_offset_table);
        if let Some(image) = self.image {
            let photometric = image.photometric.as_str();
            data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, photometric);
            data_set.put_u16(tags::BITS_ALLOCATED, &[image.bits_allocated.into()]);
            data_set.put_u16(tags::BITS_STORED, &[image.bits_stored.into()]);
            data_set.put_u16(tags::HIGH_BIT, &[image.high_bit.into()]);
            if image.samples_per_pixel > 1 {
                data_set.put_u16(tags::PLANAR_CONFIGURATION, &[image.is_by_plane.into()]);
            }
        }
        Ok(self.rewritten)
    }
}

#[cfg(test)]
mod tests;
