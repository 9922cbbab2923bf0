//! Hundreds of malformed associations: each ends, the server goes on.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use sagittal_core::{sop_class, transfer_syntax};
use sagittal_tests::dicom::{associate_rq, data_set_of, echo_rq, p_data, pdu, query_rq, store_rq};
use sagittal_tests::random::Random;
use sagittal_tests::{Server, objects};

const CASES: usize = 400;
const THREADS: usize = 40;
const GET: &str = sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET;
/// More than all timeouts of the configuration together, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What good peers send, PDU by PDU.
fn conversations() -> Vec<Vec<Vec<u8>>> {
    let object = objects::ct();
    let class = object.sop_class_uid();
    let part10 = object.part10();
    let explicit = transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
    let request = associate_rq(
        "MALFORMED",
        "SAGITTAL",
        &[
            (class.as_str(), explicit),
            (sop_class::VERIFICATION, explicit),
            (GET, explicit),
        ],
    );
    let store = store_rq(class.as_str(), object.sop_instance_uid().as_str());
    let mut keys = vec![8, 0, 0x52, 0, b'C', b'S', 6, 0];
    keys.extend(b"STUDY ");
    vec![
        vec![request.clone(), p_data(3, true, true, &echo_rq())],
        vec![
            request.clone(),
            p_data(1, true, true, &store),
            p_data(1, false, false, &data_set_of(&part10)[..500]),
            p_data(1, false, true, &data_set_of(&part10)[500..]),
        ],
        vec![
            request.clone(),
            p_data(5, true, true, &query_rq(0x10, GET)),
            p_data(5, false, true, &keys),
        ],
        vec![request, pdu(5, &[0; 4])],
    ]
}

/// Spoils a conversation: bytes of a PDU, or their order.
fn spoiled(number: usize) -> Vec<u8> {
    let mut random = Random::new(u64::try_from(number).unwrap() + 1);
    let conversations = conversations();
    let mut pdus = conversations[random.below(conversations.len())].clone();
    for _ in 0..=random.below(3) {
        let at = random.below(pdus.len());
        match random.below(8) {
            0 => {
                let other = random.below(pdus.len());
                pdus.swap(at, other);
            }
            1 => {
                let again = pdus[at].clone();
                pdus.insert(at, again);
            }
            2 => pdus[at][0] = u8::try_from(random.below(10)).unwrap(),
            3 => pdus[at][2..6].copy_from_slice(&u32::MAX.to_be_bytes()),
            // The command set or the user information, rather than just any byte.
            4 => {
                let start = pdus[at].len().min(12);
                let mut end = pdus[at].split_off(start);
                random.spoil(&mut end);
                pdus[at].extend(end);
            }
            _ => random.spoil(&mut pdus[at]),
        }
    }
    pdus.concat()
}

/// Sends it, and reads to the end of the connection, which the server has to bring about.
fn provoke(address: SocketAddr, number: usize, bytes: &[u8]) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.write_all(bytes);
    if number.is_multiple_of(5) {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let started = Instant::now();
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer);
    let hangs = ended.is_err_and(|error| {
        matches!(
            error.kind(),
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
        )
    });
    assert!(
        !hangs && started.elapsed() < PATIENCE,
        "case {number} hangs after {} bytes of answer",
        answer.len()
    );
}

#[test]
fn malformed_pdus_end_their_own_association_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::builder()
        .config(
            folder.path(),
            "[dimse]\nartim_timeout = \"500ms\"\nidle_timeout = \"1s\"\nread_timeout = \"500ms\"\n\
             write_timeout = \"1s\"\n",
        )
        .start();
    server.assert_well();
    let before = server.memory("VmRSS");
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    if number >= CASES {
                        return;
                    }
                    provoke(server.dimse(), number, &spoiled(number));
                }
            });
        }
    });
    server.assert_well();
    if let (Some(before), Some(after)) = (before, server.memory("VmRSS")) {
        assert!(after < before + (100 << 20), "{before} → {after} bytes");
    }
}
