//! Pictures from frames: the grey and color pipelines of PS3.3 §C.11 and §C.7.6, PS3.4 Annex N,
//! as rendered resources of PS3.18 §8.3.5 and §10.4.1.1.3. No I/O: header and frame in, picture out.

pub mod output;

mod annotate;
mod blend;
mod color;
mod description;
mod font;
mod functional;
mod geometry;
mod graphics;
mod grey;
mod icc;
mod lab;
mod lut;
mod mask;
mod mesh;
mod options;
mod overlay;
mod palette;
mod picture;
mod pipeline;
mod presentation;
mod report;
mod samples;
mod segmentation;
mod shutter;
mod sketch;
mod suv;
mod voi;
mod volume;
mod waveform;

pub use blend::{Blending, BlendingInput, Layer};
pub use description::{Description, ModalityTransform, RealWorld};
pub use functional::Groups;
pub use geometry::pixel_aspect;
pub use lut::LookupTable;
pub use mask::{Subtracted, Subtraction};
pub use mesh::Mesh;
pub use options::{Annotation, IccProfile, Options, Region, Viewport, parse_quality, parse_window};
pub use picture::{Picture, Pixels};
pub use pipeline::{default_range, render, render_deep};
pub use presentation::refers_to as presentation_state_refers_to;
pub use report::report_html;
pub use segmentation::{Segment, SegmentationKind};
pub use sketch::{document_sketch, report_sketch, waveform_sketch};
pub use suv::suv_body_weight_factor;
pub use voi::{VoiFunction, Window};
pub use volume::{
    Curve, Orientation, Projection, Slice, Stack, Vector, View, Volume, VolumeBuilder,
};
pub use waveform::{Stretch, waveform_svg};
