//! Instances for peers that take few transfer syntaxes: what is sent to them is decoded by programs
//! of others.

use std::path::{Path, PathBuf};
use std::process::Command;

use sagittal_core::{Limits, Uid, sop_class, tags, transfer_syntax as ts};
use sagittal_file::part10;
use sagittal_tests::{Server, data, peer};
use serde_json::{Value, json};

use super::scu_peers::{Background, run, start};
use super::tools::{Storescp, free_port, pynetdicom_says};

const COMPARE: &str = concat!(
    include_str!("../interop/transcode/foreign.py"),
    include_str!("transcode/compare.py")
);
const RECEIVERS: &str = include_str!("transcode/receivers.py");
const RETRIEVE: &str = include_str!("transcode/retrieve.py");

/// Real files: signed, color, palette, several frames, single bits; native and compressed.
const SOURCES: [&str; 15] = [
    "compressed/pyd-mr_small_rle.dcm",
    "compressed/pyd-emri_small_rle.dcm",
    "compressed/wg04/vl1_rle.dcm",
    "compressed/dv3-synthetic_monochrome_jpegls_lossless.dcm",
    "compressed/dv3-synthetic_monochrome_jpeg_lossless_p14.dcm",
    "compressed/foc-pm5644-960x540_jpeg-lossless_rgb.dcm",
    "compressed/pyd-image_dfl.dcm",
    "compressed/tsmatrix/ctimage-orig.dcm",
    "charsets/orth-iso_ir13.dcm",
    "images/dp-im00001.implicit_little_endian.dcm",
    "images/pyd-sc_rgb_expb_16bit.dcm",
    "images/pyd-examples_palette.dcm",
    "made/htj2k_ll_mr1.dcm",
    "made/jxl_ll_ct1.dcm",
    "seg/pyd-liver_deflate.dcm",
];

