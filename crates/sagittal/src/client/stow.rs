//! STOW-RS, one instance a request (PS3.18 §10.5).

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::bail;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::Value;

use super::http::{HttpClient, body, reason, streaming};

/// What became of an instance.
#[derive(Debug, PartialEq, Eq)]
pub enum Stowed {
    /// Stored.
    Stored,
    /// Not stored, and why.
    Refused(String),
}

/// Stores instances over one connection; a clone has its own.
#[derive(Clone)]
pub struct StowClient {
    http: HttpClient,
}

impl StowClient {
    /// A client of this server.
    pub fn new(http: HttpClient) -> StowClient {
        StowClient { http }
    }

    /// Stores one Part 10 file. An error concerns the server, not the instance.
    pub async fn store(
        &mut self,
        first: Bytes,
        rest: BoxStream<'static, std::io::Result<Bytes>>,
    ) -> anyhow::Result<Stowed> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let boundary = format!("sagittal-{}-{number}", std::process::id());
        let head = format!("--{boundary}\r\nContent-Type: application/dicom\r\n\r\n");
        let tail = format!("\r\n--{boundary}--\r\n");
        let once = |bytes: Bytes| futures::stream::once(async move { Ok(bytes) });
        let chunks = once(head.into())
            .chain(once(first))
            .chain(rest)
            .chain(once(tail.into()));
        let request = self
            .http
            .request(Method::POST, "/studies")
            .header(
                header::CONTENT_TYPE,
                format!("multipart/related; type=\"application/dicom\"; boundary={boundary}"),
            )
            .header(header::ACCEPT, "application/dicom+json")
            .body(streaming(chunks.boxed()))?;
        let response = self.http.send(request).await?;
        let status = response.status();
        let told = warning(response.headers());
        let url = self.http.url().to_string();
        let text = body(response, 1 << 20).await?;
        match status {
            StatusCode::OK
            | StatusCode::ACCEPTED
            | StatusCode::CONFLICT
            | StatusCode::BAD_REQUEST => Ok(judge(status, &text, told)),
            StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::PAYLOAD_TOO_LARGE => {
                Ok(Stowed::Refused(unexplained(status, &text)))
            }
            _ => bail!("{url} answers {}", reason(status, &text)),
        }
    }
}

/// The words of a `Warning` header, which ours adds to the code of a failure.
fn warning(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::WARNING)?.to_str().ok()?;
    let (_, rest) = value.split_once('"')?;
    let (text, _) = rest.rsplit_once('"')?;
    (!text.is_empty()).then(|| text.chars().take(300).collect())
}

/// Reads the Store Instances Response Module (PS3.18 §I.2).
fn judge(status: StatusCode, text: &[u8], told: Option<String>) -> Stowed {
    let json: Value = serde_json::from_slice(text).unwrap_or(Value::Null);
    let items = |tag: &str| json[tag]["Value"].as_array().cloned().unwrap_or_default();
    let mut failed = items("00081198");
    failed.extend(items("0008119A"));
    if failed.is_empty() && !items("00081199").is_empty() {
        return Stowed::Stored;
    }
    let reason = failed
        .first()
        .and_then(|item| item["00081197"]["Value"][0].as_u64())
        .map_or_else(|| unexplained(status, text), failure);
    Stowed::Refused(match told {
        Some(told) => format!("{reason}: {told}"),
        None => reason,
    })
}

/// An answer that is not a Store Instances Response Module.
fn unexplained(status: StatusCode, text: &[u8]) -> String {
    format!("the server answers {}", reason(status, text))
}

/// Failure Reason (0008,1197) in words (PS3.18 Table I.2-2).
fn failure(code: u64) -> String {
    let words = match code {
        0xA700..=0xA7FF => "out of resources",
        0xA900..=0xA9FF => "data set does not match its SOP class",
        0xC000..=0xCFFF => "cannot be understood",
        0x0110 => "processing failure",
        0x0111 => "duplicate SOP Instance UID with other content",
        0x0122 => "SOP class not supported",
        0x0124 => "not authorized",
        _ => "refused",
    };
    format!("{words} (failure reason {code:04X})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_says_whether_the_instance_is_stored() {
        let stored = br#"{"00081199":{"vr":"SQ","Value":[{}]}}"#;
        assert_eq!(judge(StatusCode::OK, stored, None), Stowed::Stored);
        let failed =
            br#"{"00081198":{"vr":"SQ","Value":[{"00081197":{"vr":"US","Value":[49152]}}]}}"#;
        let Stowed::Refused(reason) = judge(StatusCode::CONFLICT, failed, None) else {
            panic!("stored");
        };
        assert!(reason.contains("C000"), "{reason}");
        let report = br#"{"error":"Bad Request","status":400,"message":"no parts"}"#;
        assert_eq!(
            judge(StatusCode::BAD_REQUEST, report, None),
            Stowed::Refused("the server answers 400 Bad Request: no parts".to_owned())
        );
        assert!(matches!(
            judge(StatusCode::OK, b"hello", None),
            Stowed::Refused(_)
        ));
    }
}
