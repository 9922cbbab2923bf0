//! Composite Instance Root: whole instances and frames, moved and got (PS3.4 Annex Y).

use sagittal_core::{Limits, tags};
use sagittal_file::read::read_data_set;
use sagittal_net::Roles;
use sagittal_net::dimse::{Status, element};

use crate::client::{Client, identifier, proposal, stored};
use crate::destination::Destination;
use crate::objects::{EXPLICIT, IMPLICIT, MULTI_FRAME, Object, uid};
use crate::server::Server;

const MOVE: &str = "1.2.840.10008.5.1.4.1.2.4.2";
const GET: &str = "1.2.840.10008.5.1.4.1.2.4.3";

fn completed(command: &sagittal_net::dimse::CommandSet) -> Option<u16> {
    command
        .get(element::NUMBER_OF_COMPLETED_SUBOPERATIONS)
        .unwrap()
}

#[tokio::test]
async fn whole_instances_and_frames_are_moved_to_a_peer() {
    let mut destination = Destination::start().await;
    destination.allow(100);
    let peer = destination.as_peer("DEST");
    let server = Server::with(|setup| setup.peers = vec![peer]).await;
    let object = Object::multi_frame(1, 6);
    stored(&server, &[object.clone(), Object::multi_frame(2, 2)]).await;
    let mut client = Client::simple(&server, &[(MOVE, IMPLICIT)]).await;
    let instance = object.sop_instance_uid.as_str();

    let whole = identifier(&[
        (tags::QUERY_RETRIEVE_LEVEL, "IMAGE"),
        (tags::SOP_INSTANCE_UID, instance),
    ]);
    let moved = client.r#move(MOVE, "DEST", &whole).await;
    assert_eq!(moved.last.status(), Ok(Status::SUCCESS));
    assert_eq!(completed(&moved.last), Some(1));
    let (request, bytes) = destination.arrived().await;
    assert_eq!(request.affected_sop_instance_uid, object.sop_instance_uid);
    assert_eq!(bytes, object.encode(EXPLICIT));
    let originator = request.move_originator_ae_title;
    assert_eq!(originator.unwrap().to_string(), "TESTER");

    let mut frames = identifier(&[
        (tags::QUERY_RETRIEVE_LEVEL, "FRAME"),
        (tags::SOP_INSTANCE_UID, instance),
    ]);
    frames.put_u32(tags::CALCULATED_FRAME_LIST, &[2, u32::MAX, 2]);
    let moved = client.r#move(MOVE, "DEST", &frames).await;
    assert_eq!(moved.last.status(), Ok(Status::SUCCESS));
    let (request, bytes) = destination.arrived().await;
    assert_ne!(request.affected_sop_instance_uid, object.sop_instance_uid);
    let (read, _) = read_data_set(&bytes, EXPLICIT, Limits::default()).unwrap();
    let pixels = read.bytes(tags::PIXEL_DATA).unwrap();
    let found: Vec<u8> = pixels.chunks(32 * 32).map(|frame| frame[0]).collect();
    assert_eq!(found, [1, 3, 5]);
    assert_eq!(
        read.first_text(tags::SOP_INSTANCE_UID).as_deref(),
        Some(request.affected_sop_instance_uid.as_str())
    );
    // A destination that we do not know, and frames that do not exist.
    let moved = client.r#move(MOVE, "NOBODY", &frames).await;
    assert_eq!(moved.last.status(), Ok(Status::MOVE_DESTINATION_UNKNOWN));
    frames.put_u32(tags::CALCULATED_FRAME_LIST, &[7, 9, 1]);
    let moved = client.r#move(MOVE, "DEST", &frames).await;
    assert_eq!(moved.last.status(), Ok(Status(0xAA00)));
    frames.put_u32(tags::CALCULATED_FRAME_LIST, &[7, 9]);
    let moved = client.r#move(MOVE, "DEST", &frames).await;
    assert_eq!(moved.last.status(), Ok(Status(0xAA04)));
    server.stop().await;
    destination.vanish().await;
}

#[tokio::test]
async fn whole_instances_are_got_by_a_list_of_uids() {
    let server = Server::start().await;
    let objects: Vec<Object> = (1..=3).map(|n| Object::multi_frame(n, 2)).collect();
    stored(&server, &objects).await;
    let scp = Roles {
        scu: false,
        scp: true,
    };
    let proposal = proposal("ARCHIVE")
        .context(uid(GET), [uid(EXPLICIT)])
        .context(uid(MULTI_FRAME), [uid(EXPLICIT)])
        .role(uid(MULTI_FRAME), scp);
    let mut client = Client::connect(&server, &proposal).await;
    let list = format!(
        "{}\\{}\\1.2.3.4",
        objects[0].sop_instance_uid, objects[2].sop_instance_uid
    );
    let wanted = identifier(&[
        (tags::QUERY_RETRIEVE_LEVEL, "IMAGE"),
        (tags::SOP_INSTANCE_UID, &list),
    ]);
    let got = client.get(GET, &wanted).await;
    assert_eq!(got.last.status(), Ok(Status::SUCCESS));
    assert_eq!(completed(&got.last), Some(2));
    for object in [&objects[0], &objects[2]] {
        let (_, bytes) = &got.instances[object.sop_instance_uid.as_str()];
        assert_eq!(*bytes, object.encode(EXPLICIT));
    }
    // Levels of other models are not its own.
    let study = identifier(&[
        (tags::QUERY_RETRIEVE_LEVEL, "STUDY"),
        (tags::STUDY_INSTANCE_UID, "1.2.826.0.1.1"),
    ]);
    let got = client.get(GET, &study).await;
    assert_eq!(
        got.last.status(),
        Ok(Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS)
    );
    server.stop().await;
}
