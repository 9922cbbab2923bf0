//! Headers of instances as DICOM JSON and as data sets (PS3.18 §10.4.1.1.2).
//!
//! The index keeps the JSON of all headers of a series in few blocks, with byte 0x01 where the base
//! URL of bulk data goes: an answer is their concatenation. What was answered lately is kept in
//! memory, as far as it is not large.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use sagittal_core::{DataSet, Limits};
use sagittal_store::index::{Index, Selection};

use super::selection::{nothing_selected, shown, shown_state};
use super::{InstanceRef, Selector};
use crate::deidentified::Lens;
use crate::handover::{self, Outlet};
use crate::{Archive, Error, Result};

/// Stands in stored headers where the base URL goes.
const BASE_URL: u8 = 0x01;
/// Portions (a block of headers, up to some MB) that wait for their reader.
const AHEAD: usize = 2;
/// Instances of a view that are opened at the same time.
const OPENED_AHEAD: usize = 2;

/// Metadata on the way out.
pub struct Metadata {
    /// Changes whenever the answer would.
    pub etag: String,
    /// The JSON array.
    pub chunks: BoxStream<'static, Result<Bytes>>,
}

impl Archive {
    /// DICOM JSON of the selected instances, as one array, in chunks; `base_url` (e.g.
    /// `http://host/dicom-web`) goes before every BulkDataURI. `NotFound` if there are none.
    /// The tag identifies this state of the selection (ETag).
    pub async fn metadata(&self, selector: &Selector, base_url: &str) -> Result<Metadata> {
        self.wait_indexed().await?;
        if let Some(lens) = self.lens() {
            return self.shown_metadata(lens.clone(), selector, base_url).await;
        }
        let (index, wanted) = (Arc::clone(self.index()), selector.clone());
        let base_url = in_json(base_url);
        let url = base_url.clone();
        let (state, etag) = self
            .blocking(move || match index.state_tag(&Selection::from(&wanted))? {
                Some(state) => {
                    let etag = tag(&state, &wanted, &url);
                    Ok((state, etag))
                }
                None => Err(nothing_selected(&*index, &wanted)?),
            })
            .await?;
        if let Some(chunks) = self.inner().metadata.get(&etag) {
            let chunks = chunks.iter().cloned().map(Ok).collect::<Vec<_>>();
            let chunks = futures::stream::iter(chunks).boxed();
            return Ok(Metadata { etag, chunks });
        }
        let (outlet, chunks) = handover::channel(AHEAD);
        let writer = Writer {
            selection: Selection::from(selector),
            base_url,
            state,
            etag: etag.clone(),
        };
        tokio::spawn(writer.write(self.clone(), outlet));
        Ok(Metadata { etag, chunks })
    }

    /// The header of one instance as a data set, BulkDataURIs with `base_url`.
    pub async fn header(&self, instance: &InstanceRef, base_url: &str) -> Result<DataSet> {
        if let Some(lens) = self.lens() {
            let cleaned = self.cleaned(lens, instance).await?;
            let json = splice(cleaned.json.clone(), &in_json(base_url));
            let mut read = sagittal_file::json::read(&json, Limits::default())?;
            return Ok(read.pop().unwrap_or_default());
        }
        self.wait_indexed().await?;
        let index = Arc::clone(self.index());
        let (uid, hash) = (instance.sop_instance_uid.clone(), instance.hash);
        let base_url = in_json(base_url);
        self.blocking(move || {
            let row = index.instance(uid.as_str())?;
            let found = row.as_ref().and_then(|row| row.instance());
            let Some(found) = found.filter(|found| found.hash == hash) else {
                return Err(Error::Gone {
                    what: "instance",
                    uid: uid.to_string(),
                });
            };
            let json = splice(index.header(found)?, &base_url);
            let mut read = sagittal_file::json::read(&json, Limits::default())?;
            Ok(read.pop().unwrap_or_default())
        })
        .await
    }
}

