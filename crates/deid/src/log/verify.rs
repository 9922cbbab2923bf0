//! Reads a log again: chain, signature, counts, and the outputs it speaks of.

use std::fmt;
use std::io::{BufRead, Read};

use super::writer::{link, signature_line};
use super::{Counts, Digest, Line, LogPublicKey, Run};
use crate::{Error, Result};

/// Longest line that is read.
const LINE: u64 = 16 << 20;
/// Problems that are listed.
const PROBLEMS: usize = 100;

/// Gives the digest of the output with a SOP Instance UID; `None` if it is missing.
pub type Outputs<'o> = &'o mut dyn FnMut(&str) -> Option<Digest>;

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: u64,
    /// What was found and what was expected.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// What was found out about a log.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// The first line.
    pub run: Option<Run>,
    /// The key that signed, as the log gives it.
    pub signer: Option<LogPublicKey>,
    /// Instances begun.
    pub files: u64,
    /// Of them refused.
    pub refused: u64,
    /// Notes.
    pub notes: u64,
    /// Elements by what was done.
    pub counts: Counts,
    /// Outputs whose digests were compared.
    pub outputs: u64,
    /// Hash of the line `end`, which is signed.
    pub head: Option<Digest>,
    /// What is wrong, at most 100; empty if all is well.
    pub problems: Vec<Problem>,
}

impl Verification {
    /// Nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Calls `each` with the number (from 1) and the content of every line; a line that cannot be read
/// is an error. Does not verify anything.
///
/// # Errors
/// [`Error::Read`] and [`Error::LogLine`]; what `each` gives.
pub fn lines(reader: impl BufRead, mut each: impl FnMut(u64, Line) -> Result<()>) -> Result<()> {
    let mut reader = Lines::new(reader);
    while let Some(raw) = reader.next()? {
        let number = raw.number;
        let line = body(raw.bytes).and_then(|(_, _, body)| parse(body));
        each(number, line.ok_or(Error::LogLine { line: number })?)?;
    }
    Ok(())
}

/// Verifies a log. With `trusted`, the signature must be by that key; without, it must be by the
/// key that the log gives, which shows only that nothing was changed since somebody signed.
/// `outputs` gives the digest of the output with a SOP Instance UID (`None`: it is missing).
///
/// # Errors
/// [`Error::Read`] if the log cannot be read; all else is among the problems.
pub fn verify(
    reader: impl BufRead,
    trusted: Option<&LogPublicKey>,
    outputs: Option<Outputs<'_>>,
) -> Result<Verification> {
    let mut reader = Lines::new(reader);
    let mut state = State {
        found: Verification::default(),
        outputs,
        trusted: trusted.copied(),
        open: None,
        ended: false,
        signed: false,
    };
    let mut previous = Digest::NONE;
    while let Some(raw) = reader.next()? {
        state.line(raw.number, raw.bytes, &previous, raw.is_whole);
        previous = Digest::of(raw.bytes);
    }
    let last = reader.number;
    if !state.signed {
        state.problem(
            last,
            "the log ends without a signature: it is cut or the run was".into(),
        );
    }
    Ok(state.found)
}

struct State<'o> {
    found: Verification,
    outputs: Option<Outputs<'o>>,
    trusted: Option<LogPublicKey>,
    /// Counts of the instance begun.
    open: Option<Counts>,
    ended: bool,
    signed: bool,
}

