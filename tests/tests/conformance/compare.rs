//! What compare says is what programs then experience: a modality that proposes only JPEG 2000, an
//! archive that takes only Explicit VR Little Endian.

use std::path::{Path, PathBuf};
use std::process::Command;

use sagittal_file::part10;
use sagittal_tests::objects::ct;
use sagittal_tests::peer::dcmtk;
use sagittal_tests::{Ran, Server, cli, data, sagittal};
use serde_json::Value;
use tempfile::TempDir;

use super::observed::{Program, free_port, texts};

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const J2K: &str = "1.2.840.10008.1.2.4.90";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// For storescp: Explicit VR Little Endian only. For storescu: JPEG 2000 only.
const PROFILES: &str = r"
[[TransferSyntaxes]]
[Plain]
TransferSyntax1 = LittleEndianExplicit
[Compressed]
TransferSyntax1 = JPEG2000LosslessOnly
[[PresentationContexts]]
[Archive]
PresentationContext1 = VerificationSOPClass\Plain
PresentationContext2 = CTImageStorage\Plain
[Modality]
PresentationContext1 = CTImageStorage\Compressed
[[Profiles]]
[Archive]
PresentationContexts = Archive
[Modality]
PresentationContexts = Modality
";

/// What the vendor says of the modality.
const MODALITY: &str = r#"
format = 1
basis = "statement"
bases = { statement = { status = "declared", date = "2026-03-01", evidence = "revision 4" } }
system = { name = "CT2", product = "Scanner X" }

[[application_entities]]
ae_title = "CT2"
unlisted = "no"
addresses = [{ host = "10.0.0.2", port = 104 }]

[[application_entities.contexts]]
sop_classes = ["CT Image Storage"]
transfer_syntaxes = ["JPEG 2000 Image Compression (Lossless Only)"]
roles = ["scu"]
"#;

struct Scene {
    folder: TempDir,
    profiles: String,
    modality: String,
    /// A CT image in JPEG 2000.
    image: String,
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

fn scene() -> Scene {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        path(&folder, name)
    };
    let plain = write("plain.dcm", &ct().part10());
    let image = path(&folder, "j2k.dcm");
    sagittal(["transcode", &plain, "-o", &image, "--to", "j2k"]).expect(0);
    let (profiles, modality) = (
        write("profiles.cfg", PROFILES.as_bytes()),
        write("ct2.toml", MODALITY.as_bytes()),
    );
    Scene {
        folder,
        profiles,
        modality,
        image,
    }
}

/// storescu as the modality.
fn modality_sends(scene: &Scene, storescu: &Path, title: &str, port: u16) -> Ran {
    let mut command = Command::new(storescu);
    command.args([
        "-aet",
        "CT2",
        "-aec",
        title,
        "-xf",
        &scene.profiles,
        "Modality",
    ]);
    command.args(["127.0.0.1", &port.to_string(), &scene.image]);
    cli::run(&mut command)
}

fn compare(arguments: &[&str]) -> Ran {
    let fixed = ["conformance", "compare", "--json", "--workflow", "store"];
    sagittal(fixed.iter().chain(arguments))
}

/// What A sends to B of CT, by outcome.
#[track_caller]
fn of_ct(comparison: &Value, outcome: &str) -> Value {
    let mut findings = comparison["findings"].as_array().unwrap().iter();
    let found = findings.find(|one| {
        one["direction"] == "a-to-b"
            && one["outcome"] == outcome
            && texts(&one["sop_classes"]).contains(&CT.to_owned())
    });
    found
        .unwrap_or_else(|| panic!("nothing is {outcome}: {comparison:#}"))
        .clone()
}

fn received(folder: &Path) -> Vec<String> {
    let files: Vec<PathBuf> = data::files(folder);
    let read = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        let opening = part10::open(&bytes).unwrap();
        opening.transfer_syntax_uid.to_string()
    };
    files.iter().map(read).collect()
}

