//! Other de-identifiers, if they are installed: each is scored beside the program.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use sagittal_core::{DataSet, Limits, Tag, tags};
use sagittal_file::part10;

use super::{Corpus, Maps, Outputs};
use crate::peer;

/// A tool: its name, and how it is run over the folder of one file after the other or of all.
pub struct Tool {
    /// What it is called.
    pub name: &'static str,
    run: fn(&Path, &Path) -> Option<Command>,
}

/// Those that are known.
pub const TOOLS: [Tool; 4] = [
    Tool {
        name: "gdcmanon",
        run: |input, output| {
            let mut command = Command::new(peer::program("gdcmanon", "libgdcm-tools")?);
            let certificate = input.with_file_name("certificate.pem");
            let made = Command::new("openssl")
                .args([
                    "req",
                    "-x509",
                    "-newkey",
                    "rsa:2048",
                    "-nodes",
                    "-subj",
                    "/CN=score",
                    "-keyout",
                ])
                .arg(input.with_file_name("key.pem"))
                .arg("-out")
                .arg(&certificate)
                .output();
            made.ok().filter(|made| made.status.success())?;
            command.args(["--recursive", "-e", "-c"]).arg(certificate);
            command.arg("-i").arg(input).arg("-o").arg(output);
            Some(command)
        },
    },
    Tool {
        name: "dicognito",
        run: |input, output| {
            let python = peer::python(&["dicognito"])?;
            let mut command = Command::new(python);
            command
                .args(["-m", "dicognito", "--seed", "1", "-o"])
                .arg(output)
                .arg(input);
            Some(command)
        },
    },
    Tool {
        name: "dicom-anonymizer",
        run: |input, output| {
            let mut command =
                Command::new(peer::program("dicom-anonymizer", "pip: dicom-anonymizer")?);
            command.arg(input).arg(output);
            Some(command)
        },
    },
    Tool {
        name: "dcm-anonymizer",
        run: |input, output| {
            let mut command = Command::new(peer::program("dcm-anonymizer", "pip: dcm-anonymizer")?);
            command.arg(input).arg(output);
            Some(command)
        },
    },
];

impl Tool {
    /// Runs it; `None` if it is not installed. What it says is of no interest, only what it wrote.
    pub fn run(&self, input: &Path, output: &Path) -> Option<()> {
        std::fs::create_dir_all(output).ok()?;
        (self.run)(input, output)?.output().ok().map(|_| ())
    }
}

/// UIDs and patient IDs as the outputs of the same instances have them.
pub fn infer(corpus: &Corpus, outputs: &Path) -> Maps {
    let outputs = Outputs::read(outputs);
    let mut maps = Maps::default();
    for file in &corpus.files {
        let Some(output) = outputs.data_set(file) else {
            continue;
        };
        let Some(input) = read(file.bytes.clone()) else {
            continue;
        };
        let uids = [
            tags::STUDY_INSTANCE_UID,
            tags::SERIES_INSTANCE_UID,
            tags::SOP_INSTANCE_UID,
            tags::FRAME_OF_REFERENCE_UID,
        ];
        uids.into_iter()
            .for_each(|tag| pair(&mut maps.uids, &input, output, tag));
        pair(&mut maps.patients, &input, output, tags::PATIENT_ID);
    }
    maps
}

fn read(bytes: Vec<u8>) -> Option<DataSet> {
    part10::read(&Bytes::from(bytes), Limits::default())
        .ok()
        .map(|file| file.data_set)
}

fn pair(map: &mut HashMap<String, String>, input: &DataSet, output: &DataSet, tag: Tag) {
    if let (Some(old), Some(new)) = (input.first_text(tag), output.first_text(tag)) {
        map.entry(old).or_insert(new);
    }
}