impl State<'_> {
    fn problem(&mut self, line: u64, reason: String) {
        if self.found.problems.len() < PROBLEMS {
            self.found.problems.push(Problem { line, reason });
        }
    }

    fn expect(&mut self, line: u64, holds: bool, reason: &str) {
        if !holds {
            self.problem(line, reason.to_owned());
        }
    }

    fn line(&mut self, line: u64, raw: &[u8], previous: &Digest, is_whole: bool) {
        self.expect(line, is_whole, "the line is cut: it has no line feed");
        self.expect(line, !self.signed, "a line after the signature");
        let Some((number, prev, text)) = body(raw) else {
            return self.problem(line, "not a line of a transformation log".into());
        };
        self.expect(
            line,
            number + 1 == line,
            "the line has another number: lines are missing or added",
        );
        self.expect(
            line,
            prev == *previous,
            "the line before is not the one that was written",
        );
        let Some(content) = parse(text) else {
            return self.problem(line, "not a line of a transformation log".into());
        };
        let is_first = matches!(content, Line::Run { .. });
        self.expect(
            line,
            is_first == (line == 1),
            "the run's header must be the first line, and only that",
        );
        self.content(line, raw, content, previous);
    }

    fn content(&mut self, line: u64, raw: &[u8], content: Line, previous: &Digest) {
        match content {
            Line::Run {
                format,
                signer,
                run,
            } => {
                self.expect(line, format == 1, "a format other than 1");
                self.found.signer = LogPublicKey::from_base64(&signer);
                self.found.run = Some(run);
                let signer = self.found.signer;
                self.expect(
                    line,
                    signer.is_some(),
                    "the signer's public key cannot be read",
                );
                let is_trusted = self.trusted.is_none() || self.trusted == signer;
                self.expect(
                    line,
                    is_trusted,
                    "signed by another key than the one expected",
                );
            }
            Line::File(_) => {
                self.expect(
                    line,
                    self.open.is_none(),
                    "an instance begins within another",
                );
                self.open = Some(Counts::default());
                self.found.files += 1;
            }
            Line::Element(element) => self.element(line, &element.taken),
            Line::Note(_) => self.found.notes += 1,
            Line::Done(done) => {
                self.close(line, &done.counts);
                self.output(line, &done.instance, &done.output);
            }
            Line::Refused(refused) => {
                self.close(line, &refused.counts);
                self.found.refused += 1;
            }
            Line::End(end) => {
                self.expect(line, self.open.is_none(), "the run ends within an instance");
                let found = &self.found;
                let counted = (found.files, found.refused, found.notes, found.counts);
                let said = (end.files, end.refused, end.notes, end.counts);
                self.expect(
                    line,
                    counted == said,
                    "the counts are not those of the lines",
                );
                self.expect(line, !self.ended, "the run ends twice");
                self.ended = true;
                self.found.head = Some(Digest::of(raw));
            }
            Line::Signature { ed25519 } => self.signature(line, raw, &ed25519, previous),
        }
    }

    fn element(&mut self, line: u64, taken: &str) {
        let mut one = Counts::default();
        match crate::Taken::ALL.iter().find(|t| t.as_str() == taken) {
            Some(taken) => one.count(*taken),
            None => self.problem(line, "an action that is not known".into()),
        }
        match &mut self.open {
            Some(counts) => counts.add(&one),
            None => self.problem(line, "an element outside of an instance".into()),
        }
    }

    fn close(&mut self, line: u64, said: &Counts) {
        match self.open.take() {
            Some(counted) => {
                self.expect(
                    line,
                    counted == *said,
                    "the counts are not those of the instance's lines",
                );
                self.found.counts.add(&counted);
            }
            None => self.problem(line, "an instance ends that was not begun".into()),
        }
    }

    fn output(&mut self, line: u64, instance: &str, said: &str) {
        let Some(outputs) = &mut self.outputs else {
            return;
        };
        let found = outputs(instance);
        self.found.outputs += 1;
        match found {
            None => self.problem(line, format!("output {instance} is missing")),
            Some(digest) if digest.to_string() != said => {
                let reason = format!("output {instance} is not what was written: digest {digest}");
                self.problem(line, reason);
            }
            Some(_) => {}
        }
    }

    fn signature(&mut self, line: u64, raw: &[u8], digits: &str, previous: &Digest) {
        self.signed = true;
        let head = self.found.head.filter(|_| self.ended);
        self.expect(
            line,
            head == Some(*previous),
            "the signature does not follow the end of the run",
        );
        let is_valid = self
            .found
            .signer
            .is_some_and(|key| key.verifies(previous, digits));
        self.expect(line, is_valid, "the signature is not valid");
        // Nothing signs this line: it must be the one that would be written.
        let mut expected = Vec::new();
        link(
            line.saturating_sub(1),
            previous,
            &signature_line(digits),
            &mut expected,
        );
        self.expect(line, expected == raw, "the signature's line was changed");
    }
}

/// Number, hash of the line before, and the rest, of a line as [`link`] writes it.
fn body(raw: &[u8]) -> Option<(u64, Digest, &[u8])> {
    let rest = raw.strip_prefix(b"{\"n\":")?;
    let at = rest.iter().position(|byte| *byte == b',')?;
    let (digits, rest) = rest.split_at_checked(at)?;
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let rest = rest.strip_prefix(b",\"prev\":\"")?;
    let (digits, rest) = rest.split_at_checked(64)?;
    let digest = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((number, digest, rest.strip_prefix(b"\",")?))
}

fn parse(body: &[u8]) -> Option<Line> {
    let mut whole = Vec::with_capacity(body.len() + 1);
    whole.push(b'{');
    whole.extend_from_slice(body);
    serde_json::from_slice(&whole).ok()
}

/// Lines of bounded length.
struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
}

/// A line, without its line feed.
struct Raw<'b> {
    bytes: &'b [u8],
    number: u64,
    /// It has a line feed.
    is_whole: bool,
}

impl<R: BufRead> Lines<R> {
    fn new(reader: R) -> Lines<R> {
        Lines {
            reader,
            buffer: Vec::new(),
            number: 0,
        }
    }

    fn next(&mut self) -> Result<Option<Raw<'_>>> {
        self.buffer.clear();
        let mut limited = self.reader.by_ref().take(LINE);
        let read = limited.read_until(b'\n', &mut self.buffer);
        if read.map_err(Error::Read)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let without = self.buffer.strip_suffix(b"\n");
        Ok(Some(Raw {
            bytes: without.unwrap_or(&self.buffer),
            number: self.number,
            is_whole: without.is_some(),
        }))
    }
}

#[cfg(test)]
mod tests;
