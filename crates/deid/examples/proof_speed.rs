//! How long the log and the residual check take for one CT: `cargo run --release -p sagittal-deid
//! --example proof_speed FILE [OUTPUT]`. Without OUTPUT the file is searched for another's names.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sagittal_core::{PathStep, TagPath, Value};
use sagittal_deid::log::{Digest, Done, FileLog, LogKey, Run, Writer, verify};
use sagittal_deid::residual::{Cache, Needles, Retained};
use sagittal_deid::{Action, Asked, Change, Primitive, ProjectKey, Reason, Recorder, Taken};

const ROUNDS: u32 = 200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("a file is needed")?;
    let input = Bytes::from(std::fs::read(path)?);
    let output = arguments
        .next()
        .map(std::fs::read)
        .transpose()?
        .map(Bytes::from);
    let output = output.unwrap_or_else(|| input.clone());
    let file = sagittal_file::part10::read(&input, sagittal_core::Limits::default())?;
    let key = ProjectKey::new([1; 32]);

    let start = now();
    for _ in 0..ROUNDS {
        std::hint::black_box(Digest::of(&input));
    }
    say("digest of the file", start);

    let mut writer = Writer::begin(Vec::new(), LogKey::generate()?, &Run::default())?;
    let digest = Digest::of(&input);
    let start = now();
    let mut elements = 0;
    for _ in 0..ROUNDS {
        let mut log = FileLog::begin(&key, digest, "1.2.3");
        elements = 0;
        for element in file.data_set.elements() {
            let Value::Bytes(bytes) = &element.value else {
                continue;
            };
            let path = TagPath(vec![PathStep::Element(element.tag)]);
            let bytes = if bytes.len() > 65536 {
                &[]
            } else {
                bytes.as_ref()
            };
            elements += 1;
            log.record(Change {
                path: &path,
                private_creator: None,
                vr: element.vr,
                asked: Asked::Profile("(0010,0010)", Action::One(Primitive::Dummy)),
                taken: Taken::Dummied,
                reason: Reason::BasicProfile,
                before: bytes,
                after: Some(b"dummy "),
            });
        }
        writer.write(&log.finish(&Done {
            output: digest,
            sop_instance_uid: "2.25.1",
            study_instance_uid: "2.25.2",
            modality: "CT",
            searched: 0,
            hits: 0,
        }))?;
    }
    say(&format!("log of {elements} elements"), start);
    let (log, _) = writer.finish("now")?;
    let start = now();
    let sound = verify(log.as_slice(), None, None)?.is_sound();
    say(
        &format!("verification ({sound}, {} bytes)", log.len()),
        start,
    );

    let start = now();
    for _ in 0..ROUNDS {
        std::hint::black_box(Needles::of(&input, &Retained::default())?.searcher());
    }
    say("needles", start);
    let cache = Cache::new();
    let start = now();
    for _ in 0..ROUNDS {
        std::hint::black_box(cache.searcher(Needles::of(&input, &Retained::default())?));
    }
    say("needles, cached", start);
    let searcher = Needles::of(&input, &Retained::default())?.searcher();
    let start = now();
    let mut outcome = searcher.search(&output);
    for _ in 1..ROUNDS {
        outcome = std::hint::black_box(searcher.search(&output));
    }
    say(
        &format!(
            "search of {} bytes, {} hits",
            output.len(),
            outcome.hits.len()
        ),
        start,
    );
    for hit in outcome.hits.iter().take(20) {
        println!("  {hit}");
    }
    Ok(())
}

fn say(what: &str, start: Duration) {
    let each = (now() - start) / ROUNDS;
    println!("{what}: {each:?} an instance");
}

/// Time on a processor (Linux), which neighbors do not lengthen; elsewhere the time of day.
fn now() -> Duration {
    static BEGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let on_cpu =
        statistics.and_then(|text| text.split(' ').next().and_then(|text| text.parse().ok()));
    on_cpu.map_or_else(|| BEGIN.elapsed(), Duration::from_nanos)
}
