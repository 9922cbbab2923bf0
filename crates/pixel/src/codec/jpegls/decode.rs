//! Decoding a stream.

use super::bits::Segment;
use super::color::Transform;
use super::entropy_decode::{Decoder, Lines};
use super::header::{FrameHeader, Interleave, Markers, ScanHeader, broken, unsupported};
use super::parameters::{Coding, Defaults, Preset, Regions};
use crate::raster::{Expected, Raster, Samples};
use crate::{Error, Result};

/// Decodes a stream. Samples come out as they are coded, `is_signed` is false: JPEG-LS knows no
/// signs, two's complement of a data set has to be extended from the precision by the caller.
///
/// Bytes after the picture and a missing EOI do no harm. A stream without coding parameters that
/// cannot be decoded with the standard's is tried with those that older encoders took wrongly.
///
/// # Errors
/// [`Error::Stream`] with the offset in `bytes` where a stream is broken or ends too early,
/// [`Error::Unsupported`] for mapping tables, point transforms, subsampling and more than 4
/// components, and what [`Expected::check`] says, before anything is allocated.
pub fn decode(bytes: &[u8], expected: &Expected) -> Result<Raster> {
    let mut markers = Markers::new(bytes)?;
    let mut picture: Option<(FrameHeader, Samples)> = None;
    let mut missing = 0_u8;
    while let Some(scan) = markers.next_scan()? {
        let (frame, samples) = match &mut picture {
            Some((frame, samples)) => (&*frame, samples),
            None => {
                let rows = expected.size.map(|(_, rows)| rows);
                let frame = markers.frame(&scan, rows)?;
                let samples = allocate(&frame, expected)?;
                missing = u8::MAX >> (8 - frame.components);
                let (frame, samples) = picture.insert((frame, samples));
                (&*frame, samples)
            }
        };
        let (places, count) = scan.places(frame)?;
        let places = places.get(..count).unwrap_or_default();
        for place in places {
            if missing & (1 << place) == 0 {
                return Err(broken(scan.start, "a component has two scans"));
            }
            missing &= !(1 << place);
        }
        let job = Job {
            bytes,
            frame,
            scan: &scan,
            places,
            restart_interval: markers.restart_interval,
        };
        markers.at = job.run(markers.preset, samples)?;
        if missing == 0 {
            break;
        }
    }
    let Some((frame, mut samples)) = picture else {
        return Err(broken(bytes.len(), "ends before its first scan"));
    };
    if missing != 0 {
        return Err(broken(
            bytes.len(),
            "ends before all components have a scan",
        ));
    }
    if markers.transform != Transform::None {
        if frame.components != 3 || !matches!(frame.precision, 8 | 16) {
            return Err(unsupported("a color transformation of such samples"));
        }
        markers.transform.undo(&mut samples);
    }
    Ok(Raster {
        columns: frame.columns,
        rows: frame.rows,
        components: frame.components,
        precision: frame.precision,
        is_signed: false,
        color: markers.color(),
        samples,
    })
}

/// Room for the picture, once the header is what was expected.
fn allocate(frame: &FrameHeader, expected: &Expected) -> Result<Samples> {
    let sample_bytes = if frame.precision <= 8 { 1 } else { 2 };
    expected.check(frame.columns, frame.rows, frame.components, sample_bytes)?;
    let too_large = || Error::TooLarge {
        bytes: u64::MAX,
        limit: expected.max_bytes,
    };
    let count = u64::from(frame.columns)
        .checked_mul(frame.rows.into())
        .and_then(|pixels| pixels.checked_mul(frame.components.into()))
        .and_then(|samples| usize::try_from(samples).ok())
        .filter(|samples| *samples <= isize::MAX as usize / 4)
        .ok_or_else(too_large)?;
    Ok(if sample_bytes == 1 {
        Samples::U8(vec![0; count])
    } else {
        Samples::U16(vec![0; count])
    })
}

/// A scan to be decoded.
struct Job<'a> {
    bytes: &'a [u8],
    frame: &'a FrameHeader,
    scan: &'a ScanHeader,
    /// Places of its components in a pixel.
    places: &'a [usize],
    restart_interval: u32,
}

/// A decoded scan.
struct Done {
    /// Where the next marker is.
    end: usize,
    /// Were all its bits needed?
    is_clean: bool,
}

