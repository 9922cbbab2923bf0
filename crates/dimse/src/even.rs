//! Data sets of odd length, made even on their way out: fragments are even (PS3.8 §E.2), and DCMTK
//! aborts an association if one is not. They are mended while they are sent, whatever their length.

use std::io::{self, Read, Seek, SeekFrom, Write};

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use sagittal_archive::retrieve::InstanceReader;
use sagittal_file::even::{Mender, Piece, Survey};

/// What has to change in a stored instance.
pub(crate) async fn survey(reader: &InstanceReader) -> sagittal_archive::Result<Mender> {
    let syntax = reader.instance.transfer_syntax_uid.as_str();
    let mut survey = Survey::new(syntax, reader.len());
    while let Some(wanted) = survey.wanted() {
        let length = wanted.end - wanted.start;
        survey.take(&reader.read(wanted.start, length).await?);
    }
    Ok(survey.finish())
}

/// What has to change in a data set of `length` bytes that begins at `start`. Blocks.
pub(crate) fn survey_file(
    file: &mut (impl Read + Seek),
    (start, length): (u64, u64),
    transfer_syntax_uid: &str,
) -> io::Result<Mender> {
    let mut survey = Survey::new(transfer_syntax_uid, length);
    let mut bytes = Vec::new();
    while let Some(wanted) = survey.wanted() {
        bytes.clear();
        file.seek(SeekFrom::Start(start.saturating_add(wanted.start)))?;
        file.take(wanted.end - wanted.start)
            .read_to_end(&mut bytes)?;
        survey.take(&bytes);
    }
    Ok(survey.finish())
}

/// The chunks of a data set, mended.
pub(crate) fn mended<E: Send + 'static>(
    chunks: BoxStream<'static, Result<Bytes, E>>,
    mender: Mender,
) -> BoxStream<'static, Result<Bytes, E>> {
    let start = (chunks, Some(mender));
    let batches = stream::unfold(start, |(mut chunks, mender)| async {
        let mut mender = mender?;
        let mut out = Vec::new();
        let rest = match chunks.next().await {
            Some(Ok(chunk)) => {
                mender.pass(&chunk, &mut |piece| out.push(Ok(bytes_of(piece, &chunk))));
                Some(mender)
            }
            Some(Err(error)) => {
                out.push(Err(error));
                None
            }
            None => {
                mender.end(&mut |piece| out.push(Ok(bytes_of(piece, &Bytes::new()))));
                None
            }
        };
        Some((stream::iter(out), (chunks, rest)))
    });
    batches.flatten().boxed()
}

fn bytes_of(piece: Piece<'_>, chunk: &Bytes) -> Bytes {
    match piece {
        Piece::Kept(range) => chunk.slice(range),
        Piece::New(new) => Bytes::copy_from_slice(new),
    }
}

/// Passes a data set on, mended.
pub(crate) struct MendingWrite<'a> {
    out: &'a mut dyn Write,
    mender: Mender,
}

impl MendingWrite<'_> {
    pub(crate) fn new(out: &mut dyn Write, mender: Mender) -> MendingWrite<'_> {
        MendingWrite { out, mender }
    }

    /// The data set has ended.
    pub(crate) fn finish(self) -> io::Result<()> {
        let MendingWrite { out, mender } = self;
        let mut written = Ok(());
        mender.end(&mut |piece| write(out, piece, &[], &mut written));
        written
    }
}

impl Write for MendingWrite<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = Ok(());
        let MendingWrite { out, mender } = self;
        mender.pass(bytes, &mut |piece| write(*out, piece, bytes, &mut written));
        written.map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn write(out: &mut dyn Write, piece: Piece<'_>, bytes: &[u8], written: &mut io::Result<()>) {
    if written.is_ok() {
        *written = out.write_all(match piece {
            Piece::Kept(range) => bytes.get(range).unwrap_or_default(),
            Piece::New(new) => new,
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests {
    use super::*;

    const EXPLICIT: &str = "1.2.840.10008.1.2.1";
    const ODD: &[u8] = b"\x10\x00\x20\x00LO\x03\x00ABC";
    const EVEN: &[u8] = b"\x10\x00\x20\x00LO\x04\x00ABC ";

    fn mender() -> Mender {
        let mut file = io::Cursor::new([b"head", ODD].concat());
        survey_file(&mut file, (4, ODD.len() as u64), EXPLICIT).unwrap()
    }

    #[tokio::test]
    async fn a_stream_is_mended_in_its_chunks() {
        let chunks: Vec<io::Result<Bytes>> = ODD
            .chunks(5)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        let out = mended(stream::iter(chunks).boxed(), mender());
        let out: Vec<io::Result<Bytes>> = out.collect().await;
        let out: Vec<u8> = out.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(out, EVEN);
    }

    #[tokio::test]
    async fn a_stream_that_breaks_off_is_not_ended_as_if_it_were_whole() {
        let chunks = vec![
            Ok(Bytes::copy_from_slice(ODD.get(..6).unwrap())),
            Err(io::Error::other("gone")),
        ];
        let out: Vec<io::Result<Bytes>> = mended(stream::iter(chunks).boxed(), mender())
            .collect()
            .await;
        assert!(out.last().unwrap().is_err());
    }

    #[test]
    fn a_writer_gets_it_mended() {
        let mut out = Vec::new();
        let mut writer = MendingWrite::new(&mut out, mender());
        for chunk in ODD.chunks(3) {
            writer.write_all(chunk).unwrap();
        }
        writer.finish().unwrap();
        assert_eq!(out, EVEN);
    }
}
