//! What is no picture: documents and videos as they are, reports and waveforms made readable.

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use sagittal_archive::retrieve::{InstanceReader, InstanceRef};
use sagittal_core::{TagPath, tags};

use super::kind::Kind;
use crate::error::{Error, Result};
use crate::state::WebState;

/// A document or video, as it is stored: its length and its bytes.
pub(super) async fn open(
    state: &WebState,
    instance: &InstanceRef,
) -> Result<(u64, BoxStream<'static, Result<Bytes>>)> {
    let (tag, is_video) = match Kind::of(instance) {
        Kind::Video(_) => (tags::PIXEL_DATA, true),
        _ => (tags::ENCAPSULATED_DOCUMENT, false),
    };
    let found = state
        .archive
        .bulk_data(instance, &TagPath::root(tag))
        .await?;
    let mut length = found.length;
    if !is_video {
        // The value is padded to even length; the document may tell its own (PS3.3 §C.24.2).
        let header = found.reader.header().await?;
        let told = header
            .int(tags::ENCAPSULATED_DOCUMENT_LENGTH)
            .and_then(|told| u64::try_from(told).ok());
        length = told.filter(|told| *told <= length).unwrap_or(length);
    }
    let reader = found.reader.clone();
    let mut left = length;
    let ranges: Vec<(u64, u64)> = found
        .ranges
        .into_iter()
        .map(|range| {
            let taken = left.min(range.end - range.start);
            left -= taken;
            (range.start, taken)
        })
        .collect();
    let chunks = stream::iter(ranges)
        .flat_map(move |(offset, length)| reader.stream(offset, length))
        .map(|chunk| chunk.map_err(Error::from));
    Ok((length, chunks.boxed()))
}

/// A report as HTML, a waveform as SVG.
pub(super) async fn drawn(
    reader: &InstanceReader,
    kind: Kind,
    media_type: &'static str,
) -> Result<Bytes> {
    let _ = (reader, kind, media_type);
    Err(super::media::nothing())
}
