//! The work itself.

use std::io::{self, Read, Write};

use bytes::Bytes;
use sagittal_core::{DataSet, Element, Tag, Uid, Vr, tags};
use sagittal_file::encoding::{
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, Encoding,
};
use sagittal_file::transcode::convert;
use sagittal_file::{pixel_data, splice};

use super::attributes::{self, Changes, Loss};
use super::parts::{PIXEL_GROUP, Parts, Plain};
use super::pixels::Frames;
use super::sink::{self, Native};
use super::{Change, Options, Outcome, change, icons, lossy_uid, overlays};
use crate::codec::{self, Encoded};
use crate::frames::ReadAt;
use crate::{Error, ImagePixel, Result, SampleKind};

/// Writes the data set that begins at `data_set_offset` of `source` and is in the transfer syntax
/// `from` to `output` in the transfer syntax `to`, without File Meta Information.
///
/// Pixel values stay as they are, unless `to` is lossy; what was compressed by JPEG with loss as
/// luminance and colors becomes RGB if the target is not JPEG. Overlays in unused bits of native
/// pixel data move to elements of their own (PS3.5 §8.1.2).
///
/// # Errors
/// [`Error::Unsupported`] if there is no way between the two ([`change`] says so beforehand) or
/// none for these pixels; errors of the streams and bounds; what the output says. What was written
/// until then is of no use.
pub fn transcode<R: ReadAt + Sync + ?Sized>(
    source: &R,
    data_set_offset: u64,
    from: &str,
    to: &str,
    options: &Options,
    output: &mut dyn Write,
) -> Result<Outcome> {
    let (from, to) = (super::trim(from), super::trim(to));
    match change(from, to) {
        None => Err(unsupported(from, to)),
        Some(Change::Nothing | Change::Encoding) => {
            let mut input = Sequential {
                source,
                at: data_set_offset,
            };
            let length = source.len().saturating_sub(data_set_offset);
            convert(&mut input, Some(length), from, to, output)?;
            Ok(Outcome {
                new_sop_instance_uid: None,
                frames: 0,
            })
        }
        Some(Change::Lossless | Change::Lossy) => {
            let plain = Plain::of(source, data_set_offset, from, options.limits)?;
            let parts = Parts::of(&plain, from, options.limits)?;
            let run = |to: &str, output: &mut dyn Write| {
                let target = Target {
                    parts: &parts,
                    from: &parts.transfer_syntax,
                    to,
                    options,
                };
                target.run(&plain, output)
            };
            if to == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN {
                return sink::deflated(output, |output| run(EXPLICIT_VR_LITTLE_ENDIAN, output));
            }
            run(to, output)
        }
    }
}

fn unsupported(from: &str, to: &str) -> Error {
    Error::Unsupported {
        codec: "transcoding",
        what: format!("from {from} to {to}").into(),
    }
}

/// What is to be written.
struct Target<'a> {
    parts: &'a Parts,
    from: &'a str,
    to: &'a str,
    options: &'a Options,
}

