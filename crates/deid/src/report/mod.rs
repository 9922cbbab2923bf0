//! The report on a run, or on one study of it, for those who judge de-identification: ethics boards,
//! data stewards, sponsors. Made from the transformation log, so that it says nothing that the log
//! does not prove; as one HTML file and as PDF.

mod anonymity;
mod build;
mod collect;
mod document;
mod html;
mod json;
mod pdf;
mod safe_harbor;
mod score;

#[cfg(test)]
mod tests;

pub use anonymity::{Anonymity, Quasi};
pub use build::Report;
pub use collect::{AttributeRow, Collected, Gathered, StudyRow};
pub use document::{Block, Column, Document, Table};
pub use html::html;
pub use pdf::pdf;
pub use safe_harbor::{Identifier, SAFE_HARBOR};
pub use score::Score;
