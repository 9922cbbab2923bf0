//! What arrives is compressed before it is written, and nobody who does not want to notices.

use std::path::Path;

use sagittal_core::tags;
use sagittal_tests::dicom::data_set_of;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, cli, data, peer, sagittal};

use super::pictures::{EXPLICIT, HTJ2K, assert_as_sent, smooth, stored_as, wado};
use super::tools::{Storescp, data_set, dcmtk, free_port, write};

const FOREIGN: &str = concat!(
    include_str!("../interop/transcode/foreign.py"),
    "\nds, samples = decode(sys.argv[1])\n",
    "print(ds.file_meta.TransferSyntaxUID, samples.sum())\n"
);
const RULES: &str = "[[compression.rule]]\nname = \"ct\"\nmodalities = [\"CT\"]\n";

fn slices(count: u32) -> Vec<Object> {
    let first = smooth(objects::ct_of(128, 128), 0);
    let mut all = vec![first.clone()];
    all.extend((1..count).map(|n| smooth(objects::ct_of(128, 128), n).beside(&first, n + 1)));
    all
}

fn pack_bytes(data: &Path) -> u64 {
    let packs = data::files(&data.join("packs"));
    packs
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum()
}

/// A receiver that takes nothing but this transfer syntax.
pub fn receiver_of_one(folder: &Path, transfer_syntax: &str, class: &str) -> Option<Storescp> {
    let path = folder.join("storescp.cfg");
    let text = format!(
        "[[TransferSyntaxes]]\n[One]\nTransferSyntax1 = {transfer_syntax}\n\
         [[PresentationContexts]]\n[All]\nPresentationContext1 = {class}\\One\n\
         [[Profiles]]\n[Default]\nPresentationContexts = All\n"
    );
    std::fs::write(&path, text).unwrap();
    Storescp::start(folder, &["-xf", &path.display().to_string(), "Default"])
}

#[test]
fn ct_of_storescu_takes_half_the_room_and_comes_back_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::builder().config(folder.path(), RULES).start();
    let slices = slices(12);
    let mr = objects::mr();
    let mut all = slices.clone();
    all.push(mr.clone());
    let files = write(&server, "files", &all);
    let Some(ran) = dcmtk("storescu", &server, &["+sd"], &[&files]) else {
        return;
    };
    ran.expect(0);
    assert_eq!(stored_as(&server, &slices[0], HTJ2K), 12);
    assert_eq!(stored_as(&server, &mr, HTJ2K), 0);
    assert_as_sent(&server, &all);

    // Sent again, it is known.
    dcmtk("storescu", &server, &["+sd"], &[&files])
        .unwrap()
        .expect(0);
    let metrics = server.get("/metrics").expect(200).text();
    let line = "sagittal_ingest_total{outcome=\"identical\"} 13";
    assert!(metrics.contains(line), "{metrics}");
    let line = "sagittal_compression_total{at=\"arrival\",outcome=\"compressed\"} 12";
    assert!(metrics.contains(line), "{metrics}");

    // C-GET.
    let got = server.folder().join("got");
    std::fs::create_dir_all(&got).unwrap();
    let into = got.display().to_string();
    let study = format!("StudyInstanceUID={}", slices[0].study_instance_uid());
    let keys = [
        "-S",
        "+B",
        "-od",
        &into,
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        &study,
    ];
    dcmtk("getscu", &server, &keys, &[]).unwrap().expect(0);
    let read = |path: &std::path::PathBuf| data_set(std::fs::read(path).unwrap());
    let mut got: Vec<_> = data::files(&got).iter().map(read).collect();
    got.sort();
    let mut sent: Vec<_> = slices
        .iter()
        .map(|slice| data_set(slice.part10()))
        .collect();
    sent.sort();
    assert!(got == sent);

    // What is kept is valid for others.
    let kept = wado(&server, &slices[3], HTJ2K);
    if let Some(python) = peer::python(&["pydicom", "numpy"]) {
        let path = server.folder().join("kept.dcm");
        std::fs::write(&path, &kept).unwrap();
        let said = peer::run_python(&python, FOREIGN, &[&path.display().to_string()]);
        let pixels = slices[3].data_set.bytes(tags::PIXEL_DATA).unwrap().clone();
        let samples = pixels
            .chunks(2)
            .map(|two| u64::from(two[0]) + 256 * u64::from(two[1]));
        let expected = format!("{HTJ2K} {}", samples.sum::<u64>());
        assert_eq!(said.expect(0).stdout.trim(), expected);
    }

    server.stop();
    let sent: usize = all.iter().map(|object| object.part10().len()).sum();
    let kept = pack_bytes(server.data());
    assert!(kept * 2 < sent as u64, "{kept} of {sent} bytes");
    let data = server.data().display().to_string();
    let verified = sagittal(["verify", "--json", "--data", &data])
        .expect(0)
        .json();
    assert_eq!(
        (&verified["restored"], &verified["problem_count"]),
        (&12.into(), &0.into())
    );
    sagittal(["index", "rebuild", "--data", &data]).expect(0);
    server.restart();
    assert_eq!(stored_as(&server, &slices[0], HTJ2K), 12);
    assert_as_sent(&server, &all);
    server.assert_well();
}

