//! Faces removed from head CT and MR (PS3.15 §E.3.2, Clean Recognizable Visual Features Option).
//!
//! Geometric, in the coordinates of the patient, so that orientation and order of slices do not
//! matter: the skin is found, the part of it that is seen from the front below the brow is replaced
//! by a smooth surface of second degree further back, and all in front of that by air. What may be
//! brain is never changed: the inside of the skull in CT, an ellipsoid fitted to the skull cap in MR.
//!
//! [`plan`] looks at a whole series, [`apply`] changes one of its instances; [`Faces`] does both for
//! all series of a run.

mod face;
mod faces;
mod head;
mod mask;
mod picture;
mod plan;
mod policy;
mod region;
mod volume;

#[cfg(test)]
mod phantom;

pub use faces::{Faces, InstanceFace, SeriesFace};
pub use head::Cranium;
pub use mask::{Mask, SliceMask, apply};
pub use plan::{Measured, Outcome, SliceRef, plan};
pub use policy::{DefacePolicy, Impossible};
