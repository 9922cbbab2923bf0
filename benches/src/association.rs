//! One association on a blocking socket (PS3.8 §9.3): both the client's and the bare receiver's.

use std::collections::HashMap;
use std::io::{IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

/// What we can take in a PDU.
const MAX_PDU: u32 = 262_144;
const BUFFER: usize = 512 * 1024;
const TIMEOUT: Duration = Duration::from_secs(300);

/// An established association.
pub struct Association {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: std::ops::Range<usize>,
    /// What the peer can take in a PDU.
    max_pdu: usize,
    /// Bytes left of the P-DATA-TF PDU being read.
    pdu_left: usize,
    message_id: u16,
    /// Accepted presentation contexts by abstract syntax.
    contexts: HashMap<String, u8>,
}

/// The half of a message that was read.
pub enum Part {
    /// A command set.
    Command(u8, Vec<u8>),
    /// A data set ended; so many bytes of it.
    DataSet(u64),
    /// The peer released or aborted.
    End,
}

/// A presentation context to propose: abstract syntax, transfer syntax, are we its SCP?
pub type Proposal<'a> = (&'a str, &'a str, bool);

impl Association {
    /// Connects and negotiates.
    pub fn open(
        to: SocketAddr,
        called: &str,
        calling: &str,
        proposals: &[Proposal<'_>],
    ) -> Result<Association> {
        let stream = TcpStream::connect(to).with_context(|| format!("cannot connect to {to}"))?;
        let mut this = Association::over(stream)?;
        let request = associate(called, calling, proposals);
        this.stream.write_all(&pdu(1, &request))?;
        let (kind, body) = this.read_pdu()?;
        ensure!(
            kind == 2,
            "{called} refused the association: PDU type {kind}"
        );
        this.read_accept(&body, proposals);
        Ok(this)
    }

    /// Answers an A-ASSOCIATE-RQ by accepting each context with its first transfer syntax.
    pub fn accept(stream: TcpStream) -> Result<Association> {
        let mut this = Association::over(stream)?;
        let (kind, body) = this.read_pdu()?;
        ensure!(kind == 1, "expected A-ASSOCIATE-RQ, found PDU type {kind}");
        let mut answer = body.get(..68).context("short A-ASSOCIATE-RQ")?.to_vec();
        answer.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
        for (kind, content) in items(body.get(68..).unwrap_or_default()) {
            if kind == 0x20 && content.len() > 4 {
                let transfer_syntax = items(&content[4..]).find(|(kind, _)| *kind == 0x40);
                let mut accepted = vec![content[0], 0, 0, 0];
                accepted.extend(item(0x40, transfer_syntax.map_or(&[][..], |(_, uid)| uid)));
                answer.extend(item(0x21, &accepted));
            } else if kind == 0x50 {
                this.read_user_information(content);
            }
        }
        answer.extend(user_information(&[]));
        this.stream.write_all(&pdu(2, &answer))?;
        Ok(this)
    }

    fn over(stream: TcpStream) -> Result<Association> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Association {
            stream,
            buffer: vec![0; BUFFER],
            filled: 0..0,
            max_pdu: 16_384,
            pdu_left: 0,
            message_id: 0,
            contexts: HashMap::new(),
        })
    }

    fn read_accept(&mut self, body: &[u8], proposals: &[Proposal<'_>]) {
        for (kind, content) in items(body.get(68..).unwrap_or_default()) {
            if kind == 0x21 && content.get(2) == Some(&0) {
                let id = content[0];
                if let Some(proposal) = proposals.get(usize::from(id / 2)) {
                    self.contexts.insert(proposal.0.to_owned(), id);
                }
            } else if kind == 0x50 {
                self.read_user_information(content);
            }
        }
    }

    fn read_user_information(&mut self, content: &[u8]) {
        for (kind, value) in items(content) {
            if kind == 0x51
                && let Some(length) = value.first_chunk::<4>()
            {
                let length = u32::from_be_bytes(*length) as usize;
                self.max_pdu = if length == 0 {
                    1 << 20
                } else {
                    length.min(1 << 20)
                };
            }
        }
    }

    /// The accepted context of an abstract syntax.
    pub fn context(&self, abstract_syntax: &str) -> Result<u8> {
        let id = self.contexts.get(abstract_syntax).copied();
        id.with_context(|| format!("the peer did not accept {abstract_syntax}"))
    }

    /// The next Message ID.
    pub fn next_message_id(&mut self) -> u16 {
        self.message_id = self.message_id.wrapping_add(1).max(1);
        self.message_id
    }

    /// Sends a message with vectored writes, nothing copied.
    pub fn send(&mut self, context: u8, command: &[u8], data_set: Option<&[u8]>) -> Result<()> {
        let room = self.max_pdu - 6;
        let halves = [(Some(command), 1u8), (data_set, 0)];
        let fragments: Vec<(&[u8], u8)> = halves
            .iter()
            .filter_map(|(bytes, flag)| bytes.map(|bytes| (bytes, *flag)))
            .flat_map(|(bytes, flag)| {
                let count = bytes.len().div_ceil(room);
                let chunks = bytes.chunks(room).enumerate();
                chunks.map(move |(at, chunk)| (chunk, flag | if at + 1 == count { 2 } else { 0 }))
            })
            .collect();
        let heads: Vec<[u8; 12]> = fragments
            .iter()
            .map(|(bytes, flags)| {
                let [a, b, c, d] = (bytes.len() as u32 + 6).to_be_bytes();
                let [e, f, g, h] = (bytes.len() as u32 + 2).to_be_bytes();
                [4, 0, a, b, c, d, e, f, g, h, context, *flags]
            })
            .collect();
        let mut slices = Vec::with_capacity(heads.len() * 2);
        for (head, (bytes, _)) in heads.iter().zip(&fragments) {
            slices.push(IoSlice::new(head));
            slices.push(IoSlice::new(bytes));
        }
        write_all(&mut self.stream, &mut slices)
    }

    /// Reads to the end of a command set or data set. Bytes of data sets go to `sink`.
    pub fn receive(&mut self, mut sink: impl FnMut(&[u8])) -> Result<Part> {
        let mut command = Vec::new();
        let mut data = 0u64;
        loop {
            if self.pdu_left == 0 {
                match self.begin_pdu()? {
                    4 => {}
                    5 => {
                        self.stream.write_all(&pdu(6, &[0; 4]))?;
                        return Ok(Part::End);
                    }
                    6 | 7 => return Ok(Part::End),
                    kind => bail!("unexpected PDU type {kind}"),
                }
            }
            let head: [u8; 6] = self.take()?;
            let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
            let (context, flags) = (head[4], head[5]);
            self.pdu_left = self
                .pdu_left
                .checked_sub(4 + length)
                .context("a PDV longer than its PDU")?;
            let mut left = length
                .checked_sub(2)
                .context("a PDV shorter than its header")?;
            while left > 0 {
                if self.filled.is_empty() {
                    self.fill(1)?;
                }
                let end = self.filled.end.min(self.filled.start + left);
                let bytes = &self.buffer[self.filled.start..end];
                left -= bytes.len();
                if flags & 1 == 1 {
                    command.extend_from_slice(bytes);
                } else {
                    data += bytes.len() as u64;
                    sink(bytes);
                }
                self.filled.start = end;
            }
            match flags & 3 {
                3 => return Ok(Part::Command(context, command)),
                2 => return Ok(Part::DataSet(data)),
                _ => {}
            }
        }
    }

    /// The next command set; a data set before it is skipped and counted.
    pub fn response(&mut self, skipped: &mut u64) -> Result<(u8, Vec<u8>)> {
        loop {
            match self.receive(|_| {})? {
                Part::Command(context, command) => return Ok((context, command)),
                Part::DataSet(bytes) => *skipped += bytes,
                Part::End => bail!("the peer ended the association"),
            }
        }
    }

    /// Releases the association.
    pub fn release(mut self) -> Result<()> {
        self.stream.write_all(&pdu(5, &[0; 4]))?;
        self.begin_pdu()?;
        Ok(())
    }

    fn begin_pdu(&mut self) -> Result<u8> {
        let head: [u8; 6] = self.take()?;
        self.pdu_left = u32::from_be_bytes([head[2], head[3], head[4], head[5]]) as usize;
        Ok(head[0])
    }

    fn read_pdu(&mut self) -> Result<(u8, Vec<u8>)> {
        let kind = self.begin_pdu()?;
        let mut body = Vec::new();
        while body.len() < self.pdu_left {
            if self.filled.is_empty() {
                self.fill(1)?;
            }
            let end = self
                .filled
                .end
                .min(self.filled.start + self.pdu_left - body.len());
            body.extend_from_slice(&self.buffer[self.filled.start..end]);
            self.filled.start = end;
        }
        self.pdu_left = 0;
        Ok((kind, body))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.fill(N)?;
        let mut out = [0; N];
        out.copy_from_slice(&self.buffer[self.filled.start..self.filled.start + N]);
        self.filled.start += N;
        Ok(out)
    }

    /// Reads until `wanted` bytes are there.
    fn fill(&mut self, wanted: usize) -> Result<()> {
        if self.filled.len() < wanted {
            self.buffer.copy_within(self.filled.clone(), 0);
            self.filled = 0..self.filled.len();
        }
        while self.filled.len() < wanted {
            let read = self.stream.read(&mut self.buffer[self.filled.end..])?;
            ensure!(read > 0, "the peer closed the connection");
            self.filled.end += read;
        }
        Ok(())
    }
}

/// Writes all slices.
pub fn write_all(stream: &mut TcpStream, slices: &mut [IoSlice<'_>]) -> Result<()> {
    let mut rest = slices;
    while !rest.is_empty() {
        let count = rest.len().min(1000);
        let written = stream.write_vectored(&rest[..count])?;
        ensure!(written > 0, "the peer closed the connection");
        IoSlice::advance_slices(&mut rest, written);
    }
    Ok(())
}

fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 0];
    out.extend_from_slice(&(body.len() as u32).to_be_bytes());
    out.extend_from_slice(body);
    out
}

