//! File IDs (PS3.10 §8.2 and §8.5): where in the file-set an instance is.

use std::collections::HashMap;
use std::fmt;

/// A File ID: one to eight components of one to eight characters each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(Vec<String>);

impl FileId {
    /// Checks the components: upper-case letters, digits and underscore only (PS3.10 §8.5).
    pub fn new<S: AsRef<str>>(components: &[S]) -> Option<FileId> {
        let is_valid = |component: &str| {
            (1..=8).contains(&component.len())
                && component
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        };
        let count_fits = (1..=8).contains(&components.len());
        (count_fits
            && components
                .iter()
                .all(|component| is_valid(component.as_ref())))
        .then(|| {
            FileId(
                components
                    .iter()
                    .map(|component| component.as_ref().to_owned())
                    .collect(),
            )
        })
    }

    /// Reads `DICOM/PA000001/…`, with `/` or backslash between components.
    pub fn parse(text: &str) -> Option<FileId> {
        let components: Vec<&str> = text.split(['/', '\\']).collect();
        FileId::new(&components)
    }

    /// The components.
    pub fn components(&self) -> &[String] {
        &self.0
    }

    /// The value of Referenced File ID (0004,1500).
    pub fn to_value(&self) -> String {
        self.0.join("\\")
    }
}

/// As a relative path, with `/` between components.
impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

/// Gives out File IDs by patient, study and series: `DICOM/PA000001/ST000001/SE000001/IM000001`.
/// Numbers are decimal up to 999999, then letters come in, so that a folder never overflows.
#[derive(Debug, Default)]
pub struct FileIds {
    folders: HashMap<String, (FileIdPath, u32)>,
    patients: u32,
}

type FileIdPath = String;

impl FileIds {
    /// None given out yet.
    pub fn new() -> FileIds {
        FileIds::default()
    }

    /// The next File ID for an instance of this series, study and patient. The names are whatever
    /// tells them apart: Patient ID with issuer, Study and Series Instance UID.
    pub fn next(&mut self, patient: &str, study: &str, series: &str) -> FileId {
        let study_key = format!("{patient}\0{study}");
        let series_key = format!("{study_key}\0{series}");
        let patient_path = match self.folders.get(patient) {
            Some((path, _)) => path.clone(),
            None => {
                self.patients += 1;
                let path = component("PA", self.patients);
                self.folders.insert(patient.to_owned(), (path.clone(), 0));
                path
            }
        };
        let study_path = self.folder(study_key, patient, &patient_path, "ST");
        let parent = format!("{patient}\0{study}");
        let series_path = self.folder(series_key.clone(), &parent, &study_path, "SE");
        let number = self.count(&series_key);
        let path = format!("DICOM/{series_path}/{}", component("IM", number));
        FileId(path.split('/').map(str::to_owned).collect())
    }

    fn folder(&mut self, key: String, parent: &str, parent_path: &str, prefix: &str) -> FileIdPath {
        if let Some((path, _)) = self.folders.get(&key) {
            return path.clone();
        }
        let number = self.count(parent);
        let path = format!("{parent_path}/{}", component(prefix, number));
        self.folders.insert(key, (path.clone(), 0));
        path
    }

    fn count(&mut self, key: &str) -> u32 {
        match self.folders.get_mut(key) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => 1,
        }
    }
}

/// Two letters and six characters: a decimal number, or beyond a million one to the base of 36.
fn component(prefix: &str, number: u32) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if number < 1_000_000 {
        return format!("{prefix}{number:06}");
    }
    // Beginning with A, so that it is none of the decimal ones.
    let mut rest = number - 1_000_000 + 10 * 36_u32.pow(5);
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 36) as usize];
        rest /= 36;
    }
    format!(
        "{prefix}{}",
        digits.map(char::from).iter().collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_obey_the_standard() {
        assert!(FileId::parse("DICOM/PA000001/ST000001/SE000001/IM000001").is_some());
        for bad in [
            "",
            "/A",
            "a",
            "TOOLONG99",
            "A B",
            "A.DCM",
            "A/B/C/D/E/F/G/H/I",
            "Ä",
        ] {
            assert_eq!(FileId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_follow_patient_study_and_series() {
        let mut ids = FileIds::new();
        assert_eq!(
            ids.next("P", "1", "1.1").to_string(),
            "DICOM/PA000001/ST000001/SE000001/IM000001"
        );
        assert_eq!(
            ids.next("P", "1", "1.1").to_string(),
            "DICOM/PA000001/ST000001/SE000001/IM000002"
        );
        assert_eq!(
            ids.next("P", "1", "1.2").to_string(),
            "DICOM/PA000001/ST000001/SE000002/IM000001"
        );
        assert_eq!(
            ids.next("P", "2", "2.1").to_string(),
            "DICOM/PA000001/ST000002/SE000001/IM000001"
        );
        assert_eq!(
            ids.next("Q", "2", "2.1").to_string(),
            "DICOM/PA000002/ST000001/SE000001/IM000001"
        );
        assert_eq!(
            ids.next("P", "1", "1.1").to_string(),
            "DICOM/PA000001/ST000001/SE000001/IM000003"
        );
    }

    #[test]
    fn numbers_never_overflow_eight_characters() {
        assert_eq!(component("IM", 999_999), "IM999999");
        assert_eq!(component("IM", 1_000_000), "IMA00000");
        assert_eq!(component("IM", u32::MAX / 4).len(), 8);
    }
}
