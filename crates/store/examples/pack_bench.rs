//! How fast packs take records, against a bare loop that appends the same bytes to a
//! pre-allocated file and syncs them in groups.
//!
//! `cargo run --release -p sagittal-store --example pack_bench -- FOLDER [SECONDS]`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use sagittal_core::Uid;
use sagittal_store::blob::disk::{Disk, FsDisk};
use sagittal_store::blob::{NewInstance, PackOptions, Packs, RecordAttributes};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which folder?")?);
    let seconds = arguments.next().map_or(Ok(3), |text| text.parse::<u64>())?;
    let time = Duration::from_secs(seconds);
    println!(
        "{:>8} {:>10} {:>12} {:>12} {:>7} {:>12} {:>12}",
        "bytes", "submitters", "packs/s", "bare/s", "ratio", "CPU ms/1000", "bare CPU"
    );
    for size in [525 << 10, 5 << 10] {
        for submitters in [1, 4, 8] {
            // Twice by turns, for the disk is not the same from moment to moment.
            let mut rates = [(0.0, 0.0); 2];
            for _ in 0..2 {
                for (kind, run) in [packs as Run, bare as Run].into_iter().enumerate() {
                    let place = folder.join(format!("bench-{kind}"));
                    let _ = std::fs::remove_dir_all(&place);
                    std::fs::create_dir_all(&place)?;
                    let cpu = cpu_seconds();
                    let started = Instant::now();
                    let records = run(&place, size, submitters, time)? as f64;
                    let (rate, cpu) = (
                        records / started.elapsed().as_secs_f64(),
                        cpu_seconds() - cpu,
                    );
                    if rate > rates[kind].0 {
                        rates[kind] = (rate, cpu / records * 1e6);
                    }
                    std::fs::remove_dir_all(&place)?;
                }
            }
            let [(packs, packs_cpu), (bare, bare_cpu)] = rates;
            println!(
                "{size:>8} {submitters:>10} {packs:>12.0} {bare:>12.0} {:>7.2} {packs_cpu:>12.1} {bare_cpu:>12.1}",
                packs / bare
            );
        }
    }
    Ok(())
}

type Run = fn(&Path, usize, usize, Duration) -> Result<u64, Error>;

/// User and system time of this process (Linux; 0 elsewhere).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}

fn payload(size: usize) -> Vec<Bytes> {
    let whole = Bytes::from((0..size).map(|n| (n * 7) as u8).collect::<Vec<_>>());
    (0..size)
        .step_by(16 << 10)
        .map(|at| whole.slice(at..(at + (16 << 10)).min(size)))
        .collect()
}

fn packs(folder: &Path, size: usize, submitters: usize, time: Duration) -> Result<u64, Error> {
    let uid = |text: &str| Uid::new(text).map_err(Error::from);
    let attributes = RecordAttributes {
        sop_class_uid: uid("1.2.840.10008.5.1.4.1.1.2")?,
        sop_instance_uid: uid("1.2.3.4.5.6.7.8.9")?,
        study_instance_uid: uid("1.2.3.4.5.6.7.8.1")?,
        series_instance_uid: uid("1.2.3.4.5.6.7.8.2")?,
        transfer_syntax_uid: uid("1.2.840.10008.1.2.1")?,
        source: "BENCH".into(),
        received_ms: 0,
        hidden: false,
        replaces: false,
        original: None,
        recodes: None,
        quarantined: false,
        quality: Bytes::new(),
    };
    let (packs, _) = Packs::open(
        Arc::new(FsDisk),
        PackOptions::new(folder),
        &Default::default(),
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let instance = NewInstance {
        attributes,
        prefix: Bytes::new(),
        data: payload(size),
        hash: [0; 32],
    };
    let count = runtime.block_on(async {
        let until = Instant::now() + time;
        let tasks: Vec<_> = (0..submitters)
            .map(|_| {
                let (packs, instance) = (packs.clone(), instance.clone());
                tokio::spawn(async move {
                    let mut count = 0;
                    while Instant::now() < until {
                        packs.append(instance.clone(), |_| ()).await?;
                        count += 1;
                    }
                    Ok::<u64, sagittal_store::Error>(count)
                })
            })
            .collect();
        let mut count = 0;
        for task in tasks {
            count += task.await.map_err(Error::from)??;
        }
        Ok::<u64, Error>(count)
    })?;
    packs.close();
    Ok(count)
}

/// One lock, appends of threads that wait, one of them syncing for all.
fn bare(folder: &Path, size: usize, submitters: usize, time: Duration) -> Result<u64, Error> {
    let file = FsDisk.create(&folder.join("bare"))?;
    let written = Arc::new((Mutex::new((0_u64, 0_u64, 0_u64)), Condvar::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicU64::new(0));
    let syncer = std::thread::spawn({
        let (file, written, stop) = (file.clone(), written.clone(), stop.clone());
        move || {
            let mut last = 0;
            while !stop.load(Ordering::Relaxed) {
                let mut state = written.0.lock();
                while state.1 == last && !stop.load(Ordering::Relaxed) {
                    written.1.wait_for(&mut state, Duration::from_millis(50));
                }
                last = state.1;
                drop(state);
                let _ = file.sync_data();
                written.0.lock().2 = last;
                written.1.notify_all();
            }
        }
    });
    let threads: Vec<_> = (0..submitters)
        .map(|_| {
            let (file, written, count) = (file.clone(), written.clone(), count.clone());
            std::thread::spawn(move || -> std::io::Result<()> {
                let chunks = payload(size);
                let until = Instant::now() + time;
                while Instant::now() < until {
                    let mut state = written.0.lock();
                    if state.0.is_multiple_of(128 << 20)
                        || state.0 % (128 << 20) + size as u64 > 128 << 20
                    {
                        state.0 = state.0.next_multiple_of(128 << 20);
                        file.allocate(state.0 + (128 << 20))?;
                    }
                    file.write_at(&chunks, state.0)?;
                    state.0 += size as u64;
                    state.1 += 1;
                    let mine = state.1;
                    written.1.notify_all();
                    while state.2 < mine {
                        written.1.wait(&mut state);
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| "a thread failed")??;
    }
    stop.store(true, Ordering::Relaxed);
    written.1.notify_all();
    syncer.join().map_err(|_| "the syncer failed")?;
    Ok(count.load(Ordering::Relaxed))
}
