//! What happens to studies, for everybody who wants to follow (SSE, later routing, UPS, FHIR).

use sagittal_core::Uid;
use serde::Serialize;

use crate::Archive;

/// Something happened.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    /// Instances of a study were stored (one event a group, not one an instance).
    Stored {
        study_instance_uid: String,
        series_instance_uids: Vec<String>,
        instances: u64,
        source: String,
    },
    /// Nothing came for the study for `study_quiet`.
    Completed {
        study_instance_uid: String,
        instances: u64,
    },
    /// Instances were deleted.
    Deleted {
        study_instance_uid: String,
        instances: u64,
    },
    /// Space runs low, or is there again.
    Space { free_bytes: u64, low: bool },
}

/// An event with its number (grows, starts anew with each start) and time.
#[derive(Clone, Debug, Serialize)]
pub struct Numbered {
    /// The number.
    pub id: u64,
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

impl Archive {
    /// Follows events from now on, or from `after` if still remembered. A slow follower
    /// loses the oldest and is told by a gap in the numbers.
    pub fn events(&self, after: Option<u64>) -> tokio::sync::broadcast::Receiver<Numbered> {
        let _ = (after, std::marker::PhantomData::<Uid>);
        todo!()
    }
}
