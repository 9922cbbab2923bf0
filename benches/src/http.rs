//! A keep-alive HTTP/1.1 client that throws bodies away: next to no cost.

use std::io::{BufRead as _, BufReader, IoSlice};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::association::write_all;
use crate::client::in_parallel;
use crate::measure::Timings;
use crate::template::Load;

/// A connection.
pub struct Connection {
    to: SocketAddr,
    stream: BufReader<TcpStream>,
}

/// An answer, its body thrown away.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub status: u16,
    pub bytes: u64,
    pub first_byte: Duration,
}

impl Connection {
    /// Connects.
    pub fn open(to: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(to).with_context(|| format!("cannot connect to {to}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(300)))?;
        Ok(Connection {
            to,
            stream: BufReader::with_capacity(256 * 1024, stream),
        })
    }

    /// GET with an Accept header.
    pub fn get(&mut self, path: &str, accept: &str) -> Result<Answer> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: {accept}\r\n\r\n");
        self.exchange(&head, &[])
    }

    /// Any request: its head, and its body in pieces.
    pub fn exchange(&mut self, head: &str, body: &[&[u8]]) -> Result<Answer> {
        let mut slices = vec![IoSlice::new(head.as_bytes())];
        slices.extend(body.iter().map(|piece| IoSlice::new(piece)));
        let begun = Instant::now();
        write_all(self.stream.get_mut(), &mut slices)?;
        let line = self.line()?;
        let first_byte = begun.elapsed();
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status: u16 = status.with_context(|| format!("no status line: {line:?}"))?;
        let (mut length, mut is_chunked) = (None, false);
        loop {
            let header = self.line()?.to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = Some(value.trim().parse::<u64>()?);
            }
            is_chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
        }
        let bytes = match (is_chunked, length) {
            (true, _) => self.skip_chunks()?,
            (false, Some(length)) => self.skip(length)?,
            (false, None) if matches!(status, 204 | 304) => 0,
            // The body ends with the connection.
            (false, None) => {
                let bytes = std::io::copy(&mut self.stream, &mut std::io::sink())?;
                *self = Connection::open(self.to)?;
                bytes
            }
        };
        Ok(Answer {
            status,
            bytes,
            first_byte,
        })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(
            self.stream.read_line(&mut line)? > 0,
            "the server closed the connection"
        );
        Ok(line.trim_end().to_owned())
    }

    fn skip(&mut self, length: u64) -> Result<u64> {
        let mut left = length;
        while left > 0 {
            let there = self.stream.fill_buf()?.len();
            ensure!(there > 0, "the server closed the connection in a body");
            let taken = there.min(usize::try_from(left).unwrap_or(usize::MAX));
            self.stream.consume(taken);
            left -= taken as u64;
        }
        Ok(length)
    }

    fn skip_chunks(&mut self) -> Result<u64> {
        let mut total = 0;
        loop {
            let line = self.line()?;
            let size = line.split(';').next().unwrap_or_default();
            let size = u64::from_str_radix(size, 16)
                .with_context(|| format!("no chunk size: {line:?}"))?;
            self.skip(size)?;
            total += size;
            while !self.line()?.is_empty() {}
            if size == 0 {
                return Ok(total);
            }
        }
    }
}

/// `count` requests by each of several clients; `path` gets a running number.
pub fn repeat(
    to: SocketAddr,
    clients: usize,
    count: usize,
    accept: &str,
    path: impl Fn(usize) -> String + Sync,
) -> Result<Timings> {
    in_parallel(clients, |client| {
        let mut connection = Connection::open(to)?;
        let mut timings = Timings::default();
        for number in 0..count {
            let path = path(client * count + number);
            let begun = Instant::now();
            let answer = connection.get(&path, accept)?;
            ensure!(
                answer.status == 200,
                "GET {path} answered {}",
                answer.status
            );
            timings.add(begun.elapsed(), answer.bytes);
            timings.first.push(answer.first_byte);
        }
        Ok(timings)
    })
}

/// STOW-RS of instances `range`, ten in a request (PS3.18 §10.5).
pub fn stow(
    to: SocketAddr,
    base: &str,
    load: &Load<'_>,
    range: std::ops::Range<u64>,
    clients: usize,
) -> Result<Timings> {
    const PER_REQUEST: u64 = 10;
    const BOUNDARY: &str = "bench-5d0f2c";
    let next = std::sync::atomic::AtomicU64::new(range.start);
    in_parallel(clients, |_| {
        let mut connection = Connection::open(to)?;
        let mut timings = Timings::default();
        let part = format!("\r\n--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n");
        let end = format!("\r\n--{BOUNDARY}--\r\n");
        let mut copies = vec![load.template.file.clone(); PER_REQUEST as usize];
        loop {
            let first = next.fetch_add(PER_REQUEST, std::sync::atomic::Ordering::Relaxed);
            if first >= range.end {
                return Ok(timings);
            }
            let count = PER_REQUEST.min(range.end - first) as usize;
            let mut body: Vec<&[u8]> = Vec::new();
            for (number, copy) in (first..).zip(copies.iter_mut().take(count)) {
                load.template.patch(copy, &load.population.identity(number));
            }
            for copy in copies.iter().take(count) {
                body.push(part.as_bytes());
                body.push(copy);
            }
            body.push(end.as_bytes());
            let length: usize = body.iter().map(|piece| piece.len()).sum();
            let head = format!(
                "POST {base}/studies HTTP/1.1\r\nHost: bench\r\nAccept: application/dicom+json\r\nContent-Type: multipart/related; type=\"application/dicom\"; boundary={BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
            );
            let begun = Instant::now();
            let answer = connection.exchange(&head, &body)?;
            ensure!(answer.status == 200, "STOW-RS answered {}", answer.status);
            let took = begun.elapsed() / count as u32;
            for _ in 0..count {
                timings.add(took, load.template.data_set_length() as u64);
            }
        }
    })
}
