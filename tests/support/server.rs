//! A server of our own for one test: on free loopback ports and a temporary folder.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::http::{Request, Response};
use crate::{cli, wait};

/// How a server is started.
pub struct Builder {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    data: Option<PathBuf>,
    dimse: bool,
    http: bool,
}

/// A running server. Ends with the test; if the test fails, its log is shown.
pub struct Server {
    builder: Builder,
    folder: Option<TempDir>,
    data: PathBuf,
    log: PathBuf,
    child: Child,
    ready: Value,
}

impl Builder {
    /// A flag, and its value if it has one.
    pub fn arg(mut self, argument: impl Into<String>) -> Builder {
        self.arguments.push(argument.into());
        self
    }

    /// An environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Builder {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A data folder that outlives the server.
    pub fn data(mut self, folder: impl Into<PathBuf>) -> Builder {
        self.data = Some(folder.into());
        self
    }

    /// A configuration file with this text.
    pub fn config(self, folder: &Path, text: &str) -> Builder {
        let path = folder.join("sagittal.toml");
        std::fs::write(&path, text).unwrap();
        self.arg("--config").arg(path.display().to_string())
    }

    /// Where to listen is left to the arguments and the file.
    pub fn own_addresses(mut self) -> Builder {
        self.dimse = false;
        self.http = false;
        self
    }

    /// Starts it and waits until its ports are open.
    #[track_caller]
    pub fn start(self) -> Server {
        let folder = TempDir::new().unwrap();
        let data = self
            .data
            .clone()
            .unwrap_or_else(|| folder.path().join("data"));
        let log = folder.path().join("log");
        let (child, ready) = spawn(&self, &data, &log);
        Server {
            builder: self,
            folder: Some(folder),
            data,
            log,
            child,
            ready,
        }
    }
}

fn spawn(builder: &Builder, data: &Path, log: &Path) -> (Child, Value) {
    let mut command = cli::command();
    command
        .arg("serve")
        .arg("--data")
        .arg(data)
        .arg("--print-ready");
    if builder.dimse {
        command.args(["--dimse", "127.0.0.1:0"]);
    }
    if builder.http {
        command.args(["--http", "127.0.0.1:0"]);
    }
    let file = File::options().create(true).append(true).open(log).unwrap();
    command
        .args(&builder.arguments)
        .envs(
            builder
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .stdout(Stdio::piped())
        .stderr(file);
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (send, lines) = mpsc::channel();
    let stdout = child.stdout.take().unwrap();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(json) = line.strip_prefix("ready ") {
                let _ = send.send(serde_json::from_str(json).unwrap());
            }
        }
    });
    match lines.recv_timeout(wait::LONG) {
        Ok(ready) => (child, ready),
        Err(_) => {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the server did not start:\n{}", read(log));
        }
    }
}

fn read(path: &Path) -> String {
    let mut text = String::new();
    if let Ok(mut file) = File::open(path) {
        let _ = file.read_to_string(&mut text);
    }
    text
}

impl Server {
    /// A server with the defaults.
    #[track_caller]
    pub fn start() -> Server {
        Server::builder().start()
    }

    /// A server that is to be described.
    pub fn builder() -> Builder {
        Builder {
            arguments: Vec::new(),
            environment: Vec::new(),
            data: None,
            dimse: true,
            http: true,
        }
    }

    /// What it said when its ports were open.
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// Its AE title.
    pub fn ae_title(&self) -> &str {
        self.ready["ae_title"].as_str().unwrap()
    }

    /// Where it listens for DIMSE.
    pub fn dimse(&self) -> SocketAddr {
        self.ready["dimse"].as_str().unwrap().parse().unwrap()
    }

    /// Where it listens for HTTP.
    pub fn http(&self) -> SocketAddr {
        self.ready["http"].as_str().unwrap().parse().unwrap()
    }

    /// URL of DICOMweb.
    pub fn dicomweb(&self) -> &str {
        self.ready["dicomweb"].as_str().unwrap()
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A line of `/proc/<pid>/status` in bytes, such as `VmRSS` or `VmHWM`; `None` where there is no
    /// such file.
    pub fn memory(&self, line: &str) -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let value = text
            .lines()
            .find_map(|found| found.strip_prefix(line)?.strip_prefix(':'))?;
        let kib: u64 = value.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kib << 10)
    }

    /// Checks that it lives, answers on both ports, and has not panicked.
    #[track_caller]
    pub fn assert_well(&self) {
        self.get("/healthz").expect(200);
        assert_eq!(crate::dicom::echo(self.dimse()).unwrap(), 0);
        assert!(!self.log().contains("panicked"), "it panicked");
    }

    /// A folder for the test's own files, which ends with the server.
    pub fn folder(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        read(&self.log)
    }

    /// A request to a path such as `/healthz` or `/dicom-web/studies`.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, self.http(), path)
    }

    /// GET.
    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        self.request("GET", path).send()
    }

    /// Stores Part 10 files over STOW-RS.
    #[track_caller]
    pub fn stow(&self, files: &[Vec<u8>]) -> Response {
        let body = crate::http::multipart("application/dicom", files);
        self.request("POST", "/dicom-web/studies")
            .header(
                "Content-Type",
                "multipart/related; type=\"application/dicom\"; boundary=sagittal-test",
            )
            .header("Accept", "application/dicom+json")
            .body(body)
            .send()
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let child = &mut self.child;
        wait::until("the server's end", || child.try_wait().unwrap())
    }

    /// Sends a signal by name, e.g. `TERM`, `STOP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let status = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status()
            .unwrap();
        assert!(status.success(), "kill -{name} {pid}");
    }

    /// Ends it as a crash does (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same folder, on other ports. It must have ended.
    #[track_caller]
    pub fn restart(&mut self) -> Duration {
        assert!(self.child.try_wait().unwrap().is_some(), "it still runs");
        let started = Instant::now();
        (self.child, self.ready) = spawn(&self.builder, &self.data, &self.log);
        started.elapsed()
    }

    /// How many instances QIDO-RS finds for a query such as `PatientID=X`.
    #[track_caller]
    pub fn count(&self, query: &str) -> usize {
        let response = self
            .request("GET", &format!("/dicom-web/instances?limit=100000&{query}"))
            .header("Accept", "application/dicom+json")
            .send();
        match response.status {
            204 => 0,
            200 => response.json().as_array().unwrap().len(),
            status => panic!("QIDO-RS answers {status}: {}", response.text()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the server ---\n{}--- end ---", self.log());
        }
    }
}
