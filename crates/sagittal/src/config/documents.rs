//! Conformance documents of peers.

use std::path::Path;

use sagittal_conform::Document;
use sagittal_conform::departure::Documents;

use super::Config;

/// Can the document be read, and does it speak of the AE title? If not, why.
pub(super) fn check(ae_title: &str, path: &Path) -> Result<(), String> {
    expect(&mut Documents::default(), ae_title, path)
}

/// What peers of the configuration are expected to do.
pub fn expected(config: &Config) -> Result<Documents, String> {
    let mut documents = Documents::default();
    for peer in &config.peers {
        if let Some(path) = &peer.document {
            expect(&mut documents, &peer.ae_title, path)?;
        }
    }
    Ok(documents)
}

fn expect(documents: &mut Documents, ae_title: &str, path: &Path) -> Result<(), String> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let document = Document::parse(&text).map_err(|error| format!("{name}: {error}"))?;
    documents
        .expect(ae_title, &document)
        .map_err(|why| format!("{name}: {why}"))
}
