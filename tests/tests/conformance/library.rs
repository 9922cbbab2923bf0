//! Writes the library of observed peers:
//! `cargo nextest run -p sagittal-tests --test conformance --run-ignored only library`.

use std::path::Path;
use std::process::Command;

use sagittal_tests::peer::{dcmtk, python};
use sagittal_tests::{cli, sagittal};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::observed::{Program, free_port};

/// A peer as it was started.
struct Peer {
    file: &'static str,
    product: &'static str,
    title: &'static str,
    /// How it was set up.
    setup: &'static str,
    /// Where it listens usually.
    port: u16,
}

/// Probes a running peer and writes its document.
fn write(peer: &Peer, version: &str, port: u16) {
    let address = format!("{}@127.0.0.1:{port}", peer.title);
    let ran = sagittal([
        "conformance",
        "probe",
        &address,
        "--json",
        "-",
        "--rate",
        "2000",
    ])
    .expect(0);
    let mut document: Value = ran.json();
    document["system"] = json!({ "name": peer.file, "product": peer.product, "version": version });
    let basis = document["basis"].as_str().unwrap().to_owned();
    document["bases"][&basis]["evidence"] = format!(
        "sagittal conformance probe of {} {version}, {}",
        peer.product, peer.setup
    )
    .into();
    let entity = &mut document["application_entities"][0];
    entity["addresses"] = json!([{ "port": peer.port }]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/peers");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join(format!("{}.json", peer.file)),
        packed(&document) + "\n",
    )
    .unwrap();
}

/// A list of texts or numbers in one line, everything else indented.
fn packed(value: &Value) -> String {
    fn write(value: &Value, depth: usize, out: &mut String) {
        let pad = |depth: usize| "  ".repeat(depth);
        let flat = |value: &Value| !value.is_object() && !value.is_array();
        match value {
            Value::Object(fields) if !fields.is_empty() && !fields.values().all(flat) => {
                out.push_str("{\n");
                for (at, (name, value)) in fields.iter().enumerate() {
                    let comma = if at > 0 { ",\n" } else { "" };
                    out.push_str(&format!(
                        "{comma}{}{}: ",
                        pad(depth + 1),
                        Value::from(name.as_str())
                    ));
                    write(value, depth + 1, out);
                }
                out.push_str(&format!("\n{}}}", pad(depth)));
            }
            Value::Array(items) if !items.iter().all(flat) => {
                out.push_str("[\n");
                for (at, value) in items.iter().enumerate() {
                    out.push_str(&format!(
                        "{}{}",
                        if at > 0 { ",\n" } else { "" },
                        pad(depth + 1)
                    ));
                    write(value, depth + 1, out);
                }
                out.push_str(&format!("\n{}]", pad(depth)));
            }
            flat => out.push_str(&flat.to_string()),
        }
    }
    let mut out = String::new();
    write(value, 0, &mut out);
    out
}

/// The first number with points that a program says of itself.
fn version(command: &mut Command) -> String {
    let ran = cli::run(command);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    let words = said.split(|c: char| !c.is_ascii_digit() && c != '.');
    let mut words = words.map(|word| word.trim_matches('.'));
    words
        .find(|word| word.matches('.').count() >= 2)
        .unwrap_or("unknown")
        .to_owned()
}

#[test]
#[ignore = "writes docs/reference/peers"]
fn write_the_library_of_peers() {
    let folder = TempDir::new().unwrap();
    let log = |name: &str| folder.path().join(name);
    if let Some(program) = dcmtk("storescp") {
        let port = free_port();
        let mut command = Command::new(&program);
        command.args([
            "-od",
            &folder.path().display().to_string(),
            &port.to_string(),
        ]);
        let _running = Program::start(&mut command, port, &log("storescp.log"));
        let peer = Peer {
            file: "storescp",
            product: "DCMTK storescp",
            title: "STORESCP",
            setup: "without options",
            port: 104,
        };
        write(
            &peer,
            &version(Command::new(&program).arg("--version")),
            port,
        );
    }
    if let Some(program) = dcmtk("dcmqrscp") {
        let port = free_port();
        let (store, config) = (log("store"), log("dcmqrscp.cfg"));
        std::fs::create_dir(&store).unwrap();
        let text = format!(
            "NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\nHostTable BEGIN\n\
             HostTable END\nVendorTable BEGIN\nVendorTable END\nAETable BEGIN\n\
             COMMON {} RW (200, 1024mb) ANY\nAETable END\n",
            store.display()
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(&program);
        command.args(["-c", &config.display().to_string(), &port.to_string()]);
        let _running = Program::start(&mut command, port, &log("dcmqrscp.log"));
        let peer = Peer {
            file: "dcmqrscp",
            product: "DCMTK dcmqrscp",
            title: "COMMON",
            setup: "with the values of its example configuration, any peer, and no data",
            port: 104,
        };
        write(
            &peer,
            &version(Command::new(&program).arg("--version")),
            port,
        );
    }
    if let Some(python) = python(&["pynetdicom"]) {
        let port = free_port();
        let mut command = Command::new(&python);
        command.args([
            "-m",
            "pynetdicom",
            "storescp",
            &port.to_string(),
            "--ignore",
        ]);
        let _running = Program::start(&mut command, port, &log("pynetdicom.log"));
        let peer = Peer {
            file: "pynetdicom",
            product: "pynetdicom storescp",
            title: "STORESCP",
            setup: "without options",
            port: 11112,
        };
        let ask = "import pynetdicom; print(pynetdicom.__version__)";
        write(
            &peer,
            &version(Command::new(&python).args(["-c", ask])),
            port,
        );
    }
    if let Some(orthanc) = super::orthanc::start(json!({})) {
        let port = orthanc.address.rsplit(':').next().unwrap().parse().unwrap();
        let peer = Peer {
            file: "orthanc",
            product: "Orthanc",
            title: "ORTHANC",
            setup: "default configuration, with C-FIND, C-GET and C-MOVE allowed to all, no data",
            port: 4242,
        };
        let program = super::orthanc::program().unwrap();
        write(
            &peer,
            &version(Command::new(program).arg("--version")),
            port,
        );
    }
}
