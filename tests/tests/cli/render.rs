//! `sagittal render`.

use std::ffi::OsStr;
use std::path::Path;

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
    write(&input, "document.dcm", &objects::pdf());
    std::fs::write(input.join("notes.txt"), "no DICOM").unwrap();
    let output = folder.path().join("out");
    std::fs::create_dir(&output).unwrap();
    let ran = render(&input, &output, &["--json"]).expect(3);
    let failures = ran.json()["failures"].clone();
    assert!(failures.to_string().contains("document.dcm"), "{failures}");
    let mut names: Vec<String> = std::fs::read_dir(&output)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["ct.png", "report.html"]);
}