impl Archive {
    /// As [`Archive::metadata`], of a view. Instances that cannot be de-identified are left out;
    /// the only one is refused.
    async fn shown_metadata(
        &self,
        lens: Arc<Lens>,
        selector: &Selector,
        base_url: &str,
    ) -> Result<Metadata> {
        let (index, wanted) = (Arc::clone(self.index()), selector.clone());
        let (of, url) = (lens.clone(), in_json(base_url));
        let base_url = url.clone();
        let (etag, instances) = self
            .blocking(move || {
                let state = shown_state(&*index, &of, &wanted)?.unwrap_or_default();
                Ok((tag(&state, &wanted, &url), shown(&*index, &of, &wanted)?))
            })
            .await?;
        if instances.is_empty() {
            return Err(self.why_nothing(selector).await?);
        }
        if let [only] = instances.as_slice() {
            self.cleaned(&lens, only).await?;
        }
        let archive = self.clone();
        let headers = futures::stream::iter(instances)
            .map(move |instance| {
                let (archive, lens) = (archive.clone(), lens.clone());
                async move {
                    let cleaned = archive.cleaned(&lens, &instance).await?;
                    Ok(cleaned.json.clone())
                }
            })
            .buffered(OPENED_AHEAD)
            .filter_map(|header| async {
                match header {
                    Err(Error::Withheld) => None,
                    header => Some(header),
                }
            });
        let mut first = true;
        let objects = headers.map(move |header: Result<Vec<u8>>| {
            let mut chunk = vec![if first { b'[' } else { b',' }];
            first = false;
            chunk.append(&mut splice(header?, &base_url));
            Ok(chunk)
        });
        // Whether there was anything is known at the end.
        let chunks = futures::stream::unfold((objects.boxed(), Some(true)), array).boxed();
        Ok(Metadata { etag, chunks })
    }
}

type Objects = (BoxStream<'static, Result<Vec<u8>>>, Option<bool>);

/// The next chunk of an array of objects; the state says whether it is still empty, or ended.
async fn array((mut objects, is_empty): Objects) -> Option<(Result<Bytes>, Objects)> {
    let is_empty = is_empty?;
    Some(match objects.next().await {
        Some(object) => (object.map(Bytes::from), (objects, Some(false))),
        None => {
            let end: &[u8] = if is_empty { b"[]" } else { b"]" };
            (Ok(Bytes::from_static(end)), (objects, None))
        }
    })
}

/// Identifies a state of a selection as it is written with a base URL.
fn tag(state: &str, selector: &Selector, base_url: &str) -> String {
    let text = format!("{state}\n{selector:?}\n{base_url}");
    let hash = blake3::hash(text.as_bytes()).to_hex();
    hash.chars().take(32).collect()
}

/// A text as it stands in a JSON string.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_matches('"').to_owned()
}

/// Puts the base URL into its places.
fn splice(json: Vec<u8>, base_url: &str) -> Vec<u8> {
    let places: Vec<usize> = memchr::memchr_iter(BASE_URL, &json).collect();
    if places.is_empty() {
        return json;
    }
    let mut out = Vec::with_capacity(json.len() + places.len() * base_url.len());
    let mut from = 0;
    for place in places {
        out.extend_from_slice(json.get(from..place).unwrap_or(&[]));
        out.extend_from_slice(base_url.as_bytes());
        from = place + 1;
    }
    out.extend_from_slice(json.get(from..).unwrap_or(&[]));
    out
}

/// Writes the answer on the blocking pool.
struct Writer {
    selection: Selection,
    base_url: String,
    state: String,
    etag: String,
}

