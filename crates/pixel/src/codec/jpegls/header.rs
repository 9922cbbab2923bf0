//! Marker segments (§C.2, Annex C): everything of a stream but the bits of its scans.

use super::CODEC;
use super::color::Transform;
use super::parameters::Preset;
use crate::raster::StreamColor;
use crate::{Error, Result};

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DNL: u8 = 0xDC;
const DRI: u8 = 0xDD;
const SOF_55: u8 = 0xF7;
const LSE: u8 = 0xF8;
const APP_8: u8 = 0xE8;

/// How the components of a scan are mixed (ILV, §C.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Interleave {
    /// Each component has a scan of its own.
    None,
    /// A line of each in turn.
    #[default]
    Line,
    /// A sample of each in turn.
    Sample,
}

/// What a stream says of itself before its first scan's bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Columns.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
    /// Components of a pixel.
    pub components: u8,
    /// Bits of a sample.
    pub precision: u8,
    /// Most that a sample of the first scan may differ from the original's: 0 is lossless.
    pub near: u8,
    /// Of the first scan.
    pub interleave: Interleave,
    /// Colors, where a color transformation tells.
    pub color: StreamColor,
}

/// Reads the header of a stream.
///
/// # Errors
/// [`Error::Stream`] if it is none or broken, [`Error::Unsupported`] for what [`decode`](super::decode)
/// does not take.
pub fn header(bytes: &[u8]) -> Result<Header> {
    let mut markers = Markers::new(bytes)?;
    let scan = markers
        .next_scan()?
        .ok_or_else(|| broken(bytes.len(), "ends before its first scan"))?;
    let frame = markers.frame(&scan, None)?;
    Ok(Header {
        columns: frame.columns,
        rows: frame.rows,
        components: frame.components,
        precision: frame.precision,
        near: scan.near,
        interleave: scan.interleave,
        color: markers.color(),
    })
}

/// A broken stream.
pub(super) fn broken(offset: usize, reason: &'static str) -> Error {
    Error::Stream {
        codec: CODEC,
        offset: offset as u64,
        reason: reason.into(),
    }
}

/// Something that is not decoded.
pub(super) fn unsupported(what: &'static str) -> Error {
    Error::Unsupported {
        codec: CODEC,
        what: what.into(),
    }
}

/// Size and samples of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameHeader {
    pub columns: u32,
    pub rows: u32,
    pub components: u8,
    pub precision: u8,
    identifiers: [u8; 4],
}

/// A scan header.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanHeader {
    identifiers: [u8; 4],
    /// Components.
    pub components: u8,
    pub near: u8,
    pub interleave: Interleave,
    /// Where its bits begin.
    pub start: usize,
}

impl ScanHeader {
    /// Places of its components in a pixel.
    pub fn places(&self, frame: &FrameHeader) -> Result<([usize; 4], usize)> {
        let count = usize::from(self.components);
        let known = frame.identifiers.get(..usize::from(frame.components));
        let mut places = [0; 4];
        for (place, identifier) in places.iter_mut().zip(&self.identifiers).take(count) {
            *place = known
                .unwrap_or_default()
                .iter()
                .position(|one| one == identifier)
                .ok_or_else(|| broken(self.start, "scan of a component that the frame has not"))?;
        }
        Ok((places, count))
    }
}

/// Walks the marker segments.
pub(super) struct Markers<'a> {
    bytes: &'a [u8],
    /// Where the next marker is looked for.
    pub at: usize,
    frame: Option<FrameHeader>,
    /// Size of an LSE segment of type 4: columns, rows.
    oversize: Option<(u32, u32)>,
    /// Coding parameters in force.
    pub preset: Preset,
    /// Lines of a restart interval; 0 if there are none.
    pub restart_interval: u32,
    pub transform: Transform,
}

