//! HTTP/1.1 over one connection that is kept open, with TLS if the URL says so.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use futures::stream::BoxStream;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use sagittal_net::tls::TlsClient;
use tokio::net::TcpStream;

use super::url::ServerUrl;

/// How long to wait for a connection, and for the head of an answer.
const CONNECT: Duration = Duration::from_secs(20);
const ANSWER: Duration = Duration::from_secs(300);
/// Files in which systems keep the authorities that they trust.
const SYSTEM_ROOTS: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// Body of a request.
pub type RequestBody = BoxBody<Bytes, std::io::Error>;

/// How to get in: shared by the commands that talk to a server.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Access {
    /// API token for the server; better in the environment variable SAGITTAL_TOKEN
    #[arg(
        long,
        env = "SAGITTAL_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub token: Option<String>,
    /// User and password for the server, as NAME:PASSWORD; better in SAGITTAL_USER
    #[arg(
        long,
        env = "SAGITTAL_USER",
        hide_env_values = true,
        value_name = "NAME:PASSWORD",
        conflicts_with = "token"
    )]
    pub user: Option<String>,
    /// PEM file with the authorities to trust for https; without it, those of the system
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// A client of one server. A clone opens its own connection.
pub struct HttpClient {
    url: ServerUrl,
    tls: Option<Arc<TlsClient>>,
    authorization: Option<HeaderValue>,
    connection: Option<SendRequest<RequestBody>>,
}

impl Clone for HttpClient {
    fn clone(&self) -> HttpClient {
        HttpClient {
            url: self.url.clone(),
            tls: self.tls.clone(),
            authorization: self.authorization.clone(),
            connection: None,
        }
    }
}

impl HttpClient {
    /// Does not connect yet.
    pub fn new(url: &ServerUrl, access: &Access) -> anyhow::Result<HttpClient> {
        let tls = url.tls.then(|| tls(access)).transpose()?.map(Arc::new);
        let authorization = match (&access.token, &access.user) {
            (Some(token), _) => Some(format!("Bearer {token}")),
            (None, Some(user)) => Some(format!("Basic {}", base64(user.as_bytes()))),
            (None, None) => None,
        };
        let authorization = authorization
            .map(|text| HeaderValue::from_str(&text))
            .transpose()
            .context("the token or user has characters that HTTP does not allow")?
            .map(|mut value| {
                value.set_sensitive(true);
                value
            });
        Ok(HttpClient {
            url: url.clone(),
            tls,
            authorization,
            connection: None,
        })
    }

    /// The server.
    pub fn url(&self) -> &ServerUrl {
        &self.url
    }

    /// A request to a path below the base URL.
    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let mut builder = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url.path))
            .header(header::HOST, self.url.authority())
            .header(
                header::USER_AGENT,
                concat!("sagittal/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(authorization) = &self.authorization {
            builder = builder.header(header::AUTHORIZATION, authorization.clone());
        }
        builder
    }

    /// Sends a request without a body. An old connection that was closed meanwhile is opened anew.
    pub async fn get(&mut self, path: &str, accept: &str) -> anyhow::Result<Response<Incoming>> {
        for attempt in 0..2 {
            let reused = self.connection.is_some();
            let request = self
                .request(Method::GET, path)
                .header(header::ACCEPT, accept)
                .body(empty())?;
            match self.send(request).await {
                Err(_) if reused && attempt == 0 => {}
                result => return result,
            }
        }
        bail!("{} closed the connection", self.url)
    }

    /// Sends a request once.
    pub async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> anyhow::Result<Response<Incoming>> {
        let open = match self.connection.take() {
            Some(mut open) => open.ready().await.is_ok().then_some(open),
            None => None,
        };
        let mut connection = match open {
            Some(open) => open,
            None => self.connect().await?,
        };
        let answer = tokio::time::timeout(ANSWER, connection.send_request(request))
            .await
            .with_context(|| format!("{} does not answer", self.url))?
            .with_context(|| format!("the connection to {} broke", self.url))?;
        self.connection = Some(connection);
        Ok(answer)
    }

    async fn connect(&self) -> anyhow::Result<SendRequest<RequestBody>> {
        let connecting = TcpStream::connect((self.url.host.as_str(), self.url.port));
        let stream = tokio::time::timeout(CONNECT, connecting)
            .await
            .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
            .with_context(|| format!("cannot connect to {}", self.url))?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else {
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            return Ok(sender);
        };
        let (stream, _) = tls
            .connect(&self.url.host, stream)
            .await
            .with_context(|| format!("no TLS connection to {}", self.url))?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

fn tls(access: &Access) -> anyhow::Result<TlsClient> {
    let roots = match &access.ca {
        Some(file) => {
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?
        }
        None => SYSTEM_ROOTS
            .iter()
            .find_map(|file| std::fs::read(file).ok())
            .context("no file with trusted authorities on this system; name one with --ca")?,
    };
    Ok(TlsClient::from_pem(&roots, None)?)
}

/// No body.
pub fn empty() -> RequestBody {
    http_body_util::Empty::new()
        .map_err(|never| match never {})
        .boxed()
}

/// A body that is made while it is sent.
pub fn streaming(chunks: BoxStream<'static, std::io::Result<Bytes>>) -> RequestBody {
    use futures::TryStreamExt as _;
    // BoxBody wants Sync, which a stream that is only ever polled by one task can do without.
    StreamBody::new(SyncStream(std::sync::Mutex::new(chunks)).map_ok(Frame::data)).boxed()
}

struct SyncStream(std::sync::Mutex<BoxStream<'static, std::io::Result<Bytes>>>);

impl futures::Stream for SyncStream {
    type Item = std::io::Result<Bytes>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let stream = self
            .0
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        stream.as_mut().poll_next(context)
    }
}

/// The whole body, at most `limit` bytes.
pub async fn body(response: Response<Incoming>, limit: usize) -> anyhow::Result<Bytes> {
    let limited = http_body_util::Limited::new(response.into_body(), limit);
    let collected = limited
        .collect()
        .await
        .map_err(|error| anyhow::anyhow!("the answer cannot be read: {error}"))?;
    Ok(collected.to_bytes())
}

/// A status and the reason that the body gives: `message` of our own reports and of many others,
/// or the first line of a text.
pub fn reason(status: StatusCode, body: &[u8]) -> String {
    let json = serde_json::from_slice::<serde_json::Value>(body).ok();
    let told = json.as_ref().and_then(|json| {
        let keys = ["message", "Message", "errorMessage", "detail", "error"];
        keys.iter().find_map(|key| json[key].as_str())
    });
    let text = match (told, &json) {
        (Some(told), _) => told,
        (None, Some(_)) => "",
        (None, None) => std::str::from_utf8(body).unwrap_or(""),
    };
    let line = text.trim().lines().next().unwrap_or("").trim();
    // A page for browsers says nothing in its first line.
    if line.is_empty() || line.starts_with('<') {
        return status.to_string();
    }
    let line: String = line.chars().filter(|c| !c.is_control()).take(300).collect();
    format!("{status}: {line}")
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_in_the_body_is_told() {
        let status = StatusCode::BAD_REQUEST;
        for (body, expected) in [
            (
                &br#"{"status":400,"message":"no UID"}"#[..],
                "400 Bad Request: no UID",
            ),
            (b"no such thing\nmore", "400 Bad Request: no such thing"),
            (b"<html><body>x", "400 Bad Request"),
            (b"", "400 Bad Request"),
            (b"[1]", "400 Bad Request"),
            (b"\xff\xfe", "400 Bad Request"),
        ] {
            assert_eq!(reason(status, body), expected);
        }
    }
}