#[test]
fn a_peer_that_knows_nothing_but_jpeg_ls_gets_that() {
    let folder = tempfile::tempdir().unwrap();
    let class = objects::ct().sop_class_uid().to_string();
    let jpeg_ls = "1.2.840.10008.1.2.4.80";
    let Some(receiver) = receiver_of_one(folder.path(), jpeg_ls, &class) else {
        return;
    };
    let server = Server::builder()
        .config(folder.path(), RULES)
        .arg("--peer")
        .arg(format!("dest=DEST@127.0.0.1:{}", receiver.port))
        .start();
    let slices = slices(3);
    let files: Vec<Vec<u8>> = slices.iter().map(Object::part10).collect();
    server.stow(&files).expect(200);
    assert_eq!(stored_as(&server, &slices[0], HTJ2K), 3);
    // A file comes back with its own meta, too.
    assert!(wado(&server, &slices[1], EXPLICIT) == files[1]);
    let study = format!("StudyInstanceUID={}", slices[0].study_instance_uid());
    let keys = [
        "-S",
        "-aem",
        "DEST",
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        &study,
    ];
    dcmtk("movescu", &server, &keys, &[]).unwrap().expect(0);
    let got = data::files(&receiver.folder);
    assert_eq!(got.len(), 3);
    let decoder = peer::dcmtk("dcmdjpls").unwrap();
    let mut pixels = Vec::new();
    for path in got {
        let (syntax, _) = data_set(std::fs::read(&path).unwrap());
        assert_eq!(syntax, jpeg_ls);
        let plain = path.with_extension("plain");
        cli::run(std::process::Command::new(&decoder).args([&path, &plain])).expect(0);
        let (_, bytes) = data_set(std::fs::read(&plain).unwrap());
        pixels.push(bytes[bytes.len() - 128 * 128 * 2..].to_vec());
    }
    for slice in &slices {
        let own = slice.data_set.bytes(tags::PIXEL_DATA).unwrap().to_vec();
        assert!(pixels.contains(&own));
    }
    assert_ne!(free_port(), receiver.port);
    server.assert_well();
}

#[test]
fn rules_are_checked_and_loss_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.toml");
    let rule = |more: &str| format!("[[compression.rule]]\nname = \"x\"\n{more}\n");
    for (more, said) in [
        ("to = \"jpeg\"", "never compressed with loss"),
        (
            "to = \"1.2.840.10008.1.2.4.91\"",
            "never compressed with loss",
        ),
        (
            "to = \"htj2k-loosless\"",
            "did you mean \"htj2k-lossless\"?",
        ),
        ("min_age = \"1d\"", "nothing has any age when it arrives"),
        (
            "min_size = \"2 MiB\"\nmax_size = \"1 MiB\"",
            "would never apply",
        ),
        (
            "transfer_syntaxes = [\"1.2.840.10008.1.2.4.70\"]",
            "byte for byte",
        ),
        ("at = \"night\"", "\"arrival\", \"later\""),
    ] {
        std::fs::write(&path, rule(more)).unwrap();
        let ran = sagittal(["config", "check", &path.display().to_string()]);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(all.contains(said), "{more}: {all}");
        assert_ne!(ran.code, Some(0), "{more}");
    }
    let good = rule("min_age = \"30d\"\nat = \"later\"\nto = \"jpeg-ls-lossless\"");
    std::fs::write(&path, good).unwrap();
    sagittal(["config", "check", &path.display().to_string()]).expect(0);
}

#[test]
fn frames_metadata_and_bulk_data_are_those_of_the_instance() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::builder().config(folder.path(), RULES).start();
    let slice = smooth(objects::ct_of(64, 64), 5);
    server.stow(&[slice.part10()]).expect(200);
    let path = format!(
        "/dicom-web/studies/{}/series/{}/instances/{}",
        slice.study_instance_uid(),
        slice.series_instance_uid(),
        slice.sop_instance_uid()
    );
    let pixels = slice.data_set.bytes(tags::PIXEL_DATA).unwrap().to_vec();
    let accept = "multipart/related; type=\"application/octet-stream\"";
    let frame = server.request("GET", &format!("{path}/frames/1"));
    let parts = frame.header("Accept", accept).send().expect(200).parts();
    assert!(parts[0].1 == pixels);
    let metadata = server.get(&format!("{path}/metadata")).expect(200).json();
    assert_eq!(metadata[0]["00280010"]["Value"][0], 64);
    assert_eq!(stored_as(&server, &slice, HTJ2K), 1);
    let rendered = server.request("GET", &format!("{path}/rendered"));
    rendered.header("Accept", "image/png").send().expect(200);
    assert!(data_set_of(&wado(&server, &slice, EXPLICIT)) == data_set_of(&slice.part10()));
}
