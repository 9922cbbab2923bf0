//! Writing multipart messages as streams.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use std::ops::Range;

use crate::error::Result;

/// One part on its way out.
pub struct Part {
    /// `Content-Type`.
    pub content_type: String,
    /// `Content-Location`, if the part is a resource of its own.
    pub location: Option<String>,
    /// Bytes of the body, if known.
    pub length: Option<u64>,
    /// The body.
    pub body: BoxStream<'static, Result<Bytes>>,
}

/// Writes `multipart/related`.
pub struct Writer {
    boundary: String,
    media_type: String,
}

impl Writer {
    /// A writer of parts of this media type.
    pub fn related(media_type: &str) -> Writer {
        Writer {
            boundary: random_boundary(),
            media_type: media_type.to_owned(),
        }
    }

    /// The response: parts are asked for one after the other, as the client takes them.
    pub fn respond(
        self,
        status: StatusCode,
        parts: impl Stream<Item = Result<Part>> + Send + 'static,
    ) -> Response {
        let content_type = format!(
            "multipart/related; type=\"{}\"; boundary={}",
            self.media_type, self.boundary
        );
        let mut response = Response::new(Body::from_stream(encode(self.boundary, parts)));
        *response.status_mut() = status;
        if let Ok(value) = HeaderValue::from_str(&content_type) {
            response.headers_mut().insert(CONTENT_TYPE, value);
        }
        response
    }
}

/// `multipart/byteranges` (RFC 9110 §14.6) of a resource of `length` bytes.
pub fn byteranges(
    length: u64,
    media_type: &str,
    parts: Vec<(Range<u64>, BoxStream<'static, Result<Bytes>>)>,
) -> Response {
    let boundary = random_boundary();
    let mut total = 0u64;
    let mut pieces: Vec<BoxStream<'static, Result<Bytes>>> = Vec::new();
    for (number, (range, body)) in parts.into_iter().enumerate() {
        let line_end = if number == 0 { "" } else { "\r\n" };
        let head = format!(
            "{line_end}--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: bytes {}-{}/{length}\r\n\r\n",
            range.start,
            range.end.saturating_sub(1),
        );
        total += head.len() as u64 + (range.end - range.start);
        pieces.push(once(head));
        pieces.push(body);
    }
    let tail = format!("\r\n--{boundary}--\r\n");
    total += tail.len() as u64;
    pieces.push(once(tail));
    let mut response = Response::new(Body::from_stream(stream::iter(pieces).flatten()));
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&format!("multipart/byteranges; boundary={boundary}"))
    {
        headers.insert(CONTENT_TYPE, value);
    }
    headers.insert(CONTENT_LENGTH, HeaderValue::from(total));
    response
}

/// Heads, bodies and the closing delimiter. An error ends the stream, and so the connection: the
/// client sees a message without end, not a short one.
fn encode(
    boundary: String,
    parts: impl Stream<Item = Result<Part>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let tail = boundary.clone();
    let mut first = true;
    parts
        .flat_map(move |part| -> BoxStream<'static, Result<Bytes>> {
            match part {
                Err(error) => stream::once(async { Err(error) }).boxed(),
                Ok(part) => {
                    let head = head(&boundary, std::mem::take(&mut first), &part);
                    once(head).chain(part.body).boxed()
                }
            }
        })
        .chain(stream::once(async move {
            Ok(Bytes::from(format!("\r\n--{tail}--\r\n")))
        }))
}

fn head(boundary: &str, first: bool, part: &Part) -> String {
    let mut head = String::with_capacity(256);
    if !first {
        head.push_str("\r\n");
    }
    head.push_str("--");
    head.push_str(boundary);
    head.push_str("\r\nContent-Type: ");
    head.push_str(&part.content_type);
    if let Some(location) = &part.location {
        head.push_str("\r\nContent-Location: ");
        head.push_str(location);
    }
    if let Some(length) = part.length {
        head.push_str("\r\nContent-Length: ");
        head.push_str(&length.to_string());
    }
    head.push_str("\r\n\r\n");
    head
}

fn once(text: String) -> BoxStream<'static, Result<Bytes>> {
    stream::once(async move { Ok(Bytes::from(text)) }).boxed()
}

/// 128 random bits: no body holds them by chance.
fn random_boundary() -> String {
    format!("sagittal-{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::accept::MediaRange;
    use crate::error::Error;
    use crate::multipart::{Reader, Token, boundary_of};

    fn part(body: &'static [u8]) -> Result<Part> {
        Ok(Part {
            content_type: "application/dicom".to_owned(),
            location: Some("http://h/x".to_owned()),
            length: Some(body.len() as u64),
            body: stream::once(async move { Ok(Bytes::from_static(body)) }).boxed(),
        })
    }

    #[tokio::test]
    async fn what_is_written_is_read_again() {
        let parts = stream::iter([part(b"one"), part(b""), part(b"\r\n--x")]);
        let response = Writer::related("application/dicom").respond(StatusCode::OK, parts);
        let media = response.headers()[CONTENT_TYPE].to_str().unwrap();
        let media = MediaRange::parse(media).unwrap();
        assert_eq!(media.parameter("type"), Some("application/dicom"));
        let boundary = boundary_of(&media).unwrap().to_owned();
        let source = response
            .into_body()
            .into_data_stream()
            .map(|chunk| chunk.map_err(|_| Error::Timeout));
        let mut reader = Reader::new(source.boxed(), &boundary);
        let mut bodies: Vec<Vec<u8>> = Vec::new();
        loop {
            match reader.next().await.unwrap() {
                Token::Start(headers) => {
                    assert_eq!(headers.get("content-location"), Some("http://h/x"));
                    bodies.push(Vec::new());
                }
                Token::Data(bytes) => bodies.last_mut().unwrap().extend_from_slice(&bytes),
                Token::End => {}
                Token::Close => break,
            }
        }
        assert_eq!(bodies, [b"one".to_vec(), b"".to_vec(), b"\r\n--x".to_vec()]);
    }

    #[tokio::test]
    async fn an_error_on_the_way_breaks_the_message_off() {
        let parts = stream::iter([part(b"one"), Err(Error::Internal("x".into()))]);
        let response = Writer::related("application/dicom").respond(StatusCode::OK, parts);
        let chunks: Vec<_> = response.into_body().into_data_stream().collect().await;
        assert!(chunks.iter().any(Result::is_err));
    }

    #[tokio::test]
    async fn the_length_of_byte_ranges_is_told_right() {
        let body = |bytes: &'static [u8]| {
            stream::once(async move { Ok(Bytes::from_static(bytes)) }).boxed()
        };
        let response = byteranges(9, "a/b", vec![(0..2, body(b"ab")), (7..9, body(b"yz"))]);
        let told: usize = response.headers()[CONTENT_LENGTH]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .unwrap();
        assert_eq!(bytes.len(), told);
        assert!(String::from_utf8_lossy(&bytes).contains("Content-Range: bytes 7-8/9"));
    }
}
