//! `sagittal render`.

use std::ffi::OsStr;
use std::path::Path;

use sagittal_tests::kinds;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Ran, sagittal};

fn write(folder: &Path, name: &str, object: &Object) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(name), object.part10()).unwrap();
}

fn render(input: &Path, output: &Path, more: &[&str]) -> Ran {
    let mut arguments: Vec<&OsStr> = vec![
        "render".as_ref(),
        "--output".as_ref(),
        output.as_ref(),
        input.as_ref(),
    ];
    arguments.extend(more.iter().map(OsStr::new));
    sagittal(arguments)
}

/// Width, height and bits of a sample of a PNG.
fn png(path: &Path) -> (u32, u32, u8) {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut samples).unwrap();
    (info.width, info.height, info.bit_depth as u8)
}

#[test]
fn a_file_becomes_a_picture_of_the_format_that_its_name_says() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "ct.dcm", &objects::ct_of(60, 80));
    let source = folder.path().join("ct.dcm");
    let picture = folder.path().join("ct.png");
    render(&source, &picture, &[]).expect(0);
    assert_eq!(png(&picture), (80, 60, 8));
    // What exists is not written over, unless that is asked for.
    render(&source, &picture, &["--viewport", "40,40"]).expect(1);
    assert_eq!(png(&picture), (80, 60, 8));
    render(&source, &picture, &["--viewport", "40,40", "--overwrite"]).expect(0);
    assert_eq!(png(&picture), (40, 30, 8));
    let deep = folder.path().join("deep.png");
    render(&source, &deep, &["--deep"]).expect(0);
    assert_eq!(png(&deep), (80, 60, 16));
    let jpeg = folder.path().join("ct.jpg");
    render(&source, &jpeg, &["--annotation", "patient"]).expect(0);
    assert!(std::fs::read(&jpeg).unwrap().starts_with(&[0xFF, 0xD8]));
}

#[test]
fn frames_move_or_come_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "us.dcm", &objects::us(4));
    let source = folder.path().join("us.dcm");
    let cine = folder.path().join("us.gif");
    render(&source, &cine, &[]).expect(0);
    assert!(std::fs::read(&cine).unwrap().starts_with(b"GIF89a"));
    let frames = folder.path().join("frames");
    std::fs::create_dir(&frames).unwrap();
    render(&source, &frames, &["--frame", "all", "--format", "png"]).expect(0);
    assert_eq!(std::fs::read_dir(&frames).unwrap().count(), 4);
    render(&source, &folder.path().join("x.png"), &["--frame", "9"]).expect(1);
}

#[test]
fn what_cannot_be_drawn_is_told_and_the_rest_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    write(&input, "ct.dcm", &objects::ct_of(8, 8));
    write(&input, "report.dcm", &objects::sr("Nothing found"));
    write(&input, "video.dcm", &kinds::video());
    std::fs::write(input.join("notes.txt"), "no DICOM").unwrap();
    let output = folder.path().join("out");
    std::fs::create_dir(&output).unwrap();
    let ran = render(&input, &output, &["--json"]).expect(3);
    let failures = ran.json()["failures"].clone();
    assert!(failures.to_string().contains("video.dcm"), "{failures}");
    let mut names: Vec<String> = std::fs::read_dir(&output)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["ct.png", "report.html"]);
}

#[test]
fn documents_are_written_as_what_they_are_and_videos_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    write(&input, "document.dcm", &objects::pdf());
    write(&input, "letter.dcm", &kinds::cda());
    write(&input, "pyramid.dcm", &kinds::stl());
    write(&input, "video.dcm", &kinds::video());
    let output = folder.path().join("out");
    let ran = render(&input, &output, &["--json", "--jobs", "2"]).expect(3);
    let failures = ran.json()["failures"].to_string();
    assert!(
        failures.contains("video.dcm") && failures.contains("frames of videos are not decoded"),
        "{failures}"
    );
    let mut names: Vec<String> = std::fs::read_dir(&output)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["document.pdf", "letter.xml", "pyramid.png"],
        "no temporary files"
    );
    let pdf = std::fs::read(output.join("document.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF") && pdf.ends_with(b"%%EOF\n"));
    assert!(
        std::fs::read(output.join("letter.xml"))
            .unwrap()
            .ends_with(b"</ClinicalDocument>")
    );
}

#[test]
fn a_presentation_state_is_applied_to_its_image() {
    let folder = tempfile::tempdir().unwrap();
    let image = objects::ct_of(20, 30);
    let state = kinds::presentation_state(&image, "0", "2000");
    let input = folder.path().join("in");
    write(&input, "ct.dcm", &image);
    write(&input, "state.dcm", &state);
    let samples = |path: &Path| {
        let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut samples = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut samples).unwrap();
        samples.truncate(info.buffer_size());
        samples
    };
    let (plain, named) = (
        folder.path().join("plain.png"),
        folder.path().join("named.png"),
    );
    let ct = input.join("ct.dcm");
    render(&ct, &plain, &["--window", "0,2000"]).expect(0);
    let state_file = input.join("state.dcm");
    let told = ["--presentation-state", state_file.to_str().unwrap()];
    render(&ct, &named, &told).expect(0);
    let inverse: Vec<u8> = samples(&plain).iter().map(|grey| 255 - grey).collect();
    let apart = inverse
        .iter()
        .zip(samples(&named))
        .map(|(a, b)| a.abs_diff(b));
    assert!(apart.max().unwrap() <= 1);
    // Given with its image, it is drawn as that.
    let output = folder.path().join("out");
    render(&input, &output, &[]).expect(0);
    assert_eq!(samples(&output.join("state.png")), samples(&named));
    assert!(samples(&output.join("ct.png")) != samples(&named));
    // Alone it says what is missing.
    let alone = folder.path().join("alone");
    let ran = render(&state_file, &alone, &["--json"]).expect(1);
    let reason = ran.json()["failures"].to_string();
    assert!(
        reason.contains(image.sop_instance_uid().as_str()),
        "{reason}"
    );
}

#[test]
fn terminals_get_what_they_take() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "ct.dcm", &objects::ct_of(40, 40));
    let file = folder.path().join("ct.dcm");
    let show = |protocol: &str| {
        let ran = sagittal([
            OsStr::new("render"),
            file.as_ref(),
            "--terminal".as_ref(),
            "--width".as_ref(),
            "20".as_ref(),
            "--protocol".as_ref(),
            protocol.as_ref(),
        ]);
        ran.expect(0).stdout
    };
    let blocks = show("blocks");
    assert_eq!(blocks.lines().count(), 10, "two rows a line");
    assert_eq!(blocks.lines().next().unwrap().matches('▀').count(), 20);
    let sixel = show("sixel");
    assert!(
        sixel.starts_with("\u{1b}P0;1q\"1;1;160;160#0;2;0;0;0"),
        "{sixel:.60}"
    );
    assert!(sixel.ends_with("\u{1b}\\\n"));
    assert!(show("kitty").starts_with("\u{1b}_Gf=100,a=T,c=20,"));
    assert!(show("iterm2").starts_with("\u{1b}]1337;File=inline=1;width=20;"));
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "document.dcm", &objects::pdf());
    let file = folder.path().join("document.dcm");
    let ran = sagittal([OsStr::new("render"), "--terminal".as_ref(), file.as_ref()]).expect(1);
    assert!(ran.stderr.contains("PDF"), "{}", ran.stderr);
}
