//! gzip as Content-Encoding of an answer, where the client asks for it (RFC 9110 §12.5.3).

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream::{self, BoxStream, StreamExt as _};
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

use crate::error::{Error, Result};

/// Does the client take gzip?
pub fn is_accepted(headers: &HeaderMap) -> bool {
    let mut any = None;
    for value in headers.get_all(ACCEPT_ENCODING) {
        let Ok(text) = value.to_str() else { continue };
        for piece in text.split(',') {
            let (name, parameters) = piece.split_once(';').unwrap_or((piece, ""));
            let refused = parameters
                .trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.trim().parse::<f32>() == Ok(0.0));
            match name.trim() {
                name if name.eq_ignore_ascii_case("gzip") => return !refused,
                "*" => any = Some(!refused),
                _ => {}
            }
        }
    }
    any.unwrap_or(false)
}

/// Compresses quickly (level 1): metadata shrink tenfold at a cost that the network repays.
pub fn compress(source: BoxStream<'static, Result<Bytes>>) -> BoxStream<'static, Result<Bytes>> {
    let encoder = GzEncoder::new(Vec::new(), Compression::new(1));
    stream::unfold(
        (source, Some(encoder)),
        |(mut source, encoder)| async move {
            let mut encoder = encoder?;
            loop {
                match source.next().await {
                    Some(Ok(chunk)) => {
                        if let Err(error) = encoder.write_all(&chunk) {
                            return Some((Err(Error::Internal(error.to_string())), (source, None)));
                        }
                        // A long answer must not keep a worker thread to itself.
                        tokio::task::consume_budget().await;
                        if encoder.get_ref().len() >= 8 << 10 {
                            let out = Bytes::from(std::mem::take(encoder.get_mut()));
                            return Some((Ok(out), (source, Some(encoder))));
                        }
                    }
                    Some(Err(error)) => return Some((Err(error), (source, None))),
                    None => {
                        let out = encoder
                            .finish()
                            .map(Bytes::from)
                            .map_err(|error| Error::Internal(error.to_string()));
                        return Some((out, (source, None)));
                    }
                }
            }
        },
    )
    .boxed()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Read as _;

    #[test]
    fn gzip_is_used_only_if_it_is_accepted() {
        let accepted = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, text.parse().unwrap());
            is_accepted(&headers)
        };
        assert!(accepted("gzip, deflate, br"));
        assert!(accepted("br;q=1, GZIP;q=0.5"));
        assert!(accepted("*"));
        assert!(!accepted("gzip;q=0, *"));
        assert!(!accepted("identity"));
        assert!(!is_accepted(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn what_is_compressed_is_read_again() {
        let chunks: Vec<Bytes> = (0..500u32)
            .map(|n| Bytes::from(format!("{{\"n\":{}}}", n.wrapping_mul(2_654_435_761)).repeat(50)))
            .collect();
        let whole: Vec<u8> = chunks.concat();
        let stream = compress(stream::iter(chunks.into_iter().map(Ok)).boxed());
        let out: Vec<u8> = stream
            .map(Result::unwrap)
            .collect::<Vec<Bytes>>()
            .await
            .concat();
        assert!(out.len() < whole.len());
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&out[..])
            .read_to_end(&mut text)
            .unwrap();
        assert_eq!(text, whole);
    }
}