/// Syntaxes that a peer may take alone.
const SYNTAXES: [(&str, &str); 9] = [
    ("implicit", ts::IMPLICIT_VR_LITTLE_ENDIAN),
    ("explicit", ts::EXPLICIT_VR_LITTLE_ENDIAN),
    ("deflated", ts::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
    ("big-endian", ts::EXPLICIT_VR_BIG_ENDIAN),
    ("rle", ts::RLE_LOSSLESS),
    ("jpeg-lossless", ts::JPEG_LOSSLESS_SV1),
    ("jpeg-ls", ts::JPEG_LS_LOSSLESS),
    ("j2k", ts::JPEG_2000_LOSSLESS),
    ("htj2k", ts::HTJ2K_LOSSLESS),
];

/// Real files and what they are.
struct Sources {
    paths: Vec<PathBuf>,
    /// Study, class, instance.
    uids: Vec<(Uid, Uid, Uid)>,
}

impl Sources {
    fn read() -> Option<Sources> {
        let folder = data::folder()?;
        let paths: Vec<PathBuf> = SOURCES.iter().map(|path| folder.join(path)).collect();
        let uids = paths.iter().map(|path| {
            let bytes = std::fs::read(path).unwrap();
            let file = part10::read(&bytes.into(), Limits::default()).unwrap();
            let uid = |tag| Uid::tolerant(&file.data_set.first_text(tag).unwrap()).unwrap();
            (
                uid(tags::STUDY_INSTANCE_UID),
                uid(tags::SOP_CLASS_UID),
                uid(tags::SOP_INSTANCE_UID),
            )
        });
        let uids = uids.collect();
        Some(Sources { paths, uids })
    }

    fn store(&self, server: &Server) {
        for path in &self.paths {
            let answer = server.stow(&[std::fs::read(path).unwrap()]);
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }

    fn studies(&self) -> Vec<&str> {
        let mut studies: Vec<&str> = self.uids.iter().map(|uids| uids.0.as_str()).collect();
        studies.sort_unstable();
        studies.dedup();
        studies
    }

    /// Every class in these syntaxes.
    fn classes(&self, syntaxes: &[&str]) -> Value {
        let each = self.uids.iter();
        each.map(|uids| (uids.1.to_string(), json!(syntaxes)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    /// What no such syntax can hold: single bits (PS3.5 §8.2.1, §8.2.3).
    fn refused(&self, name: &str) -> Vec<&str> {
        let is_narrow = ["jpeg-lossless", "jpeg-ls"].contains(&name);
        let is_bits = |class: &Uid| is_narrow && *class == sop_class::SEGMENTATION_STORAGE;
        let refused = self.uids.iter().filter(|uids| is_bits(&uids.1));
        refused.map(|uids| uids.2.as_str()).collect()
    }

    /// Programs of others decode what is in these folders, and find the same.
    #[track_caller]
    fn compare(&self, folders: &[Value]) {
        let Some(python) = peer::python(&["pydicom", "numpy"]) else {
            return;
        };
        let plan = json!({ "sources": self.paths, "folders": folders }).to_string();
        let ran = peer::run_python(&python, COMPARE, &[&plan]).expect(0);
        assert!(ran.stdout.contains("good"));
    }
}

/// Receivers of pynetdicom.
struct Receivers {
    _program: Background,
    ports: Vec<u16>,
}

fn receivers(folder: &Path, classes: &[(&str, Value)]) -> Option<Receivers> {
    let python = peer::python(&["pynetdicom"])?;
    let ports: Vec<u16> = classes.iter().map(|_| free_port()).collect();
    let plan: Vec<Value> = classes
        .iter()
        .zip(&ports)
        .map(|((name, classes), port)| {
            json!({ "port": port, "folder": folder.join(name), "classes": classes })
        })
        .collect();
    let mut command = Command::new(python);
    command.args(["-c", RECEIVERS, &Value::from(plan).to_string()]);
    let program = start(&mut command, *ports.last()?);
    Some(Receivers {
        _program: program,
        ports,
    })
}

fn server(peers: &[(&str, u16)]) -> Server {
    let mut builder = Server::builder();
    for (number, (_, port)) in peers.iter().enumerate() {
        builder = builder
            .arg("--peer")
            .arg(format!("peer{number}=PEER{number}@127.0.0.1:{port}"));
    }
    builder.start()
}

/// The final responses of C-MOVEs and C-GETs.
pub fn retrieve(server: &Server, plan: &Value) -> Option<Vec<Value>> {
    let said = pynetdicom_says(server, RETRIEVE, &[&plan.to_string()])?;
    let json = &said[said.find("good").unwrap() + 4..];
    Some(serde_json::from_str(json).unwrap())
}

/// All arrived but those that must be refused.
#[track_caller]
fn assert_told(sources: &Sources, name: &str, told: &Value) {
    let refused = sources.refused(name);
    let completed = sources.uids.len() - refused.len();
    assert_eq!(told["completed"], completed, "{name}: {told}");
    assert_eq!(told["failed"], refused.len(), "{name}: {told}");
    assert_eq!(told["uids"], json!(refused), "{name}: {told}");
    assert_eq!(told["alive"], true, "{name}: {told}");
    let status = if refused.is_empty() { 0 } else { 0xB000 };
    assert_eq!(told["status"], status, "{name}: {told}");
}

fn expectations(sources: &Sources, folder: &Path) -> Vec<Value> {
    let each = SYNTAXES.iter().map(|(name, syntax)| {
        json!({
            "name": name, "path": folder.join(name), "syntaxes": [syntax],
            "refused": sources.refused(name),
        })
    });
    each.collect()
}

#[test]
fn c_move_gives_receivers_of_one_syntax_everything_in_it() {
    let Some(sources) = Sources::read() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let classes: Vec<(&str, Value)> = SYNTAXES
        .iter()
        .map(|(name, syntax)| (*name, sources.classes(&[syntax])))
        .collect();
    let Some(peers) = receivers(folder.path(), &classes) else {
        return;
    };
    let names = SYNTAXES.iter().map(|(name, _)| *name);
    let server = server(&names.zip(peers.ports.clone()).collect::<Vec<_>>());
    sources.store(&server);
    let plan: Vec<Value> = (0..SYNTAXES.len())
        .map(|number| json!({ "to": format!("PEER{number}"), "studies": sources.studies() }))
        .collect();
    let told = retrieve(&server, &plan.into()).unwrap();
    for ((name, _), told) in SYNTAXES.iter().zip(&told) {
        assert_told(&sources, name, told);
    }
    sources.compare(&expectations(&sources, folder.path()));
    server.assert_well();
}

#[test]
fn c_get_gives_requestors_of_one_syntax_everything_in_it() {
    let Some(sources) = Sources::read() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start();
    sources.store(&server);
    let plan: Vec<Value> = SYNTAXES
        .iter()
        .map(|(name, syntax)| {
            json!({
                "folder": folder.path().join(name), "studies": sources.studies(),
                "classes": sources.classes(&[syntax]),
            })
        })
        .collect();
    let Some(told) = retrieve(&server, &plan.into()) else {
        return;
    };
    for ((name, _), told) in SYNTAXES.iter().zip(&told) {
        assert_told(&sources, name, told);
    }
    sources.compare(&expectations(&sources, folder.path()));
    server.assert_well();
}

#[test]
fn send_gives_receivers_of_one_syntax_everything_in_it() {
    let Some(sources) = Sources::read() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let classes: Vec<(&str, Value)> = SYNTAXES
        .iter()
        .map(|(name, syntax)| (*name, sources.classes(&[syntax])))
        .collect();
    let Some(peers) = receivers(folder.path(), &classes) else {
        return;
    };
    for ((name, _), port) in SYNTAXES.iter().zip(&peers.ports) {
        let address = format!("ANY-SCP@127.0.0.1:{port}");
        let mut arguments: Vec<String> = sources
            .paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        arguments.extend(["--json".to_owned(), "-q".to_owned()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let refused = sources.refused(name).len();
        let code = if refused == 0 { 0 } else { 3 };
        let sent = run("send", &address, &arguments).expect(code).json();
        assert_eq!(sent["stored"], sources.uids.len() - refused, "{sent}");
    }
    sources.compare(&expectations(&sources, folder.path()));
}

/// What DCMTK's receiver takes with an option, besides uncompressed syntaxes.
const OPTIONS: [(&str, &[&str]); 8] = [
    ("+xi", &[ts::IMPLICIT_VR_LITTLE_ENDIAN]),
    ("+xe", &[]),
    ("+xb", &[ts::EXPLICIT_VR_BIG_ENDIAN]),
    ("+xs", &[ts::JPEG_LOSSLESS_SV1]),
    ("+xt", &[ts::JPEG_LS_LOSSLESS]),
    ("+xv", &[ts::JPEG_2000_LOSSLESS]),
    ("+xr", &[ts::RLE_LOSSLESS]),
    ("+xd", &[ts::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN]),
];

#[test]
fn storescp_gets_everything_whatever_it_prefers() {
    let Some(sources) = Sources::read() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut running = Vec::new();
    for (option, _) in OPTIONS {
        let at = folder.path().join(option);
        std::fs::create_dir_all(&at).unwrap();
        let Some(peer) = Storescp::start(&at, &[option]) else {
            return;
        };
        running.push((option, peer));
    }
    let peers: Vec<(&str, u16)> = running
        .iter()
        .map(|(name, peer)| (*name, peer.port))
        .collect();
    let server = server(&peers);
    sources.store(&server);
    let plan: Vec<Value> = (0..peers.len())
        .map(|number| json!({ "to": format!("PEER{number}"), "studies": sources.studies() }))
        .collect();
    let Some(told) = retrieve(&server, &plan.into()) else {
        return;
    };
    let mut folders = Vec::new();
    for (((option, preferred), told), (_, peer)) in OPTIONS.iter().zip(&told).zip(&running) {
        assert_told(&sources, option, told);
        let mut syntaxes = preferred.to_vec();
        if *option != "+xi" {
            syntaxes.extend([
                ts::EXPLICIT_VR_LITTLE_ENDIAN,
                ts::IMPLICIT_VR_LITTLE_ENDIAN,
                ts::EXPLICIT_VR_BIG_ENDIAN,
            ]);
        }
        folders.push(json!({
            "name": option, "path": peer.folder, "syntaxes": syntaxes, "refused": [],
        }));
    }
    sources.compare(&folders);
    server.assert_well();
}

#[test]
fn nothing_is_compressed_with_loss_for_who_takes_nothing_else() {
    let Some(sources) = Sources::read() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    // MR only with loss, all others as they should be.
    let mut classes = sources.classes(&[ts::EXPLICIT_VR_LITTLE_ENDIAN]);
    classes[sop_class::MR_IMAGE_STORAGE] = json!([ts::JPEG_BASELINE_8_BIT, ts::JPEG_2000]);
    let Some(peers) = receivers(folder.path(), &[("some", classes.clone())]) else {
        return;
    };
    let server = server(&[("some", peers.ports[0])]);
    sources.store(&server);
    let is_mr = |uids: &&(Uid, Uid, Uid)| uids.1 == sop_class::MR_IMAGE_STORAGE;
    let mut refused: Vec<&str> = sources
        .uids
        .iter()
        .filter(is_mr)
        .map(|uids| uids.2.as_str())
        .collect();
    refused.sort_unstable();
    assert!(refused.len() >= 2);
    let plan = json!([
        { "to": "PEER0", "studies": sources.studies() },
        { "folder": folder.path().join("got"), "studies": sources.studies(), "classes": classes },
    ]);
    for mut told in retrieve(&server, &plan).unwrap() {
        assert_eq!(told["status"], 0xB000, "{told}");
        assert_eq!(
            told["completed"],
            sources.uids.len() - refused.len(),
            "{told}"
        );
        let mut uids: Vec<Value> = told["uids"].as_array_mut().unwrap().drain(..).collect();
        uids.sort_by_key(Value::to_string);
        assert_eq!(json!(uids), json!(refused));
        let comment = told["comment"].as_str().unwrap_or_default();
        assert!(!comment.is_empty() && told["alive"] == true, "{told}");
        println!("{comment}");
    }
    let folders = ["some", "got"].map(|name| {
        json!({
            "name": name, "path": folder.path().join(name), "refused": refused,
            "syntaxes": [ts::EXPLICIT_VR_LITTLE_ENDIAN],
        })
    });
    sources.compare(&folders);
    server.assert_well();
}

#[test]
fn a_stream_that_is_broken_at_its_end_fails_alone() {
    let Some(sources) = Sources::read() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let classes = sources.classes(&[ts::EXPLICIT_VR_LITTLE_ENDIAN]);
    let Some(peers) = receivers(folder.path(), &[("moved", classes.clone())]) else {
        return;
    };
    let server = server(&[("moved", peers.ports[0])]);
    // The last of ten frames has no segments any more.
    let broken = 1;
    for (number, path) in sources.paths.iter().enumerate() {
        let mut bytes = std::fs::read(path).unwrap();
        if number == broken {
            let is_item = |four: &[u8]| four == [0xFE, 0xFF, 0x00, 0xE0];
            let item = bytes.windows(4).rposition(is_item).unwrap();
            bytes[item + 8..item + 72].fill(0);
        }
        assert_eq!(server.stow(&[bytes]).status, 200);
    }
    let broken = sources.uids[broken].2.as_str();
    let plan = json!([
        { "to": "PEER0", "studies": sources.studies() },
        { "folder": folder.path().join("got"), "studies": sources.studies(), "classes": classes },
    ]);
    for told in retrieve(&server, &plan).unwrap() {
        assert_eq!(told["uids"], json!([broken]), "{told}");
        assert_eq!(told["completed"], sources.uids.len() - 1, "{told}");
        assert_eq!(
            (&told["status"], &told["alive"]),
            (&json!(0xB000), &json!(true))
        );
        let comment = told["comment"].as_str().unwrap();
        assert!(comment.contains("broken as received"), "{comment}");
    }
    server.assert_well();
}