impl<'a> Markers<'a> {
    /// # Errors
    /// [`Error::Stream`] unless the bytes begin with SOI.
    pub fn new(bytes: &'a [u8]) -> Result<Markers<'a>> {
        if !bytes.starts_with(&[0xFF, SOI]) {
            return Err(broken(0, "does not begin with SOI"));
        }
        Ok(Markers {
            bytes,
            at: 2,
            frame: None,
            oversize: None,
            preset: Preset::default(),
            restart_interval: 0,
            transform: Transform::None,
        })
    }

    /// Colors, as far as the stream tells.
    pub fn color(&self) -> StreamColor {
        if self.frame.is_some_and(|frame| frame.components == 1) {
            StreamColor::Grey
        } else if self.transform != Transform::None {
            StreamColor::Rgb
        } else {
            StreamColor::Unknown
        }
    }

    /// Reads segments up to and with the next scan header; `None` at the end of the picture.
    pub fn next_scan(&mut self) -> Result<Option<ScanHeader>> {
        loop {
            let Some(marker) = self.next_marker()? else {
                return Ok(None);
            };
            let offset = self.at;
            match marker {
                EOI => return Ok(None),
                // The SPIFF directory ends with an SOI of its own, inside its segment; elsewhere it
                // is a fault that does no harm.
                SOI | 0x01 | 0xD0..=0xD7 => continue,
                _ => {}
            }
            let body = self.segment()?;
            match marker {
                SOF_55 => self.read_frame(body, offset)?,
                LSE => self.read_lse(body, offset)?,
                DRI => {
                    self.restart_interval = big_endian(body)
                        .ok_or_else(|| broken(offset, "restart interval of odd length"))?;
                }
                APP_8 => self.read_app_8(body)?,
                SOS => return self.read_scan(body, offset).map(Some),
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    return Err(unsupported("a JPEG frame that is not JPEG-LS"));
                }
                _ => {}
            }
        }
    }