impl Target<'_> {
    fn run<R: ReadAt + Sync + ?Sized>(
        &self,
        source: &R,
        output: &mut dyn Write,
    ) -> Result<Outcome> {
        let count = self.parts.table.number_of_frames();
        let Some(pixels) = self.parts.pixels_with_frames() else {
            return self.without_frames(self.parts.pixels, output);
        };
        let image = attributes::image(&self.parts.data_set, pixels)?;
        if image.kind != SampleKind::Integer && self.encoding().encapsulated {
            return Err(Error::Unsupported {
                codec: "transcoding",
                what: "floating point pixel data in a compressed transfer syntax".into(),
            });
        }
        if self.encoding().big_endian && image.bits_allocated > 16 {
            // Writers and readers disagree about the order of the words of a sample.
            return Err(Error::Unsupported {
                codec: "big endian",
                what: "samples of more than 16 bits".into(),
            });
        }
        let frames = Frames {
            source,
            table: &self.parts.table,
            image,
            from: self.from,
            to: match self.encoding().encapsulated {
                true => self.to,
                // Byte order is that of the value's VR, and changed when it is written.
                false => EXPLICIT_VR_LITTLE_ENDIAN,
            },
            options: self.options,
        };
        let overlays = overlays::separated(&self.parts.data_set, &frames)?;
        let new_sop_instance_uid = if self.encoding().encapsulated {
            self.encapsulated(&frames, &overlays, output)?
        } else {
            self.native(&frames, &overlays, pixels, output)?;
            None
        };
        output.write_all(&self.in_target(self.parts.tail.clone())?)?;
        Ok(Outcome {
            new_sop_instance_uid,
            frames: count,
        })
    }

    fn encoding(&self) -> Encoding {
        Encoding::of(self.to)
    }

    /// An instance without pixel data, or with empty ones.
    fn without_frames(&self, pixels: Option<Tag>, output: &mut dyn Write) -> Result<Outcome> {
        let mut out = self.header(DataSet::new())?;
        if let Some(tag) = pixels {
            if self.encoding().encapsulated {
                pixel_data::put_fragments_start(&mut out, &[])?;
                pixel_data::put_fragments_end(&mut out);
            } else {
                pixel_data::put_native_header(&mut out, self.encoding(), tag, Vr::OW, 0)?;
            }
        }
        output.write_all(&out)?;
        output.write_all(&self.in_target(self.parts.tail.clone())?)?;
        Ok(Outcome {
            new_sop_instance_uid: None,
            frames: 0,
        })
    }

    /// The header with these changes, in the target's encoding.
    fn header(&self, mut changes: DataSet) -> Result<Vec<u8>> {
        for element in icons::native(&self.parts.data_set, self.from, self.options)? {
            changes.put(element);
        }
        let mut spliced = Vec::with_capacity(self.parts.header.len() + 1024);
        splice::splice(
            &self.parts.header,
            self.parts.encoding,
            sagittal_core::Limits::default(),
            &changes,
            |_| false,
            PIXEL_GROUP,
            &mut spliced,
        )?;
        Ok(self.in_target(spliced.into())?.into())
    }

    /// Elements in the encoding of the target.
    fn in_target(&self, bytes: Bytes) -> Result<Bytes> {
        // Encapsulated syntaxes are explicit little endian; the pixels are not here.
        let plain = |uid: &str, encoding: Encoding| {
            if encoding.encapsulated {
                EXPLICIT_VR_LITTLE_ENDIAN.to_owned()
            } else {
                uid.to_owned()
            }
        };
        let from = plain(self.from, self.parts.encoding);
        let to = plain(self.to, self.encoding());
        if from == to {
            return Ok(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len());
        let length = Some(bytes.len() as u64);
        convert(&mut bytes.as_ref(), length, &from, &to, &mut out)?;
        Ok(out.into())
    }

    fn changes(
        &self,
        before: &ImagePixel,
        after: &ImagePixel,
        loss: Option<Loss>,
        new_uid: Option<&Uid>,
        overlays: &[Element],
    ) -> DataSet {
        let changes = Changes {
            data_set: &self.parts.data_set,
            before,
            after,
            from: self.from,
            to: self.to,
            loss,
            new_uid,
        };
        let mut changes = changes.elements();
        for element in overlays {
            changes.put(element.clone());
        }
        changes
    }

    fn native<R: ReadAt + Sync + ?Sized>(
        &self,
        frames: &Frames<'_, R>,
        overlays: &[Element],
        pixels: Tag,
        output: &mut dyn Write,
    ) -> Result<()> {
        let count = self.parts.table.number_of_frames();
        let first = frames.encoded(0, 1)?;
        let Some(image) = first.first().map(|encoded| encoded.image) else {
            return Ok(());
        };
        let changes = self.changes(&frames.image, &image, None, None, overlays);
        let mut out = self.header(changes)?;
        let writer = Native::new(&image, self.encoding(), pixels);
        let length = writer.length(count);
        pixel_data::put_native_header(&mut out, self.encoding(), pixels, writer.vr(), length)?;
        output.write_all(&out)?;
        native_frames(frames, first, &image, writer, output)
    }

    fn encapsulated<R: ReadAt + Sync + ?Sized>(
        &self,
        frames: &Frames<'_, R>,
        overlays: &[Element],
        output: &mut dyn Write,
    ) -> Result<Option<Uid>> {
        let count = self.parts.table.number_of_frames();
        let at_once = frames.at_once();
        let mut held: Vec<Encoded> = Vec::new();
        let mut held_bytes = 0;
        let mut next = 0;
        while next < count && held_bytes <= self.options.limits.held_bytes {
            // The first alone: what cannot be done is found before much work is.
            let now = if next == 0 {
                1
            } else {
                at_once.min(count - next)
            };
            for encoded in frames.encoded(next, now)? {
                held_bytes += encoded.bytes.len() as u64;
                held.push(encoded);
            }
            next += now;
        }
        let Some(image) = held.first().map(|encoded| encoded.image) else {
            return Ok(None);
        };
        let is_lossy = codec::is_lossy(self.to) && held.iter().any(|encoded| encoded.is_lossy);
        let loss = is_lossy.then(|| {
            let bits = frames.image.samples() * u64::from(frames.image.bits_allocated);
            let before = bits as f64 / 8.0 * held.len() as f64;
            Loss {
                ratio: before / held_bytes.max(1) as f64,
            }
        });
        let new_uid = is_lossy.then(|| {
            let old = self.parts.data_set.first_text(tags::SOP_INSTANCE_UID);
            lossy_uid(&old.unwrap_or_default(), self.to, &self.options.encode)
        });
        let changes = self.changes(&frames.image, &image, loss, new_uid.as_ref(), overlays);
        let mut out = self.header(changes)?;
        let table = if next == count {
            sink::offset_table(&held)
        } else {
            Vec::new()
        };
        pixel_data::put_fragments_start(&mut out, &table)?;
        output.write_all(&out)?;
        let mut first = 0;
        loop {
            for (number, encoded) in held.drain(..).enumerate() {
                check_same(&image, &encoded, first, number)?;
                sink::fragment(&encoded.bytes, output)?;
            }
            if next >= count {
                break;
            }
            let now = at_once.min(count - next);
            held = frames.encoded(next, now)?;
            first = next;
            next += now;
        }
        out.clear();
        pixel_data::put_fragments_end(&mut out);
        output.write_all(&out)?;
        Ok(new_uid)
    }
}

