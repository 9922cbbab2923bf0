//! What makes one think that text is burned into an image (PS3.3 §C.7.6.1, §C.8.6.1).

use sagittal_core::{DataSet, tags};

/// Beginnings of SOP classes whose images come from screens, scanners and machines that write on
/// them.
const CLASSES: [(&str, &str); 6] = [
    ("1.2.840.10008.5.1.4.1.1.7", "a secondary capture"),
    ("1.2.840.10008.5.1.4.1.1.6.1", "an ultrasound image"),
    ("1.2.840.10008.5.1.4.1.1.3.1", "an ultrasound image"),
    ("1.2.840.10008.5.1.4.1.1.6", "an ultrasound image"),
    ("1.2.840.10008.5.1.4.1.1.3", "an ultrasound image"),
    ("1.2.840.10008.5.1.4.1.1.77.1", "a photograph or video"),
];

/// Values of Image Type of pages and screens.
const TYPES: [&str; 7] = [
    "SCREEN SAVE",
    "SCREENSAVE",
    "SCREENSHOT",
    "DOSE",
    "REPORT",
    "PROTOCOL",
    "TEXT",
];

/// Why text may be burned in, if there is a reason. That Burned In Annotation is NO is believed
/// of nobody: machines write it as a habit.
pub fn suspicion(data_set: &DataSet) -> Option<&'static str> {
    let is_yes = |tag| {
        data_set
            .first_text(tag)
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("YES"))
    };
    if is_yes(tags::BURNED_IN_ANNOTATION) {
        return Some("Burned In Annotation is YES");
    }
    let class = data_set.first_text(tags::SOP_CLASS_UID).unwrap_or_default();
    let class = class.trim_end_matches(['\0', ' ']);
    // Whole slide images are of a microscope, not of a screen.
    if class == "1.2.840.10008.5.1.4.1.1.77.1.6" {
        return None;
    }
    let is_of = |root: &str| {
        class
            .strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if let Some((_, why)) = CLASSES.iter().find(|(root, _)| is_of(root)) {
        return Some(why);
    }
    if data_set
        .first_text(tags::CONVERSION_TYPE)
        .is_some_and(|value| !value.trim().is_empty())
    {
        return Some("it was converted from something else");
    }
    match data_set
        .first_text(tags::MODALITY)
        .as_deref()
        .map(str::trim)
    {
        Some("US" | "IVUS") => return Some("an ultrasound image"),
        Some("SC" | "OT" | "DOC") => return Some("a secondary capture"),
        _ => {}
    }
    let image_type = data_set.texts(tags::IMAGE_TYPE);
    let has = |wanted: &str| {
        image_type
            .iter()
            .any(|value| value.trim().eq_ignore_ascii_case(wanted))
    };
    if TYPES.into_iter().any(has) {
        return Some("Image Type tells of a screen or a page");
    }
    let is_projection = matches!(
        data_set
            .first_text(tags::MODALITY)
            .as_deref()
            .map(str::trim),
        Some("XA" | "RF" | "DX" | "CR" | "MG")
    );
    (is_projection && has("SECONDARY")).then_some("a secondary image of a projection")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_are_suspect_and_slices_are_not() {
        let of = |class: &str, modality: &str, image_type: &str| {
            let mut data_set = DataSet::new();
            data_set.put_text(tags::SOP_CLASS_UID, class);
            data_set.put_text(tags::MODALITY, modality);
            data_set.put_text(tags::IMAGE_TYPE, image_type);
            suspicion(&data_set).is_some()
        };
        assert!(!of(
            "1.2.840.10008.5.1.4.1.1.2",
            "CT",
            "ORIGINAL\\PRIMARY\\AXIAL"
        ));
        assert!(!of(
            "1.2.840.10008.5.1.4.1.1.77.1.6",
            "SM",
            "ORIGINAL\\PRIMARY"
        ));
        assert!(!of(
            "1.2.840.10008.5.1.4.1.1.66.4",
            "SEG",
            "DERIVED\\PRIMARY"
        ));
        assert!(of(
            "1.2.840.10008.5.1.4.1.1.7.4",
            "CT",
            "DERIVED\\SECONDARY"
        ));
        assert!(of(
            "1.2.840.10008.5.1.4.1.1.2",
            "CT",
            "DERIVED\\SECONDARY\\SCREEN SAVE"
        ));
        assert!(of(
            "1.2.840.10008.5.1.4.1.1.12.1",
            "XA",
            "DERIVED\\SECONDARY\\SINGLE A"
        ));
        assert!(of("1.2.840.10008.5.1.4.1.1.3.1", "US", "ORIGINAL\\PRIMARY"));
    }
}
