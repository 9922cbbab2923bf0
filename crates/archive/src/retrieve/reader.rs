//! The bytes of one stored instance: whole, in ranges, by frame, by bulk data value.

use bytes::Bytes;
use futures::stream::BoxStream;
use sagittal_core::{Tag, TagPath, Uid};
use sagittal_pixel::frames::FrameTable;

use super::InstanceRef;
use crate::{Archive, Result};

/// A stored instance opened for reading. Reads go to the blocking pool or the page cache.
#[derive(Clone)]
pub struct InstanceReader {
    _archive: Archive,
    /// Which.
    pub instance: InstanceRef,
}

impl InstanceReader {
    /// Bytes of the data set.
    pub fn len(&self) -> u64 {
        self.instance.locator.length
    }

    /// No bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes `offset..offset+length` of the data set, cut at its end.
    pub async fn read(&self, offset: u64, length: u64) -> Result<Bytes> {
        let _ = (offset, length);
        todo!()
    }

    /// The data set from `offset`, at most `length` bytes, in chunks of bounded size.
    pub fn stream(&self, offset: u64, length: u64) -> BoxStream<'static, Result<Bytes>> {
        let _ = (offset, length);
        todo!()
    }

    /// A Part 10 file: as received if it came as one (byte for byte), else with new meta.
    /// In the stored transfer syntax. Gives the length in bytes and the chunks.
    pub async fn part10(&self) -> Result<(u64, BoxStream<'static, Result<Bytes>>)> {
        todo!()
    }

    /// The data set in another transfer syntax, where that needs no decoding of pixels
    /// (`Error::NotConvertible` otherwise). The length is not known beforehand.
    pub async fn data_set_as(
        &self,
        transfer_syntax_uid: &Uid,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let _ = transfer_syntax_uid;
        todo!()
    }

    /// A Part 10 file in another transfer syntax.
    pub async fn part10_as(
        &self,
        transfer_syntax_uid: &Uid,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let _ = transfer_syntax_uid;
        todo!()
    }

    /// Where its frames lie.
    pub async fn frame_table(&self) -> Result<FrameTable> {
        todo!()
    }

    /// One frame (from 0) as stored: native samples little endian, or the compressed stream.
    pub async fn frame(&self, index: u32) -> Result<Bytes> {
        let _ = index;
        todo!()
    }

    /// A new object with only these frames (from 0), for frame-level retrieve (PS3.4 §Z).
    /// Returns the data set's bytes in the stored transfer syntax, and its new SOP Instance UID.
    pub async fn with_frames(&self, frames: &[u32]) -> Result<(Uid, Bytes)> {
        let _ = frames;
        todo!()
    }
}

/// A bulk data value: byte ranges of the data set that make it up.
#[derive(Clone)]
pub struct BulkData {
    /// The instance it belongs to.
    pub reader: InstanceReader,
    /// Where its bytes are, in order (several for fragments).
    pub ranges: Vec<std::ops::Range<u64>>,
    /// Total length.
    pub length: u64,
    /// Bytes per number when a big-endian source must be swapped on the way out, else 1.
    pub swap_unit: usize,
    /// The element.
    pub tag: Tag,
}

impl Archive {
    /// Opens an instance.
    pub fn open_instance(&self, instance: InstanceRef) -> InstanceReader {
        InstanceReader {
            _archive: self.clone(),
            instance,
        }
    }

    /// The value field at `path` of an instance, read in ranges; fragments (pixel data) give the
    /// frames' or the single value's bytes concatenated without item headers.
    pub async fn bulk_data(&self, instance: &InstanceRef, path: &TagPath) -> Result<BulkData> {
        let _ = (instance, path);
        todo!()
    }
}
