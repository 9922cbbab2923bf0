//! Bytes of a bulk data value, or of a range of it, in little endian.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt as _};
use sagittal_archive::retrieve::BulkData;

use crate::error::{Error, Result};

/// Bytes `range` of the value. They come in chunks of bounded size.
pub fn stream(bulk: &BulkData, range: Range<u64>) -> BoxStream<'static, Result<Bytes>> {
    let unit = bulk.swap_unit.max(1) as u64;
    // A number that is cut by the range is read whole, swapped, and cut again.
    let start = range.start - range.start % unit;
    let end = range
        .end
        .div_ceil(unit)
        .saturating_mul(unit)
        .min(bulk.length);
    let reader = bulk.reader.clone();
    let chunks = stream::iter(pieces(&bulk.ranges, &(start..end)))
        .map(move |piece| reader.stream(piece.start, piece.end - piece.start))
        .flatten()
        .map(|chunk| chunk.map_err(Error::from))
        .boxed();
    if unit == 1 {
        return chunks;
    }
    cut(
        swapped(chunks, bulk.swap_unit),
        range.start - start,
        range.end - range.start,
    )
}

/// Where in the data set the bytes `wanted` of the concatenated ranges are.
fn pieces(ranges: &[Range<u64>], wanted: &Range<u64>) -> Vec<Range<u64>> {
    let mut pieces = Vec::new();
    let mut at = 0u64;
    for range in ranges {
        let length = range.end.saturating_sub(range.start);
        let from = wanted.start.max(at);
        let to = wanted.end.min(at + length);
        if from < to {
            pieces.push(range.start + (from - at)..range.start + (to - at));
        }
        at += length;
    }
    pieces
}

/// Reverses the bytes of each unit; what is left over at the end stays as it is.
fn swapped(
    source: BoxStream<'static, Result<Bytes>>,
    unit: usize,
) -> BoxStream<'static, Result<Bytes>> {
    let state = (source, BytesMut::new(), false);
    stream::unfold(state, move |(mut source, mut rest, done)| async move {
        if done {
            return None;
        }
        loop {
            match source.next().await {
                Some(Ok(chunk)) => {
                    rest.extend_from_slice(&chunk);
                    let whole = rest.len() - rest.len() % unit;
                    if whole == 0 {
                        continue;
                    }
                    let mut out = rest.split_to(whole);
                    out.chunks_exact_mut(unit).for_each(<[u8]>::reverse);
                    return Some((Ok(out.freeze()), (source, rest, false)));
                }
                Some(Err(error)) => return Some((Err(error), (source, rest, true))),
                None if rest.is_empty() => return None,
                None => {
                    let out = rest.split().freeze();
                    return Some((Ok(out), (source, rest, true)));
                }
            }
        }
    })
    .boxed()
}

/// Leaves out the first `skip` bytes and ends after `take` more.
fn cut(
    source: BoxStream<'static, Result<Bytes>>,
    skip: u64,
    take: u64,
) -> BoxStream<'static, Result<Bytes>> {
    source
        .scan((skip, take), |(skip, take), item| {
            let item = item.map(|mut chunk| {
                let leave = chunk
                    .len()
                    .min(usize::try_from(*skip).unwrap_or(usize::MAX));
                let _ = chunk.split_to(leave);
                *skip -= leave as u64;
                chunk.truncate(usize::try_from(*take).unwrap_or(usize::MAX));
                *take -= chunk.len() as u64;
                chunk
            });
            std::future::ready(Some(item))
        })
        .filter(|item| {
            let empty = item.as_ref().is_ok_and(Bytes::is_empty);
            std::future::ready(!empty)
        })
        .boxed()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
    use super::*;

    #[test]
    fn a_range_of_a_value_in_pieces_is_found() {
        let ranges = [10..14, 20..20, 30..36];
        assert_eq!(pieces(&ranges, &(0..10)), [10..14, 30..36]);
        assert_eq!(pieces(&ranges, &(3..5)), [13..14, 30..31]);
        assert_eq!(pieces(&ranges, &(4..6)), [30..32]);
        assert_eq!(pieces(&ranges, &(10..10)), Vec::<Range<u64>>::new());
    }

    #[tokio::test]
    async fn numbers_are_swapped_across_chunks_and_cut() {
        let chunks: Vec<Result<Bytes>> = [&b"ABC"[..], b"D", b"EFG"]
            .iter()
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        let chunks = swapped(stream::iter(chunks).boxed(), 2);
        let out: Vec<Bytes> = cut(chunks, 1, 4).map(Result::unwrap).collect().await;
        assert_eq!(out.concat(), b"ADCF");
    }
}
