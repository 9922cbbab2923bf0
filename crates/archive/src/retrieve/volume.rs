//! Volumes made of stored slices, and pictures of them (PS3.18 §10.4.1.1.7, §10.4.1.1.8).

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use sagittal_core::Uid;
use sagittal_pixel::render::{Slice, Stack, Volume, VolumeBuilder};
use sagittal_store::blob::Hash;

use super::volume_memory::{MOST, SharedVolume};
use super::{InstanceReader, InstanceRef};
use crate::{Archive, Error, Result};

/// Frames that are looked at.
const FRAMES: u64 = 20_000;
/// Series that are tried.
const TRIED: usize = 8;
/// Headers read, and frames decoded, ahead.
const AHEAD: usize = 4;

/// What volumes are made of.
#[derive(Clone, Debug, Default)]
pub struct VolumeInput {
    /// Where to look for slices. Of several series, the one with the most frames that makes a
    /// volume is taken.
    pub instances: Vec<InstanceRef>,
    /// One: the volume that it belongs to. Several: those alone.
    pub references: Vec<VolumeReference>,
}

/// `volumeinputreference`, PS3.18 §8.3.5.3.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeReference {
    /// An instance.
    Instance(Uid),
    /// A frame of the only instance, from 1.
    Frame(u32),
}

impl VolumeReference {
    fn is(&self, instance: &InstanceRef, frame: u32) -> bool {
        match self {
            VolumeReference::Instance(uid) => *uid == instance.sop_instance_uid,
            VolumeReference::Frame(number) => *number == frame,
        }
    }
}

/// A frame that may be a slice.
struct Candidate {
    reader: InstanceReader,
    /// From 0.
    frame: u32,
    slice: Slice,
}

impl VolumeInput {
    /// All that a volume depends on, as text.
    fn key(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for instance in &self.instances {
            hasher.update(&instance.hash);
        }
        format!("{} {:?}", hasher.finalize().to_hex(), self.references)
    }

    fn first_hash(&self) -> Hash {
        self.instances.first().map_or([0; 32], |first| first.hash)
    }

    /// Instances with frames by series, those with the most frames first.
    fn series(&self) -> Vec<Vec<InstanceRef>> {
        let mut series: Vec<Vec<InstanceRef>> = Vec::new();
        for instance in &self.instances {
            if instance.number_of_frames == 0 {
                continue;
            }
            let same = |members: &&mut Vec<InstanceRef>| {
                members
                    .first()
                    .is_some_and(|first| first.series_instance_uid == instance.series_instance_uid)
            };
            match series.iter_mut().rev().find(same) {
                Some(members) => members.push(instance.clone()),
                None => series.push(vec![instance.clone()]),
            }
        }
        let is_meant = |members: &Vec<InstanceRef>| {
            self.references.iter().all(|reference| match reference {
                VolumeReference::Instance(uid) => {
                    members.iter().any(|member| member.sop_instance_uid == *uid)
                }
                VolumeReference::Frame(_) => true,
            })
        };
        series.retain(is_meant);
        let frames = |members: &Vec<InstanceRef>| -> u64 {
            let each = members.iter().map(|member| member.number_of_frames);
            each.map(u64::from).sum()
        };
        series.sort_by_key(|members| std::cmp::Reverse(frames(members)));
        series.truncate(TRIED);
        series
    }
}

impl Archive {
    /// The volume of an input, made if it is not kept.
    ///
    /// # Errors
    /// [`Error::Pixel`] with the reason if the slices make no regular volume,
    /// [`Error::TooLarge`] if there are too many or too large ones, [`Error::Busy`] if memory
    /// does not become free.
    pub async fn volume(&self, input: &VolumeInput) -> Result<Arc<SharedVolume>> {
        let memory = &self.inner().volumes;
        let key = input.key();
        memory.get_or_make(&key, self.make_volume(input)).await
    }

    /// A picture of a volume, kept as those of frames are. `form` says all that it depends on
    /// besides the input; `draw` makes it, on the blocking pool.
    pub async fn volume_picture<E>(
        &self,
        input: &VolumeInput,
        form: &str,
        draw: impl FnOnce(&Volume) -> Result<Vec<u8>, E> + Send + 'static,
    ) -> Result<Bytes, E>
    where
        E: From<Error> + Send + 'static,
    {
        let make = async {
            let volume = self.volume(input).await?;
            let drawing = self.inner().volumes.drawing.clone();
            let permit = drawing.acquire_owned().await.map_err(|_| Error::Stopping)?;
            let draw = move || {
                let picture = draw(&volume);
                drop(permit);
                Ok(picture)
            };
            let picture = Bytes::from(self.blocking(draw).await??);
            let bytes = picture.len() as u64;
            Ok((picture, bytes))
        };
        let form = format!("volume {} {form}", input.key());
        let pictures = self.inner().pixels.pictures();
        pictures.get_or_make((input.first_hash(), form), make).await
    }

