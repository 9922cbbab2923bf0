//! A full disk: refused before anything breaks, served again when there is room.

use std::path::{Path, PathBuf};
use std::process::Command;

use sagittal_core::tags;
use sagittal_tests::dicom::Peer;
use sagittal_tests::{Server, objects, sagittal, wait};

/// A small volume in memory; gone at the end.
struct Volume(tempfile::TempDir);

impl Volume {
    fn mount() -> Option<Volume> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64m", "none"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Volume(folder)),
            _ => {
                // Needs root, which CI has; elsewhere there is nothing to be installed for it.
                eprintln!("\n*** SKIPPED: a tmpfs cannot be mounted\n");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves `rest` bytes free.
    fn fill(&self, rest: u64) -> PathBuf {
        let path = self.path().join("filler");
        let output = Command::new("df")
            .args(["--output=avail", "-B1"])
            .arg(self.path())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let free: u64 = text.lines().last().unwrap().trim().parse().unwrap();
        let length = usize::try_from(free.saturating_sub(rest)).unwrap();
        std::fs::write(&path, vec![1; length]).unwrap();
        path
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn server(volume: &Volume, folder: &Path, reserve: &str) -> Server {
    let text = format!(
        "[storage]\npack_size = \"4 MiB\"\nreserve = \"{reserve}\"\nwarn_below = \"30 MiB\"\n"
    );
    Server::builder()
        .config(folder, &text)
        .data(volume.path().join("data"))
        .start()
}

/// Stores until it is refused; how many went in. Every refusal must be "out of resources".
fn store_until_full(server: &Server) -> usize {
    let object = objects::ct_of(256, 256);
    let mut peer = Peer::for_object(server.dimse(), "FILLER", &object).unwrap();
    for stored in 0..1000 {
        let next = object
            .clone()
            .with(tags::SOP_INSTANCE_UID, objects::new_uid().as_str());
        match peer.store(&next).unwrap() {
            0 => {}
            status => {
                assert_eq!(status & 0xFF00, 0xA700, "{status:04X}");
                return stored;
            }
        }
    }
    panic!("it is never full");
}

fn fills_and_recovers(reserve: &str, rest: u64) {
    let Some(volume) = Volume::mount() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut server = server(&volume, folder.path(), reserve);
    let first = objects::ct();
    server.stow(&[first.part10()]).expect(200);
    let filler = volume.fill(rest);
    let mut stored = store_until_full(&server);

    // After the first refusal a little may fit again: a pack that could not be made gives back
    // what it had taken.
    wait::until("STOW-RS refused too", || {
        let answer = server.stow(&[objects::ct_of(512, 512).part10()]);
        if answer.status == 507 {
            return Some(());
        }
        assert_eq!(answer.status, 200, "{}", answer.text());
        stored += 1;
        None
    });
    // Whoever reads is served, and the state is seen from outside.
    let path = format!("/dicom-web/studies/{}/metadata", first.study_instance_uid());
    server.get(&path).expect(200);
    let health = server.get("/healthz").expect(200).json();
    assert_ne!(health["status"], "ok", "{health}");
    assert!(
        server
            .get("/metrics")
            .text()
            .contains("sagittal_free_bytes")
    );
    server.assert_well();

    // Room again, without a restart.
    std::fs::remove_file(&filler).unwrap();
    wait::until("a store that succeeds again", || {
        let answer = server.stow(&[objects::ct().part10()]);
        if answer.status == 200 {
            return Some(());
        }
        assert_eq!(answer.status, 507, "{}", answer.text());
        None
    });
    stored += 1;
    // What the full disk kept out of the index must be in it at last.
    wait::until("all in the index", || {
        (server.count("") == stored + 1).then_some(())
    });

    server.stop();
    let data = server.data().display().to_string();
    let found = sagittal(["verify", "--json", "--data", &data])
        .expect(0)
        .json();
    assert_eq!(found["problem_count"], 0, "{found}");
    server.restart();
    assert_eq!(server.count(""), stored + 1);
}

#[test]
fn stores_are_refused_while_less_than_the_reserve_is_free() {
    fills_and_recovers("16 MiB", 22 << 20);
}

#[test]
fn a_reserve_that_leaves_the_index_no_room_is_a_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sagittal.toml");
    std::fs::write(&path, "[storage]\nreserve = \"1 MiB\"\n").unwrap();
    let told = sagittal(["config", "check", path.to_str().unwrap()]).expect(1);
    let text = format!("{}{}", told.stdout, told.stderr);
    assert!(
        text.contains("storage.reserve") && text.contains("16 MiB"),
        "{text}"
    );
}

#[test]
fn a_warning_comes_before_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::builder()
        .config(
            folder.path(),
            "[storage]\nreserve = \"16 MiB\"\nwarn_below = \"1024 TiB\"\n",
        )
        .start();
    server.stow(&[objects::ct().part10()]).expect(200);
    let health = server.get("/healthz").expect(200).json();
    assert_eq!(health["status"], "low on space");
    wait::until("the warning in the log", || {
        let log = server.log().to_lowercase();
        (log.contains("warn") && log.contains("free")).then_some(())
    });
}
