//! Codecs, one frame on one thread, against the C libraries.
//!
//! The libraries decode the very same streams, through Python's `imagecodecs` (which has CharLS,
//! libjpeg-turbo, OpenJPEG, OpenJPH and libjxl). Each side takes turns; the CPU time of the fastest
//! of many counts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use sagittal_core::{Limits, tags, transfer_syntax};
use sagittal_file::part10;
use sagittal_pixel::codec::{self, EncodeOptions};
use sagittal_pixel::{Frame, ImagePixel};

use super::Bench;
use crate::template::Template;

const PHASE: &str = "pixel";
const LARGEST: u64 = 1 << 30;
/// How long a stream is decoded in one turn.
const TURN: Duration = Duration::from_millis(250);

/// A coding: its name, its transfer syntax, whether its samples have 8 bits, the function of
/// `imagecodecs`, and the library behind that.
struct Coding {
    name: &'static str,
    transfer_syntax_uid: &'static str,
    is_narrow: bool,
    function: &'static str,
    library: &'static str,
}

const CODINGS: &[Coding] = &[
    Coding {
        name: "RLE",
        transfer_syntax_uid: transfer_syntax::RLE_LOSSLESS,
        is_narrow: false,
        function: "dicomrle",
        library: "imcd",
    },
    Coding {
        name: "JPEG baseline",
        transfer_syntax_uid: transfer_syntax::JPEG_BASELINE_8_BIT,
        is_narrow: true,
        function: "jpeg8",
        library: "libjpeg-turbo",
    },
    Coding {
        name: "JPEG lossless",
        transfer_syntax_uid: transfer_syntax::JPEG_LOSSLESS_SV1,
        is_narrow: false,
        function: "jpeg8",
        library: "libjpeg-turbo",
    },
    Coding {
        name: "JPEG-LS",
        transfer_syntax_uid: transfer_syntax::JPEG_LS_LOSSLESS,
        is_narrow: false,
        function: "jpegls",
        library: "CharLS",
    },
    Coding {
        name: "JPEG 2000",
        transfer_syntax_uid: transfer_syntax::JPEG_2000_LOSSLESS,
        is_narrow: false,
        function: "jpeg2k",
        library: "OpenJPEG",
    },
    Coding {
        name: "HTJ2K",
        transfer_syntax_uid: transfer_syntax::HTJ2K_LOSSLESS,
        is_narrow: false,
        function: "htj2k",
        library: "OpenJPH",
    },
    Coding {
        name: "JPEG XL",
        transfer_syntax_uid: transfer_syntax::JPEG_XL_LOSSLESS,
        is_narrow: false,
        function: "jpegxl",
        library: "libjxl",
    },
];

/// A stream that both sides decode.
struct Stream {
    figure: String,
    coding: &'static Coding,
    image: ImagePixel,
    bytes: Vec<u8>,
    file: PathBuf,
}

pub fn run(bench: &mut Bench) -> Result<()> {
    let folder = bench.path("streams");
    std::fs::create_dir_all(&folder)?;
    let mut streams = Vec::new();
    let (ct, cr) = (&bench.templates.ct, &bench.templates.cr);
    for (name, frame) in [("CT", frame_of(ct)?), ("CR", doubled(&frame_of(cr)?)?)] {
        for coding in CODINGS {
            streams.push(stream(name, &frame, coding, &folder)?);
        }
    }
    let python = bench.options.peers.then(libraries).flatten();
    if python.is_none() {
        println!("python3 with imagecodecs is not here: no C libraries to compare with");
    }
    let single = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let mut ours = vec![f64::INFINITY; streams.len()];
    let mut theirs = vec![f64::INFINITY; streams.len()];
    for _ in 0..bench.options.rounds().max(2) {
        for (stream, best) in streams.iter().zip(&mut ours) {
            *best = best.min(single.install(|| decode(stream))?);
        }
        if let Some(python) = &python {
            for (time, best) in decode_there(python, &streams)?.iter().zip(&mut theirs) {
                *best = best.min(*time);
            }
        }
    }
    for ((stream, ours), theirs) in streams.iter().zip(ours).zip(theirs) {
        let peer = (stream.coding.library, theirs);
        let peers = if theirs.is_finite() {
            vec![peer]
        } else {
            Vec::new()
        };
        bench
            .report
            .add(PHASE, stream.figure.clone(), "ms", ours, &peers);
    }
    Ok(())
}

/// The only frame of a template.
fn frame_of(template: &Template) -> Result<Frame> {
    let read = part10::read(&Bytes::from(template.file.clone()), Limits::default())?;
    let image = ImagePixel::of(&read.data_set)?;
    let samples = read
        .data_set
        .bytes(tags::PIXEL_DATA)
        .context("a template without pixels")?;
    let native = transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
    Ok(codec::decode(native, &image, samples, LARGEST)?)
}

