//! dciodvfy (dicom3tools) and `sagittal validate` on the same files: both find the same errors.
//!
//! What is compared: distinct errors, by file, path (without item numbers) and kind. The table that
//! is printed stands in `docs/reference/validation.md`, with the reasons for what differs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use sagittal_tests::{data, peer, sagittal};
use serde_json::Value;

/// File, path, kind.
type Key = (String, String, &'static str);

/// What dciodvfy does not look at; our findings of it are not held against us.
const BEYOND: &[&str] = &["date-time", "name"];

/// The kind of one of dciodvfy's messages, in our words.
fn kind_of(message: &str) -> &'static str {
    // The first line that fits.
    const KINDS: &[(&str, &str)] = &[
        ("Missing attribute for", "missing"),
        ("Empty attribute", "empty"),
        ("Attribute present but empty", "empty"),
        ("Attribute present", "not-permitted"),
        ("has a ratio of", "pixels"),
        ("not be present", "not-permitted"),
        ("nly be present", "not-permitted"),
        ("Only valid for", "not-permitted"),
        ("present but Instance", "not-permitted"),
        ("A value is required", "missing"),
        ("is required for root", "missing"),
        ("Unexpected TransferSyntaxUID", "encoding"),
        ("Sequence number of Items", "items"),
        ("Value Multiplicity", "multiplicity"),
        ("[UI]", "uid"),
        ("root for UID", "uid"),
        ("has same value as", "uid"),
        ("repertoire", "character-set"),
        ("Length invalid for this VR", "length"),
        ("Value invalid", "characters"),
        ("Unrecognized enumerated", "value"),
        ("Value is zero", "value"),
        ("Invalid Value Representation", "vr"),
        ("Value Representation for encapsulated", "vr"),
        ("Private creator is not LO", "private"),
        ("Bad private owner", "private"),
        ("Bad group", "private"),
        ("odd group", "private"),
        ("MediaStorageSOP", "file-meta"),
        ("Bad Value Length", "length"),
        ("exceeds Bits", "pixels"),
        ("PixelData has inc", "pixels"),
        ("LookupTable", "pixels"),
        ("unit vector", "geometry"),
        ("PerFrameFunctional", "functional-group"),
    ];
    let found = KINDS.iter().find(|(text, _)| message.contains(text));
    found.map_or("condition", |(_, kind)| *kind)
}

/// `/A(0008,0001)[1]/(0021,11fe,"X")` to `A/(0021,11FE)`.
fn path_of(printed: &str) -> String {
    let steps = printed.trim_matches('/').split('/').map(|step| {
        let step = step.split('[').next().unwrap_or("");
        match step.split_once('(') {
            Some(("", tag)) => {
                let tag = tag.get(..9).unwrap_or(tag);
                format!("({})", tag.to_uppercase())
            }
            Some((keyword, _)) => keyword.to_owned(),
            None => step.to_owned(),
        }
    });
    steps.collect::<Vec<_>>().join("/")
}

