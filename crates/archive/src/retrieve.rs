//! Giving back: instances, metadata, bulk data, frames (PS3.18 §10.4, PS3.4 §C.4.2–C.4.3).

use bytes::Bytes;
use futures::stream::BoxStream;
use sagittal_core::{DataSet, Tag, TagPath, Uid};
use sagittal_pixel::frames::FrameTable;
use sagittal_store::blob::Locator;

use crate::{Archive, Result};

/// What is wanted: every given list restricts; an empty list does not.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    /// Patient IDs (Patient Root retrieve at PATIENT level).
    pub patient_ids: Vec<String>,
    /// Study Instance UIDs.
    pub study_instance_uids: Vec<Uid>,
    /// Series Instance UIDs.
    pub series_instance_uids: Vec<Uid>,
    /// SOP Instance UIDs.
    pub sop_instance_uids: Vec<Uid>,
}

/// An instance in the archive.
#[derive(Clone, Debug)]
pub struct InstanceRef {
    /// Study Instance UID.
    pub study_instance_uid: Uid,
    /// Series Instance UID.
    pub series_instance_uid: Uid,
    /// SOP Instance UID.
    pub sop_instance_uid: Uid,
    /// SOP Class UID.
    pub sop_class_uid: Uid,
    /// Transfer syntax it is stored in.
    pub transfer_syntax_uid: Uid,
    /// Number of frames, 1 for a single-frame image, 0 without pixel data.
    pub number_of_frames: u32,
    /// BLAKE3 of the data set's bytes.
    pub hash: [u8; 32],
    /// Where it lies.
    pub locator: Locator,
    /// Milliseconds since 1970 UTC.
    pub received_ms: i64,
}

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

impl Archive {
    /// The instances that are wanted, in order of study, series, instance number.
    /// Sees everything that was acknowledged before the call.
    pub async fn instances(&self, selector: &Selector) -> Result<Vec<InstanceRef>> {
        let _ = selector;
        todo!()
    }

    /// One instance, or `NotFound`/`Gone`. Study and series are checked when given.
    pub async fn instance(
        &self,
        study_instance_uid: Option<&Uid>,
        series_instance_uid: Option<&Uid>,
        sop_instance_uid: &Uid,
    ) -> Result<InstanceRef> {
        let _ = (study_instance_uid, series_instance_uid, sop_instance_uid);
        todo!()
    }

    /// Opens an instance.
    pub fn open_instance(&self, instance: InstanceRef) -> InstanceReader {
        InstanceReader {
            _archive: self.clone(),
            instance,
        }
    }

    /// DICOM JSON of the selected instances, as one array, in chunks; `base_url` (e.g.
    /// `http://host/dicom-web`) goes before every BulkDataURI. `NotFound` if there are none.
    /// The tag identifies this state of the selection (ETag).
    pub async fn metadata(&self, selector: &Selector, base_url: &str) -> Result<Metadata> {
        let _ = (selector, base_url);
        todo!()
    }

    /// The header of one instance as a data set, BulkDataURIs with `base_url`.
    pub async fn header(&self, instance: &InstanceRef, base_url: &str) -> Result<DataSet> {
        let _ = (instance, base_url);
        todo!()
    }

    /// The value field at `path` of an instance, read in ranges; fragments (pixel data) give the
    /// frames' or the single value's bytes concatenated without item headers.
    pub async fn bulk_data(&self, instance: &InstanceRef, path: &TagPath) -> Result<BulkData> {
        let _ = (instance, path);
        todo!()
    }

    /// A tag for the state of a selection without reading metadata (ETag); `None` if empty.
    pub async fn state_tag(&self, selector: &Selector) -> Result<Option<String>> {
        let _ = selector;
        todo!()
    }
}

/// Metadata on the way out.
pub struct Metadata {
    /// Changes whenever the answer would.
    pub etag: String,
    /// The JSON array.
    pub chunks: BoxStream<'static, Result<Bytes>>,
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