/// The frame in a coding, also as a file.
fn stream(name: &str, frame: &Frame, coding: &'static Coding, folder: &Path) -> Result<Stream> {
    let narrow = match coding.is_narrow {
        true => Some(narrowed(frame)?),
        false => None,
    };
    let frame = narrow.as_ref().unwrap_or(frame);
    let options = EncodeOptions::default();
    let encoded = codec::encode(coding.transfer_syntax_uid, frame, &options)?;
    let file = folder.join(format!("{name}-{}", coding.function));
    let file = file.with_extension(coding.name.replace(' ', "-"));
    std::fs::write(&file, &encoded.bytes)?;
    let (columns, rows) = (frame.image.columns, frame.image.rows);
    Ok(Stream {
        figure: format!("{}, {name} {columns}×{rows}", coding.name),
        coding,
        image: encoded.image,
        bytes: encoded.bytes,
        file,
    })
}

/// Four of it, mirrored at each other: twice as wide and as high, with the same noise.
fn doubled(frame: &Frame) -> Result<Frame> {
    let (pixels, _) = frame.data.as_chunks::<2>();
    let rows: Vec<Vec<u8>> = pixels
        .chunks(frame.image.columns as usize)
        .map(|row| {
            row.iter()
                .chain(row.iter().rev())
                .flatten()
                .copied()
                .collect()
        })
        .collect();
    let data = rows.iter().chain(rows.iter().rev()).flatten().copied();
    let mut image = frame.image;
    image.columns *= 2;
    image.rows *= 2;
    Ok(Frame::new(image, data.collect())?)
}

/// The upper 8 of its stored bits.
fn narrowed(frame: &Frame) -> Result<Frame> {
    let shift = u32::from(frame.image.bits_stored.saturating_sub(8));
    let is_signed = frame.image.is_signed;
    let samples = frame.data.as_chunks::<2>().0.iter().map(|pair| {
        let value = if is_signed {
            i32::from(i16::from_le_bytes(*pair)) + (1 << (frame.image.bits_stored - 1))
        } else {
            i32::from(u16::from_le_bytes(*pair))
        };
        u8::try_from((value >> shift).clamp(0, 255)).unwrap_or(u8::MAX)
    });
    let mut image = frame.image;
    image.bits_allocated = 8;
    image.bits_stored = 8;
    image.high_bit = 7;
    image.is_signed = false;
    Ok(Frame::new(image, samples.collect())?)
}

/// Milliseconds of CPU of the fastest of many.
fn decode(stream: &Stream) -> Result<f64> {
    let begun = Instant::now();
    let mut best = f64::INFINITY;
    while begun.elapsed() < TURN {
        let started = cpu_milliseconds();
        let frame = codec::decode(
            stream.coding.transfer_syntax_uid,
            &stream.image,
            &stream.bytes,
            LARGEST,
        )?;
        best = best.min(cpu_milliseconds() - started);
        std::hint::black_box(frame);
    }
    Ok(best)
}

/// Of this thread: who else runs on the machine does not count.
fn cpu_milliseconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

/// A Python that has the libraries.
fn libraries() -> Option<PathBuf> {
    let candidates = ["python3", "/usr/bin/python3"].map(PathBuf::from);
    candidates.into_iter().find(|python| {
        let asked = Command::new(python)
            .args(["-c", "import imagecodecs"])
            .stderr(std::process::Stdio::null())
            .status();
        asked.is_ok_and(|status| status.success())
    })
}

/// Prints a line for each stream: milliseconds of the fastest of many, or nothing.
const SCRIPT: &str = r#"
import sys, time, imagecodecs
turn = float(sys.argv[1])
for argument in sys.argv[2:]:
    function, path, rows, columns, dtype = argument.split("|")
    data = open(path, "rb").read()
    decode = getattr(imagecodecs, function + "_decode")
    if function == "dicomrle":
        run = lambda: decode(data, dtype)
    elif function in ("jpeg2k", "htj2k", "jpegxl"):
        run = lambda: decode(data, numthreads=1)
    else:
        run = lambda: decode(data)
    try:
        run()
    except TypeError:
        run = lambda: decode(data)
    except Exception:
        pass
    best, begun = None, time.perf_counter()
    try:
        while time.perf_counter() - begun < turn:
            started = time.thread_time()
            run()
            took = time.thread_time() - started
            best = took if best is None else min(best, took)
    except Exception as error:
        print(function, error, file=sys.stderr)
        best = None
    print("" if best is None else best * 1e3)
"#;

fn decode_there(python: &Path, streams: &[Stream]) -> Result<Vec<f64>> {
    let arguments = streams.iter().map(|stream| {
        let (rows, columns) = (stream.image.rows, stream.image.columns);
        let kind = if stream.coding.is_narrow {
            "|u1"
        } else {
            "<u2"
        };
        let kind = kind.trim_start_matches('|');
        let (function, file) = (stream.coding.function, stream.file.display());
        format!("{function}|{file}|{rows}|{columns}|{kind}")
    });
    let output = Command::new(python)
        .args(["-c", SCRIPT, &TURN.as_secs_f64().to_string()])
        .args(arguments)
        .env("OMP_NUM_THREADS", "1")
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let complaints = String::from_utf8_lossy(&output.stderr);
    complaints
        .lines()
        .for_each(|line| println!("imagecodecs: {line}"));
    let text = String::from_utf8(output.stdout)?;
    let times = text
        .lines()
        .map(|line| line.parse().unwrap_or(f64::INFINITY));
    let times: Vec<f64> = times.collect();
    ensure!(
        times.len() == streams.len(),
        "a stream was not answered for"
    );
    Ok(times)
}
