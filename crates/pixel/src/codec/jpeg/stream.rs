//! The segments of a stream: tables, frame, scans (T.81 §B.2).

use std::sync::Arc;

use super::broken;
use super::header::{Header, Process};
use super::huffman::HuffmanCodes;
use super::segments::{Segment, Segments, marker, next_marker};
use crate::{Result, StreamColor};

/// What comes next.
#[derive(Debug)]
pub(super) enum Event {
    /// A scan; its entropy-coded data begin at its `offset`.
    Scan(Scan),
    /// No more. Without EOI the stream may have been cut off.
    End { has_eoi: bool },
}

/// A component's part in a scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanComponent {
    /// Index into the frame's components.
    pub index: usize,
    /// Which Huffman tables, 0 to 3.
    pub dc: usize,
    pub ac: usize,
}

/// The header of a scan (T.81 §B.2.3).
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub components: Vec<ScanComponent>,
    /// Ss: the first coefficient, or the predictor.
    pub start: u8,
    /// Se: the last coefficient.
    pub end: u8,
    /// Ah: bits that earlier scans brought.
    pub high: u8,
    /// Al: the lowest bit, or the point transform.
    pub low: u8,
    /// Where its entropy-coded data begin.
    pub offset: usize,
}

/// A stream and what its segments have said so far.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    segments: Segments<'a>,
    header: Option<Header>,
    /// In the order of the zigzag.
    pub quantization: [Option<[u16; 64]>; 4],
    pub dc: [Option<Arc<HuffmanCodes>>; 4],
    pub ac: [Option<Arc<HuffmanCodes>>; 4],
    /// MCUs between restart markers; 0 is none.
    pub restart_interval: u32,
    has_jfif: bool,
    /// Transform flag of Adobe's segment (T.872 §6.5.3).
    adobe: Option<u8>,
}

