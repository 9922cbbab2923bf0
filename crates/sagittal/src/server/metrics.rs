//! `/metrics`: histograms for every operation, in the text format of Prometheus.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use sagittal_archive::Archive;

/// Seconds: from a tenth of a millisecond to ten minutes.
const SECONDS: &[f64] = &[
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0, 60.0, 600.0,
];
/// Bytes: from one KiB to 16 GiB.
const BYTES: &[f64] = &[
    1024.0,
    16_384.0,
    131_072.0,
    1_048_576.0,
    8_388_608.0,
    67_108_864.0,
    536_870_912.0,
    4_294_967_296.0,
    17_179_869_184.0,
];
/// Counts: records of a group and the like.
const COUNTS: &[f64] = &[
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0,
];

/// How often old buckets are drained and gauges set.
const UPKEEP: Duration = Duration::from_secs(5);

/// The recorder that all crates write to.
#[derive(Clone)]
pub(super) struct Metrics {
    handle: PrometheusHandle,
}

/// Installs the recorder; once in a process.
pub(super) fn install() -> anyhow::Result<Metrics> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_bytes".into()), BYTES)?
        .set_buckets_for_metric(Matcher::Suffix("_records".into()), COUNTS)?
        .install_recorder()
        .context("cannot install the metrics recorder")?;
    metrics::gauge!("sagittal_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(Metrics { handle })
}

impl Metrics {
    /// Makes the text.
    pub fn render(&self) -> Arc<dyn Fn() -> String + Send + Sync> {
        let handle = self.handle.clone();
        Arc::new(move || handle.render())
    }

    /// Runs for ever: drains histograms, sets what is counted in the archive.
    pub async fn upkeep(self, archive: Archive) {
        let mut ticks = tokio::time::interval(UPKEEP);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.handle.run_upkeep();
            match archive.statistics().await {
                Ok(counts) => {
                    for (name, value) in [
                        ("sagittal_patients", counts.patients),
                        ("sagittal_studies", counts.studies),
                        ("sagittal_series", counts.series),
                        ("sagittal_instances", counts.instances),
                        ("sagittal_instances_hidden", counts.hidden),
                        ("sagittal_data_set_bytes_total", counts.bytes),
                        ("sagittal_pack_bytes_total", counts.pack_bytes),
                        ("sagittal_free_bytes_total", counts.free_bytes),
                    ] {
                        metrics::gauge!(name).set(value as f64);
                    }
                }
                Err(error) => tracing::warn!(%error, "no statistics"),
            }
        }
    }
}
