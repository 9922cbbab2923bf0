//! From a stream to a picture.

use super::broken;
use super::dct::Sample;
use super::header::{Header, Process};
use super::layout::Layout;
use super::lossless::{self, LosslessPlane};
use super::progressive::Coefficients;
use super::sequential;
use super::stream::{Event, Scan, Stream};
use super::upsample::{Pixel, Plane, interleave};
use crate::{Expected, Raster, Result, Samples};

/// Decodes a baseline, extended, progressive or lossless stream. Colors are not converted; samples
/// are not signed. What follows the picture is not looked at, and a missing end of image does not
/// matter if all else is there.
///
/// # Errors
/// [`Error::Mismatch`](crate::Error::Mismatch) and [`Error::TooLarge`](crate::Error::TooLarge)
/// before anything is allocated, [`Error::Stream`](crate::Error::Stream) for a broken or truncated
/// stream, [`Error::Unsupported`](crate::Error::Unsupported) for arithmetic and hierarchical
/// coding.
pub fn decode(bytes: &[u8], expected: &Expected) -> Result<Raster> {
    let mut stream = Stream::open(bytes)?;
    let Event::Scan(first) = stream.advance()? else {
        return Err(broken(bytes.len(), "no scan"));
    };
    let header = checked_header(&stream, expected)?;
    let layout = Layout::new(&header);
    if header.process != Process::Progressive {
        // A block has at least two codes, a sample one: do not trust what cannot be there.
        let codes = match header.process {
            Process::Lossless => layout.units(),
            _ => layout.units() * 2,
        };
        if codes.div_ceil(8) > bytes.len() as u64 {
            return Err(broken(bytes.len(), "entropy-coded data end early"));
        }
    }
    let samples = match header.process {
        Process::Lossless => lossless_frame(&mut stream, first, &header, &layout)?,
        process => {
            let is_progressive = process == Process::Progressive;
            if header.precision == 8 {
                Samples::U8(dct_frame(
                    &mut stream,
                    first,
                    &header,
                    &layout,
                    is_progressive,
                )?)
            } else {
                Samples::U16(dct_frame(
                    &mut stream,
                    first,
                    &header,
                    &layout,
                    is_progressive,
                )?)
            }
        }
    };
    Ok(Raster {
        columns: header.columns,
        rows: header.rows,
        components: header.components.len() as u8,
        precision: header.precision,
        is_signed: false,
        color: header.color,
        samples,
    })
}

/// The frame's header, if it is what the data set says.
pub(super) fn checked_header(stream: &Stream<'_>, expected: &Expected) -> Result<Header> {
    let mut header = stream.header()?;
    if header.rows == 0 {
        match expected.size {
            Some((columns, rows)) if columns == header.columns && rows > 0 => header.rows = rows,
            _ => {
                return Err(broken(
                    stream.bytes().len(),
                    "the number of rows is not told",
                ));
            }
        }
    }
    expected.check(
        header.columns,
        header.rows,
        header.components.len() as u8,
        header.bytes_per_sample(),
    )?;
    Ok(header)
}

/// Keeps account of the components that have come.
struct Seen(Vec<bool>);

impl Seen {
    fn add(&mut self, scan: &Scan) -> Result<()> {
        for component in &scan.components {
            if std::mem::replace(&mut self.0[component.index], true) {
                return Err(broken(scan.offset, "a second scan of a component"));
            }
        }
        Ok(())
    }

    fn are_all(&self) -> bool {
        self.0.iter().all(|seen| *seen)
    }
}

