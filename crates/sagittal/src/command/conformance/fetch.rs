//! HTTP for the probe of DICOMweb, and for taking away what it stored.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Method, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use sagittal_conform::probe::web::{Answer, Fetch};

use crate::client::{HttpClient, empty};

/// A client that keeps to a rate.
pub(super) struct Paced {
    client: HttpClient,
    gap: Duration,
    next: Instant,
}

impl Paced {
    pub fn new(client: HttpClient, rate: u32) -> Paced {
        Paced {
            client,
            gap: Duration::from_secs(1) / rate.max(1),
            next: Instant::now(),
        }
    }

    async fn send(
        &mut self,
        method: &Method,
        path: &str,
        accept: &str,
    ) -> anyhow::Result<http::Response<Incoming>> {
        tokio::time::sleep_until(self.next.into()).await;
        self.next = Instant::now() + self.gap;
        let mut last = None;
        // A connection that was kept open may have been closed meanwhile.
        for _ in 0..2 {
            let request = self
                .client
                .request(method.clone(), path)
                .header(header::ACCEPT, accept)
                .body(empty())?;
            match self.client.send(request).await {
                Ok(response) => return Ok(response),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("no answer")))
    }
}

#[async_trait]
impl Fetch for Paced {
    async fn fetch(
        &mut self,
        method: &str,
        path: &str,
        accept: &str,
        limit: usize,
    ) -> Result<Answer, String> {
        let method: Method = method
            .parse()
            .map_err(|_| format!("{method} is no method"))?;
        let response = self
            .send(&method, path, accept)
            .await
            .map_err(|error| format!("{error:#}"))?;
        let text = |name| {
            let value = response.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Ok(Answer {
            status: response.status().as_u16(),
            content_type: text(header::CONTENT_TYPE).unwrap_or_default(),
            server: text(header::SERVER),
            body: first(response.into_body(), limit).await?,
        })
    }
}

/// At most so many bytes of a body; the rest is left unread, and the connection with it.
async fn first(mut body: Incoming, limit: usize) -> Result<Bytes, String> {
    let mut bytes = BytesMut::new();
    while bytes.len() < limit {
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    bytes.extend_from_slice(data);
                }
            }
            Some(Err(error)) => return Err(format!("the answer cannot be read: {error}")),
            None => break,
        }
    }
    bytes.truncate(limit);
    Ok(bytes.freeze())
}
