//! A small blocking HTTP/1.1 client that also sends what no good client would.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(60);
/// The boundary of [`multipart`].
const BOUNDARY: &str = "sagittal-test";

/// A request in the making.
pub struct Request {
    address: SocketAddr,
    head: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, with transfer coding removed.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, address: SocketAddr, target: &str) -> Request {
        Request {
            address,
            head: format!("{method} {target} HTTP/1.1"),
            headers: vec![("Host".into(), address.to_string())],
            body: None,
        }
    }

    /// A header; Host may be given to replace the usual one.
    pub fn header(mut self, name: &str, value: &str) -> Request {
        if name.eq_ignore_ascii_case("host") {
            self.headers.clear();
        }
        self.headers.push((name.into(), value.into()));
        self
    }

    /// A body, with its length.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = Some(body.into());
        self
    }

    /// Sends it on a connection of its own and reads the whole answer.
    #[track_caller]
    pub fn send(self) -> Response {
        self.try_send().unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Request::send`], with errors of the connection.
    pub fn try_send(self) -> std::io::Result<Response> {
        let mut text = format!("{}\r\n", self.head);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &self.body {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("Connection: close\r\n\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend(self.body.unwrap_or_default());
        let answer = raw(self.address, &bytes)?;
        let head_only = self.head.starts_with("HEAD ");
        Response::parse(&answer, head_only).ok_or_else(|| {
            std::io::Error::other(format!("no HTTP: {:?}", String::from_utf8_lossy(&answer)))
        })
    }
}

/// Sends bytes as they are and reads until the server closes the connection.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.set_nodelay(true)?;
    // A server may refuse before it has read all; its answer still counts.
    let sent = stream.write_all(bytes);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(_) if !answer.is_empty() => {}
        Err(error) => return Err(sent.err().unwrap_or(error)),
    }
    Ok(answer)
}

impl Response {
    /// Reads an answer; `None` if it is not HTTP.
    pub fn parse(bytes: &[u8], head_only: bool) -> Option<Response> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let rest = &bytes[end + 4..];
        if status == 100 {
            return Response::parse(rest, head_only);
        }
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut response = Response {
            status,
            headers,
            body: Vec::new(),
        };
        if !head_only {
            response.body = match response.header("transfer-encoding") {
                Some("chunked") => dechunk(rest)?,
                _ => rest.to_vec(),
            };
            let promised: Option<usize> = response
                .header("content-length")
                .and_then(|text| text.parse().ok());
            if let Some(length) = promised {
                assert_eq!(
                    response.body.len(),
                    length,
                    "the body is not as long as promised"
                );
            }
        }
        Some(response)
    }

    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Checks the status, showing the body if it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Response {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The parts of a multipart body: headers as text, and bytes.
    #[track_caller]
    pub fn parts(&self) -> Vec<(String, Vec<u8>)> {
        let media_type = self.header("content-type").unwrap();
        let boundary = media_type.split("boundary=").nth(1).unwrap();
        let boundary = boundary.split(';').next().unwrap().trim_matches('"');
        let delimiter = format!("\r\n--{boundary}");
        let mut body = b"\r\n".to_vec();
        body.extend_from_slice(&self.body);
        let mut parts = Vec::new();
        let mut rest = body.as_slice();
        let mut start = find(rest, delimiter.as_bytes()).unwrap() + delimiter.len();
        loop {
            rest = &rest[start..];
            if rest.starts_with(b"--") {
                return parts;
            }
            let end = find(rest, delimiter.as_bytes()).expect("the last part has no end");
            let part = &rest[..end];
            let head = find(part, b"\r\n\r\n").unwrap();
            let headers = String::from_utf8_lossy(&part[..head]).trim().to_owned();
            parts.push((headers, part[head + 4..].to_vec()));
            start = end + delimiter.len();
        }
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
}

fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = find(rest, b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

/// A multipart/related body with boundary `sagittal-test`.
pub fn multipart(media_type: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend(format!("--{BOUNDARY}\r\nContent-Type: {media_type}\r\n\r\n").bytes());
        body.extend_from_slice(part);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}
