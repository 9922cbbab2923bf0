//! `kill -9` while something is compressed, compacted or converted.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use sagittal_tests::objects::{self, Object};
use sagittal_tests::random::Random;
use sagittal_tests::{Server, cli, data, sagittal, wait};

use super::pictures::{HTJ2K, assert_as_sent, smooth, stored_as};

const LATER: &str = "[compression]\nevery = \"1s\"\nrate = 0\n\
                     [[compression.rule]]\nname = \"all\"\nat = \"later\"\n";

fn slices(count: u32) -> Vec<Object> {
    let first = smooth(objects::ct_of(256, 256), 0);
    let mut all = vec![first.clone()];
    all.extend((1..count).map(|n| smooth(objects::ct_of(256, 256), n).beside(&first, n + 1)));
    all
}

fn store(server: &Server, slices: &[Object]) {
    let files: Vec<Vec<u8>> = slices.iter().map(Object::part10).collect();
    server.stow(&files).expect(200);
}

fn begin(arguments: &[&str]) -> Child {
    let mut command = cli::command();
    let command = command
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

fn pause(random: &mut Random, below: usize) {
    let pause = u64::try_from(random.below(below)).unwrap();
    std::thread::sleep(Duration::from_millis(pause));
}

#[test]
fn compression_in_the_background_is_killed_again_and_again_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::builder().config(folder.path(), LATER).start();
    let slices = slices(60);
    store(&server, &slices);
    let mut random = Random::new(11);
    for _ in 0..5 {
        let before = stored_as(&server, &slices[0], HTJ2K);
        wait::until("some more are compressed", || {
            let now = stored_as(&server, &slices[0], HTJ2K);
            (now > before || now == slices.len()).then_some(())
        });
        pause(&mut random, 60);
        server.kill();
        server.restart();
        assert_as_sent(&server, &slices);
    }
    wait::until("all are compressed", || {
        (stored_as(&server, &slices[0], HTJ2K) == slices.len()).then_some(())
    });
    server.stop();
    let data = server.data().display().to_string();
    let verified = sagittal(["verify", "--json", "--data", &data])
        .expect(0)
        .json();
    assert_eq!(
        (&verified["restored"], &verified["problem_count"]),
        (&60.into(), &0.into())
    );
    sagittal(["index", "rebuild", "--data", &data]).expect(0);
    server.restart();
    assert_eq!(stored_as(&server, &slices[0], HTJ2K), slices.len());
    assert_as_sent(&server, &slices);
    server.assert_well();
}

#[test]
fn compress_and_compact_are_killed_and_everything_is_there_once() {
    let mut server = Server::start();
    let slices = slices(40);
    store(&server, &slices);
    server.stop();
    let data = server.data().display().to_string();
    let mut random = Random::new(12);
    for cycle in 0..8 {
        let words: &[&str] = match cycle % 2 {
            0 => &["compress", "--all", "--data", &data],
            _ => &["compact", "--below", "100", "--data", &data],
        };
        let mut child = begin(words);
        pause(&mut random, 250);
        let _ = child.kill();
        child.wait().unwrap();
        if cycle % 2 == 1 {
            server.restart();
            assert_as_sent(&server, &slices);
            let query = format!("StudyInstanceUID={}", slices[0].study_instance_uid());
            assert_eq!(server.count(&query), slices.len());
            server.kill();
        }
    }
    sagittal(["compress", "--all", "--data", &data]).expect(0);
    sagittal(["compact", "--below", "100", "--data", &data]).expect(0);
    let verified = sagittal(["verify", "--json", "--data", &data])
        .expect(0)
        .json();
    assert_eq!(
        (&verified["restored"], &verified["problem_count"]),
        (&40.into(), &0.into())
    );
    server.restart();
    assert_as_sent(&server, &slices);
}

#[test]
fn a_request_whose_sender_and_server_are_killed_is_done_at_the_next_start() {
    let mut server = Server::start();
    let slices = slices(30);
    store(&server, &slices);
    let data = server.data().display().to_string();
    let mut child = begin(&["compress", "--all", "--data", &data]);
    wait::until("it has begun", || {
        (stored_as(&server, &slices[0], HTJ2K) > 0).then_some(())
    });
    server.kill();
    let _ = child.kill();
    child.wait().unwrap();
    server.restart();
    assert_as_sent(&server, &slices);
    wait::until("all are compressed", || {
        (stored_as(&server, &slices[0], HTJ2K) == slices.len()).then_some(())
    });
    assert_as_sent(&server, &slices);
}

#[test]
fn a_killed_transcode_leaves_no_half_file_behind_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    std::fs::create_dir_all(&input).unwrap();
    for (number, slice) in slices(40).iter().enumerate() {
        std::fs::write(input.join(format!("{number:03}.dcm")), slice.part10()).unwrap();
    }
    let text = |path: &Path| path.display().to_string();
    let mut random = Random::new(13);
    for _ in 0..4 {
        let _ = std::fs::remove_dir_all(&output);
        let (from, to) = (text(&input), text(&output));
        let mut child = begin(&["transcode", &from, "-o", &to, "--to", "htj2k-lossless"]);
        pause(&mut random, 200);
        let _ = child.kill();
        child.wait().unwrap();
        if !output.is_dir() {
            continue;
        }
        for path in data::files(&output) {
            // What is being written has another name.
            if path.extension().is_some_and(|kind| kind == "dcm") {
                sagittal(["dump", &text(&path)]).expect(0);
                let bytes = std::fs::read(&path).unwrap();
                let end = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
                assert!(bytes.ends_with(&end), "{} is cut", path.display());
            }
        }
    }
}