#[test]
fn a_modality_of_jpeg_2000_and_an_archive_of_explicit_little_endian() {
    let (Some(storescp), Some(storescu)) = (dcmtk("storescp"), dcmtk("storescu")) else {
        return;
    };
    let scene = scene();
    let port = free_port();
    let store = scene.folder.path().join("received");
    std::fs::create_dir(&store).unwrap();
    let mut command = Command::new(storescp);
    command.args(["-od", &store.display().to_string(), "-aet", "PACS"]);
    command.args(["-xf", &scene.profiles, "Archive", &port.to_string()]);
    let _running = Program::start(&mut command, port, &scene.folder.path().join("log"));
    let address = format!("PACS@127.0.0.1:{port}");
    let pacs = path(&scene.folder, "pacs.json");
    let asked = [
        "--no-query",
        "--hold",
        "0",
        "--sop-class",
        "CT Image Storage",
        "--json",
        &pacs,
    ];
    sagittal(
        ["conformance", "probe", &address]
            .iter()
            .copied()
            .chain(asked),
    )
    .expect(0);

    // Said: refused. And so it is.
    let said = compare(&[&scene.modality, &pacs]).expect(1).json();
    let refused = of_ct(&said, "refused");
    assert_eq!(
        (&refused["place"], &refused["severity"]),
        (&"context".into(), &"error".into())
    );
    assert_eq!(texts(&refused["proposed"]), [J2K]);
    let between = refused["remedies"].as_array().unwrap().iter();
    assert!(
        between.clone().any(|remedy| remedy["at"] == "between"),
        "{refused}"
    );
    let sent = modality_sends(&scene, &storescu, "PACS", port);
    assert_ne!(sent.code, Some(0), "{}", sent.stderr);
    assert_eq!(received(&store), [] as [String; 0]);

    // Said: we convert it without loss. And so we do.
    let said = compare(&["self", &pacs]).expect(3).json();
    let converted = of_ct(&said, "transcoding");
    assert_eq!(converted["converter"]["lossy"], false);
    assert!(texts(&converted["proposed"]).contains(&J2K.to_owned()));
    assert_eq!(texts(&converted["used"]), [EXPLICIT]);
    sagittal(["send", &address, &scene.image]).expect(0);
    assert_eq!(received(&store), [EXPLICIT]);
}

#[test]
fn a_setting_that_is_named_as_remedy_lets_the_modality_in() {
    let Some(storescu) = dcmtk("storescu") else {
        return;
    };
    let scene = scene();
    let config = path(&scene.folder, "sagittal.toml");
    let start = |text: &str| {
        std::fs::write(&config, text).unwrap();
        Server::builder().config(scene.folder.path(), text).start()
    };
    let with = ["--config", &config];
    let narrow = start(&format!("[dimse]\ntransfer_syntaxes = [\"{EXPLICIT}\"]\n"));
    let said = compare(&[&[scene.modality.as_str(), "self"], &with[..]].concat())
        .expect(1)
        .json();
    let refused = of_ct(&said, "refused");
    let sent = modality_sends(&scene, &storescu, narrow.ae_title(), narrow.dimse().port());
    assert_ne!(sent.code, Some(0), "{}", sent.stderr);
    assert_eq!(narrow.count(""), 0);
    drop(narrow);

    let mut remedies = refused["remedies"].as_array().unwrap().iter();
    let toml = remedies.find_map(|remedy| remedy["toml"].as_str()).unwrap();
    let wide = start(toml);
    sagittal(["config", "check", &config]).expect(0);
    let said = compare(&[&[scene.modality.as_str(), "self"], &with[..]].concat()).json();
    assert_eq!(texts(&of_ct(&said, "works")["used"]), [J2K]);
    let sent = modality_sends(&scene, &storescu, wide.ae_title(), wide.dimse().port()).expect(0);
    assert_eq!(wide.count(""), 1, "{}", sent.stderr);
    wide.assert_well();
}

#[test]
fn a_matrix_of_a_folder_is_written_as_text_json_and_html() {
    let scene = scene();
    let hospital = scene.folder.path().join("hospital");
    std::fs::create_dir(&hospital).unwrap();
    std::fs::write(hospital.join("ct2.toml"), MODALITY).unwrap();
    let other = MODALITY
        .replace("CT2", "CT3")
        .replace("10.0.0.2", "10.0.0.3");
    std::fs::write(hospital.join("ct3.toml"), other).unwrap();
    std::fs::write(hospital.join("notes.txt"), "not a document").unwrap();
    let (folder, page) = (
        hospital.display().to_string(),
        path(&scene.folder, "matrix.html"),
    );
    let base = [
        "conformance",
        "matrix",
        &folder,
        "--with",
        "self",
        "--workflow",
        "store",
    ];
    let shown = sagittal(base.iter().copied().chain(["--html", &page])).expect(1);
    assert!(
        shown.stdout.contains("CT3") && !shown.stdout.contains('\x1b'),
        "{}",
        shown.stdout
    );
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("SAGITTAL"));
    let json = sagittal(base.iter().copied().chain(["--json"]))
        .expect(1)
        .json();
    assert_eq!(json["format"], 1);
    assert_eq!(json["cells"].as_array().unwrap().len(), 6);
    let wrong = sagittal(["conformance", "compare", "nowhere.json", "self"]).expect(1);
    assert!(wrong.stderr.contains("nowhere.json"), "{}", wrong.stderr);
    sagittal([
        "conformance",
        "compare",
        "self",
        "self",
        "--workflow",
        "stores",
    ])
    .expect(2);
}

