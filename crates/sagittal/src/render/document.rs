//! Encapsulated documents (PS3.3 §C.24.2), written as what they are.

use anyhow::{Context as _, bail};
use sagittal_core::{DataSet, tags};

const ENCAPSULATED: &str = "1.2.840.10008.5.1.4.1.1.104.";

/// The ending of the files of a document, if the object holds one that is no picture.
fn ending(header: &DataSet) -> Option<&'static str> {
    let class = header.first_text(tags::SOP_CLASS_UID)?;
    match class.strip_prefix(ENCAPSULATED)? {
        "1" => Some("pdf"),
        "2" => Some("xml"),
        "5" => Some("mtl"),
        _ => None,
    }
}

/// The document and the ending of its file.
pub(super) fn read(header: &DataSet) -> anyhow::Result<Option<(&'static str, Vec<u8>)>> {
    let Some(ending) = ending(header) else {
        return Ok(None);
    };
    let bytes = header
        .bytes(tags::ENCAPSULATED_DOCUMENT)
        .context("there is no document in it")?;
    if bytes.is_empty() {
        bail!("its document is empty");
    }
    // The value is padded to even length; the object may tell how long the document is.
    let told = header.int(tags::ENCAPSULATED_DOCUMENT_LENGTH);
    let length = told
        .and_then(|told| usize::try_from(told).ok())
        .filter(|told| *told <= bytes.len())
        .unwrap_or(bytes.len());
    Ok(Some((
        ending,
        bytes.get(..length).unwrap_or(bytes).to_vec(),
    )))
}

/// Why there is no picture.
pub(super) fn describe(header: &DataSet) -> &'static str {
    match ending(header) {
        Some("pdf") => "it is a PDF document; --output writes it",
        Some("xml") => "it is a CDA document; --output writes it",
        Some(_) => "it is a document; --output writes it",
        None if header.contains(tags::WAVEFORM_SEQUENCE) => "it is a waveform; --output draws SVG",
        None if header.contains(tags::CONTENT_SEQUENCE) => "it is a report; --output writes HTML",
        None => "there is no picture in it",
    }
}
