//! DICOMweb from outside (PS3.18): which resources are there, in which media types and transfer
//! syntaxes, and which parameters of a search work. Nothing but GET and OPTIONS is sent.

mod media;
mod resources;
mod search;

use async_trait::async_trait;
use bytes::Bytes;

use crate::document::{Fact, Web, WebResource};
use search::Sample;

/// An answer over HTTP, as far as it matters.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Content-Type.
    pub content_type: String,
    /// Value of the Server header.
    pub server: Option<String>,
    /// The body, cut where it was longer than asked for.
    pub body: Bytes,
}

impl Answer {
    /// 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A list of DICOM JSON objects; none for 204.
    fn list(&self) -> Option<Vec<serde_json::Value>> {
        if self.status == 204 {
            return Some(Vec::new());
        }
        let value = serde_json::from_slice(&self.body).ok()?;
        match value {
            serde_json::Value::Array(items) if self.is_success() => Some(items),
            _ => None,
        }
    }
}

/// Whoever speaks HTTP.
#[async_trait]
pub trait Fetch: Send {
    /// Sends a request without a body to a path below the base URL; takes at most `limit` bytes of
    /// the answer. An error is a connection that failed.
    async fn fetch(
        &mut self,
        method: &str,
        path: &str,
        accept: &str,
        limit: usize,
    ) -> Result<Answer, String>;
}

/// Requests, counted, until the server is in distress.
struct Asker<'a> {
    fetch: &'a mut dyn Fetch,
    failures: u32,
    errors: u32,
}

impl Asker<'_> {
    async fn get(&mut self, path: &str, accept: &str) -> Result<Answer, String> {
        self.ask("GET", path, accept).await
    }

    async fn ask(&mut self, method: &str, path: &str, accept: &str) -> Result<Answer, String> {
        if self.failures >= 3 {
            return Err("the server no longer answers".to_owned());
        }
        if self.errors >= 20 {
            return Err("too many answers were errors of the server".to_owned());
        }
        let answer = self.fetch.fetch(method, path, accept, 1 << 20).await;
        match &answer {
            Err(_) => self.failures += 1,
            Ok(answer) => {
                self.failures = 0;
                self.errors += u32::from(matches!(answer.status, 500 | 502..=599));
            }
        }
        answer
    }
}

/// What a server does below a URL. An error says why nothing could be asked at all.
pub async fn probe(fetch: &mut dyn Fetch, url: &str) -> Result<Web, String> {
    let mut asker = Asker {
        fetch,
        failures: 0,
        errors: 0,
    };
    let mut web = Web {
        url: url.to_owned(),
        ..Web::default()
    };
    let first = asker.get("/studies?limit=1", search::JSON).await?;
    web.server = first.server.clone().map_or_else(Fact::default, Fact::known);
    if matches!(first.status, 401 | 403) {
        web.authentication = Fact::known(true);
        web.remarks.push(format!(
            "a search for studies is answered with {}",
            first.status
        ));
        return Ok(web);
    }
    if let Ok(answer) = asker.ask("OPTIONS", "/", "application/json").await {
        let describes = answer.is_success()
            && (answer.content_type.contains("wadl") || answer.content_type.contains("json"));
        let remark = format!("{} {}", answer.status, answer.content_type);
        web.capabilities = Fact::known(describes).remark(remark.trim());
    }
    let sample = match Sample::find(&mut asker).await {
        Ok(sample) => sample,
        Err(why) => {
            web.remarks.push(why);
            None
        }
    };
    let mut resources: Vec<WebResource> = search::ask(&mut asker, sample.as_ref()).await;
    match &sample {
        Some(sample) => resources.extend(resources::ask(&mut asker, sample).await),
        None => web
            .remarks
            .push("there is no study to retrieve: resources were not explored".to_owned()),
    }
    web.resources = resources;
    Ok(web)
}
