//! Headers of instances as DICOM JSON and as data sets (PS3.18 §10.4.1.1.2).

use bytes::Bytes;
use futures::stream::BoxStream;
use sagittal_core::DataSet;

use super::{InstanceRef, Selector};
use crate::{Archive, Result};

/// Metadata on the way out.
pub struct Metadata {
    /// Changes whenever the answer would.
    pub etag: String,
    /// The JSON array.
    pub chunks: BoxStream<'static, Result<Bytes>>,
}

impl Archive {
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
}
