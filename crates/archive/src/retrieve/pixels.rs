//! Decoded frames and pictures made of them, kept for those who ask again.

use std::sync::Arc;

use bytes::Bytes;
use sagittal_core::{DataSet, Uid, transfer_syntax};
use sagittal_file::encoding::Encoding;
use sagittal_pixel::{Frame, ImagePixel, codec};
use sagittal_store::blob::Hash;
use tokio::sync::Semaphore;

use super::reader::InstanceReader;
use crate::cache::ByteCache;
use crate::{Error, Result};

/// Bytes of decoded frames that are kept.
const FRAMES: u64 = 64 << 20;
/// Bytes of pictures that are kept.
const PICTURES: u64 = 32 << 20;
/// Headers that are kept, counted by the bytes of their values.
const HEADERS: u64 = 16 << 20;
/// Bytes of frames that are being decoded at the same time. One alone may have more.
const AT_WORK: u32 = 192 << 20;
/// The largest frame that is decoded.
const LARGEST: u64 = 512 << 20;
/// Native frames up to this size are copied without a change of thread.
const AT_ONCE: u64 = 1 << 20;
/// What a permit stands for.
const UNIT: u64 = 1 << 16;

/// What was decoded and drawn lately.
#[derive(Debug)]
pub(crate) struct PixelCaches {
    headers: ByteCache<Hash, Arc<DataSet>>,
    frames: ByteCache<(Hash, u32), Arc<Frame>>,
    pictures: ByteCache<(Hash, String), Bytes>,
    at_work: Arc<Semaphore>,
}

impl Default for PixelCaches {
    fn default() -> PixelCaches {
        PixelCaches {
            headers: ByteCache::new(HEADERS),
            frames: ByteCache::new(FRAMES),
            pictures: ByteCache::new(PICTURES),
            at_work: Arc::new(Semaphore::new(units(AT_WORK.into()) as usize)),
        }
    }
}

impl PixelCaches {
    /// Pictures, by an instance and all else that they depend on.
    pub(super) fn pictures(&self) -> &ByteCache<(Hash, String), Bytes> {
        &self.pictures
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.min(AT_WORK.into()).div_ceil(UNIT)).unwrap_or(u32::MAX)
}

impl InstanceReader {
    /// All attributes but pixel data. Float and Double Float Pixel Data are there, empty, to tell
    /// what the frames hold.
    pub async fn header(&self) -> Result<Arc<DataSet>> {
        let caches = &self.archive.inner().pixels;
        let make = async {
            let table = self.shared_frame_table().await?;
            let header = self.header_data_set(&table).await?;
            let bytes: usize = header
                .elements()
                .iter()
                .map(|element| 64 + element.value.as_bytes().map_or(1024, Bytes::len))
                .sum();
            Ok((Arc::new(header), bytes as u64))
        };
        caches.headers.get_or_make(self.instance.hash, make).await
    }

    /// How the pixels of its frames are laid out.
    pub async fn image_pixel(&self) -> Result<ImagePixel> {
        Ok(ImagePixel::of(&*self.header().await?)?)
    }

    /// One frame (from 0), decoded.
    pub async fn decoded_frame(&self, index: u32) -> Result<Arc<Frame>> {
        let caches = &self.archive.inner().pixels;
        let make = async {
            let image = self.image_pixel().await?;
            let stored = self.frame(index).await?;
            let _permit = self.permit(&image).await?;
            let syntax = self.syntax_of_frames();
            let is_copied = image.frame_bytes() <= AT_ONCE && !Encoding::of(&syntax).encapsulated;
            let decode = move || Ok(codec::decode(&syntax, &image, &stored, LARGEST)?);
            let frame = match is_copied {
                true => self.archive.at_once(decode)?,
                false => self.archive.blocking(decode).await?,
            };
            let bytes = frame.data.len() as u64;
            Ok((Arc::new(frame), bytes))
        };
        let key = (self.instance.hash, index);
        caches.frames.get_or_make(key, make).await
    }

    /// One frame (from 0) in another transfer syntax, native little endian if that is native.
    pub async fn frame_as(&self, index: u32, transfer_syntax_uid: &Uid) -> Result<Bytes> {
        let encoding = Encoding::of(transfer_syntax_uid.as_str());
        let wanted = match encoding.encapsulated {
            true => transfer_syntax_uid.to_string(),
            false => transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN.to_owned(),
        };
        if wanted == self.syntax_of_frames() {
            return self.frame(index).await;
        }
        if !codec::can_encode(&wanted) {
            return Err(Error::NotConvertible {
                sop_instance_uid: self.instance.sop_instance_uid.clone(),
                stored: self.instance.transfer_syntax_uid.clone(),
                wanted,
            });
        }
        let frame = self.decoded_frame(index).await?;
        let _permit = self.permit(&frame.image).await?;
        let options = codec::EncodeOptions::default();
        self.archive
            .blocking(move || Ok(codec::encode(&wanted, &frame, &options)?.bytes.into()))
            .await
    }

    /// A picture of the instance. `form` says all that it depends on besides the instance; `draw`
    /// makes it of the header and the frame (from 0), on the blocking pool.
    pub async fn picture<E>(
        &self,
        index: u32,
        form: String,
        draw: impl FnOnce(&DataSet, &Frame) -> Result<Vec<u8>, E> + Send + 'static,
    ) -> Result<Bytes, E>
    where
        E: From<Error> + Send + 'static,
    {
        let caches = &self.archive.inner().pixels;
        let make = async {
            let header = self.header().await?;
            let frame = self.decoded_frame(index).await?;
            let _permit = self.permit(&frame.image).await?;
            let draw = move || Ok(draw(&header, &frame));
            let picture = Bytes::from(self.archive.blocking(draw).await??);
            let bytes = picture.len() as u64;
            Ok((picture, bytes))
        };
        let key = (self.instance.hash, format!("{index} {form}"));
        caches.pictures.get_or_make(key, make).await
    }

    /// Decoding and drawing at the same time are bounded by the bytes that they take.
    async fn permit(&self, image: &ImagePixel) -> Result<tokio::sync::OwnedSemaphorePermit> {
        let at_work = self.archive.inner().pixels.at_work.clone();
        let bytes = image.frame_bytes().saturating_mul(2);
        let permit = at_work.acquire_many_owned(units(bytes)).await;
        permit.map_err(|_| Error::Stopping)
    }

    /// Native frames come little endian, whatever the data set.
    fn syntax_of_frames(&self) -> String {
        let stored = self.instance.transfer_syntax_uid.as_str();
        match Encoding::of(stored).encapsulated {
            true => stored.to_owned(),
            false => transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN.to_owned(),
        }
    }
}
