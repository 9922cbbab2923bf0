//! One value of an instance, by its path (PS3.18 §10.4.1.1.5).

use std::ops::Range;

use sagittal_core::{Limits, PathStep, Tag, TagPath, tags};
use sagittal_file::encoding::Encoding;
use sagittal_file::walk::{Event, Walker};

use super::InstanceRef;
use super::reader::InstanceReader;
use crate::{Archive, Error, Result, bulk_path};

/// Read first while looking for the value; then ever more.
const FIRST_WINDOW: u64 = 64 << 10;
/// Values that begin after this are not found.
const LAST_WINDOW: u64 = 256 << 20;

/// A bulk data value: byte ranges of the data set that make it up.
#[derive(Clone)]
pub struct BulkData {
    /// The instance it belongs to, opened so that the ranges can be read from it.
    pub reader: InstanceReader,
    /// Where its bytes are, in order (several for fragments).
    pub ranges: Vec<Range<u64>>,
    /// Total length.
    pub length: u64,
    /// Bytes per number when a big-endian source must be swapped on the way out, else 1.
    pub swap_unit: usize,
    /// The element.
    pub tag: Tag,
}

struct Found {
    ranges: Vec<Range<u64>>,
    swap_unit: usize,
}

impl Archive {
    /// The value field at `path` of an instance, read in ranges; fragments (pixel data) give the
    /// frames' or the single value's bytes concatenated without item headers.
    pub async fn bulk_data(&self, instance: &InstanceRef, path: &TagPath) -> Result<BulkData> {
        let not_found = || Error::NotFound {
            what: "bulk data",
            uid: format!(
                "{} of {}",
                bulk_path::format(path),
                instance.sop_instance_uid
            ),
        };
        let Some(PathStep::Element(tag)) = path.0.last().copied() else {
            return Err(not_found());
        };
        let reader = self.open_instance(instance.clone()).await?.opened().await?;
        let is_root_pixels = path.0.len() == 1 && tag == tags::PIXEL_DATA;
        let encoding = match Encoding::of(reader.instance.transfer_syntax_uid.as_str()) {
            encoding if encoding.deflated => Encoding::EXPLICIT_LE,
            encoding => encoding,
        };
        let found = if is_root_pixels && !encoding.big_endian {
            let table = reader.shared_frame_table().await?;
            let ranges = table.all();
            // The frames of Float Pixel Data are not at Pixel Data.
            let is_here = !ranges.is_empty() && reader.pixel_tag(&table).await? == tag;
            is_here.then_some(Found {
                ranges,
                swap_unit: 1,
            })
        } else {
            reader.find(path, tag, encoding).await?
        };
        let Found { ranges, swap_unit } = found.ok_or_else(not_found)?;
        let length = ranges.iter().map(|range| range.end - range.start).sum();
        Ok(BulkData {
            reader,
            ranges,
            length,
            swap_unit,
            tag,
        })
    }
}

impl InstanceReader {
    async fn find(&self, path: &TagPath, tag: Tag, encoding: Encoding) -> Result<Option<Found>> {
        let total = self.len();
        let mut window = FIRST_WINDOW;
        loop {
            let bytes = self.read(0, window).await?;
            let is_last = bytes.len() as u64 >= total || window >= LAST_WINDOW;
            let (path, at_hand) = (path.clone(), bytes.len() as u64);
            let found = self
                .archive
                .blocking(move || walk(&bytes, total, encoding, &path, tag))
                .await?;
            match found {
                // Fragments must be seen to their end.
                Some((found, end)) if end <= at_hand || found.ranges.len() == 1 || is_last => {
                    return Ok(Some(found));
                }
                None if is_last => return Ok(None),
                _ => window = window.saturating_mul(16).min(LAST_WINDOW),
            }
        }
    }
}

/// The value and where it ends, if it begins within `bytes`.
fn walk(
    bytes: &[u8],
    total: u64,
    encoding: Encoding,
    path: &TagPath,
    tag: Tag,
) -> Result<Option<(Found, u64)>> {
    let mut walker = Walker::prefix(bytes, total, encoding, Limits::default());
    while let Some(event) = walker.next()? {
        match event {
            Event::Element {
                tag: here,
                vr,
                offset,
                length,
                ..
            } if here == tag && walker.path() == *path => {
                let end = offset.saturating_add(length).min(total);
                let swap_unit = if walker.is_big_endian() { vr.unit() } else { 1 };
                let ranges = std::iter::once(offset..end).collect();
                return Ok(Some((Found { ranges, swap_unit }, end)));
            }
            Event::FragmentsStart { tag: here, .. } if here == tag && walker.path() == *path => {
                let mut ranges = Vec::new();
                while let Some(event) = walker.next()? {
                    match event {
                        Event::Fragment { offset, length, .. } => {
                            ranges.push(offset..offset.saturating_add(length).min(total));
                        }
                        Event::FragmentsEnd { .. } => break,
                        _ => {}
                    }
                }
                let end = if walker.is_cut() {
                    u64::MAX
                } else {
                    walker.position()
                };
                return Ok(Some((
                    Found {
                        ranges,
                        swap_unit: 1,
                    },
                    end,
                )));
            }
            _ => {}
        }
    }
    Ok(None)
}
