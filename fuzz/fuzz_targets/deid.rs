//! Any bytes through the de-identification engine, with all options and with none: no panic, and
//! what comes out can be read.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sagittal_core::Limits;
use sagittal_deid::{Policy, Project, ProjectKey, deidentify};
use sagittal_file::part10;

const ALL: &str = r#"
extends = "basic"
[options]
clean_descriptors = true
clean_graphics = true
clean_structured_content = true
retain_longitudinal_modified_dates = true
retain_patient_characteristics = true
retain_device_identity = true
retain_institution_identity = true
retain_safe_private = true
retain_uids = true
"#;

static PROJECTS: LazyLock<[Project; 2]> = LazyLock::new(|| {
    ["extends = \"basic\"", ALL].map(|text| {
        let policy = Policy::from_toml(text).expect("a policy");
        Project::new(policy, ProjectKey::new([1; 32]))
    })
});

fuzz_target!(|bytes: &[u8]| {
    let bytes = bytes.to_vec().into();
    for project in PROJECTS.iter() {
        let Ok(output) = deidentify(&bytes, project, &mut ()) else {
            continue;
        };
        if let Ok(written) = output.to_bytes() {
            assert!(part10::read(&written.into(), Limits::default()).is_ok());
        }
    }
});
