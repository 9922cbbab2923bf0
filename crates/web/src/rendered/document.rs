//! What is no picture: documents and videos as they are, reports and waveforms made readable.

use bytes::Bytes;
use sagittal_archive::retrieve::{BulkData, InstanceReader, InstanceRef};
use sagittal_core::{TagPath, tags};
use sagittal_pixel::render::{Mesh, Options, Stretch, report_html, waveform_svg};

use super::kind::Kind;
use super::picture::{blocking, encode, refused};
use crate::error::Result;
use crate::state::WebState;

/// Columns and rows of a drawn surface, unless asked for otherwise.
const SURFACE: u32 = 512;

/// A document or video, as it is stored.
pub(super) async fn open(state: &WebState, instance: &InstanceRef) -> Result<BulkData> {
    let (tag, is_video) = match Kind::of(instance) {
        Kind::Video(_) => (tags::PIXEL_DATA, true),
        _ => (tags::ENCAPSULATED_DOCUMENT, false),
    };
    let mut found = state
        .archive
        .bulk_data(instance, &TagPath::root(tag))
        .await?;
    if !is_video {
        // The value is padded to even length; the document may tell its own (PS3.3 §C.24.2).
        let header = found.reader.header().await?;
        let told = header
            .int(tags::ENCAPSULATED_DOCUMENT_LENGTH)
            .and_then(|told| u64::try_from(told).ok());
        found.length = told
            .filter(|told| *told <= found.length)
            .unwrap_or(found.length);
    }
    Ok(found)
}

/// A report as HTML, a waveform as SVG, a surface as a picture.
pub(super) async fn drawn(
    reader: &InstanceReader,
    kind: Kind,
    media_type: &'static str,
    options: &Options,
) -> Result<Bytes> {
    let header = reader.header().await?;
    let size = options.viewport.map_or((SURFACE, SURFACE), |viewport| {
        (viewport.width, viewport.height)
    });
    let quality = options.quality;
    let make = move || match (kind, media_type) {
        (Kind::Report, "text/html") => Ok(report_html(&header).into_bytes()),
        (Kind::Waveform, "image/svg+xml") => waveform_svg(&header, Stretch::default())
            .map(String::into_bytes)
            .map_err(refused),
        (Kind::Mesh(_) | Kind::Surface, _) => {
            let mesh = Mesh::of_instance(&header).ok_or_else(super::media::nothing)?;
            let mut picture = mesh
                .and_then(|mesh| mesh.picture(size.0, size.1))
                .map_err(refused)?;
            picture.quality = quality;
            encode(&picture, media_type)
        }
        _ => Err(super::media::nothing()),
    };
    Ok(blocking(make).await??.into())
}
