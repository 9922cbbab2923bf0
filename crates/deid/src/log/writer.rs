//! Chains the blocks of a run and signs the end.

use std::io::Write;

use super::block::counts_object;
use super::json::{self, field, number};
use super::{Block, Counts, Digest, LogKey, Run};
use crate::{Error, Result};

/// Writes one run's log. Blocks of parallel workers are chained in the order in which they come.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    key: LogKey,
    head: Digest,
    lines: u64,
    files: u64,
    refused: u64,
    notes: u64,
    counts: Counts,
    /// What goes out in one write.
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the first line.
    ///
    /// # Errors
    /// [`Error::Write`] if `out` cannot be written.
    pub fn begin(out: W, key: LogKey, run: &Run) -> Result<Writer<W>> {
        let mut writer = Writer {
            out,
            key,
            head: Digest::NONE,
            lines: 0,
            files: 0,
            refused: 0,
            notes: 0,
            counts: Counts::default(),
            buffer: Vec::new(),
        };
        let signer = writer.key.public().to_base64();
        let mut line = b"\"kind\":\"run\",\"format\":1".to_vec();
        field("signer", &signer, &mut line);
        let run = serde_json::to_vec(run).map_err(|error| Error::Write(error.into()))?;
        line.push(b',');
        line.extend_from_slice(run.strip_prefix(b"{").unwrap_or(&run));
        writer.chain(&line);
        writer.flush()?;
        Ok(writer)
    }

    /// Writes the lines of one instance.
    ///
    /// # Errors
    /// [`Error::Write`] if they cannot be written: the output must not be given out then.
    pub fn write(&mut self, block: &Block) -> Result<()> {
        for line in block.lines.split(|byte| *byte == b'\n') {
            if !line.is_empty() {
                self.chain(line);
            }
        }
        self.files += 1;
        self.refused += u64::from(block.refused);
        self.notes += block.notes;
        self.counts.add(&block.counts);
        self.flush()
    }

    /// Writes the counts and the signature; gives back what was written to, and the chain's head,
    /// which may be kept elsewhere.
    ///
    /// # Errors
    /// [`Error::Write`] if they cannot be written.
    pub fn finish(mut self, finished: &str) -> Result<(W, Digest)> {
        let mut line = b"\"kind\":\"end\"".to_vec();
        number("files", self.files, &mut line);
        number("refused", self.refused, &mut line);
        number("notes", self.notes, &mut line);
        json::key("counts", &mut line);
        counts_object(&self.counts, &mut line);
        field("finished", finished, &mut line);
        line.push(b'}');
        self.chain(&line);
        let head = self.head;
        let signature = signature_line(&self.key.sign(&head));
        self.chain(&signature);
        self.flush()?;
        self.out.flush().map_err(Error::Write)?;
        Ok((self.out, head))
    }

    /// How many elements so far, by what was done to them.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    fn chain(&mut self, body: &[u8]) {
        let start = self.buffer.len();
        link(self.lines, &self.head, body, &mut self.buffer);
        self.head = Digest::of(self.buffer.get(start..).unwrap_or(&[]));
        self.lines += 1;
        self.buffer.push(b'\n');
    }

    fn flush(&mut self) -> Result<()> {
        let written = self.out.write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(Error::Write)
    }
}

/// Appends a line: number, hash of the line before, and what it says.
pub(super) fn link(number: u64, previous: &Digest, body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"n\":");
    out.extend_from_slice(number.to_string().as_bytes());
    out.extend_from_slice(b",\"prev\":\"");
    previous.write_hex(out);
    out.extend_from_slice(b"\",");
    out.extend_from_slice(body);
}

/// The last line, without what the chain adds.
pub(super) fn signature_line(digits: &str) -> Vec<u8> {
    format!("\"kind\":\"signature\",\"ed25519\":\"{digits}\"}}").into_bytes()
}
