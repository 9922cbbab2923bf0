//! From where a volume is looked at (PS3.18 §8.3.5.3.4 to §8.3.5.3.11, PS3.3 §C.11.30).

use super::vector::{Vector, add, cross, dot, length, scale, subtract, unit};
use crate::Result;
use crate::render::options::wrong;

/// The six anatomical orientations, PS3.18 §8.3.5.3.4: from which side of the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orientation {
    /// `a`, from the front.
    Anterior,
    /// `p`, from the back.
    Posterior,
    /// `r`, from the right.
    Right,
    /// `l`, from the left.
    Left,
    /// `h`, from above.
    Head,
    /// `f`, from below.
    Feet,
}

impl Orientation {
    /// Reads the parameter.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter).
    pub fn parse(text: &str) -> Result<Orientation> {
        match text {
            "a" => Ok(Orientation::Anterior),
            "p" => Ok(Orientation::Posterior),
            "r" => Ok(Orientation::Right),
            "l" => Ok(Orientation::Left),
            "h" => Ok(Orientation::Head),
            "f" => Ok(Orientation::Feet),
            _ => Err(wrong("orientation", "takes a, p, r, l, h and f")),
        }
    }

    /// Where one looks to, and what is up in the picture: along left, back and head.
    fn directions(self) -> (Vector, Vector) {
        match self {
            Orientation::Anterior => ([0.0, 1.0, 0.0], [0.0, 0.0, 1.0]),
            Orientation::Posterior => ([0.0, -1.0, 0.0], [0.0, 0.0, 1.0]),
            Orientation::Right => ([1.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
            Orientation::Left => ([-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
            Orientation::Head => ([0.0, 0.0, -1.0], [0.0, -1.0, 0.0]),
            Orientation::Feet => ([0.0, 0.0, 1.0], [0.0, -1.0, 0.0]),
        }
    }
}

/// A camera without perspective. All directions are a millimetre long and at right angles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// What is in the middle of the picture; the plane of a cut goes through it.
    pub look_at: Vector,
    pub(super) forward: Vector,
    pub(super) up: Vector,
    pub(super) right: Vector,
}

impl View {
    /// From a side of the patient, `look_at` in the middle.
    pub fn from_side(orientation: Orientation, look_at: Vector) -> View {
        let (forward, up) = orientation.directions();
        View {
            look_at,
            forward,
            up,
            right: cross(forward, up),
        }
    }

    /// From `position` towards `look_at`. `up` is what is up, as far as it is not along the way.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if this says no direction.
    pub fn from_point(position: Vector, look_at: Vector, up: Vector) -> Result<View> {
        let forward = unit(subtract(look_at, position)).ok_or(wrong(
            "viewpointlookat",
            "is the same point as viewpointposition",
        ))?;
        let along = scale(forward, dot(up, forward));
        let across = subtract(up, along);
        let up = unit(across)
            .filter(|_| length(across) > 1e-3 * length(up))
            .ok_or(wrong("viewpointup", "points along the line of sight"))?;
        Ok(View {
            look_at,
            forward,
            up,
            right: cross(forward, up),
        })
    }

    /// Where the camera is; the distance does not matter without perspective.
    pub fn position(&self, distance: f64) -> Vector {
        subtract(self.look_at, scale(self.forward, distance))
    }

    /// What is up in the picture.
    pub fn up(&self) -> Vector {
        self.up
    }

    /// Turned about the axis through its middle that is up in the picture, in degrees.
    #[must_use]
    pub fn turned(&self, degrees: f64) -> View {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let forward = add(scale(self.forward, cos), scale(self.right, sin));
        View {
            forward,
            right: cross(forward, self.up),
            ..*self
        }
    }

    pub(super) fn down(&self) -> Vector {
        scale(self.up, -1.0)
    }
}

/// A line from point to point (PS3.18 §8.3.5.3.10), on which cuts follow each other, each across
/// it.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    points: Vec<Vector>,
}

impl Curve {
    /// Through at least two points.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter).
    pub fn new(points: Vec<Vector>) -> Result<Curve> {
        let moves = |pair: &[Vector]| matches!(pair, [a, b] if length(subtract(*b, *a)) > 1e-6);
        if points.len() < 2 || !points.windows(2).all(moves) {
            return Err(wrong(
                "volumetriccurvepoint",
                "takes at least two points, each other than the last",
            ));
        }
        Ok(Curve { points })
    }

    /// Millimetres.
    pub fn length(&self) -> f64 {
        let pairs = self.points.windows(2);
        pairs
            .map(|pair| match pair {
                [a, b] => length(subtract(*b, *a)),
                _ => 0.0,
            })
            .sum()
    }

    /// The view across it, so many millimetres from its begin; `up` is up as far as it can be.
    pub fn view(&self, distance: f64, up: Vector) -> Option<View> {
        let mut left = distance;
        let last = self.points.len().saturating_sub(2);
        for (at, pair) in self.points.windows(2).enumerate() {
            let &[from, to] = pair else { continue };
            let direction = subtract(to, from);
            let reach = length(direction);
            if left <= reach || at == last {
                let point = add(from, scale(direction, (left / reach).min(1.0)));
                let ahead = add(point, scale(direction, 1.0 / reach));
                // Upwards there is no up: then the front is.
                let upright = [up, [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]];
                let mut view = upright
                    .into_iter()
                    .find_map(|up| View::from_point(point, ahead, up).ok())?;
                view.look_at = point;
                return Some(view);
            }
            left -= reach;
        }
        None
    }
}
