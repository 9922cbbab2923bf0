//! What earlier runs into the same folders have done.

use std::collections::HashMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use sagittal_archive::proof::logs;
use sagittal_deid::log::{Digest, Line, lines};

use super::outputs::outputs;

/// By digest of the input: digest and new SOP Instance UID of the output.
#[derive(Debug, Default)]
pub struct Done {
    outputs: HashMap<String, (String, String)>,
    /// Outputs that are there, by SOP Instance UID.
    there: HashMap<String, PathBuf>,
}

impl Done {
    /// Reads all logs that were made under the same rules and key; one that was cut counts as far
    /// as it goes.
    pub fn read(work: &Path, out: &Path, rules: &str, key: &str) -> Done {
        let mut done = Done {
            there: outputs(out).unwrap_or_default(),
            ..Done::default()
        };
        for path in logs(work) {
            let Ok(file) = std::fs::File::open(&path) else {
                continue;
            };
            let mut input = None;
            let mut same = false;
            // The rest of a cut log says nothing; what it said before holds.
            let _ = lines(BufReader::new(file), |_, line| {
                match line {
                    Line::Run { run, .. } => same = run.rules == rules && run.key == key,
                    Line::File(file) => input = Some(file.input),
                    Line::Done(line) if same => {
                        if let Some(input) = input.take() {
                            done.outputs.insert(input, (line.output, line.instance));
                        }
                    }
                    _ => {}
                }
                Ok(())
            });
        }
        done
    }

    /// The output that was made of an input, if it is still there as it was made.
    pub fn output(&self, input: &str) -> Option<Vec<u8>> {
        let (digest, instance) = self.outputs.get(input)?;
        let path = self.there.get(instance)?;
        let bytes = std::fs::read(path).ok()?;
        (Digest::of(&bytes).to_string() == *digest).then_some(bytes)
    }
}
