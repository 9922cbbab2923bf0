//! Request bodies: watched for slow clients, inflated within bounds, cut at a limit.

use std::io::Write as _;
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use futures::stream::{self, BoxStream, StreamExt as _};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::config::Limits;
use crate::error::{Error, Result};

/// Before a body's average rate is judged.
const RATE_GRACE: Duration = Duration::from_secs(60);
/// Compressed bytes fed at a time: DEFLATE makes at most about a thousand times as many of them.
const SLICE: usize = 2048;
/// Inflated bytes that are always allowed, whatever the factor.
const INFLATE_GRACE: u64 = 16 << 20;

/// The body as bytes without content encoding, within the limits.
pub(crate) fn incoming(
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<BoxStream<'static, Result<Bytes>>> {
    let watched = watched(body, limits.body_stall, limits.body_rate);
    let stream = match coding(headers)? {
        Coding::Identity => watched,
        Coding::Gzip => inflate(
            watched,
            Inflater::Gzip(MultiGzDecoder::new(Vec::new())),
            limits.inflate_factor,
        ),
        Coding::Deflate => inflate(
            watched,
            Inflater::Zlib(ZlibDecoder::new(Vec::new())),
            limits.inflate_factor,
        ),
    };
    Ok(bounded(stream, limits.request_bytes))
}

#[derive(Debug, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Deflate,
}

fn coding(headers: &HeaderMap) -> Result<Coding> {
    let mut found = Coding::Identity;
    for value in headers.get_all(CONTENT_ENCODING) {
        let text = value
            .to_str()
            .map_err(|_| Error::bad("Content-Encoding is not ASCII text"))?;
        for name in text.split(',').map(str::trim) {
            let next = match name.to_ascii_lowercase().as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                _ => {
                    return Err(Error::UnsupportedMediaType(
                        "Content-Encoding: only gzip, deflate and identity are understood"
                            .to_owned(),
                    ));
                }
            };
            if found != Coding::Identity {
                return Err(Error::UnsupportedMediaType(
                    "Content-Encoding: one coding expected".to_owned(),
                ));
            }
            found = next;
        }
    }
    Ok(found)
}

/// Gives up when nothing comes for `stall`, or too little over a long time.
fn watched(body: Body, stall: Duration, rate: u64) -> BoxStream<'static, Result<Bytes>> {
    let began = Instant::now();
    let chunks = body.into_data_stream();
    stream::unfold((chunks, 0u64), move |(mut chunks, mut total)| async move {
        let item = match tokio::time::timeout(stall, chunks.next()).await {
            Err(_) => Err(Error::Timeout),
            Ok(None) => return None,
            // The client went away, or broke the rules of its own encoding.
            Ok(Some(Err(_))) => Err(Error::bad("the request body broke off")),
            Ok(Some(Ok(chunk))) => {
                total += chunk.len() as u64;
                let elapsed = began.elapsed();
                if elapsed > RATE_GRACE && total / elapsed.as_secs().max(1) < rate {
                    Err(Error::Timeout)
                } else {
                    Ok(chunk)
                }
            }
        };
        Some((item, (chunks, total)))
    })
    .boxed()
}

/// Ends with 413 after `limit` bytes.
fn bounded(
    source: BoxStream<'static, Result<Bytes>>,
    limit: u64,
) -> BoxStream<'static, Result<Bytes>> {
    source
        .scan(0u64, move |total, item| {
            let item = item.and_then(|chunk| {
                *total += chunk.len() as u64;
                if *total > limit {
                    return Err(Error::TooLarge(format!(
                        "the request body has more than {limit} bytes"
                    )));
                }
                Ok(chunk)
            });
            std::future::ready(Some(item))
        })
        .boxed()
}

enum Inflater {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Zlib(ZlibDecoder<Vec<u8>>),
}

impl Inflater {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Inflater::Gzip(decoder) => decoder.write_all(bytes),
            Inflater::Zlib(decoder) => decoder.write_all(bytes),
        }
    }

    fn finish(&mut self) -> std::io::Result<()> {
        match self {
            Inflater::Gzip(decoder) => decoder.try_finish(),
            Inflater::Zlib(decoder) => decoder.try_finish(),
        }
    }

    fn take(&mut self) -> Bytes {
        let out = match self {
            Inflater::Gzip(decoder) => decoder.get_mut(),
            Inflater::Zlib(decoder) => decoder.get_mut(),
        };
        std::mem::take(out).into()
    }
}

struct Inflating {
    source: BoxStream<'static, Result<Bytes>>,
    inflater: Inflater,
    pending: Bytes,
    factor: u64,
    read: u64,
    written: u64,
    done: bool,
}

