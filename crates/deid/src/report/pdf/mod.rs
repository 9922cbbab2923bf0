//! A report as PDF 1.7 (ISO 32000-1): text and tables on numbered pages of A4, pictures, an outline.

mod file;
mod font;
mod layout;

pub use layout::pdf;
