//! Where the frames of an instance are (PS3.3 §C.7.6.6, PS3.5 §8, §A.4), so that one can be read
//! without the rest.

mod element;
mod encoded;
mod instance;
mod read_at;
mod scan;
mod table;

#[cfg(test)]
mod tests;

pub use element::element_before;
pub use instance::{Description, Location, frame_bits};
pub use read_at::ReadAt;
pub use table::FrameTable;
