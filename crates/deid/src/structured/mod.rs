//! Structured content, item by item: the Clean Structured Content and Clean Graphics options
//! (PS3.15 §E.3.4, §E.3.3, Table E.3.4-1).
//!
//! What is decided here besides the table: a concept that the table does not list has its text
//! cleaned, its person name dummied, its dates dealt with by the dates options (a dummy without
//! one), its UIDs replaced, its codes and numbers kept. An item that the table removes becomes a
//! dummy where removing it would take others with it: text with items below it, and images that a
//! region of interest is drawn on. `X/D` is read as `D`, for which items a template requires
//! depends on the template. References by position are counted anew.

mod content;
mod element;
mod graphics;
mod reference;
pub(crate) mod table;
#[cfg(test)]
mod tests;

pub use content::clean;
pub use graphics::clean_annotations;
pub(crate) use table::concept_kind;
