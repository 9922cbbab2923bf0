//! Data sets of odd length, which no good sender makes and some store.

use bytes::Bytes;
use sagittal_core::{Limits, Vr, tags};
use sagittal_file::read::read_data_set;
use sagittal_net::Roles;
use sagittal_net::dimse::{CStoreResponse, Status};

use crate::client::{Client, STUDY_GET, STUDY_MOVE, identifier, proposal};
use crate::destination::Destination;
use crate::objects::{CT, EXPLICIT, IMPLICIT, Object, uid};
use crate::server::Server;

/// An object of so many bytes of pixels and an odd value before them, encoded; and as it should
/// arrive.
fn odd(pixels: usize) -> (Object, Bytes, Bytes) {
    let mut object = Object::ct("P1", 1, 1, 1);
    object.data_set.put_text(tags::PATIENT_COMMENTS, "odd");
    object
        .data_set
        .put_bytes(tags::PIXEL_DATA, Vr::OW, vec![7; pixels]);
    let even = object.encode(EXPLICIT);
    let padded = b"LT\x04\0odd ";
    let at = even
        .windows(padded.len())
        .position(|bytes| bytes == padded)
        .unwrap();
    let mut odd = even.to_vec();
    odd.splice(at..at + padded.len(), *b"LT\x03\0odd");
    (object, odd.into(), even)
}

async fn store(server: &Server, object: &Object, bytes: Bytes) {
    let mut client = Client::simple(server, &[(CT, EXPLICIT)]).await;
    let request = client.store_request(object).to_command_set();
    client.send(CT, &request, Some(bytes)).await;
    let (_, response, _) = client.message().await;
    let response = CStoreResponse::from_command_set(&response).unwrap();
    assert_eq!(response.status, Status::SUCCESS);
}

#[tokio::test]
async fn an_instance_of_odd_length_goes_out_even_however_long_it_is() {
    let mut destination = Destination::start().await;
    destination.allow(100);
    let peer = destination.as_peer("DEST");
    // More than what is read at once, and than what could be mended before.
    for pixels in [1000, 6 << 20, 20 << 20] {
        let peer = peer.clone();
        let server = Server::with(|setup| setup.peers = vec![peer]).await;
        let (object, odd, even) = odd(pixels);
        assert!(odd.len() % 2 == 1);
        store(&server, &object, odd).await;
        let scp = Roles {
            scu: false,
            scp: true,
        };
        let proposal = proposal("ARCHIVE")
            .context(uid(STUDY_GET), [uid(EXPLICIT)])
            .context(uid(STUDY_MOVE), [uid(IMPLICIT)])
            .context(uid(CT), [uid(EXPLICIT)])
            .role(uid(CT), scp);
        let mut client = Client::connect(&server, &proposal).await;
        let study = identifier(&[
            (tags::QUERY_RETRIEVE_LEVEL, "STUDY"),
            (tags::STUDY_INSTANCE_UID, "1.2.826.0.1.1"),
        ]);
        let got = client.get(STUDY_GET, &study).await;
        assert_eq!(got.last.status(), Ok(Status::SUCCESS));
        let (_, bytes) = &got.instances[object.sop_instance_uid.as_str()];
        assert!(*bytes == even, "{pixels}: {} bytes", bytes.len());
        let moved = client.r#move(STUDY_MOVE, "DEST", &study).await;
        assert_eq!(moved.last.status(), Ok(Status::SUCCESS));
        let (_, bytes) = destination.arrived().await;
        assert!(bytes == even, "{pixels}: {} bytes", bytes.len());
        server.stop().await;
    }
    destination.vanish().await;
}

#[tokio::test]
async fn frames_of_an_odd_number_of_bytes_go_out_even() {
    let server = Server::start().await;
    let mut object = Object::multi_frame(1, 3);
    object.data_set.put_u16(tags::ROWS, &[5]);
    object.data_set.put_u16(tags::COLUMNS, &[5]);
    let pixels: Vec<u8> = (0..3).flat_map(|frame| [frame; 25]).collect();
    object.data_set.put_bytes(tags::PIXEL_DATA, Vr::OB, pixels);
    crate::client::stored(&server, std::slice::from_ref(&object)).await;
    let class = object.sop_class_uid.clone();
    let composite = "1.2.840.10008.5.1.4.1.2.4.3";
    let proposal = proposal("ARCHIVE")
        .context(uid(composite), [uid(EXPLICIT)])
        .context(class.clone(), [uid(EXPLICIT)])
        .role(
            class,
            Roles {
                scu: false,
                scp: true,
            },
        );
    let mut client = Client::connect(&server, &proposal).await;
    let mut wanted = identifier(&[
        (tags::QUERY_RETRIEVE_LEVEL, "FRAME"),
        (tags::SOP_INSTANCE_UID, object.sop_instance_uid.as_str()),
    ]);
    wanted.put_u32(tags::SIMPLE_FRAME_LIST, &[2]);
    let got = client.get(composite, &wanted).await;
    assert_eq!(got.last.status(), Ok(Status::SUCCESS));
    let (_, bytes) = got.instances.values().next().unwrap();
    assert_eq!(bytes.len() % 2, 0);
    let (read, _) = read_data_set(bytes, EXPLICIT, Limits::default()).unwrap();
    let pixels = read.bytes(tags::PIXEL_DATA).unwrap();
    assert_eq!(pixels[..25], [1; 25]);
    assert_eq!(pixels.len(), 26);
    server.stop().await;
}
