//! Validation of one instance against its IOD (PS3.3) and the rules of values (PS3.5 §6).

pub(crate) mod collector;
pub(crate) mod element;
mod file_meta;
mod frames;
mod geometry;
mod module;
mod pixel;
pub(crate) mod text;
pub(crate) mod uid;
pub(crate) mod value;

#[cfg(test)]
mod tests;

use sagittal_core::{DataSet, TagPath};
use sagittal_file::part10::File;

use crate::finding::{Finding, Kind, Severity};
use crate::rules::{RULES, Scope};
use collector::{Collector, Draft};

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The mildest severity that is reported.
    pub least: Severity,
    /// So many findings are kept at most; a damaged file can have millions.
    pub most: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            least: Severity::Warning,
            most: 10_000,
        }
    }
}

/// Validates a data set by itself: rules that need the transfer syntax are passed over.
/// Findings come in order of their paths.
pub fn validate(data_set: &DataSet, options: Options) -> Vec<Finding> {
    let mut collector = Collector::new(options);
    instance(data_set, None, None, &mut collector);
    collector.finish()
}

/// Validates a data set that was read in this transfer syntax, without a file around it.
pub fn validate_encoded(
    data_set: &DataSet,
    transfer_syntax_uid: &str,
    options: Options,
) -> Vec<Finding> {
    let mut collector = Collector::new(options);
    instance(data_set, None, Some(transfer_syntax_uid), &mut collector);
    collector.finish()
}

/// Validates a file: the data set, File Meta Information and what the reader got over.
pub fn validate_file(file: &File, options: Options) -> Vec<Finding> {
    let mut collector = Collector::new(options);
    file_meta::check(file, &mut collector);
    let transfer_syntax = file.opening.transfer_syntax_uid.as_str();
    instance(
        &file.data_set,
        Some(&file.opening.meta),
        Some(transfer_syntax),
        &mut collector,
    );
    collector.finish()
}

fn instance(
    data_set: &DataSet,
    meta: Option<&DataSet>,
    transfer_syntax: Option<&str>,
    collector: &mut Collector,
) {
    let scope = Scope::root(data_set, meta);
    match RULES.iod(&scope) {
        Some(iod) => module::check_iod(iod, &scope, collector),
        None => unknown(data_set, collector),
    }
    element::check_all(data_set, transfer_syntax, collector);
    uid::check_identity(data_set, collector);
    pixel::check(data_set, transfer_syntax, collector);
    frames::check(data_set, collector);
}

fn unknown(data_set: &DataSet, collector: &mut Collector) {
    let has_class = data_set.contains(sagittal_core::tags::SOP_CLASS_UID);
    collector.at(TagPath::default()).add(Draft {
        kind: Kind::UnknownIod,
        severity: Severity::Warning,
        clause: "PS3.4 §B.5",
        found: if has_class {
            "no IOD is known for this SOP class; modules are not checked".into()
        } else {
            "there is no SOP Class UID; modules are not checked".into()
        },
        fix: "state the SOP class that the object belongs to".into(),
        ..Draft::default()
    });
}
