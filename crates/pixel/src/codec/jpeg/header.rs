//! What a stream is (T.81 §B.2.2), without decoding it.

use super::segments::{Segment, marker};
use super::stream::{Event, Stream};
use super::{broken, unsupported};
use crate::{Result, StreamColor};

/// The coding process (T.81 Table B.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Process {
    /// SOF0: sequential, 8 bits.
    Baseline,
    /// SOF1: sequential, 8 or 12 bits.
    Extended,
    /// SOF2: progressive, 8 or 12 bits.
    Progressive,
    /// SOF3: lossless, 2 to 16 bits.
    Lossless,
}

/// A component of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its number in the stream.
    pub id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub horizontal: u8,
    /// Vertical sampling factor, 1 to 4.
    pub vertical: u8,
    /// Which quantization table, 0 to 3.
    pub(super) quantization: u8,
}

/// What a stream says of its picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// How it is coded.
    pub process: Process,
    /// Bits of a sample.
    pub precision: u8,
    /// Columns.
    pub columns: u32,
    /// Rows; 0 if neither the frame nor a DNL segment tells.
    pub rows: u32,
    /// 1 to 4 components.
    pub components: Vec<Component>,
    /// What the stream tells of their colors.
    pub color: StreamColor,
}

impl Header {
    /// Do components have different numbers of samples?
    pub fn is_subsampled(&self) -> bool {
        self.components.windows(2).any(|pair| {
            (pair[0].horizontal, pair[0].vertical) != (pair[1].horizontal, pair[1].vertical)
        })
    }

    /// Bytes that a decoded sample takes.
    pub(super) fn bytes_per_sample(&self) -> u8 {
        if self.precision <= 8 { 1 } else { 2 }
    }

    /// Reads a start of frame.
    pub(super) fn read(segment: &Segment<'_>) -> Result<Header> {
        let process = match segment.marker {
            marker::SOF0 => Process::Baseline,
            marker::SOF1 => Process::Extended,
            marker::SOF2 => Process::Progressive,
            marker::SOF3 => Process::Lossless,
            marker::SOF55 => return Err(broken(segment.offset, "this is JPEG-LS")),
            0xC5..=0xC7 | 0xCD..=0xCF => return Err(unsupported("hierarchical coding")),
            _ => return Err(unsupported("arithmetic coding")),
        };
        let precision = segment.byte(0)?;
        let possible = match process {
            Process::Lossless => (2..=16).contains(&precision),
            _ => matches!(precision, 8 | 12),
        };
        if !possible {
            return Err(broken(
                segment.at(0),
                format!("a precision of {precision} bits"),
            ));
        }
        let rows = u32::from(segment.word(1)?);
        let columns = u32::from(segment.word(3)?);
        if columns == 0 {
            return Err(broken(segment.at(3), "no columns"));
        }
        let count = segment.byte(5)?;
        if !(1..=4).contains(&count) {
            return Err(broken(segment.at(5), format!("{count} components")));
        }
        let mut components = Vec::with_capacity(count.into());
        for index in 0..usize::from(count) {
            components.push(component(segment, 6 + 3 * index)?);
        }
        Ok(Header {
            process,
            precision,
            columns,
            rows,
            components,
            color: StreamColor::Unknown,
        })
    }
}

fn component(segment: &Segment<'_>, start: usize) -> Result<Component> {
    let factors = segment.byte(start + 1)?;
    let (horizontal, vertical) = (factors >> 4, factors & 15);
    if !(1..=4).contains(&horizontal) || !(1..=4).contains(&vertical) {
        return Err(broken(
            segment.at(start + 1),
            format!("sampling factors of {horizontal} and {vertical}"),
        ));
    }
    let quantization = segment.byte(start + 2)?;
    if quantization > 3 {
        return Err(broken(
            segment.at(start + 2),
            format!("quantization table {quantization}"),
        ));
    }
    Ok(Component {
        id: segment.byte(start)?,
        horizontal,
        vertical,
        quantization,
    })
}

/// What is known before the first scan: process, size, components.
///
/// # Errors
/// [`Error::Stream`](crate::Error::Stream) for what is no JPEG stream,
/// [`Error::Unsupported`](crate::Error::Unsupported) for arithmetic or hierarchical coding.
pub fn header(bytes: &[u8]) -> Result<Header> {
    let mut stream = Stream::open(bytes)?;
    match stream.advance()? {
        Event::Scan(_) => stream.header(),
        Event::End { .. } => Err(broken(bytes.len(), "no scan")),
    }
}
