//! Specific Character Set (PS3.3 §C.12.1.1.2, PS3.5 §6.1.2): decoding and encoding of text.

mod character_set;
mod decode;
mod encode;
mod set;
mod terms;

#[cfg(test)]
mod tests;

pub use character_set::CharacterSet;
