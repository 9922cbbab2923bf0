//! How fast an archive takes instances, without the network: pieces of 16 KiB as PDVs bring them,
//! durable when acknowledged, the index following. Prints CPU time for 1,000 instances.
//!
//! `cargo run --release -p sagittal-archive --example ingest_bench -- FOLDER [SECONDS]`

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sagittal_archive::ingest::{Announced, Form, Source};
use sagittal_archive::{Archive, Options};
use sagittal_core::{DataSet, Uid, Vr, tags};
use sagittal_file::write::write_data_set;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which folder?")?).join("ingest-bench");
    let seconds = arguments.next().map_or(Ok(4), |text| text.parse::<u64>())?;
    println!(
        "{:>8} {:>8} {:>12} {:>12} {:>14}",
        "bytes", "senders", "instances/s", "MB/s", "CPU ms/1000"
    );
    for size in [525 << 10, 5 << 10] {
        for senders in [1, 4, 8] {
            let _ = std::fs::remove_dir_all(&folder);
            let archive = Archive::open(Options::new(&folder)).await?;
            let cpu = cpu_seconds();
            let started = Instant::now();
            let until = started + Duration::from_secs(seconds);
            let tasks: Vec<_> = (0..senders)
                .map(|sender| tokio::spawn(send(archive.clone(), sender, size, until)))
                .collect();
            let mut count = 0;
            for task in tasks {
                count += task.await??;
            }
            archive.wait_indexed().await?;
            let rate = count as f64 / started.elapsed().as_secs_f64();
            let cpu = (cpu_seconds() - cpu) / count as f64 * 1e6;
            println!(
                "{size:>8} {senders:>8} {rate:>12.0} {:>12.0} {cpu:>14.0}",
                rate * size as f64 / 1e6
            );
            archive.close(Duration::from_secs(10)).await?;
        }
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

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

/// A header of about 4 KB, as a CT has, and pixels.
fn template(size: usize) -> Result<DataSet, Error> {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 100");
    data_set.put_text(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.2");
    data_set.put_text(tags::STUDY_DATE, "20260102");
    data_set.put_text(tags::MODALITY, "CT");
    data_set.put_text(tags::MANUFACTURER, "Sagittal Test Works");
    data_set.put_text(tags::STUDY_DESCRIPTION, "Abdomen native and with contrast");
    data_set.put_text(tags::PATIENT_NAME, "Doe^Jane");
    data_set.put_text(tags::PATIENT_ID, "4711");
    data_set.put_text(tags::SERIES_NUMBER, "2");
    data_set.put_text(tags::IMAGE_POSITION_PATIENT, "-250\\-250\\112.5");
    data_set.put_text(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0");
    data_set.put_u16(tags::SAMPLES_PER_PIXEL, &[1]);
    data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
    data_set.put_u16(tags::ROWS, &[512]);
    data_set.put_u16(tags::COLUMNS, &[512]);
    data_set.put_u16(tags::BITS_ALLOCATED, &[16]);
    data_set.put_text(tags::WINDOW_CENTER, "40\\300");
    let items = (0..12).map(|number: u32| {
        let mut item = DataSet::new();
        item.put_text(tags::REFERENCED_SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.2");
        item.put_text(
            tags::REFERENCED_SOP_INSTANCE_UID,
            &format!("1.2.840.113619.2.5.{number}"),
        );
        item
    });
    data_set.put_items(tags::REFERENCED_IMAGE_SEQUENCE, items.collect());
    let mut header = Vec::new();
    write_data_set(&data_set, "1.2.840.10008.1.2.1", &mut header)?;
    let pixels = size.saturating_sub(header.len() + 200) & !1;
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![3; pixels]);
    Ok(data_set)
}

async fn send(archive: Archive, sender: usize, size: usize, until: Instant) -> Result<u64, Error> {
    let mut template = template(size)?;
    let mut count = 0;
    // The bytes are made once; only what tells instances apart is changed in place.
    let study = format!("1.2.826.{sender}.1000000");
    template.put_text(tags::STUDY_INSTANCE_UID, &study);
    template.put_text(tags::SERIES_INSTANCE_UID, &format!("{study}.1"));
    template.put_text(tags::SOP_INSTANCE_UID, &format!("{study}.9.100000000"));
    let mut bytes = Vec::new();
    write_data_set(&template, "1.2.840.10008.1.2.1", &mut bytes)?;
    let needle = format!("{study}.9.100000000");
    let at = bytes
        .windows(needle.len())
        .position(|window| window == needle.as_bytes());
    let at = at.ok_or("no UID")? + needle.len() - 9;
    while Instant::now() < until {
        bytes[at..at + 9].copy_from_slice(format!("{:09}", 100_000_000 + count).as_bytes());
        let form = Form::DataSet {
            transfer_syntax_uid: Uid::new("1.2.840.10008.1.2.1")?,
        };
        let source = Source {
            name: "BENCH".into(),
        };
        let mut receiving = archive.receive(source, Announced::default(), form);
        for piece in bytes.chunks(16 << 10) {
            receiving.write(Bytes::copy_from_slice(piece)).await?;
        }
        receiving.finish().await?;
        count += 1;
    }
    Ok(count)
}