/// Without what is in quotes: private creators may have slashes and brackets in them.
fn without_quoted(text: &str) -> String {
    text.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

/// Errors that dciodvfy finds in a file; `None` if it cannot read it or does not know the IOD.
fn theirs(program: &Path, folder: &Path, name: &str) -> Option<BTreeSet<Key>> {
    let file = folder.join(name);
    let output = Command::new(program).arg("-new").arg(file).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let gave_up = ["Dicom dataset read failed", "Information Object Not found"];
    if gave_up.iter().any(|message| text.contains(message)) {
        return None;
    }
    let mut errors = BTreeSet::new();
    for line in text.lines() {
        let Some((path, message)) = line
            .strip_prefix("Error - </")
            .and_then(|line| line.split_once("> - "))
        else {
            continue;
        };
        let path = path_of(&without_quoted(path));
        let kind = match kind_of(message) {
            "multiplicity" if path.ends_with("Sequence") => "items",
            kind => kind,
        };
        errors.insert((name.to_owned(), path, kind));
    }
    Some(errors)
}

fn ours(report: &Value, folder: &Path) -> BTreeMap<String, BTreeSet<Key>> {
    let mut files = BTreeMap::new();
    for file in report["files"].as_array().unwrap() {
        let path = Path::new(file["path"].as_str().unwrap());
        let name = path
            .strip_prefix(folder)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let mut errors = BTreeSet::new();
        for finding in file["findings"].as_array().into_iter().flatten() {
            let kind = finding["kind"].as_str().unwrap();
            let found = finding["found"].as_str().unwrap();
            // Younger versions see this, the one of Debian does not.
            let is_beyond = BEYOND.contains(&kind) || found.ends_with("root that does not exist");
            if is_beyond {
                continue;
            }
            let attribute = finding["attribute"].as_str().unwrap();
            let known = KNOWN_KINDS.iter().find(|known| **known == kind);
            errors.insert((name.clone(), path_of(attribute), *known.expect(kind)));
        }
        files.insert(name, errors);
    }
    files
}

const KNOWN_KINDS: &[&str] = &[
    "missing",
    "empty",
    "not-permitted",
    "value",
    "vr",
    "multiplicity",
    "items",
    "length",
    "characters",
    "uid",
    "character-set",
    "condition",
    "functional-group",
    "pixels",
    "geometry",
    "private",
    "file-meta",
    "encoding",
];

/// The valid files: neither broken on purpose nor bare codestreams.
fn names(folder: &Path) -> Vec<String> {
    let manifest = std::fs::read_to_string(folder.join("MANIFEST.tsv")).unwrap();
    let names = manifest
        .lines()
        .skip(1)
        .filter_map(|row| row.split('\t').next());
    names
        .filter(|name| !name.starts_with("codestreams/") && !name.starts_with("malformed/"))
        .map(str::to_owned)
        .collect()
}

/// Every valid file, by as many processes at a time as there are cores.
fn all_of_theirs(program: &Path, folder: &Path) -> Vec<(String, Option<BTreeSet<Key>>)> {
    let names = names(folder);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let length = names.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = names
            .chunks(length)
            .map(|part| {
                scope.spawn(move || {
                    let one = |name: &String| (name.clone(), theirs(program, folder, name));
                    part.iter().map(one).collect::<Vec<_>>()
                })
            })
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap())
            .collect()
    })
}

#[test]
fn dciodvfy_finds_the_same_errors_in_real_files() {
    let Some(folder) = data::folder() else {
        return;
    };
    let Some(program) = peer::program("dciodvfy", "Debian package dicom3tools") else {
        return;
    };
    let arguments = ["validate", "--json", "--no-study", "--severity", "error"];
    let rest = ["--fail-on", "never", "--most", "100000"];
    let mut command: Vec<&std::ffi::OsStr> = Vec::new();
    command.extend(arguments.iter().chain(&rest).map(std::ffi::OsStr::new));
    command.push(folder.as_os_str());
    let report = sagittal(command);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let ours = ours(&report, &folder);
    let mut table: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut differences = Vec::new();
    let mut compared = 0;
    for (name, theirs) in all_of_theirs(&program, &folder) {
        let (Some(theirs), Some(ours)) = (theirs, ours.get(&name)) else {
            continue;
        };
        compared += 1;
        for key in theirs.union(ours) {
            let row = table.entry(key.2).or_default();
            let column = match (theirs.contains(key), ours.contains(key)) {
                (true, true) => 0,
                (true, false) => 1,
                _ => 2,
            };
            row[column] += 1;
            if column > 0 {
                let who = if column == 1 { "dciodvfy" } else { "sagittal" };
                differences.push(format!("{who} alone: {} {} {}", key.0, key.1, key.2));
            }
        }
    }
    assert!(compared > 1000, "only {compared} files were compared");
    let sum = |column: usize| table.values().map(|row| row[column]).sum::<usize>();
    let (both, only_theirs, only_ours) = (sum(0), sum(1), sum(2));
    println!(
        "{compared} files\n| Kind | Both | dciodvfy alone | sagittal alone |\n|---|---|---|---|"
    );
    for (kind, [both, theirs, ours]) in &table {
        println!("| {kind} | {both} | {theirs} | {ours} |");
    }
    println!("| all | {both} | {only_theirs} | {only_ours} |");
    let text = differences.join("\n");
    println!("{text}");
    assert!(both * 100 >= (both + only_theirs) * 95, "missed:\n{text}");
    assert!(both * 100 >= (both + only_ours) * 95, "invented:\n{text}");
}
