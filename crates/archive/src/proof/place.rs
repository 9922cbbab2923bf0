//! Where outputs go.

use std::path::{Path, PathBuf};

use sagittal_core::{DataSet, Tag, tags};

/// By its new identifiers, for old names of files and folders may tell who it is.
pub fn place(out: &Path, data_set: &DataSet) -> PathBuf {
    let part = |tag: Tag, instead: &str| {
        let text = data_set.first_text(tag).unwrap_or_default();
        let is_safe = |c: &char| c.is_ascii_alphanumeric() || ".-_".contains(*c);
        let safe: String = text.chars().filter(is_safe).take(64).collect();
        match safe.trim_matches('.').is_empty() {
            true => instead.to_owned(),
            false => safe,
        }
    };
    let name = format!("{}.dcm", part(tags::SOP_INSTANCE_UID, "instance"));
    out.join(part(tags::PATIENT_ID, "patient"))
        .join(part(tags::STUDY_INSTANCE_UID, "study"))
        .join(part(tags::SERIES_INSTANCE_UID, "series"))
        .join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_leads_out_of_the_folder() {
        let mut data_set = DataSet::new();
        data_set.put_text(tags::PATIENT_ID, "../../etc");
        data_set.put_text(tags::STUDY_INSTANCE_UID, "..");
        data_set.put_text(tags::SOP_INSTANCE_UID, "1.2.3");
        let place = place(Path::new("out"), &data_set);
        assert_eq!(place, Path::new("out/....etc/study/series/1.2.3.dcm"));
    }
}