fn item(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 0];
    out.extend_from_slice(&(content.len() as u16).to_be_bytes());
    out.extend_from_slice(content);
    out
}

/// Items and sub-items: type, content.
fn items(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let head = bytes.first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let content = bytes.get(4..4 + length)?;
        bytes = &bytes[4 + length..];
        Some((head[0], content))
    })
}

fn associate(called: &str, calling: &str, proposals: &[Proposal<'_>]) -> Vec<u8> {
    let mut out = vec![0, 1, 0, 0];
    for title in [called, calling] {
        out.extend_from_slice(format!("{title:16.16}").as_bytes());
    }
    out.extend_from_slice(&[0; 32]);
    out.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    for (at, (abstract_syntax, transfer_syntax, _)) in proposals.iter().enumerate() {
        let mut context = vec![(2 * at + 1) as u8, 0, 0, 0];
        context.extend(item(0x30, abstract_syntax.as_bytes()));
        context.extend(item(0x40, transfer_syntax.as_bytes()));
        out.extend(item(0x20, &context));
    }
    let roles: Vec<&str> = proposals
        .iter()
        .filter(|row| row.2)
        .map(|row| row.0)
        .collect();
    out.extend(user_information(&roles));
    out
}

/// User information (PS3.8 §9.3.2.3, PS3.7 §D.3.3); SCP role for some SOP classes.
fn user_information(scp_of: &[&str]) -> Vec<u8> {
    let mut content = item(0x51, &MAX_PDU.to_be_bytes());
    content.extend(item(0x52, b"2.25.140583905338520716459129463120410267"));
    for uid in scp_of {
        let mut role = (uid.len() as u16).to_be_bytes().to_vec();
        role.extend_from_slice(uid.as_bytes());
        role.extend_from_slice(&[0, 1]);
        content.extend(item(0x54, &role));
    }
    content.extend(item(0x55, b"SAGITTAL_BENCH"));
    item(0x50, &content)
}
