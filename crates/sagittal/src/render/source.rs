//! A file, opened to be looked at.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use sagittal_core::{DataSet, Limits, dictionary, tags, transfer_syntax};
use sagittal_file::encoding::Encoding;
use sagittal_file::{part10, read};
use sagittal_pixel::frames::{FrameTable, ReadAt as _, element_before};
use sagittal_pixel::{Frame, ImagePixel, codec};

/// Enough for preamble and File Meta Information.
const PREFIX: u64 = 256 << 10;
/// The most bytes of a deflated data set.
const INFLATED: usize = 1 << 30;
/// The most bytes of a decoded frame.
const FRAME: u64 = 1 << 30;

enum Place {
    File(File),
    Memory(Vec<u8>),
}

/// Header and frames of a file. Pixel data stay where they are until a frame is asked for.
pub struct Source {
    /// All attributes but pixel data.
    pub header: DataSet,
    place: Place,
    table: Option<FrameTable>,
    transfer_syntax: String,
}

impl Source {
    /// Opens a file.
    ///
    /// # Errors
    /// [`sagittal_file::Error::NotDicom`] for other files.
    pub fn open(path: &Path) -> anyhow::Result<Source> {
        let mut file = File::open(path)?;
        let mut prefix = Vec::new();
        (&mut file).take(PREFIX).read_to_end(&mut prefix)?;
        let opening = part10::open(&prefix)?;
        let encoding = Encoding::of(opening.transfer_syntax_uid.as_str());
        let mut transfer_syntax = opening.transfer_syntax_uid.as_str().to_owned();
        let mut offset = opening.data_set_offset;
        let place = if encoding.deflated {
            let whole = std::fs::read(path)?;
            let rest = whole.get(usize::try_from(offset)?..).unwrap_or(&[]);
            transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN.clone_into(&mut transfer_syntax);
            offset = 0;
            Place::Memory(read::inflate_prefix(rest, INFLATED))
        } else {
            Place::File(file)
        };
        let table = match &place {
            Place::File(file) => FrameTable::of_instance(file, offset, &transfer_syntax),
            Place::Memory(bytes) => FrameTable::of_instance(bytes, offset, &transfer_syntax),
        }?;
        let first = table
            .as_ref()
            .and_then(|table| table.all().first().cloned());
        let end = first.map_or_else(|| place.len(), |range| range.start);
        let bytes = Bytes::from(place.read(offset, end)?);
        let encoding = Encoding::of(&transfer_syntax);
        let (mut header, _) = read::read_encoded(&bytes, encoding, Limits::default())?;
        header.retain(|element| element.tag.group() < 0x7FE0);
        if let Some(table) = &table {
            let pixels = element_before(&bytes, table, encoding);
            if [tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA].contains(&pixels) {
                header.put_empty(pixels);
            }
        }
        Ok(Source {
            header,
            place,
            table,
            transfer_syntax,
        })
    }

    /// How many frames there are; none in what is no image.
    pub fn frames(&self) -> u32 {
        self.table.as_ref().map_or(0, FrameTable::number_of_frames)
    }

    /// What kind of video it is, if it is one.
    pub fn video(&self) -> Option<&'static str> {
        if self.frames() == 0 || !codec::is_video(&self.transfer_syntax) {
            return None;
        }
        let known = transfer_syntax::by_uid(&self.transfer_syntax);
        Some(known.map_or("unknown", |syntax| syntax.name))
    }

    /// Does it say how other objects are to be shown?
    pub fn is_presentation_state(&self) -> bool {
        let class = self.header.first_text(tags::SOP_CLASS_UID);
        class.is_some_and(|class| class.starts_with("1.2.840.10008.5.1.4.1.1.11."))
    }

    /// Decodes a frame, from 1.
    pub fn frame(&self, number: u32) -> anyhow::Result<Frame> {
        let table = self.table.as_ref().context("it has no pixel data")?;
        if codec::is_video(&self.transfer_syntax) {
            let name = dictionary::uid_name(&self.transfer_syntax).unwrap_or("unknown");
            bail!(
                "it is a video ({name}), which is not decoded; a server gives it to players as it is"
            );
        }
        let image = ImagePixel::of(&self.header)?;
        let index = number.checked_sub(1).context("frames count from 1")?;
        let bytes = match &self.place {
            Place::File(file) => table.read(file, index, FRAME),
            Place::Memory(bytes) => table.read(bytes, index, FRAME),
        }?;
        Ok(codec::decode(&self.transfer_syntax, &image, &bytes, FRAME)?)
    }
}

impl Place {
    fn len(&self) -> u64 {
        match self {
            Place::File(file) => sagittal_pixel::frames::ReadAt::len(file),
            Place::Memory(bytes) => bytes.len() as u64,
        }
    }

    fn read(&self, from: u64, to: u64) -> anyhow::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(to.saturating_sub(from))?];
        let found = match self {
            Place::File(file) => file.read_at(from, &mut bytes),
            Place::Memory(memory) => memory.read_at(from, &mut bytes),
        }?;
        bytes.truncate(found);
        Ok(bytes)
    }
}
