//! DCMTK's tools pointed at a server, and files to send with them.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use sagittal_file::part10;
use sagittal_tests::objects::Object;
use sagittal_tests::{Ran, Server, cli, peer, wait};

/// A tool of DCMTK with arguments before host and port, and more after them.
pub fn dcmtk(tool: &str, server: &Server, arguments: &[&str], after: &[&Path]) -> Option<Ran> {
    let program = peer::dcmtk(tool)?;
    let address = server.dimse();
    let mut command = Command::new(program);
    command
        .args(["-aec", server.ae_title()])
        .args(arguments)
        .args([address.ip().to_string(), address.port().to_string()])
        .args(after)
        .current_dir(server.folder());
    Some(cli::run(&mut command))
}

/// Begins every program for pynetdicom as requestor. Its two threads may race for a response, which
/// is then missing: that is no fault of the server, and the program is run once more.
const PRELUDE: &str = r#"
import os, sys, traceback
from pydicom.dataset import Dataset
import pynetdicom.ae
from pynetdicom import AE
host, port, called = sys.argv[1], int(sys.argv[2]), sys.argv[3]
_init = pynetdicom.ae.ApplicationEntity.__init__
def _patient(self, *arguments, **named):
    _init(self, *arguments, **named)
    self.dimse_timeout = 10
pynetdicom.ae.ApplicationEntity.__init__ = _patient
def _lost(kind, error, trace):
    traceback.print_exception(kind, error, trace)
    sys.stderr.flush()
    os._exit(75 if "has no attribute 'Status'" in str(error) else 1)
sys.excepthook = _lost
"#;

/// Runs a program for pynetdicom against a server; it must print `good`. `host`, `port` and `called`
/// are there, the other arguments begin at `sys.argv[4]`.
#[track_caller]
pub fn pynetdicom(server: &Server, program: &str, arguments: &[&str]) {
    pynetdicom_says(server, program, arguments);
}

/// The same; gives what it prints.
#[track_caller]
pub fn pynetdicom_says(server: &Server, program: &str, arguments: &[&str]) -> Option<String> {
    let python = peer::python(&["pynetdicom"])?;
    let address = server.dimse();
    let (ip, port) = (address.ip().to_string(), address.port().to_string());
    let mut all = vec![ip.as_str(), &port, server.ae_title()];
    all.extend(arguments);
    let program = format!("{PRELUDE}{program}");
    for _ in 0..4 {
        let ran = peer::run_python(&python, &program, &all);
        if ran.code != Some(75) {
            let ran = ran.expect(0);
            assert!(ran.stdout.contains("good"), "{}", ran.stdout);
            return Some(ran.stdout);
        }
    }
    panic!("pynetdicom misses responses again and again");
}

/// Writes objects as files into a new folder.
pub fn write(server: &Server, name: &str, objects: &[Object]) -> PathBuf {
    let folder = server.folder().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    for (number, object) in objects.iter().enumerate() {
        let path = folder.join(format!("{number:04}.dcm"));
        std::fs::write(path, object.part10()).unwrap();
    }
    folder
}

/// Data set and transfer syntax of a Part 10 file.
pub fn data_set(bytes: Vec<u8>) -> (String, Bytes) {
    let bytes = Bytes::from(bytes);
    let opening = part10::open(&bytes).unwrap();
    let start = usize::try_from(opening.data_set_offset).unwrap();
    (
        opening.transfer_syntax_uid.to_string(),
        bytes.slice(start..),
    )
}

/// A free port. Another program may take it before it is used; that is rare enough.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// DCMTK's receiver; ends with the test.
pub struct Storescp {
    child: Child,
    pub port: u16,
    pub folder: PathBuf,
}

impl Storescp {
    /// Starts it with arguments, writing what it gets to a new folder.
    pub fn start(at: &Path, arguments: &[&str]) -> Option<Storescp> {
        let program = peer::dcmtk("storescp")?;
        let folder = at.join("received");
        std::fs::create_dir_all(&folder).unwrap();
        let port = free_port();
        let child = Command::new(program)
            .args(arguments)
            .arg("-od")
            .arg(&folder)
            .arg(port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Storescp {
            child,
            port,
            folder,
        };
        wait::until("storescp", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        });
        Some(started)
    }
}

impl Drop for Storescp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
