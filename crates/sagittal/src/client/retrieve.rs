//! Finding and retrieving instances over QIDO-RS and WADO-RS (PS3.18 §10.6, §10.4).

use std::io::Write;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt as _;
use sagittal_core::Uid;
use sagittal_web::accept::MediaRange;
use sagittal_web::multipart::{Limits, Parser, Token, boundary_of};
use serde_json::Value;

use super::http::{HttpClient, body, reason};

/// Answers a page.
const PAGE: usize = 1000;
/// Bytes of a page.
const PAGE_BYTES: usize = 256 << 20;

/// How an instance may be asked for: alone; and as servers understand it that give it in multipart
/// only (Orthanc), some of them without `*`. All mean the stored transfer syntax, or come near.
const ACCEPT: &[&str] = &[
    "application/dicom; transfer-syntax=*",
    "multipart/related; type=\"application/dicom\"; transfer-syntax=*",
    "multipart/related; type=\"application/dicom\"",
];

/// An instance on a server.
#[derive(Clone, Debug)]
pub struct RemoteInstance {
    /// Study Instance UID.
    pub study_instance_uid: Uid,
    /// Series Instance UID.
    pub series_instance_uid: Uid,
    /// SOP Instance UID.
    pub sop_instance_uid: Uid,
}

/// Finds and retrieves over one connection.
pub struct Remote {
    http: HttpClient,
    /// What of [`ACCEPT`] the server understands.
    accept: usize,
}

impl Remote {
    /// A client of this server.
    pub fn new(http: HttpClient) -> Remote {
        Remote { http, accept: 0 }
    }

    /// Instances that match QIDO-RS parameters (`Key=Value`), all pages.
    pub async fn find(&mut self, parameters: &[String]) -> anyhow::Result<Vec<RemoteInstance>> {
        let mut found = Vec::new();
        loop {
            let mut query = format!("/instances?limit={PAGE}&offset={}", found.len());
            for parameter in parameters {
                query.push('&');
                query.push_str(&encode(parameter));
            }
            let response = self.http.get(&query, "application/dicom+json").await?;
            let status = response.status();
            if status == StatusCode::NO_CONTENT {
                return Ok(found);
            }
            let text = body(response, PAGE_BYTES).await?;
            if status != StatusCode::OK {
                let reason = reason(status, &text);
                bail!("{} answers {reason} to a query", self.http.url());
            }
            let answers: Vec<Value> =
                serde_json::from_slice(&text).context("the answer to a query is not DICOM JSON")?;
            let last = answers.len() < PAGE;
            for answer in &answers {
                found.push(RemoteInstance {
                    study_instance_uid: uid(answer, "0020000D")?,
                    series_instance_uid: uid(answer, "0020000E")?,
                    sop_instance_uid: uid(answer, "00080018")?,
                });
            }
            if last {
                return Ok(found);
            }
        }
    }

    /// Writes the Part 10 file of an instance, in its stored transfer syntax.
    pub async fn retrieve(
        &mut self,
        instance: &RemoteInstance,
        out: &mut impl Write,
    ) -> anyhow::Result<u64> {
        let path = format!(
            "/studies/{}/series/{}/instances/{}",
            instance.study_instance_uid, instance.series_instance_uid, instance.sop_instance_uid
        );
        let mut response = self.http.get(&path, ACCEPT[self.accept]).await?;
        while is_misunderstood(response.status()) && self.accept + 1 < ACCEPT.len() {
            // Read to its end, so that the connection can be used again.
            let _ = body(response, 1 << 20).await;
            self.accept += 1;
            response = self.http.get(&path, ACCEPT[self.accept]).await?;
        }
        let status = response.status();
        let media_type = response
            .headers()
            .get(http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        if status != StatusCode::OK {
            let text = body(response, 1 << 20).await.unwrap_or_default();
            bail!(
                "{} answers {} for instance {}",
                self.http.url(),
                reason(status, &text),
                instance.sop_instance_uid
            );
        }
        let mut sink = match MediaRange::parse(&media_type) {
            Some(media) if media.is_multipart() => Sink::Multipart {
                parser: Box::new(Parser::new(boundary_of(&media)?, Limits::default())),
                parts: 0,
            },
            Some(media) if media.essence() == "application/dicom" => Sink::Whole,
            _ => bail!(
                "{} answers with {media_type:?}, expected application/dicom",
                self.http.url()
            ),
        };
        let mut body = response.into_body();
        let mut total = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.context("the connection broke in the middle of an instance")?;
            if let Ok(bytes) = frame.into_data() {
                total += sink.take(bytes, out)?;
            }
        }
        sink.end()?;
        Ok(total)
    }
}

fn is_misunderstood(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::NOT_ACCEPTABLE | StatusCode::NOT_IMPLEMENTED
    )
}

/// The body of an answer on its way to a file.
enum Sink {
    Whole,
    Multipart { parser: Box<Parser>, parts: usize },
}

impl Sink {
    /// Writes what there is of the instance in these bytes; gives how much.
    fn take(&mut self, bytes: Bytes, out: &mut impl Write) -> anyhow::Result<u64> {
        let Sink::Multipart { parser, parts } = self else {
            out.write_all(&bytes)?;
            return Ok(bytes.len() as u64);
        };
        let mut written = 0;
        parser.feed(bytes);
        while let Some(token) = parser.next()? {
            match token {
                Token::Start(_) if *parts > 0 => bail!("more than one instance in an answer"),
                Token::Start(_) => *parts = 1,
                Token::Data(bytes) => {
                    out.write_all(&bytes)?;
                    written += bytes.len() as u64;
                }
                Token::End => {}
                Token::Close => break,
            }
        }
        Ok(written)
    }

    /// Was it all there?
    fn end(self) -> anyhow::Result<()> {
        let Sink::Multipart { mut parser, parts } = self else {
            return Ok(());
        };
        parser.end();
        while parser.next()?.is_some_and(|token| token != Token::Close) {}
        if parts == 0 {
            bail!("no instance in an answer");
        }
        Ok(())
    }
}

fn uid(answer: &Value, tag: &str) -> anyhow::Result<Uid> {
    let text = answer[tag]["Value"][0].as_str();
    let text = text.with_context(|| format!("an answer has no ({tag})"))?;
    Ok(Uid::tolerant(text)?)
}

/// Percent-encodes a `Key=Value` parameter.
fn encode(parameter: &str) -> String {
    let mut out = String::new();
    for byte in parameter.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~=*\\,^".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out.replace('\\', "%5C").replace('^', "%5E")
}
