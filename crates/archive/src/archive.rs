//! The handle that everything else holds.

use std::sync::Arc;

use crate::{Options, Result};

/// An open archive. Cheap to clone.
#[derive(Clone)]
pub struct Archive {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) options: Options,
}

impl Archive {
    /// Opens the data folder (creating it if there is none), recovers it, and lets the index catch
    /// up with the packs before it returns.
    pub async fn open(options: Options) -> Result<Archive> {
        Ok(Archive {
            inner: Arc::new(Inner { options }),
        })
    }

    /// What it was opened with.
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    /// Ends what is running within `deadline`, closes packs and index.
    pub async fn close(&self, deadline: std::time::Duration) -> Result<()> {
        let _ = deadline;
        todo!()
    }
}
