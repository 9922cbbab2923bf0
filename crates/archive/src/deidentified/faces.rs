//! Faces in series of CT and MR: a whole series says where a face is, so that it is looked at before
//! the first of its instances is de-identified (PS3.15 §E.3.2).

use std::sync::Arc;

use sagittal_core::Limits;
use sagittal_deid::Project;
use sagittal_deid::deface::{Faces, SliceRef};
use sagittal_file::part10;
use sagittal_store::index::{Row, Selection};

use super::Named;
use super::instance::file;
use crate::retrieve::{InstanceRef, selected};
use crate::{Archive, Error, Result};

/// Series of which is remembered where their faces are, by the bytes of their slices.
pub(super) const REMEMBERED: u64 = 2 << 30;

/// A series, and what must not change of it.
pub(super) type Key = (String, [u8; 32]);

impl Archive {
    /// The project for an instance: it knows what the objects of its patient tell of people, and,
    /// if the policy wants faces removed, where they are in its series.
    pub(super) async fn project_for(
        &self,
        instance: &InstanceRef,
        policy: &Arc<Named>,
    ) -> Result<Arc<Project>> {
        let (index, of) = (self.index().clone(), policy.clone());
        let study = instance.study_instance_uid.to_string();
        let known = self
            .blocking(move || of.project_of(&*index, &study))
            .await?;
        if !known.options.clean_recognizable_visual_features {
            return Ok(known);
        }
        let series = self.series_with_face(instance).await?;
        let Some(first) = series.first() else {
            return Ok(known);
        };
        let faces = self.faces(first.series_instance_uid.as_str(), &series, policy);
        let mut cleaner = policy.cleaner.clone();
        cleaner.faces = Some(faces.await?);
        Ok(Arc::new(Project {
            pixels: Some(Arc::new(cleaner)),
            ..Project::clone(&known)
        }))
    }

    /// The instances of the series, if it is one of CT or MR.
    async fn series_with_face(&self, instance: &InstanceRef) -> Result<Vec<InstanceRef>> {
        let index = self.index().clone();
        let selection = Selection {
            study_instance_uids: vec![instance.study_instance_uid.to_string()],
            series_instance_uids: vec![instance.series_instance_uid.to_string()],
            ..Selection::default()
        };
        let uid = instance.sop_instance_uid.clone();
        self.blocking(move || {
            let row = index.instance(uid.as_str())?;
            let modality = row.as_ref().and_then(Row::series);
            let modality = modality.map_or("", |series| series.attributes.modality.as_str());
            if !matches!(modality.trim(), "CT" | "MR") {
                return Ok(Vec::new());
            }
            let mut series = selected(&*index, &selection)?;
            series.retain(|instance| instance.number_of_frames > 0);
            Ok(series)
        })
        .await
    }

    /// Where faces are in a series, looked up once.
    async fn faces(
        &self,
        series_uid: &str,
        series: &[InstanceRef],
        policy: &Arc<Named>,
    ) -> Result<Arc<Faces>> {
        let mut hasher = blake3::Hasher::new();
        for instance in series {
            hasher.update(&instance.hash);
        }
        let key: Key = (series_uid.to_owned(), *hasher.finalize().as_bytes());
        let bytes: u64 = series.iter().map(|instance| instance.locator.length).sum();
        let make = async {
            let room = self.inner().deidentifying.take_for_series(bytes).await?;
            let (series, policy) = (series.to_vec(), policy.clone());
            let packs = self.inner().packs.clone();
            let looked = self.blocking(move || {
                let _room = room;
                let mut slices = Vec::with_capacity(series.len());
                for instance in &series {
                    // What cannot be read is no slice; it will be refused itself.
                    let bytes = file(&packs, instance)?;
                    if let Ok(read) = part10::read(&bytes, Limits::default()) {
                        slices.push((read.data_set, read.opening.transfer_syntax_uid));
                    }
                }
                let slices: Vec<SliceRef<'_>> = slices
                    .iter()
                    .map(|(data_set, uid)| SliceRef {
                        data_set,
                        transfer_syntax: uid.as_str(),
                    })
                    .collect();
                let mut faces = Faces::default();
                // Of a series that cannot be dealt with nothing is known: its instances are refused.
                if let Err(error) = faces.add(&slices, &policy.project.policy.pixels.deface) {
                    tracing::debug!(%error, "a series cannot be defaced");
                }
                Ok(faces)
            });
            Ok::<_, Error>((Arc::new(looked.await?), bytes.max(1)))
        };
        policy.faces.get_or_make(key, make).await
    }
}