    async fn make_volume(&self, input: &VolumeInput) -> Result<SharedVolume> {
        let mut refused = None;
        for members in input.series() {
            match self.volume_of_series(members, &input.references).await {
                Err(error @ Error::Pixel(_)) => refused = refused.or(Some(error)),
                other => return other,
            }
        }
        Err(refused.unwrap_or_else(|| {
            Error::Pixel(sagittal_pixel::Error::Unsupported {
                codec: "volume rendering",
                what: "an irregular volume (no images)".into(),
            })
        }))
    }

    async fn volume_of_series(
        &self,
        members: Vec<InstanceRef>,
        references: &[VolumeReference],
    ) -> Result<SharedVolume> {
        let candidates = self.candidates(members, references).await?;
        let reference = match references {
            [one] => candidates.iter().position(|candidate| {
                one.is(
                    &candidate.reader.instance,
                    candidate.frame.saturating_add(1),
                )
            }),
            _ => None,
        };
        let slices: Vec<Slice> = candidates.iter().map(|one| one.slice.clone()).collect();
        let stack = Stack::of(&slices, reference)?;
        drop(slices);
        let bytes = VolumeBuilder::bytes(&stack, MOST).map_err(too_large)?;
        let memory = self.inner().volumes.acquire(bytes).await?;
        let order: Vec<(InstanceReader, u32)> = stack
            .order
            .iter()
            .filter_map(|&at| candidates.get(at))
            .map(|one| (one.reader.clone(), one.frame))
            .collect();
        drop(candidates);
        // The memory stays taken until the builder is gone, also if nobody waits any more.
        let mut filling = (VolumeBuilder::new(stack, MOST).map_err(too_large)?, memory);
        let mut frames = stream::iter(order)
            .map(|(reader, frame)| async move { reader.decoded_frame(frame).await })
            .buffered(AHEAD);
        while let Some(frame) = frames.next().await {
            let frame = frame?;
            let add = move || {
                filling.0.add(&frame)?;
                Ok(filling)
            };
            filling = self.blocking(add).await?;
        }
        let finish = move || Ok(SharedVolume::new(filling.0.finish()?, filling.1));
        self.blocking(finish).await
    }

    /// All frames that have a place, of one series.
    async fn candidates(
        &self,
        members: Vec<InstanceRef>,
        references: &[VolumeReference],
    ) -> Result<Vec<Candidate>> {
        let frames: u64 = members
            .iter()
            .map(|one| u64::from(one.number_of_frames))
            .sum();
        if frames > FRAMES {
            return Err(Error::TooLarge {
                what: "frames of a volume",
                limit: FRAMES,
            });
        }
        let is_wanted = |instance: &InstanceRef, frame: u32| {
            references.len() < 2 || references.iter().any(|one| one.is(instance, frame))
        };
        let mut placed = stream::iter(members)
            .map(|member| async move {
                let reader = self.open_instance(member).await?;
                reader.slices().await.map(|slices| (reader, slices))
            })
            .buffered(AHEAD);
        let mut candidates = Vec::new();
        let mut refused = None;
        while let Some(found) = placed.next().await {
            let (reader, slices) = found?;
            for (frame, slice) in (0_u32..).zip(slices) {
                match slice {
                    Ok(slice) if is_wanted(&reader.instance, frame.saturating_add(1)) => {
                        candidates.push(Candidate {
                            reader: reader.clone(),
                            frame,
                            slice,
                        });
                    }
                    Ok(_) => {}
                    Err(error) => refused = refused.or(Some(error)),
                }
            }
        }
        match (candidates.is_empty(), refused) {
            (true, Some(error)) => Err(error.into()),
            _ => Ok(candidates),
        }
    }
}

impl InstanceReader {
    /// Where each of its frames lies, or why it is no slice.
    async fn slices(&self) -> Result<Vec<sagittal_pixel::Result<Slice>>> {
        let header = self.header().await?;
        let frames = self.instance.number_of_frames;
        let image = self.image_pixel().await;
        let place = move || {
            let image = match image {
                Ok(image) => image,
                Err(Error::Pixel(error)) => return Ok(vec![Err(error)]),
                Err(error) => return Err(error),
            };
            let frames = 1..=frames;
            Ok(frames
                .map(|number| Slice::of(&header, number, &image))
                .collect())
        };
        match frames {
            // A few attributes: not worth a change of thread.
            0..=1 => self.archive.at_once(place),
            _ => self.archive.blocking(place).await,
        }
    }
}

/// More than is done for one volume is the client's affair.
fn too_large(error: sagittal_pixel::Error) -> Error {
    match error {
        sagittal_pixel::Error::TooLarge { limit, .. } => Error::TooLarge {
            what: "bytes of a volume",
            limit,
        },
        other => other.into(),
    }
}
