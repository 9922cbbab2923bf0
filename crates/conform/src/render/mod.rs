//! A document for people: in the order of PS3.2 Annex N, as Markdown and HTML. Both are written from
//! the same [`Page`].

mod communication;
mod html;
mod markdown;
mod page;
mod sections;

pub(crate) use html::escaped;
pub use page::{Block, Page};

use crate::document::Document;

/// As Markdown.
pub fn markdown(document: &Document) -> String {
    markdown::write(&sections::page(document))
}

/// As one HTML file without anything from elsewhere.
pub fn html(document: &Document) -> String {
    html::write(&sections::page(document))
}
