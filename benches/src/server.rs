//! The programs that are measured: started in a fresh folder on free ports, ended by their
//! process number, their CPU seconds and memory read from `/proc`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::client::{AE_TITLE, Peer};

/// A running server. Dropping it ends it.
pub struct Server {
    child: Child,
    /// Where to send DIMSE.
    pub peer: Peer,
    /// Where it serves DICOMweb, if it does.
    pub web: Option<SocketAddr>,
    /// From the start of the process to the open ports.
    pub started_in: Duration,
}

/// Base path of DICOMweb, the same for all.
pub const DICOMWEB: &str = "/dicom-web";
const START_TIMEOUT: Duration = Duration::from_secs(120);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

impl Server {
    /// Our archive over a data folder.
    pub fn sagittal(program: &Path, data: &Path, mover: SocketAddr) -> Result<Server> {
        let mut command = Command::new(program);
        command
            .args([
                "serve",
                "--print-ready",
                "--ae-title",
                "SAGITTAL",
                "--log-level",
                "error",
            ])
            .args(["--dimse", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .args(["--peer", &format!("BENCH={AE_TITLE}@{mover}")])
            .arg("--data")
            .arg(data)
            .stdout(Stdio::piped());
        let begun = Instant::now();
        let mut child = command.spawn().context("cannot start sagittal")?;
        let output = child.stdout.take().context("no standard output")?;
        for line in BufReader::new(output).lines() {
            let line = line?;
            let Some(ready) = line.strip_prefix("ready ") else {
                continue;
            };
            let started_in = begun.elapsed();
            let ready: Value = serde_json::from_str(ready)?;
            let address = |name: &str| -> Result<SocketAddr> {
                let text = ready.get(name).and_then(Value::as_str);
                Ok(text
                    .with_context(|| format!("no {name} address"))?
                    .parse()?)
            };
            let peer = Peer {
                address: address("dimse")?,
                ae_title: "SAGITTAL".into(),
            };
            let web = Some(address("http")?);
            return Ok(Server {
                child,
                peer,
                web,
                started_in,
            });
        }
        let _ = child.kill();
        bail!("sagittal ended before it was ready: {}", child.wait()?)
    }

    /// This program as bare receiver.
    pub fn receiver(keep: &str, folder: &Path) -> Result<Server> {
        fs::create_dir_all(folder)?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["receive", keep])
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().context("no standard output")?;
        BufReader::new(output).read_line(&mut line)?;
        let peer = Peer {
            address: line.trim().parse().context("the receiver did not start")?,
            ae_title: "SINK".into(),
        };
        Ok(Server {
            child,
            peer,
            web: None,
            started_in: Duration::ZERO,
        })
    }

    /// Orthanc without syncs, durable only in the page cache: as fast as it can be configured.
    pub fn orthanc(program: &Path, folder: &Path, mover: SocketAddr) -> Result<Server> {
        let (dimse, http) = (free_port()?, free_port()?);
        let plugin = Path::new("/usr/share/orthanc/plugins/libOrthancDicomWeb.so");
        let plugins: Vec<&Path> = Some(plugin)
            .filter(|path| path.exists())
            .into_iter()
            .collect();
        let config = json!({
            "Name": "bench", "DicomAet": "ORTHANC", "DicomPort": dimse, "HttpPort": http,
            "StorageDirectory": folder.join("storage"), "IndexDirectory": folder.join("index"),
            "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
            "DicomAlwaysAllowFind": true, "DicomAlwaysAllowGet": true, "DicomAlwaysAllowMove": true,
            "DicomModalities": { "bench": [AE_TITLE, "127.0.0.1", mover.port()] },
            "Plugins": plugins, "DicomWeb": { "Enable": true, "Root": "/dicom-web/" },
            "StorageCompression": false, "SyncStorageArea": false, "SaveJobs": false,
            "StoreMD5ForAttachments": false, "DicomThreadsCount": 8, "MaximumPduLength": 131_072,
            "MaximumStorageCacheSize": 512, "StorageAccessOnFind": "Never", "OverwriteInstances": true,
        });
        fs::create_dir_all(folder)?;
        let path = folder.join("orthanc.json");
        fs::write(&path, config.to_string())?;
        let mut command = Command::new(program);
        command
            .arg(&path)
            .env("LC_ALL", "C.UTF-8")
            .env("TCP_NODELAY", "1");
        let web = (!plugins.is_empty()).then_some(http);
        Server::foreign(command, "ORTHANC", dimse, web)
    }

    /// DCMTK's `storescp`, a file per instance, no syncs.
    pub fn storescp(program: &Path, folder: &Path) -> Result<Server> {
        let port = free_port()?;
        fs::create_dir_all(folder)?;
        let mut command = Command::new(program);
        command
            .args(["--fork", "--max-pdu", "131072", "-od"])
            .arg(folder)
            .arg(port.to_string())
            .env("TCP_NODELAY", "1");
        Server::foreign(command, "STORESCP", port, None)
    }

    fn foreign(mut command: Command, title: &str, port: u16, web: Option<u16>) -> Result<Server> {
        let begun = Instant::now();
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let open = |port: u16| TcpStream::connect(address(port)).is_ok();
        while !open(port) || web.is_some_and(|web| !open(web)) {
            if let Some(status) = child.try_wait()? {
                bail!("{title} ended before it was ready: {status}");
            }
            if begun.elapsed() > START_TIMEOUT {
                let _ = child.kill();
                bail!("{title} did not open its ports");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let peer = Peer {
            address: address(port),
            ae_title: title.into(),
        };
        let started_in = begun.elapsed();
        Ok(Server {
            child,
            peer,
            web: web.map(address),
            started_in,
        })
    }

    /// Its DICOMweb address.
    pub fn web(&self) -> Result<SocketAddr> {
        self.web.context("no DICOMweb here")
    }

    /// CPU seconds used so far, ended children included.
    pub fn cpu(&self) -> f64 {
        cpu_of(self.child.id()).unwrap_or(f64::NAN)
    }

    /// Resident memory now and at its peak, in MB.
    pub fn memory(&self) -> Result<(f64, f64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes =
                line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
            kilobytes.map(|kilobytes| kilobytes / 1e3 * 1.024)
        };
        let now = field("VmRSS:").context("no VmRSS")?;
        Ok((now, field("VmHWM:").context("no VmHWM")?))
    }

    /// Asks it to end and waits.
    pub fn stop(mut self) -> Result<()> {
        self.terminate()
    }

    fn terminate(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()?;
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            ensure!(begun.elapsed() < STOP_TIMEOUT, "a server does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.terminate().is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// `utime`, `stime`, `cutime`, `cstime` of `/proc/<pid>/stat`, in ticks of 10 ms.
fn cpu_of(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.rsplit_once(") ")?.1;
    let ticks = after_name.split(' ').skip(11).take(4);
    let ticks: f64 = ticks.filter_map(|text| text.parse::<f64>().ok()).sum();
    // Running children of a forking server are not waited for yet.
    let children =
        fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children
        .split_whitespace()
        .filter_map(|pid| cpu_of(pid.parse().ok()?));
    Some(ticks / 100.0 + children.sum::<f64>())
}

/// Flushes what others left in the page cache, so that the next does not pay for it.
pub fn settle() {
    rustix::fs::sync();
}

/// A program of one of these names that runs.
pub fn installed(candidates: &[&str]) -> Option<PathBuf> {
    let found = candidates
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists());
    if found.is_none() {
        eprintln!("not installed, left out: {}", candidates.join(" or "));
    }
    found
}
