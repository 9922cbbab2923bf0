//! What was replaced by what, kept over runs. Whoever has these files can re-identify.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use sagittal_archive::proof::private;
use sagittal_deid::{IdentifierKind, Mapped, Pseudonyms};

/// Everything: what was answered once is answered so for ever.
const MAP: &str = "pseudonyms.csv";
/// UIDs, as `id_old,id_new`.
const UID_MAP: &str = "uid_map.csv";
/// Patient IDs, as `id_old,id_new`.
const PATIENT_MAP: &str = "patient_map.csv";

/// Begins with what earlier runs have kept; new pseudonyms come from `source`.
///
/// # Errors
/// When the map is there and cannot be read.
pub fn load(work: &Path, source: Arc<dyn Pseudonyms>) -> anyhow::Result<Mapped> {
    let path = work.join(MAP);
    let shown = || format!("cannot read {}", path.display());
    match std::fs::read(&path) {
        Ok(bytes) => Mapped::from_bytes(&bytes, source).with_context(shown),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Mapped::new(source)),
        Err(error) => Err(error).with_context(shown),
    }
}

/// Writes the map, and the two tables that others ask for.
///
/// # Errors
/// When they cannot be written.
pub fn save(work: &Path, map: &Mapped) -> anyhow::Result<()> {
    private::write(&work.join(MAP), &map.to_bytes())?;
    private::write(&work.join(UID_MAP), map.uid_csv().as_bytes())?;
    let patients = map.identifier_csv(IdentifierKind::Patient);
    private::write(&work.join(PATIENT_MAP), patients.as_bytes())?;
    Ok(())
}
