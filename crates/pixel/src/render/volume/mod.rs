//! Regular volumes of slices, cut and projected: renderedmpr and rendered3d (PS3.18 §8.3.5.3,
//! §10.4.1.1.7, §10.4.1.1.8; the pipelines of PS3.4 §FF.2 for one input, without cropping).

mod build;
mod field;
mod ray;
mod shaded;
mod slab;
mod slice;
mod stack;
mod vector;
mod view;

pub use build::VolumeBuilder;
pub use slab::Projection;
pub use slice::Slice;
pub use stack::Stack;
pub use vector::Vector;
pub use view::{Curve, Orientation, View};

use super::Window;
use crate::Error;
use field::Values;
use stack::Grid;

/// Values on a regular grid, in patient coordinates.
#[derive(Clone, Debug)]
pub struct Volume {
    grid: Grid,
    values: Values,
    /// The window of the middle slice, else the range of all values.
    window: Window,
    inverse: bool,
    /// Rows and columns that were joined into one, for want of memory.
    joined: u32,
}

impl Volume {
    /// The middle of the volume.
    pub fn center(&self) -> Vector {
        self.grid.center()
    }

    /// How far the volume reaches along a direction, in millimetres.
    pub fn extent(&self, direction: Vector) -> f64 {
        self.grid.extent(direction)
    }

    /// Columns, rows and slices.
    pub fn size(&self) -> [usize; 3] {
        self.grid.size
    }

    /// The window that is used when nobody asks for one.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Is it coarser than its slices: so many of their rows and columns make one, else 1?
    pub fn joined(&self) -> u32 {
        self.joined
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> u64 {
        self.values.bytes()
    }
}

fn irregular(reason: &'static str) -> Error {
    Error::Unsupported {
        codec: "volume rendering",
        what: format!("an irregular volume ({reason})").into(),
    }
}

#[cfg(test)]
mod tests;
