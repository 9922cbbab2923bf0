//! Any bytes, in pieces of any size, through the PDU decoder: no panic, no growth beyond what came
//! in, and association PDUs that were understood can be written and read again.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use sagittal_net::pdu::{Incoming, PduLimits, PduStream};

fuzz_target!(|input: (u8, &[u8])| {
    let (step, bytes) = input;
    let limits = PduLimits::for_max_pdu(16384);
    let mut stream = PduStream::new(limits);
    let mut buffer = BytesMut::new();
    for piece in bytes.chunks(usize::from(step).max(1)) {
        buffer.extend_from_slice(piece);
        loop {
            match stream.next(&mut buffer) {
                Err(_) => return,
                Ok(None) => break,
                Ok(Some(Incoming::Pdv(_))) => {}
                Ok(Some(Incoming::Pdu(pdu))) => {
                    let mut again = BytesMut::from(pdu.encode().as_slice());
                    let _ = PduStream::new(limits).next(&mut again);
                }
            }
        }
    }
    assert!(stream.offset() <= bytes.len() as u64);
});
