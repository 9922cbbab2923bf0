//! Data sets as one DICOM JSON array, streamed (PS3.18 §F.2).

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use sagittal_core::DataSet;
use sagittal_file::json;

use crate::error::Result;

/// Bytes gathered before a chunk goes out.
const CHUNK: usize = 32 << 10;

struct Array {
    source: BoxStream<'static, Result<DataSet>>,
    first: bool,
    done: bool,
}

/// `[…]` of the data sets, in chunks.
pub fn array(source: BoxStream<'static, Result<DataSet>>) -> BoxStream<'static, Result<Bytes>> {
    let array = Array {
        source,
        first: true,
        done: false,
    };
    stream::unfold(array, |mut array| async move {
        if array.done {
            return None;
        }
        let mut out = Vec::with_capacity(CHUNK + 4096);
        if array.first {
            out.push(b'[');
        }
        while out.len() < CHUNK {
            match array.source.next().await {
                Some(Ok(data_set)) => {
                    if !std::mem::take(&mut array.first) {
                        out.push(b',');
                    }
                    json::write(&data_set, &mut out);
                }
                Some(Err(error)) => {
                    array.done = true;
                    return Some((Err(error), array));
                }
                None => {
                    out.push(b']');
                    array.done = true;
                    break;
                }
            }
        }
        Some((Ok(Bytes::from(out)), array))
    })
    .boxed()
}
