//! Real files, foreign programs, Part 10 files around streams.

use std::path::Path;
use std::process::{Command, Stdio};

use sagittal_core::{DataSet, Limits, Value, tags};
use sagittal_file::part10;
use sagittal_pixel::Samples;
use sagittal_pixel::frames::FrameTable;
pub use sagittal_testkit::{data, skip};

/// A foreign program, if it is there.
pub fn tool(name: &str) -> Option<String> {
    let path = sagittal_testkit::tool(name)?;
    Some(path.to_string_lossy().into_owned())
}

/// A Python that has a module.
pub fn python(module: &str) -> Option<&'static str> {
    let status = Command::new("python3")
        .args(["-c", &format!("import {module}")])
        .stderr(Stdio::null())
        .status();
    if !status.is_ok_and(|status| status.success()) {
        skip(&format!("python3 with {module}"));
        return None;
    }
    Some("python3")
}

pub fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Files of a table in the folder of test files whose transfer syntax is one of those given.
pub fn files(root: &Path, transfer_syntaxes: &[&str]) -> Vec<String> {
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    let fields = manifest.lines().map(|line| line.split('\t').collect());
    fields
        .filter(|fields: &Vec<&str>| transfer_syntaxes.contains(&fields[9]))
        .map(|fields| fields[0].to_owned())
        .collect()
}

/// Data set and frames of a file; none if it has no pixels that can be found.
pub fn frames(path: &Path) -> Option<(DataSet, Vec<Vec<u8>>)> {
    let bytes = std::fs::read(path).unwrap();
    let file = part10::read(&bytes.clone().into(), Limits::default()).ok()?;
    let ts = file.opening.transfer_syntax_uid.as_str();
    let table = FrameTable::of_instance(&bytes, file.opening.data_set_offset, ts).ok()??;
    let frames = (0..table.number_of_frames()).map(|frame| {
        let ranges = table.frame(frame).into_iter();
        let pieces = ranges.map(|range| &bytes[range.start as usize..range.end as usize]);
        pieces.collect::<Vec<_>>().concat()
    });
    Some((file.data_set.clone(), frames.collect()))
}

/// Samples of an uncompressed file.
pub fn native(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let file = part10::read(&bytes.into(), Limits::default()).unwrap();
    match &file.data_set.get(tags::PIXEL_DATA).unwrap().value {
        Value::Bytes(bytes) => bytes.to_vec(),
        other => panic!("not native: {other:?}"),
    }
}

/// Samples as an uncompressed file has them.
pub fn little_endian(samples: &Samples) -> Vec<u8> {
    match samples {
        Samples::U8(samples) => samples.clone(),
        Samples::U16(samples) => samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect(),
        Samples::U32(samples) => samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect(),
    }
}

/// A generator of numbers: the same at each run.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        self.next() % limit
    }
}

fn element(out: &mut Vec<u8>, group: u16, element: u16, vr: &[u8; 2], value: &[u8]) {
    out.extend(group.to_le_bytes());
    out.extend(element.to_le_bytes());
    out.extend(vr);
    let length = value.len().div_ceil(2) * 2;
    if vr == b"OB" {
        out.extend([0, 0]);
        out.extend((length as u32).to_le_bytes());
    } else {
        out.extend((length as u16).to_le_bytes());
    }
    out.extend(value);
    out.resize(out.len() + length - value.len(), 0);
}

/// A Part 10 file around a code stream.
pub struct Wrapped<'a> {
    pub transfer_syntax: &'a str,
    pub columns: u32,
    pub rows: u32,
    pub components: u8,
    pub precision: u8,
    pub photometric: &'a str,
    pub stream: &'a [u8],
}

impl Wrapped<'_> {
    pub fn to_bytes(&self) -> Vec<u8> {
        let sop_class = b"1.2.840.10008.5.1.4.1.1.7\0";
        let uid = b"1.2.3.4.5.6\0";
        let mut meta = Vec::new();
        element(&mut meta, 2, 1, b"OB", &[0, 1]);
        element(&mut meta, 2, 2, b"UI", sop_class);
        element(&mut meta, 2, 3, b"UI", uid);
        element(&mut meta, 2, 0x10, b"UI", self.transfer_syntax.as_bytes());
        element(&mut meta, 2, 0x12, b"UI", b"1.2.3.4");
        let mut out = vec![0; 128];
        out.extend(b"DICM");
        element(&mut out, 2, 0, b"UL", &(meta.len() as u32).to_le_bytes());
        out.extend(meta);
        let word = |value: u32| (value as u16).to_le_bytes();
        element(&mut out, 8, 0x16, b"UI", sop_class);
        element(&mut out, 8, 0x18, b"UI", uid);
        element(&mut out, 8, 0x60, b"CS", b"OT");
        element(&mut out, 0x10, 0x10, b"PN", b"Test");
        element(&mut out, 0x20, 0x0D, b"UI", b"1.2.3.5");
        element(&mut out, 0x20, 0x0E, b"UI", b"1.2.3.6");
        element(&mut out, 0x28, 2, b"US", &word(self.components.into()));
        let mut photometric = self.photometric.to_owned();
        if photometric.len() % 2 == 1 {
            photometric.push(' ');
        }
        element(&mut out, 0x28, 4, b"CS", photometric.as_bytes());
        if self.components > 1 {
            element(&mut out, 0x28, 6, b"US", &word(0));
        }
        element(&mut out, 0x28, 0x10, b"US", &word(self.rows));
        element(&mut out, 0x28, 0x11, b"US", &word(self.columns));
        let allocated = if self.precision > 8 { 16 } else { 8 };
        element(&mut out, 0x28, 0x100, b"US", &word(allocated));
        element(&mut out, 0x28, 0x101, b"US", &word(self.precision.into()));
        element(
            &mut out,
            0x28,
            0x102,
            b"US",
            &word(u32::from(self.precision) - 1),
        );
        element(&mut out, 0x28, 0x103, b"US", &word(0));
        out.extend([
            0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
        ]);
        out.extend([0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0]);
        out.extend([0xFE, 0xFF, 0, 0xE0]);
        let length = self.stream.len().div_ceil(2) * 2;
        out.extend((length as u32).to_le_bytes());
        out.extend(self.stream);
        out.resize(out.len() + length - self.stream.len(), 0);
        out.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        out
    }
}
