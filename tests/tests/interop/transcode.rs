//! Real files of every kind in other transfer syntaxes, made by `sagittal transcode` and given over
//! the web: programs of others read them.

use sagittal_tests::{Server, cli, data, peer};

const FOREIGN: &str = include_str!("transcode/foreign.py");
const LOSSLESS: &str = include_str!("transcode/lossless.py");
const LOSSY: &str = include_str!("transcode/lossy.py");
const WEB: &str = include_str!("web/common.py");
const FRAMES: &str = include_str!("transcode/frames.py");
const BROKEN: &str = include_str!("transcode/broken.py");

/// Runs a program with the binary, real files and a folder to write to.
fn run(program: &str, syntax: &str) {
    let tools = ["dcmdrle", "dcmdjpeg", "dcmdjpls", "dcmdump"];
    let others = [
        ("opj_decompress", "Debian package libopenjp2-tools"),
        ("djxl", "Debian package libjxl-tools"),
        ("dciodvfy", "Debian package dicom3tools"),
    ];
    let has_all = tools.iter().all(|tool| peer::dcmtk(tool).is_some())
        && others
            .iter()
            .all(|(tool, from)| peer::program(tool, from).is_some());
    let Some(python) = peer::python(&["pydicom", "numpy"]) else {
        return;
    };
    let (true, Some(folder)) = (has_all, data::folder()) else {
        return;
    };
    let work = tempfile::tempdir().unwrap();
    let binary = cli::binary().display().to_string();
    let folder = folder.display().to_string();
    let out = work.path().display().to_string();
    let program = format!("{FOREIGN}\n{program}");
    let ran = peer::run_python(&python, &program, &[&binary, &folder, &out, syntax]).expect(0);
    println!("{}", ran.stdout);
}

#[test]
fn native_syntaxes_keep_every_sample() {
    for syntax in ["explicit", "implicit", "big-endian", "deflated"] {
        run(LOSSLESS, syntax);
    }
}

#[test]
fn deflated_frames_keep_every_sample() {
    run(LOSSLESS, "deflated-frames");
}

#[test]
fn rle_keeps_every_sample() {
    run(LOSSLESS, "rle");
}

#[test]
fn jpeg_lossless_keeps_every_sample() {
    run(LOSSLESS, "jpeg-lossless");
}

#[test]
fn jpeg_ls_keeps_every_sample() {
    run(LOSSLESS, "jpeg-ls");
}

#[test]
fn jpeg_2000_keeps_every_sample() {
    run(LOSSLESS, "j2k");
}

#[test]
fn htj2k_keeps_every_sample() {
    for syntax in ["htj2k", "htj2k-rpcl"] {
        run(LOSSLESS, syntax);
    }
}

#[test]
fn jpeg_xl_keeps_every_sample() {
    run(LOSSLESS, "jxl");
}

#[test]
fn lossy_jpeg_is_close_and_says_that_it_is_another_instance() {
    run(LOSSY, "jpeg");
}

#[test]
fn near_lossless_jpeg_ls_stays_within_its_bound() {
    run(LOSSY, "jpeg-ls-lossy");
}

#[test]
fn lossy_jpeg_2000_is_close_and_says_that_it_is_another_instance() {
    run(LOSSY, "j2k-lossy");
}

#[test]
fn lossy_htj2k_is_close_and_says_that_it_is_another_instance() {
    run(LOSSY, "htj2k-lossy");
}

/// Runs a program against a server.
fn over_the_web(modules: &[&str], program: &str, argument: &str) {
    let (Some(python), Some(folder)) = (peer::python(modules), data::folder()) else {
        return;
    };
    let server = Server::start();
    let folder = folder.display().to_string();
    let program = format!("{WEB}\n{FOREIGN}\n{program}");
    let arguments = [server.dicomweb(), &folder, argument];
    let ran = peer::run_python(&python, &program, &arguments).expect(0);
    println!("{}", ran.stdout);
    server.assert_well();
}

#[test]
fn frames_and_instances_are_given_in_every_media_type() {
    let modules = ["dicomweb_client", "pydicom", "numpy"];
    over_the_web(&modules, FRAMES, "");
}

#[test]
fn a_spoiled_stream_is_no_server_error_and_the_original_comes_back() {
    over_the_web(&["pydicom", "numpy"], BROKEN, "spoiled");
}

#[test]
fn malformed_files_are_no_server_error_and_come_back() {
    over_the_web(&["pydicom", "numpy"], BROKEN, "malformed");
}
