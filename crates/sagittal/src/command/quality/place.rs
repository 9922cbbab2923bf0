//! Where the archive is: a running server, or a folder without one.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use http::{Method, StatusCode, header};
use sagittal_archive::Archive;
use sagittal_archive::quality::{Filter, Instance, Report, Standing};
use serde::Deserialize;

use crate::client::{self, HttpClient, ServerUrl, empty};

/// Largest answer that is read.
const ANSWER: usize = 256 << 20;
/// Instances asked for at a time.
const PAGE: u64 = 1000;

/// Arguments that say where.
#[derive(Debug, clap::Args)]
pub struct Where {
    /// Data folder of the archive, if no server runs on it
    #[arg(
        long,
        default_value = "sagittal-data",
        env = "SAGITTAL_DATA",
        conflicts_with = "server"
    )]
    data: PathBuf,
    /// A running server, for example http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    server: Option<ServerUrl>,
    #[command(flatten)]
    access: client::Access,
}

/// An archive to be asked.
pub(super) enum Place {
    Folder(Archive),
    Server(Box<HttpClient>),
}

/// What was released or deleted.
#[derive(Debug, Deserialize)]
pub(super) struct Done {
    pub sop_instance_uid: String,
    #[serde(default = "yes")]
    pub shown: bool,
}

const fn yes() -> bool {
    true
}

impl Where {
    pub async fn open(&self) -> anyhow::Result<Place> {
        let Some(url) = &self.server else {
            crate::command::must_exist(&self.data)?;
            return match crate::command::open(&self.data).await {
                Ok(archive) => Ok(Place::Folder(archive)),
                Err(error) => {
                    Err(error).context("ask the server with --server if one runs on this folder")
                }
            };
        };
        let mut url = url.clone();
        // The address of the DICOMweb services does as well.
        if let Some(path) = url.path.strip_suffix("/dicom-web") {
            url.path = path.to_owned();
        }
        let client = HttpClient::new(&url, &self.access)?;
        Ok(Place::Server(Box::new(client)))
    }
}

impl Place {
    pub async fn close(self) -> anyhow::Result<()> {
        if let Place::Folder(archive) = self {
            archive.close(Duration::from_secs(60)).await?;
        }
        Ok(())
    }

    pub async fn report(&mut self, days: u32) -> anyhow::Result<Report> {
        match self {
            Place::Folder(archive) => Ok(archive.quality_report(days).await?),
            Place::Server(client) => {
                let path = format!("/quality?days={days}");
                let body = ask(client, Method::GET, &path).await?;
                serde_json::from_slice(&body).context("the server's answer is no report")
            }
        }
    }

    /// All instances that are held back, the last ones first.
    pub async fn quarantined(&mut self, source: Option<&str>) -> anyhow::Result<Vec<Instance>> {
        let mut all = Vec::new();
        loop {
            let offset = all.len() as u64;
            let page = self.page(source, offset).await?;
            let ended = (page.len() as u64) < PAGE;
            all.extend(page);
            if ended {
                return Ok(all);
            }
        }
    }

    async fn page(&mut self, source: Option<&str>, offset: u64) -> anyhow::Result<Vec<Instance>> {
        match self {
            Place::Folder(archive) => {
                let filter = Filter {
                    standing: Some(Standing::Quarantined),
                    source: source.map(str::to_owned),
                    offset,
                    limit: PAGE,
                    ..Filter::default()
                };
                Ok(archive.flawed(filter).await?)
            }
            Place::Server(client) => {
                let mut path = format!("/quality/quarantine?offset={offset}&limit={PAGE}");
                if let Some(source) = source {
                    path.push_str("&source=");
                    path.push_str(&encoded(source));
                }
                let body = ask(client, Method::GET, &path).await?;
                serde_json::from_slice(&body).context("the server's answer is no list")
            }
        }
    }

    pub async fn release(&mut self, id: i64) -> anyhow::Result<Done> {
        match self {
            Place::Folder(archive) => {
                let released = archive.release(id).await?;
                Ok(Done {
                    sop_instance_uid: released.sop_instance_uid,
                    shown: released.shown,
                })
            }
            Place::Server(client) => {
                let path = format!("/quality/quarantine/{id}/release");
                let body = ask(client, Method::POST, &path).await?;
                serde_json::from_slice(&body).context("the server's answer is not understood")
            }
        }
    }

    pub async fn delete(&mut self, id: i64) -> anyhow::Result<Done> {
        match self {
            Place::Folder(archive) => {
                let deleted = archive.delete_quarantined(id).await?;
                Ok(Done {
                    sop_instance_uid: deleted.sop_instance_uid,
                    shown: false,
                })
            }
            Place::Server(client) => {
                let path = format!("/quality/quarantine/{id}");
                let body = ask(client, Method::DELETE, &path).await?;
                serde_json::from_slice(&body).context("the server's answer is not understood")
            }
        }
    }
}

async fn ask(client: &mut HttpClient, method: Method, path: &str) -> anyhow::Result<bytes::Bytes> {
    let request = client
        .request(method, path)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_LENGTH, 0)
        .body(empty())?;
    let response = client.send(request).await?;
    let status = response.status();
    let body = client::body(response, ANSWER).await?;
    if status != StatusCode::OK {
        bail!("{}: {}", client.url(), client::reason(status, &body));
    }
    Ok(body)
}

/// For a query (RFC 3986 §2.1).
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_may_have_spaces() {
        assert_eq!(encoded("CT 1&é"), "CT%201%26%C3%A9");
    }
}
