//! Pixels cleaned of what was written on them: the Clean Pixel Data and Clean Graphics Options
//! (PS3.15 §E.3.1, §E.3.3).
//!
//! [`PixelCleaner`] gathers regions from the policy, a [`Catalogue`] of devices, ultrasound regions
//! and a [`TextDetector`], and has them blanked by [`blank`]; images that may have text and that
//! nothing covers are refused. [`rewrite`] changes single frames of a data set in any transfer
//! syntax and leaves all others byte by byte.

pub mod catalogue;

mod blank;
mod clean;
mod detect;
mod fill;
mod fragments;
mod frames;
mod overlay;
mod picture;
mod policy;
mod region;
mod rewrite;
mod samples;
mod shape;
mod suspicion;
mod ultrasound;

pub use blank::{Blanked, blank, remove_icons};
pub use catalogue::Catalogue;
pub use clean::{Applied, PixelCleaner, PixelReport, Verdict};
pub use detect::{Looked, TextBox, TextDetector};
pub use frames::{Frames as PixelFrames, stored_values};
pub use overlay::{OverlayFate, clean_graphics};
pub use picture::Pictures;
pub use policy::{Graphics, HandRule, Ocr, OcrBlanks, OcrScope, PixelPolicy, Unknown, Whole};
pub use region::{Frames, Region, Source};
pub use rewrite::{ChangedFrame, Method, Rewritten, rewrite};
pub use samples::{Edit, Values};
pub use shape::{Rectangle, Shape, Spans};
pub use suspicion::suspicion;
