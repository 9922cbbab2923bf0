//! Words that do not identify by themselves: of the data dictionary, of anatomy and technique, of
//! institutions. A name or place that equals one is only looked for as a whole.
//!
//! The text cleaner keeps to the same list: a known name that is none of these words goes wherever
//! it stands, so that what the check looks for is not in cleaned text.

use std::collections::HashSet;
use std::sync::LazyLock;

use sagittal_core::{dictionary, fold};

/// Words besides those of the data dictionary's names.
const WORDS: &str = "
abdomen abdominal acute adult angio ankle anon anonymous anonymized ant anterior aorta apex arm arterial artery
artifact atrium axial back base baseline bladder blood body bolus bone bones bowel brachial brain brakes breast bronchus
cardiac carotid cervical chest child chronic clinic clinical colon contrast cor coronal coronary cortex cranial cspine
cyst deep delayed diffusion disc disk distal doctor dorsal dynamic early echo elbow emergency enhanced esophagus
exam eye face fat feet female femur field fill film finger flair flow fluid foot forearm fracture frontal full fusion
gallbladder general gland glass good gray green group hand head healthy heart heel helical hip hospital humerus images
imaging inferior institute internal intra iris joint jugular kidney knee lateral late left leg lens lesion liver lobe long
localizer loop low lower lumbar lung lymph male marrow mass medial medical median medicine medium middle mid mild minor
moderate motion multi case with and for muscle nasal neck nerve neuro neutral new nodule none normal nose nurse oblique old open optic
oral orbit outpatient ovary palate pancreas parotid patient pelvis pelvic perfusion phantom phase pituitary plain pleura
portal post posterior pre private prone prostate proximal pulmonary quick radial radiology rapid recon reference
reform renal research rest rib right round sagittal scan scout screening septum short shoulder side silver sinus
skin skull slice small soft spin spine spiral spleen standard stomach stone strong summer sub superior supine surgery
survey system tendon test thigh thin thoracic thorax throat thyroid tibia tissue toe tongue tumor ulna unit university
unknown upper ureter uterus valve vascular vein venous ventral ventricle vertebra view volume water wave weak west white
winter wrist young krankenhaus klinik klinikum universitat universitaet radiologie hopital clinique ospedale ziekenhuis
ziekenhuizen center centre department institut abteilung north east south saint pacs archive storescp storescu server
dcmtk orthanc any dicom workstation console scanner local default anyscp modality ct1 mr1 main remote usa germany
january february march april may june july august september october november december monday tuesday wednesday
thursday friday saturday sunday black brown blue red gold orange";

/// With one of these a row of everyday words is the name of a house.
const HOUSES: [&str; 24] = [
    "hospital",
    "clinic",
    "university",
    "institute",
    "center",
    "centre",
    "krankenhaus",
    "klinik",
    "klinikum",
    "universitat",
    "universitaet",
    "hopital",
    "clinique",
    "ospedale",
    "ziekenhuis",
    "ziekenhuizen",
    "institut",
    "research",
    "saint",
    "germany",
    "usa",
    "college",
    "trust",
    "foundation",
];

static HARMLESS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let mut all: HashSet<String> = WORDS.split_whitespace().map(str::to_owned).collect();
    for entry in dictionary::entries() {
        all.extend(
            entry
                .name
                .split(|c: char| !c.is_alphabetic())
                .map(fold::fold),
        );
    }
    for entry in dictionary::uids() {
        all.extend(
            entry
                .name
                .split(|c: char| !c.is_alphabetic())
                .map(fold::fold),
        );
    }
    all.remove("");
    all
});

/// Does the word (one, in any case) identify nobody?
pub fn is_harmless(word: &str) -> bool {
    // One character over and over, as placeholders are.
    let mut characters = word.chars();
    let first = characters.next();
    if characters.all(|character| Some(character) == first) {
        return true;
    }
    if word.len() > 20 || word.contains(|c: char| c.is_ascii_digit()) && word.len() > 3 {
        return false;
    }
    HARMLESS.contains(&fold::fold(word))
}

/// Does a text identify nobody, word by word: `Requesting service`, `CT upper abdomen`? With a
/// digit in it, or a word for a house or country, it may.
pub fn says_nothing(text: &str) -> bool {
    let is_end = |c: char| !c.is_alphanumeric();
    let mut words = text.split(is_end).filter(|word| !word.is_empty());
    !text.contains(|c: char| c.is_numeric())
        && words.all(|word| {
            let is_house = HOUSES.contains(&fold::fold(word).as_str());
            !is_house && is_harmless(word)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_everyday_words_say_nothing_unless_they_name_a_house() {
        for text in [
            "Requesting service",
            "CT Upper Abdomen with contrast",
            "Case Report:",
        ] {
            assert!(says_nothing(text), "{text}");
        }
        for text in [
            "Good Heart Hospital",
            "Radiology Clinic",
            "Upper Smith",
            "Room 12",
            "XK-QZ",
            "山田",
        ] {
            assert!(!says_nothing(text), "{text}");
        }
    }
}
