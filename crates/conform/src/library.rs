//! Observed documents of well-known peers, made by probing them (`docs/reference/peers`).

use crate::document::{Document, Error};

/// Names, and documents as JSON.
const PEERS: &[(&str, &str)] = &[
    (
        "dcmqrscp",
        include_str!("../../../docs/reference/peers/dcmqrscp.json"),
    ),
    (
        "orthanc",
        include_str!("../../../docs/reference/peers/orthanc.json"),
    ),
    (
        "pynetdicom",
        include_str!("../../../docs/reference/peers/pynetdicom.json"),
    ),
    (
        "storescp",
        include_str!("../../../docs/reference/peers/storescp.json"),
    ),
];

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    PEERS.iter().map(|(name, _)| *name)
}

/// The document with a name; `None` if there is none.
pub fn document(name: &str) -> Option<Result<Document, Error>> {
    let found = PEERS.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| Document::from_json(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::document::{Role, Status, Support};

    #[test]
    fn every_peer_of_the_library_was_observed_and_stores_something() {
        for name in names() {
            let document = document(name).unwrap().unwrap();
            let basis = document.basis_of(None).unwrap();
            assert_eq!(basis.status, Status::Observed, "{name}");
            assert!(basis.date.is_some() && !basis.evidence.is_empty(), "{name}");
            assert!(document.system.version.is_some(), "{name}");
            let entity = &document.application_entities[0];
            assert!(entity.pairs(Role::Scp, Support::Yes).len() > 100, "{name}");
            assert!(
                entity.pairs(Role::Scp, Support::Unknown).is_empty(),
                "{name}"
            );
        }
        assert!(document("nobody").is_none());
    }
}
