//! What a policy says about faces: the table `[pixels.deface]`.

use serde::{Deserialize, Serialize};

/// The table `[pixels.deface]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DefacePolicy {
    /// Remove ears too.
    pub ears: bool,
    /// Millimetres below the skin that are replaced.
    pub depth_mm: f64,
    /// Millimetres that stay in front of what may be brain.
    pub margin_mm: f64,
    /// What to do with a series of a head whose face cannot be removed.
    pub impossible: Impossible,
    /// Make the picture of the surface from before for the report: it shows the face.
    pub before_pictures: bool,
}

impl Default for DefacePolicy {
    fn default() -> DefacePolicy {
        DefacePolicy {
            ears: true,
            depth_mm: 14.0,
            margin_mm: 4.0,
            impossible: Impossible::Refuse,
            before_pictures: false,
        }
    }
}

/// Series of heads whose face cannot be removed: too few slices, too oblique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impossible {
    /// Refused.
    Refuse,
    /// Kept. Recognizable Visual Features stays as it is.
    Keep,
}