impl Writer {
    async fn write(self, archive: Archive, outlet: Outlet<Bytes>) {
        let (index, inner) = (Arc::clone(archive.index()), Arc::clone(archive.inner()));
        let out = outlet.clone();
        let written = archive.blocking(move || {
            let mut kept = Some(Vec::new());
            let mut size = 0;
            let complete = write(
                &*index,
                &self.selection,
                &self.base_url,
                &mut |chunk: Bytes| {
                    size += chunk.len();
                    if size > LARGEST {
                        kept = None;
                    }
                    if let Some(kept) = &mut kept {
                        kept.push(chunk.clone());
                    }
                    out.send(Ok(chunk))
                },
            )?;
            // What came in while it was written is in the answer, but not in its tag.
            let unchanged = index.state_tag(&self.selection)?.as_ref() == Some(&self.state);
            if let (true, true, Some(kept)) = (complete, unchanged, kept) {
                inner.metadata.put(self.etag, kept);
            }
            Ok(())
        });
        outlet.end(written.await).await;
    }
}

/// The array, chunk by chunk. True if it was written to its end.
fn write(
    index: &dyn Index,
    selection: &Selection,
    base_url: &str,
    out: &mut dyn FnMut(Bytes) -> ControlFlow<()>,
) -> Result<bool> {
    let mut first = true;
    let mut complete = true;
    index.headers(selection, &mut |json, _| {
        let mut chunk = vec![if first { b'[' } else { b',' }];
        first = false;
        chunk.append(&mut splice(json, base_url));
        let flow = out(chunk.into());
        complete = flow.is_continue();
        flow
    })?;
    if complete {
        let end: &[u8] = if first { b"[]" } else { b"]" };
        complete = out(Bytes::from_static(end)).is_continue();
    }
    Ok(complete)
}

/// Bytes of one answer that are kept, at most.
const LARGEST: usize = 24 << 20;
/// Bytes of all answers that are kept.
const CACHE: usize = 48 << 20;

/// Answers given lately, by their tag, the latest last.
#[derive(Default)]
pub(crate) struct MetadataCache {
    answers: Mutex<VecDeque<(String, Vec<Bytes>)>>,
}

impl MetadataCache {
    fn get(&self, etag: &str) -> Option<Vec<Bytes>> {
        let mut answers = self.answers.lock();
        let at = answers.iter().position(|(tag, _)| tag == etag)?;
        let answer = answers.remove(at)?;
        let chunks = answer.1.clone();
        answers.push_back(answer);
        Some(chunks)
    }

    fn put(&self, etag: String, chunks: Vec<Bytes>) {
        let mut answers = self.answers.lock();
        answers.retain(|(tag, _)| *tag != etag);
        answers.push_back((etag, chunks));
        let size = |answers: &VecDeque<(String, Vec<Bytes>)>| -> usize {
            answers
                .iter()
                .flat_map(|(_, chunks)| chunks)
                .map(Bytes::len)
                .sum()
        };
        while size(&answers) > CACHE || answers.len() > 1_000 {
            answers.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_url_goes_into_every_place() {
        let json = br#"{"a":"\x01/1","b":"\x01/2"}"#.to_vec();
        let json = String::from_utf8(json)
            .expect("text")
            .replace("\\x01", "\u{1}");
        let spliced = splice(json.into_bytes(), "http://h/dicom-web");
        let expected = br#"{"a":"http://h/dicom-web/1","b":"http://h/dicom-web/2"}"#;
        assert_eq!(spliced, expected);
        assert_eq!(splice(b"{}".to_vec(), "x"), b"{}");
        assert_eq!(in_json("a\"b"), "a\\\"b");
    }

    #[test]
    fn the_cache_keeps_the_latest_within_its_budget() {
        let cache = MetadataCache::default();
        let large = || vec![Bytes::from(vec![0; CACHE / 2])];
        cache.put("a".into(), large());
        cache.put("b".into(), large());
        assert!(cache.get("a").is_some());
        cache.put("c".into(), large());
        assert!(cache.get("b").is_none());
        assert!(cache.get("a").is_some() && cache.get("c").is_some());
    }
}
