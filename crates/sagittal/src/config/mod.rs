//! The configuration: one commented TOML file, environment variables, flags, in that order of
//! strength. `schema` is the table of all settings.

mod coherence;
pub mod compression;
mod deid;
pub mod documents;
mod layers;
mod model;
mod problem;
pub mod quality;
mod schema;
mod setting;
mod template;
mod value;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use layers::Layers;
pub use model::*;
pub use problem::{Place, Problem, Shown, Source};
pub use template::{effective, reference, template};
pub(crate) use value::parse_day;

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`
    pub file: Option<PathBuf>,
    /// Path of the setting, value, name of the flag.
    pub values: Vec<(&'static str, String, &'static str)>,
    /// `--peer`
    pub peers: Vec<String>,
}

/// A configuration with everything needed to explain it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// All layers, checked.
    pub layers: Layers,
    /// The file, empty if there is none.
    pub source: Source,
}

impl Loaded {
    /// File, then environment, then flags.
    pub fn load(flags: &Flags, environment: impl IntoIterator<Item = (String, String)>) -> Loaded {
        let mut layers = Layers::defaults();
        let mut source = Source::default();
        if let Some(file) = &flags.file {
            match read(file) {
                Ok(read) => {
                    source = read;
                    layers.add_file(&source);
                }
                Err(problem) => layers.problems.push(problem),
            }
        }
        layers.add_environment(environment);
        for (path, value, flag) in &flags.values {
            layers.add_word(path, value, Place::Flag(flag));
        }
        for peer in &flags.peers {
            layers.add_peer(peer, &Place::Flag("--peer"));
        }
        coherence::check(&mut layers);
        sort(&mut layers.problems);
        Loaded { layers, source }
    }

    /// The configuration, or all that is wrong with it, ready to be printed.
    pub fn config(&self) -> Result<Config, String> {
        if self.layers.problems.is_empty() {
            return Ok(Config::from_layers(&self.layers));
        }
        let shown: Vec<String> = self.layers.problems.iter().map(|p| self.show(p)).collect();
        Err(shown.join("\n"))
    }

    /// One problem as text.
    pub fn show(&self, problem: &Problem) -> String {
        let source = &self.source;
        Shown { problem, source }.to_string()
    }
}

fn read(file: &Path) -> Result<Source, Problem> {
    let bytes = std::fs::read(file).map_err(|error| {
        Problem::new(
            Place::Flag("--config"),
            "",
            format!("cannot read {}: {error}", file.display()),
        )
        .remedy("`sagittal config init FILE` writes one")
    })?;
    let name = file.display().to_string();
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Problem::new(
            Place::Flag("--config"),
            "",
            format!("{name} is not UTF-8 at byte {at}"),
        )
    })?;
    Ok(Source { name, text })
}

fn sort(problems: &mut [Problem]) {
    problems.sort_by_key(|problem| match &problem.place {
        Place::File(span) => (0, span.start),
        Place::Environment(_) => (1, 0),
        Place::Flag(_) => (2, 0),
        Place::Nowhere => (3, 0),
    });
}