/// Decodes scans until every component has come.
fn each_component(
    stream: &mut Stream<'_>,
    first: Scan,
    header: &Header,
    mut decode: impl FnMut(&Stream<'_>, &Scan) -> Result<usize>,
) -> Result<()> {
    let mut seen = Seen(vec![false; header.components.len()]);
    let mut scan = first;
    loop {
        seen.add(&scan)?;
        let position = decode(stream, &scan)?;
        if seen.are_all() {
            return Ok(());
        }
        stream.resume(position);
        scan = match stream.advance()? {
            Event::Scan(scan) => scan,
            Event::End { .. } => return Err(broken(position, "a component has no scan")),
        };
    }
}

fn lossless_frame(
    stream: &mut Stream<'_>,
    first: Scan,
    header: &Header,
    layout: &Layout,
) -> Result<Samples> {
    let mut planes = vec![LosslessPlane::default(); header.components.len()];
    each_component(stream, first, header, |stream, scan| {
        lossless::scan(stream, scan, layout, header.precision, &mut planes)
    })?;
    for plane in planes.iter_mut().filter(|plane| plane.shift > 0) {
        for sample in &mut plane.samples {
            *sample <<= plane.shift;
        }
    }
    if header.precision > 8 {
        if let [only] = &mut planes[..] {
            return Ok(Samples::U16(std::mem::take(&mut only.samples)));
        }
        let views = views(planes.iter().map(|plane| &plane.samples[..]), layout, false);
        return Ok(Samples::U16(interleave(&views, layout, false)));
    }
    let narrow: Vec<Vec<u8>> = planes
        .iter()
        .map(|plane| plane.samples.iter().map(|sample| *sample as u8).collect())
        .collect();
    let views = views(narrow.iter().map(|plane| &plane[..]), layout, false);
    Ok(Samples::U8(interleave(&views, layout, false)))
}

fn dct_frame<S: Sample + Pixel>(
    stream: &mut Stream<'_>,
    first: Scan,
    header: &Header,
    layout: &Layout,
    is_progressive: bool,
) -> Result<Vec<S>> {
    let quantization: Vec<u8> = header
        .components
        .iter()
        .map(|component| component.quantization)
        .collect();
    let mut planes: Vec<Vec<S>> = if is_progressive {
        progressive(stream, first, layout, &quantization)?
    } else {
        let samples = layout
            .extents
            .iter()
            .map(|extent| extent.padded_across * extent.padded_down * 64);
        let mut planes: Vec<Vec<S>> = samples.map(|count| vec![S::default(); count]).collect();
        each_component(stream, first, header, |stream, scan| {
            sequential::scan(stream, scan, layout, &quantization, &mut planes)
        })?;
        planes
    };
    if let [only] = &mut planes[..]
        && layout.extents[0].padded_across * 8 == layout.columns
    {
        only.truncate(layout.columns * layout.rows);
        return Ok(std::mem::take(only));
    }
    let views = views(planes.iter().map(|plane| &plane[..]), layout, true);
    Ok(interleave(&views, layout, true))
}

fn progressive<S: Sample>(
    stream: &mut Stream<'_>,
    first: Scan,
    layout: &Layout,
    quantization: &[u8],
) -> Result<Vec<Vec<S>>> {
    let mut coefficients = Coefficients::new(layout);
    let mut scan = first;
    loop {
        let position = coefficients.scan(stream, &scan, layout, quantization)?;
        stream.resume(position);
        scan = match stream.advance()? {
            Event::Scan(scan) => scan,
            Event::End { has_eoi } => {
                let is_whole =
                    coefficients.is_complete() || (has_eoi && coefficients.is_decodable());
                if !is_whole {
                    return Err(broken(position, "scans are missing"));
                }
                return coefficients.planes(position);
            }
        };
    }
}

/// Planes with their strides: rows of blocks, or of samples alone.
fn views<'p, S>(
    planes: impl Iterator<Item = &'p [S]>,
    layout: &Layout,
    has_blocks: bool,
) -> Vec<Plane<'p, S>> {
    let strides = layout.extents.iter().map(|extent| match has_blocks {
        true => extent.padded_across * 8,
        false => extent.width,
    });
    planes
        .zip(strides)
        .map(|(samples, stride)| Plane { samples, stride })
        .collect()
}