    /// The next marker, skipping what is none: the rest of a scan may be there.
    fn next_marker(&mut self) -> Result<Option<u8>> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(skipped) = rest.iter().position(|byte| *byte == 0xFF) else {
                self.at = self.bytes.len();
                return Ok(None);
            };
            self.at += skipped + 1;
            match rest.get(skipped + 1) {
                Some(0xFF) => {}
                Some(marker) if *marker >= 0x80 || *marker == 0x01 => {
                    self.at += 1;
                    return Ok(Some(*marker));
                }
                Some(_) => self.at += 1,
                None => return Ok(None),
            }
        }
    }

    /// What the segment at hand holds.
    fn segment(&mut self) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let truncated = || broken(self.at, "ends inside a marker segment");
        let length = big_endian(rest.get(..2).ok_or_else(truncated)?).unwrap_or(0) as usize;
        if length < 2 {
            return Err(broken(self.at, "length of a segment below 2"));
        }
        let body = rest.get(2..length).ok_or_else(truncated)?;
        self.at += length;
        Ok(body)
    }

    fn read_frame(&mut self, body: &[u8], offset: usize) -> Result<()> {
        let [precision, y1, y0, x1, x0, components, rest @ ..] = body else {
            return Err(broken(offset, "frame header too short"));
        };
        if self.frame.is_some() {
            return Err(broken(offset, "second frame header"));
        }
        if !(2..=16).contains(precision) {
            return Err(broken(offset, "precision is not 2 to 16 bits"));
        }
        if !(1..=4).contains(components) {
            return Err(match components {
                0 => broken(offset, "no components"),
                _ => unsupported("more than 4 components"),
            });
        }
        let mut identifiers = [0; 4];
        let (specifications, _) = rest.as_chunks::<3>();
        if specifications.len() < usize::from(*components) {
            return Err(broken(offset, "frame header too short"));
        }
        let specifications = specifications.iter().take(usize::from(*components));
        let mut sampling = None;
        for (identifier, specification) in identifiers.iter_mut().zip(specifications) {
            let [name, factors, _] = specification;
            *identifier = *name;
            if *sampling.get_or_insert(*factors) != *factors {
                return Err(unsupported("subsampling"));
            }
        }
        self.frame = Some(FrameHeader {
            columns: u32::from(u16::from_be_bytes([*x1, *x0])),
            rows: u32::from(u16::from_be_bytes([*y1, *y0])),
            components: *components,
            precision: *precision,
            identifiers,
        });
        Ok(())
    }

    /// LSE: coding parameters, mapping tables, or a size beyond 16 bits (§C.2.4).
    fn read_lse(&mut self, body: &[u8], offset: usize) -> Result<()> {
        match body {
            [1, rest @ ..] => {
                let (numbers, _) = rest.as_chunks::<2>();
                let &[max, t1, t2, t3, reset, ..] = numbers else {
                    return Err(broken(offset, "coding parameters too short"));
                };
                let number = |bytes| u32::from(u16::from_be_bytes(bytes));
                self.preset = Preset {
                    max_value: number(max),
                    thresholds: [number(t1), number(t2), number(t3)],
                    reset: number(reset),
                };
            }
            // Tables: what matters is whether a scan names one.
            [2 | 3, ..] => {}
            [4, width @ 2..=4, rest @ ..] => {
                let width = usize::from(*width);
                let number = |range| rest.get(range).and_then(big_endian);
                match (number(0..width), number(width..2 * width)) {
                    (Some(rows), Some(columns)) => self.oversize = Some((columns, rows)),
                    _ => return Err(broken(offset, "size too short")),
                }
            }
            _ => return Err(unsupported("an LSE segment of an unknown type")),
        }
        Ok(())
    }

    /// The color transformation of HP's encoder. A SPIFF header, which is there too, is passed over:
    /// encoders write RGB whatever the colors are, so the data set is right.
    fn read_app_8(&mut self, body: &[u8]) -> Result<()> {
        if let [b'm', b'r', b'f', b'x', number, ..] = body {
            self.transform = Transform::of(*number)
                .ok_or_else(|| unsupported("an unknown color transformation"))?;
        }
        Ok(())
    }

    fn read_scan(&self, body: &[u8], offset: usize) -> Result<ScanHeader> {
        let Some((count, rest)) = body.split_first() else {
            return Err(broken(offset, "scan header too short"));
        };
        if !(1..=4).contains(count) {
            return Err(broken(
                offset,
                "scan without components, or with more than 4",
            ));
        }
        let (named, rest) = rest
            .split_at_checked(2 * usize::from(*count))
            .unwrap_or_default();
        let &[near, interleave, point_transform, ..] = rest else {
            return Err(broken(offset, "scan header too short"));
        };
        let mut identifiers = [0; 4];
        for (index, (identifier, pair)) in identifiers
            .iter_mut()
            .zip(named.as_chunks::<2>().0)
            .enumerate()
        {
            let [name, table] = pair;
            if *table != 0 {
                return Err(unsupported("a mapping table"));
            }
            let before = named.as_chunks::<2>().0.iter().take(index);
            if before.into_iter().any(|pair| pair.starts_with(&[*name])) {
                return Err(broken(offset, "scan names a component twice"));
            }
            *identifier = *name;
        }
        if point_transform & 0x0F != 0 {
            return Err(unsupported("a point transform"));
        }
        let interleave = match (interleave, count) {
            (0..=2, 1) => Interleave::None,
            (1, _) => Interleave::Line,
            (2, _) => Interleave::Sample,
            (0, _) => {
                return Err(broken(
                    offset,
                    "several components that are not interleaved",
                ));
            }
            _ => return Err(broken(offset, "unknown interleave mode")),
        };
        Ok(ScanHeader {
            identifiers,
            components: *count,
            near,
            interleave,
            start: self.at,
        })
    }

    /// The frame, with its size from wherever the stream has it. `rows` is what the data set says.
    pub fn frame(&self, scan: &ScanHeader, rows: Option<u32>) -> Result<FrameHeader> {
        let mut frame = self
            .frame
            .ok_or_else(|| broken(scan.start, "scan before the frame header"))?;
        if let Some((columns, rows)) = self.oversize {
            for (value, large) in [(&mut frame.columns, columns), (&mut frame.rows, rows)] {
                if *value == 0 {
                    *value = large;
                }
            }
        }
        if frame.rows == 0 {
            frame.rows = self.lines_after(scan.start).or(rows).unwrap_or(0);
        }
        if frame.columns == 0 || frame.rows == 0 {
            return Err(broken(scan.start, "no columns or no rows"));
        }
        Ok(frame)
    }

    /// Rows of a DNL segment after the first scan (§C.2.5).
    fn lines_after(&self, start: usize) -> Option<u32> {
        let rest = self.bytes.get(start..)?;
        let at = rest
            .windows(2)
            .position(|pair| matches!(pair, [0xFF, 0x80..=0xCF | 0xD8..=0xFE]))?;
        match rest.get(at..)? {
            [0xFF, DNL, 0, 4..=6, number @ ..] => {
                let length = usize::from(*rest.get(at + 3)?) - 2;
                big_endian(number.get(..length)?)
            }
            _ => None,
        }
    }
}

/// A number of 1 to 4 bytes.
fn big_endian(bytes: &[u8]) -> Option<u32> {
    (1..=4).contains(&bytes.len()).then(|| {
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte))
    })
}