impl<'a> Stream<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Stream<'a>> {
        Ok(Stream {
            segments: Segments::open(bytes)?,
            header: None,
            quantization: [None; 4],
            dc: Default::default(),
            ac: Default::default(),
            restart_interval: 0,
            has_jfif: false,
            adobe: None,
        })
    }

    pub fn bytes(&self) -> &'a [u8] {
        self.segments.bytes
    }

    /// Goes on behind a scan, at or before the marker that follows it.
    pub fn resume(&mut self, position: usize) {
        self.segments.position = position;
    }

    /// Reads on to the next scan.
    pub fn advance(&mut self) -> Result<Event> {
        while let Some(segment) = self.segments.next()? {
            match segment.marker {
                marker::SOS => return self.scan(&segment).map(Event::Scan),
                marker::EOI => return Ok(Event::End { has_eoi: true }),
                marker::DHT => self.huffman(&segment)?,
                marker::DQT => self.quantization(&segment)?,
                marker::DRI => self.restart_interval = segment.word(0)?.into(),
                marker::APP0 => self.has_jfif |= segment.body.starts_with(b"JFIF\0"),
                marker::APP14 if segment.body.starts_with(b"Adobe") => {
                    self.adobe = segment.body.get(11).copied();
                }
                marker::JPG | marker::DAC => {}
                marker::SOF0..=marker::SOF15 | marker::SOF55 => {
                    if self.header.is_some() {
                        return Err(broken(segment.offset, "a second frame"));
                    }
                    self.header = Some(Header::read(&segment)?);
                }
                _ => {}
            }
        }
        Ok(Event::End { has_eoi: false })
    }

    /// The frame's header, with rows from a DNL segment if need be. Known before the first scan.
    pub fn header(&self) -> Result<Header> {
        let mut header = self
            .header
            .clone()
            .ok_or_else(|| broken(self.segments.position, "no frame before the first scan"))?;
        header.color = self.color(&header);
        if header.rows == 0 {
            header.rows = self.number_of_lines().unwrap_or(0);
        }
        Ok(header)
    }

    /// DNL behind the first scan (T.81 §B.2.5).
    fn number_of_lines(&self) -> Option<u32> {
        let mut segments = self.segments.clone();
        loop {
            let offset = next_marker(segments.bytes, segments.position)?;
            segments.position = offset + 2;
            match segments.bytes.get(offset + 1)? {
                &marker::DNL => {
                    segments.position = offset;
                    return segments.next().ok()??.word(0).ok().map(u32::from);
                }
                marker::RST0..=marker::RST7 => {}
                _ => return None,
            }
        }
    }

    /// What the stream tells of colors. Lossless streams are not transformed, so that a JFIF marker
    /// there says nothing.
    fn color(&self, header: &Header) -> StreamColor {
        if header.components.len() == 1 {
            return StreamColor::Grey;
        }
        if header.components.len() != 3 {
            return StreamColor::Unknown;
        }
        let ids = [0, 1, 2].map(|index| header.components[index].id);
        match self.adobe {
            Some(0) => StreamColor::Rgb,
            Some(_) => StreamColor::Ycc,
            None if ids == *b"RGB" => StreamColor::Rgb,
            None if header.is_subsampled() => StreamColor::Ycc,
            None if self.has_jfif && header.process != Process::Lossless => StreamColor::Ycc,
            None => StreamColor::Unknown,
        }
    }

    /// DHT (T.81 §B.2.4.2).
    fn huffman(&mut self, segment: &Segment<'_>) -> Result<()> {
        let mut start = 0;
        while start < segment.body.len() {
            let class = segment.byte(start)?;
            let (codes, next) = HuffmanCodes::read(segment, start + 1)?;
            let tables = match class >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(broken(segment.at(start), "a Huffman table of no class")),
            };
            *tables
                .get_mut(usize::from(class & 15))
                .ok_or_else(|| broken(segment.at(start), "a Huffman table beyond the fourth"))? =
                Some(Arc::new(codes));
            start = next;
        }
        Ok(())
    }

    /// DQT (T.81 §B.2.4.1).
    fn quantization(&mut self, segment: &Segment<'_>) -> Result<()> {
        let mut start = 0;
        while start < segment.body.len() {
            let kind = segment.byte(start)?;
            let mut table = [0_u16; 64];
            let width = match kind >> 4 {
                0 => 1,
                1 => 2,
                _ => return Err(broken(segment.at(start), "a quantization table of no kind")),
            };
            for (index, element) in table.iter_mut().enumerate() {
                let at = start + 1 + width * index;
                *element = if width == 1 {
                    segment.byte(at)?.into()
                } else {
                    segment.word(at)?
                };
            }
            *self
                .quantization
                .get_mut(usize::from(kind & 15))
                .ok_or_else(|| {
                    broken(segment.at(start), "a quantization table beyond the fourth")
                })? = Some(table);
            start += 1 + 64 * width;
        }
        Ok(())
    }

    /// SOS (T.81 §B.2.3).
    fn scan(&self, segment: &Segment<'_>) -> Result<Scan> {
        let Some(header) = &self.header else {
            return Err(broken(segment.offset, "a scan before the frame"));
        };
        let count = usize::from(segment.byte(0)?);
        if count == 0 || count > header.components.len() {
            return Err(broken(
                segment.at(0),
                format!("a scan of {count} components"),
            ));
        }
        let mut components: Vec<ScanComponent> = Vec::with_capacity(count);
        for place in 0..count {
            let at = 1 + 2 * place;
            let id = segment.byte(at)?;
            let named = header.components.iter().position(|one| one.id == id);
            let index = match named {
                Some(index) if !components.iter().any(|one| one.index == index) => index,
                // Encoders exist that number components differently in frame and scan.
                _ if count == header.components.len() => place,
                _ => return Err(broken(segment.at(at), format!("component {id} in a scan"))),
            };
            if components.iter().any(|one| one.index == index) {
                return Err(broken(segment.at(at), "a component twice in a scan"));
            }
            let tables = segment.byte(at + 1)?;
            if tables >> 4 > 3 || tables & 15 > 3 {
                return Err(broken(
                    segment.at(at + 1),
                    "a Huffman table beyond the fourth",
                ));
            }
            components.push(ScanComponent {
                index,
                dc: usize::from(tables >> 4),
                ac: usize::from(tables & 15),
            });
        }
        let at = 1 + 2 * count;
        let approximation = segment.byte(at + 2)?;
        Ok(Scan {
            components,
            start: segment.byte(at)?,
            end: segment.byte(at + 1)?,
            high: approximation >> 4,
            low: approximation & 15,
            offset: self.segments.position,
        })
    }
}
