//! Servers of others, and our own receiver, as peers of the commands.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sagittal_core::{Limits, tags};
use sagittal_file::part10;
use sagittal_tests::objects::Object;
use sagittal_tests::{Ran, cli, data, peer, wait};

use super::tools::free_port;

/// A program that ends with the test.
pub struct Background(pub Child);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program and waits until it listens.
pub fn start(command: &mut Command, port: u16) -> Background {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let background = Background(child);
    wait::until("a peer", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).ok()
    });
    background
}

/// A server of others.
pub struct Peer {
    _program: Background,
    /// As on our command line.
    pub address: String,
}

/// DCMTK's archive, AE title QR; it sends to `ME` at a port.
pub fn dcmqrscp(at: &Path, port_of_me: u16) -> Option<Peer> {
    let program = peer::dcmtk("dcmqrscp")?;
    let port = free_port();
    let folder = at.join("qr");
    std::fs::create_dir_all(&folder).unwrap();
    let config = at.join("qr.cfg");
    let text = format!(
        "NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n\
         HostTable BEGIN\nme = (ME, localhost, {port_of_me})\nHostTable END\n\
         VendorTable BEGIN\nVendorTable END\n\
         AETable BEGIN\nQR {} RW (500, 1024mb) ANY\nAETable END\n",
        folder.display()
    );
    std::fs::write(&config, text).unwrap();
    let program = start(Command::new(program).arg("-c").arg(config), port);
    Some(Peer {
        _program: program,
        address: format!("QR@127.0.0.1:{port}"),
    })
}

/// A program for pynetdicom, which is told its port.
pub fn python(program: &str) -> Option<Peer> {
    let python = peer::python(&["pynetdicom"])?;
    let port = free_port();
    let mut command = Command::new(python);
    command.args(["-c", program, &port.to_string()]);
    Some(Peer {
        _program: start(&mut command, port),
        address: format!("ANY-SCP@127.0.0.1:{port}"),
    })
}

/// An application of pynetdicom: `echoscp` or `storescp`.
pub fn pynetdicom(at: &Path, application: &str, arguments: &[&str]) -> Option<Peer> {
    let python = peer::python(&["pynetdicom"])?;
    let port = free_port();
    let mut command = Command::new(python);
    command
        .args(["-m", "pynetdicom", application, &port.to_string()])
        .args(arguments)
        .current_dir(at);
    Some(Peer {
        _program: start(&mut command, port),
        address: format!("ANY-SCP@127.0.0.1:{port}"),
    })
}

/// `sagittal recv` on a free port.
pub struct Recv {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    pub folder: PathBuf,
    pub port: u16,
}

impl Recv {
    /// Starts it and waits until it listens.
    pub fn start(at: &Path, port: u16, arguments: &[&str]) -> Recv {
        let folder = at.join("recv");
        let mut child = cli::command()
            .args([
                "recv",
                "--json",
                "--quiet",
                "--port",
                &port.to_string(),
                "--out",
            ])
            .arg(&folder)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let listening: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = listening["listening"].as_str().unwrap();
        let port = address.rsplit(':').next().unwrap().parse().unwrap();
        Recv {
            child,
            output,
            folder,
            port,
        }
    }

    /// Waits for its own end; returns what it says, and its exit code.
    pub fn end(mut self) -> (serde_json::Value, Option<i32>) {
        let child = &mut self.child;
        let status = wait::until("the end of recv", || child.try_wait().unwrap());
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        (serde_json::from_str(&line).unwrap(), status.code())
    }
}

impl Drop for Recv {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command of the program against a peer.
pub fn run(command: &str, peer: &str, arguments: &[&str]) -> Ran {
    cli::run(
        cli::command()
            .args([command, peer])
            .args(arguments)
            .args(["--response-timeout", "60"]),
    )
}

/// Writes objects as files into a folder.
pub fn write(folder: &Path, objects: &[&Object]) {
    std::fs::create_dir_all(folder).unwrap();
    for (number, object) in objects.iter().enumerate() {
        let path = folder.join(format!("{number:04}.dcm"));
        std::fs::write(path, object.part10()).unwrap();
    }
}

/// Checks that the files of a folder are these objects, whatever their transfer syntax.
#[track_caller]
pub fn assert_holds(folder: &Path, objects: &[&Object]) {
    let mut found: Vec<(String, sagittal_core::DataSet)> = data::files(folder)
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(path).unwrap();
            let file = part10::read(&bytes.into(), Limits::default()).unwrap();
            let uid = file.data_set.first_text(tags::SOP_INSTANCE_UID).unwrap();
            (uid, file.data_set)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let mut expected: Vec<_> = objects
        .iter()
        .map(|object| (object.sop_instance_uid().to_string(), &object.data_set))
        .collect();
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    let uids = |list: &[(String, sagittal_core::DataSet)]| -> Vec<String> {
        list.iter().map(|(uid, _)| uid.clone()).collect()
    };
    let wanted: Vec<String> = expected.iter().map(|(uid, _)| uid.clone()).collect();
    assert_eq!(uids(&found), wanted);
    for ((uid, found), (_, expected)) in found.iter().zip(&expected) {
        for element in expected.elements() {
            let same = found.get(element.tag).map(|found| &found.value) == Some(&element.value);
            assert!(same, "{} of {uid} is another", element.tag);
        }
    }
}