impl Inflating {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if self.done {
                return Ok(None);
            }
            if self.pending.is_empty() {
                match self.source.next().await {
                    Some(chunk) => self.pending = chunk?,
                    None => {
                        self.done = true;
                        self.inflater.finish().map_err(broken)?;
                    }
                }
            }
            let slice = self.pending.split_to(self.pending.len().min(SLICE));
            self.read += slice.len() as u64;
            self.inflater.write(&slice).map_err(broken)?;
            let out = self.inflater.take();
            self.written += out.len() as u64;
            let allowed = INFLATE_GRACE.max(self.read.saturating_mul(self.factor));
            if self.written > allowed {
                return Err(Error::TooLarge(format!(
                    "the compressed body grows to more than {} times its size",
                    self.factor
                )));
            }
            if !out.is_empty() {
                return Ok(Some(out));
            }
        }
    }
}

fn broken(_: std::io::Error) -> Error {
    Error::bad("the body is not what its Content-Encoding says")
}

fn inflate(
    source: BoxStream<'static, Result<Bytes>>,
    inflater: Inflater,
    factor: u64,
) -> BoxStream<'static, Result<Bytes>> {
    let inflating = Inflating {
        source,
        inflater,
        pending: Bytes::new(),
        factor,
        read: 0,
        written: 0,
        done: false,
    };
    stream::unfold(inflating, |mut inflating| async move {
        match inflating.next().await {
            Ok(None) => None,
            Ok(Some(bytes)) => Some((Ok(bytes), inflating)),
            Err(error) => {
                inflating.done = true;
                Some((Err(error), inflating))
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    async fn read(encoding: &str, body: Vec<u8>, limits: &Limits) -> Result<Vec<u8>> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
        let chunks: Vec<std::io::Result<Bytes>> = body
            .chunks(1000)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        let mut stream = incoming(&headers, Body::from_stream(stream::iter(chunks)), limits)?;
        let mut out = Vec::new();
        while let Some(chunk) = stream.next().await {
            out.extend_from_slice(&chunk?);
        }
        Ok(out)
    }

    #[tokio::test]
    async fn gzip_and_deflate_are_inflated() {
        let text: Vec<u8> = (0..50_000u32).flat_map(u32::to_le_bytes).collect();
        let limits = Limits::default();
        assert_eq!(read("gzip", gzip(&text), &limits).await.unwrap(), text);
        let twice = [gzip(&text), gzip(b"more")].concat();
        assert_eq!(
            read("x-gzip", twice, &limits).await.unwrap(),
            [text.clone(), b"more".to_vec()].concat()
        );
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&text).unwrap();
        let deflated = encoder.finish().unwrap();
        assert_eq!(read("deflate", deflated, &limits).await.unwrap(), text);
        assert_eq!(read("identity", text.clone(), &limits).await.unwrap(), text);
    }

    #[tokio::test]
    async fn bombs_are_stopped_by_factor_and_by_size() {
        let bomb = gzip(&vec![0; 64 << 20]);
        let limits = Limits::default();
        assert!(matches!(
            read("gzip", bomb.clone(), &limits).await,
            Err(Error::TooLarge(_))
        ));
        let limits = Limits {
            request_bytes: 1 << 20,
            ..Limits::default()
        };
        assert!(matches!(
            read("gzip", bomb, &limits).await,
            Err(Error::TooLarge(_))
        ));
        assert!(matches!(
            read("identity", vec![0; 2 << 20], &limits).await,
            Err(Error::TooLarge(_))
        ));
    }

    #[tokio::test]
    async fn what_is_broken_or_unknown_is_the_clients_fault() {
        let limits = Limits::default();
        for (encoding, body) in [
            ("gzip", b"no gzip at all".to_vec()),
            ("gzip", gzip(b"cut").into_iter().take(12).collect()),
            ("deflate", b"\xff\xff\xff".to_vec()),
        ] {
            let result = read(encoding, body, &limits).await;
            assert!(matches!(result, Err(Error::BadRequest(_))), "{encoding}");
        }
        for encoding in ["br", "gzip, gzip", "zstd"] {
            let result = read(encoding, Vec::new(), &limits).await;
            assert!(matches!(result, Err(Error::UnsupportedMediaType(_))));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_given_up() {
        let stalled = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))])
            .chain(stream::pending());
        let mut stream = incoming(
            &HeaderMap::new(),
            Body::from_stream(stalled),
            &Limits::default(),
        )
        .unwrap();
        assert!(stream.next().await.unwrap().is_ok());
        assert!(matches!(stream.next().await, Some(Err(Error::Timeout))));
    }
}
