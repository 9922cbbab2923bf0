//! Where the frames of an instance lie in its bytes.

/// The frames of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FrameTable {}