#[test]
fn the_library_of_peers_is_compared_by_name() {
    let ran = compare(&["self", "library:storescp"]).expect(3);
    let json = ran.json();
    let converted = of_ct(&json, "transcoding");
    assert!(texts(&converted["proposed"]).contains(&J2K.to_owned()));
    assert_eq!(json["b"]["status"], "observed");
    // storescp takes one association at a time: a setting of ours helps.
    let findings = json["findings"].as_array().unwrap();
    let limit = findings
        .iter()
        .find(|one| one["subject"] == "associations")
        .unwrap();
    let toml = limit["remedies"][0]["toml"].as_str().unwrap();
    assert!(toml.ends_with("max_associations = 1\n"), "{toml}");
    let nobody = compare(&["self", "library:nobody"]).expect(1);
    assert!(nobody.stderr.contains("orthanc"), "{}", nobody.stderr);
}

#[test]
fn a_statement_is_imported_and_compared_and_what_is_not_understood_is_told() {
    let folder = TempDir::new().unwrap();
    let file = path(&folder, "statement.html");
    let own = sagittal(["conformance", "statement", "--format", "html"]).expect(0);
    std::fs::write(&file, own.stdout).unwrap();
    let ran = sagittal([
        "conformance",
        "import",
        &file,
        "--name",
        "OTHER",
        "--format",
        "json",
    ]);
    let ran = ran.expect(3);
    assert!(
        ran.stderr.contains("setting | now | effect"),
        "{}",
        ran.stderr
    );
    let again = path(&folder, "again.json");
    std::fs::write(&again, ran.stdout).unwrap();
    let said = compare(&["self", &again]).json();
    assert!(texts(&of_ct(&said, "works")["used"]).contains(&J2K.to_owned()));
    assert!(
        said["findings"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["outcome"] != "refused"),
        "{said:#}"
    );

    let template = sagittal(["conformance", "import", "--template"]).expect(0);
    let filled = path(&folder, "filled.toml");
    std::fs::write(&filled, template.stdout).unwrap();
    sagittal(["conformance", "convert", &filled]).expect(0);
    let empty = path(&folder, "empty.txt");
    std::fs::write(&empty, "There are no tables here.\n").unwrap();
    let nothing = sagittal(["conformance", "import", &empty]).expect(1);
    assert!(nothing.stderr.contains("--template"), "{}", nothing.stderr);
    sagittal(["conformance", "import"]).expect(2);
}

/// A modality that wants much: to find and get, retired and private classes, many associations.
const DEMANDING: &str = r#"
format = 1
basis = "statement"
bases = { statement = { status = "declared" } }
system = { name = "Scanner of Ward 3" }

[[application_entities]]
ae_title = "WARD3"
unlisted = "no"
association = { max_associations_opened = 12 }

[[application_entities.contexts]]
sop_classes = ["CT Image Storage", "1.2.840.10008.5.1.4.1.1.5", "1.3.6.1.4.1.99999.1",
  "Study Root Query/Retrieve Information Model - FIND", "Study Root Query/Retrieve Information Model - GET"]
transfer_syntaxes = ["Explicit VR Little Endian", "JPEG Baseline (Process 1)"]
roles = ["scu"]

[[application_entities.contexts]]
sop_classes = ["CT Image Storage"]
transfer_syntaxes = ["JPEG Baseline (Process 1)"]
"#;

/// Every fragment of our configuration that is named as a remedy is one.
#[test]
fn every_setting_that_is_named_as_a_remedy_can_be_taken_over() {
    let folder = TempDir::new().unwrap();
    let modality = path(&folder, "ward3.toml");
    std::fs::write(&modality, DEMANDING).unwrap();
    let (config, fragment) = (
        path(&folder, "sagittal.toml"),
        path(&folder, "fragment.toml"),
    );
    let mut seen = std::collections::BTreeSet::new();
    for text in [
        "[dimse]\nknown_peers_only = true\nmax_associations = 2\n",
        "[services]\nget = false\nfind = false\nstore = false\n",
        "[dimse]\nretired_sop_classes = false\nunknown_sop_classes = false\ntransfer_syntaxes = [\"1.2.840.10008.1.2\"]\n",
    ] {
        std::fs::write(&config, text).unwrap();
        let all = [
            "conformance",
            "compare",
            "--json",
            "--config",
            &config,
            &modality,
            "self",
        ];
        let said = sagittal(all).json();
        for finding in said["findings"].as_array().unwrap() {
            for remedy in finding["remedies"].as_array().into_iter().flatten() {
                let toml = remedy["toml"].as_str().map(str::to_owned);
                seen.extend(toml.inspect(|_| assert_eq!(remedy["at"], "SAGITTAL")));
            }
        }
    }
    for toml in &seen {
        std::fs::write(&fragment, toml).unwrap();
        sagittal(["config", "check", &fragment]).expect(0);
    }
    let all = seen.into_iter().collect::<String>();
    for part in [
        "transfer_syntaxes = [",
        "retired_sop_classes = true",
        "sop_classes = [\"1.3.6.1.4.1.99999.1\"]",
        "find = true",
        "get = true",
        "store = true",
        "lossy = [\"jpeg\"]",
        "max_associations = 12",
        "name = \"scannerofward3\"",
    ] {
        assert!(all.contains(part), "{part}:\n{all}");
    }
}