impl Job<'_> {
    /// Decodes the scan; the end of its bits.
    fn run(&self, preset: Preset, samples: &mut Samples) -> Result<usize> {
        let precision = self.frame.precision;
        let coding = |defaults| Coding::new(precision, self.scan.near, preset, defaults);
        let standard = coding(Defaults::Standard).map_err(|why| broken(self.scan.start, why))?;
        let first = self.decode(&standard, samples);
        if matches!(first, Ok(Done { is_clean: true, .. })) {
            return first.map(|done| done.end);
        }
        let others = [Defaults::Unclamped, Defaults::OneFormula]
            .into_iter()
            .filter_map(|defaults| coding(defaults).ok())
            .filter(|other| *other != standard);
        let mut is_overwritten = false;
        for other in others {
            is_overwritten = true;
            if let Ok(Done {
                end,
                is_clean: true,
            }) = self.decode(&other, samples)
            {
                return Ok(end);
            }
        }
        match first {
            Ok(_) if is_overwritten => self.decode(&standard, samples).map(|done| done.end),
            first => first.map(|done| done.end),
        }
    }

    fn decode(&self, coding: &Coding, samples: &mut Samples) -> Result<Done> {
        let regions = Regions::new(coding);
        let mut target = Target::new(self.frame, self.scan, self.places, samples);
        let rows = self.frame.rows as usize;
        let interval = match self.restart_interval as usize {
            0 => rows,
            lines => lines,
        };
        let mut at = self.scan.start;
        let mut segment = Segment::default();
        let mut is_clean = true;
        for (number, first) in (0..rows).step_by(interval).enumerate() {
            if number > 0 {
                at = self.restart(at, number)?;
            }
            segment = Segment::read(self.bytes, at, segment);
            let mut decoder = Decoder::new(coding, &regions, &segment);
            target.clear();
            for row in first..rows.min(first.saturating_add(interval)) {
                target.line(row, &mut decoder).map_err(|fault| {
                    let offset = segment.offset(self.bytes, decoder.position());
                    broken(offset, fault.reason())
                })?;
            }
            is_clean &= decoder.is_at_end();
            at = segment.end;
        }
        Ok(Done { end: at, is_clean })
    }

    /// Behind the restart marker at `at`.
    fn restart(&self, at: usize, number: usize) -> Result<usize> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let filling = rest.iter().take_while(|byte| **byte == 0xFF).count();
        let wanted = 0xD0 + ((number - 1) % 8) as u8;
        match rest.get(filling) {
            Some(marker) if filling > 0 && *marker == wanted => Ok(at + filling + 1),
            _ => Err(broken(at, "a restart marker is missing")),
        }
    }
}

/// Where lines go.
struct Target<'a> {
    samples: &'a mut Samples,
    places: &'a [usize],
    interleave: Interleave,
    components: usize,
    columns: usize,
    /// For each component (one for all if samples are interleaved): the line above and this one.
    lines: Vec<[Vec<u16>; 2]>,
}

impl<'a> Target<'a> {
    fn new(
        frame: &FrameHeader,
        scan: &ScanHeader,
        places: &'a [usize],
        samples: &'a mut Samples,
    ) -> Target<'a> {
        let columns = frame.columns as usize;
        let (sets, width) = match scan.interleave {
            Interleave::Sample => (1, places.len()),
            Interleave::Line | Interleave::None => (places.len(), 1),
        };
        let line = || vec![0; (columns + 2) * width];
        Target {
            samples,
            places,
            interleave: scan.interleave,
            components: usize::from(frame.components),
            columns,
            lines: (0..sets).map(|_| [line(), line()]).collect(),
        }
    }

    /// Begins again with nothing above.
    fn clear(&mut self) {
        for line in self.lines.iter_mut().flatten() {
            line.fill(0);
        }
    }

    /// Decodes a line of all components.
    fn line(
        &mut self,
        row: usize,
        decoder: &mut Decoder<'_>,
    ) -> Result<(), super::entropy_decode::Fault> {
        let width = match self.interleave {
            Interleave::Sample => self.places.len(),
            _ => 1,
        };
        for (component, [above, line]) in self.lines.iter_mut().enumerate() {
            decoder.line(Lines { above, line }, width, component)?;
            let decoded = &line[width..line.len() - width];
            let per_row = self.columns * self.components;
            let range = row * per_row..(row + 1) * per_row;
            let places = match self.interleave {
                Interleave::Sample => self.places,
                _ => &self.places[component..=component],
            };
            match self.samples {
                Samples::U8(all) => {
                    put(decoded, &mut all[range], places, self.components, |value| {
                        value as u8
                    })
                }
                Samples::U16(all) => {
                    put(decoded, &mut all[range], places, self.components, |value| {
                        value
                    })
                }
                Samples::U32(_) => {}
            }
            std::mem::swap(above, line);
        }
        Ok(())
    }
}

/// Writes the samples of a line to their places in the pixels of a row.
fn put<T>(
    line: &[u16],
    row: &mut [T],
    places: &[usize],
    components: usize,
    convert: impl Fn(u16) -> T,
) {
    let is_whole = places.iter().copied().eq(0..components);
    if is_whole {
        for (to, from) in row.iter_mut().zip(line) {
            *to = convert(*from);
        }
        return;
    }
    if let [place] = *places {
        let to = row.get_mut(place..).unwrap_or_default();
        for (to, from) in to.iter_mut().step_by(components).zip(line) {
            *to = convert(*from);
        }
        return;
    }
    for (to, from) in row
        .chunks_exact_mut(components)
        .zip(line.chunks_exact(places.len()))
    {
        for (place, value) in places.iter().zip(from) {
            to[*place] = convert(*value);
        }
    }
}