/// All frames as native samples, of which the first is at hand.
pub(super) fn native_frames<R: ReadAt + Sync + ?Sized>(
    frames: &Frames<'_, R>,
    mut first: Vec<Encoded>,
    image: &ImagePixel,
    mut writer: Native,
    output: &mut dyn Write,
) -> Result<()> {
    let count = frames.table.number_of_frames();
    let at_once = frames.at_once();
    let mut next = 1;
    loop {
        for (number, encoded) in first.drain(..).enumerate() {
            check_same(image, &encoded, next, number)?;
            writer.put(encoded.bytes, output)?;
        }
        if next >= count {
            break;
        }
        let now = at_once.min(count - next);
        first = frames.encoded(next, now)?;
        next += now;
    }
    writer.finish(output)
}

/// All frames of an instance are described by one Image Pixel Module.
fn check_same(image: &ImagePixel, encoded: &Encoded, first: u32, number: usize) -> Result<()> {
    if encoded.image == *image {
        return Ok(());
    }
    Err(Error::Unlike {
        number: first.saturating_add(u32::try_from(number).unwrap_or(u32::MAX)),
    })
}

/// Reads one byte after the other.
struct Sequential<'a, R: ReadAt + ?Sized> {
    source: &'a R,
    at: u64,
}

impl<R: ReadAt + ?Sized> Read for Sequential<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(self.at, buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}
