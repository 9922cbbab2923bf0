//! Devices whose images have text at known places: a catalogue in TOML that users can extend.

mod load;
mod pattern;
mod rule;

pub use load::Catalogue;
pub use pattern::Pattern;
pub use rule::{Device, DeviceAction, Match};

/// The catalogue that comes with the engine.
pub const SHIPPED: &str = include_str!("catalogue.toml");
