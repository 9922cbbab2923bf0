//! Peers that send a byte now and then: they do not keep their place, nor anybody from theirs.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use sagittal_core::sop_class;
use sagittal_tests::dicom::{Peer, associate_rq, data_set_of, echo, echo_rq, p_data, store_rq};
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, wait};

const SLOTS: usize = 40;
const EXPLICIT: &str = "1.2.840.10008.1.2.1";

fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[dimse]\nartim_timeout = \"2s\"\nidle_timeout = \"1m\"\nread_timeout = \"2s\"\n\
         max_associations = {SLOTS}\nmax_associations_per_peer = {SLOTS}\n"
    );
    Server::builder().config(folder.path(), &text).start()
}

/// A peer that has begun something and will drip the rest.
struct Dripping {
    stream: TcpStream,
    rest: VecDeque<u8>,
}

impl Dripping {
    /// Where it stops to send as it should depends on the number.
    fn begin(server: &Server, object: &Object, number: usize) -> Option<Dripping> {
        let part10 = object.part10();
        let store = p_data(
            1,
            true,
            true,
            &store_rq(
                object.sop_class_uid().as_str(),
                object.sop_instance_uid().as_str(),
            ),
        );
        let data = p_data(1, false, false, &data_set_of(&part10)[..20_000]);
        let message = [store.clone(), data].concat();
        let at_once = match number % 4 {
            // In a PDU header, in the command set, between command and data set, in the data set.
            0 => 3,
            1 => 50,
            2 => store.len(),
            _ => store.len() + 500,
        };
        let mut peer = Peer::for_object(server.dimse(), "DRIP", object).ok()?;
        peer.stream.write_all(&message[..at_once]).ok()?;
        peer.stream
            .set_read_timeout(Some(Duration::from_millis(1)))
            .unwrap();
        Some(Dripping {
            stream: peer.stream,
            rest: message[at_once..].iter().copied().collect(),
        })
    }

    /// Sends one more byte; `false` if the server has hung up.
    fn drip(&mut self) -> bool {
        let byte = self.rest.pop_front().expect("trickled to the end");
        if self.stream.write_all(&[byte]).is_err() {
            return false;
        }
        match self.stream.read_to_end(&mut Vec::new()) {
            // The end, perhaps after an A-ABORT.
            Ok(_) => false,
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }
}

#[test]
fn dripping_peers_lose_their_places_and_a_good_one_is_served_meanwhile() {
    let server = server();
    let object = objects::ct_of(128, 128);
    let mut dripping: Vec<Dripping> = (0..SLOTS - 5)
        .map(|number| Dripping::begin(&server, &object, number).expect("not let in"))
        .collect();
    let begun = Instant::now();
    let mut good = 0;
    wait::until("the end of those who drip", || {
        dripping.retain_mut(Dripping::drip);
        let started = Instant::now();
        let mut peer = Peer::for_object(server.dimse(), "GOOD", &object).unwrap();
        assert_eq!(peer.store(&object).unwrap(), 0);
        assert_eq!(echo(server.dimse()).unwrap(), 0);
        assert!(started.elapsed() < Duration::from_secs(5));
        good += 1;
        dripping.is_empty().then_some(())
    });
    assert!(good > 1 && begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn places_that_dripping_peers_had_taken_come_back() {
    let server = server();
    let object = objects::ct_of(128, 128);
    let mut dripping: Vec<Dripping> = (0..SLOTS)
        .map(|number| Dripping::begin(&server, &object, number).expect("not let in"))
        .collect();
    assert!(
        Dripping::begin(&server, &object, 0).is_none(),
        "all places are taken"
    );
    // Nor does one who drips the A-ASSOCIATE-RQ keep the door.
    let request = associate_rq("DRIP", "SAGITTAL", &[(sop_class::VERIFICATION, EXPLICIT)]);
    let mut knocking = TcpStream::connect(server.dimse()).unwrap();
    knocking
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    let mut knocks = request.into_iter();
    wait::until("the end of those who drip", || {
        dripping.retain_mut(Dripping::drip);
        let _ = knocks.next().map(|byte| knocking.write_all(&[byte]));
        std::thread::sleep(Duration::from_millis(20));
        dripping.is_empty().then_some(())
    });
    // All at the same time.
    let mut good: Vec<Peer> = Vec::new();
    wait::until("a place", || {
        let contexts = [(sop_class::VERIFICATION, EXPLICIT)];
        if let Ok(peer) = Peer::associate(server.dimse(), "GOOD", &contexts) {
            good.push(peer);
        }
        (good.len() == SLOTS).then_some(())
    });
    for peer in &mut good {
        peer.send(1, &echo_rq(), None).unwrap();
        assert_eq!(peer.status().unwrap(), 0);
    }
    wait::until("the end of the one who knocks", || {
        match knocking.read(&mut [0; 64]) {
            Ok(0) => Some(()),
            Ok(_) => None,
            Err(error) => {
                (!matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)).then_some(())
            }
        }
    });
}
