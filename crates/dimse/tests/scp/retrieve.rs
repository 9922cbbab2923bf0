//! C-GET and C-MOVE.

use sagittal_core::{DataSet, Limits, Vr, tags};
use sagittal_file::read::read_data_set;
use sagittal_net::dimse::{Status, element};
use sagittal_net::{Proposal, Roles};

use crate::client::{Client, STUDY_GET, STUDY_MOVE, identifier, proposal, stored};
use crate::objects::{BIG, CT, EXPLICIT, IMPLICIT, JPEG, MULTI_FRAME, Object, uid};
use crate::server::Server;

const COMPOSITE_GET: &str = "1.2.840.10008.5.1.4.1.2.4.3";
const WITHOUT_BULK_DATA: &str = "1.2.840.10008.5.1.4.1.2.5.3";

fn getter(class: &'static str, storage: &[(&'static str, &'static str)]) -> Proposal {
    let scp = Roles {
        scu: false,
        scp: true,
    };
    let start = proposal("ARCHIVE").context(uid(class), [uid(EXPLICIT)]);
    storage.iter().fold(start, |proposal, (class, ts)| {
        proposal
            .context(uid(class), [uid(ts)])
            .role(uid(class), scp)
    })
}

fn study(number: u32) -> DataSet {
    identifier(&[
        (tags::QUERY_RETRIEVE_LEVEL, "STUDY"),
        (tags::STUDY_INSTANCE_UID, &format!("1.2.826.0.1.{number}")),
    ])
}

fn counters(command: &sagittal_net::dimse::CommandSet) -> [u16; 3] {
    let get = |number| command.get::<Option<u16>>(number).unwrap().unwrap_or(999);
    [
        get(element::NUMBER_OF_COMPLETED_SUBOPERATIONS),
        get(element::NUMBER_OF_FAILED_SUBOPERATIONS),
        get(element::NUMBER_OF_WARNING_SUBOPERATIONS),
    ]
}

#[tokio::test]
async fn a_study_comes_back_over_the_same_association_byte_for_byte() {
    let server = Server::start().await;
    let objects: Vec<Object> = (1..=25).map(|n| Object::ct("P1", 1, 1, n)).collect();
    stored(&server, &objects).await;
    stored(&server, &[Object::ct("P1", 2, 1, 1)]).await;
    let mut client = Client::connect(&server, &getter(STUDY_GET, &[(CT, EXPLICIT)])).await;
    let got = client.get(STUDY_GET, &study(1)).await;
    assert_eq!(got.last.status(), Ok(Status::SUCCESS));
    assert_eq!(counters(&got.last), [25, 0, 0]);
    assert!(!got.responses.is_empty());
    for object in &objects {
        let (ts, bytes) = &got.instances[object.sop_instance_uid.as_str()];
        assert_eq!((ts, bytes), (&uid(EXPLICIT), &object.encode(EXPLICIT)));
    }
    assert_eq!(got.instances.len(), 25);
    let nothing = client.get(STUDY_GET, &study(9)).await;
    assert_eq!(nothing.last.status(), Ok(Status::SUCCESS));
    assert_eq!(counters(&nothing.last), [0, 0, 0]);
    server.stop().await;
}

#[tokio::test]
async fn levels_select_series_and_instances() {
    let server = Server::start().await;
    let objects: Vec<Object> = (1..=4).map(|n| Object::ct("P1", 1, n % 2 + 1, n)).collect();
    stored(&server, &objects).await;
    let mut client = Client::connect(&server, &getter(STUDY_GET, &[(CT, EXPLICIT)])).await;
    let series = identifier(&[
        (tags::QUERY_RETRIEVE_LEVEL, "SERIES"),
        (tags::STUDY_INSTANCE_UID, "1.2.826.0.1.1"),
        (tags::SERIES_INSTANCE_UID, "1.2.826.0.1.1.1"),
    ]);
    assert_eq!(client.get(STUDY_GET, &series).await.instances.len(), 2);
    let list = format!(
        "{}\\{}\\{}",
        objects[0].sop_instance_uid, objects[1].sop_instance_uid, objects[2].sop_instance_uid
    );
    let images = identifier(&[
        (tags::QUERY_RETRIEVE_LEVEL, "IMAGE"),
        (tags::SOP_INSTANCE_UID, &list),
    ]);
    assert_eq!(client.get(STUDY_GET, &images).await.instances.len(), 3);
    server.stop().await;
}

#[tokio::test]
async fn what_the_requestor_does_not_take_is_converted_or_reported_as_failed() {
    let server = Server::start().await;
    stored(&server, &[Object::ct("P1", 1, 1, 1)]).await;
    // Explicit VR Big Endian differs in encoding only.
    let mut client = Client::connect(&server, &getter(STUDY_GET, &[(CT, BIG)])).await;
    let got = client.get(STUDY_GET, &study(1)).await;
    assert_eq!(got.last.status(), Ok(Status::SUCCESS));
    let (ts, bytes) = got.instances.values().next().unwrap();
    let (read, findings) = read_data_set(bytes, ts.as_str(), Limits::default()).unwrap();
    assert!(findings.is_empty());
    let original = Object::ct("P1", 1, 1, 1).data_set;
    assert_eq!(
        read.bytes(tags::PIXEL_DATA),
        original.bytes(tags::PIXEL_DATA)
    );
    // JPEG would have to be encoded.
    let mut client = Client::connect(&server, &getter(STUDY_GET, &[(CT, JPEG)])).await;
    let got = client.get(STUDY_GET, &study(1)).await;
    assert_eq!(
        got.last.status(),
        Ok(Status::UNABLE_TO_PERFORM_SUBOPERATIONS)
    );
    assert_eq!(counters(&got.last), [0, 1, 0]);
    assert_eq!(got.failed, ["1.2.826.0.1.1.1.1"]);
    let comment: Option<String> = got.last.get(element::ERROR_COMMENT).unwrap();
    assert!(comment.unwrap().contains(EXPLICIT));
    server.stop().await;
}

#[tokio::test]
async fn without_the_scp_role_nothing_can_be_got() {
    let server = Server::start().await;
    stored(&server, &[Object::ct("P1", 1, 1, 1)]).await;
    let mut client = Client::simple(&server, &[(STUDY_GET, EXPLICIT), (CT, EXPLICIT)]).await;
    let got = client.get(STUDY_GET, &study(1)).await;
    assert_eq!(counters(&got.last), [0, 1, 0]);
    assert!(got.instances.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn a_study_is_moved_to_a_peer_that_is_told_who_asked() {
    let destination = Server::start().await;
    let peer = destination.as_peer("DEST");
    let source = Server::with(|setup| {
        setup.peers = vec![peer];
        setup.peers[0].max_associations = 3;
    })
    .await;
    let objects: Vec<Object> = (1..=30).map(|n| Object::ct("P1", 1, 1, n)).collect();
    stored(&source, &objects).await;
    let mut client = Client::simple(&source, &[(STUDY_MOVE, IMPLICIT)]).await;
    let moved = client.r#move(STUDY_MOVE, "DEST", &study(1)).await;
    assert_eq!(moved.last.status(), Ok(Status::SUCCESS));
    assert_eq!(counters(&moved.last), [30, 0, 0]);
    let remaining: Vec<u16> = moved
        .responses
        .iter()
        .map(|pending| {
            pending
                .get(element::NUMBER_OF_REMAINING_SUBOPERATIONS)
                .unwrap()
        })
        .collect();
    assert!(!remaining.is_empty() && remaining.is_sorted_by(|a, b| a >= b));
    for object in &objects {
        let archive = &destination.archive;
        let instance = archive
            .instance(None, None, &object.sop_instance_uid)
            .await
            .unwrap();
        let reader = archive.open_instance(instance).await.unwrap();
        let bytes = reader.read(0, reader.len()).await.unwrap();
        assert_eq!(bytes, object.encode(EXPLICIT));
    }
    let line = source.audit_line("instances-transferred").await;
    assert!(line.contains("to DEST"));
    source.stop().await;
    destination.stop().await;
}

#[tokio::test]
async fn a_destination_that_cannot_be_reached_fails_every_instance() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let source = Server::with(|setup| {
        let title = crate::server::ae("GONE");
        setup.peers = vec![sagittal_dimse::Peer::new(
            "gone",
            title,
            "127.0.0.1",
            closed,
        )];
    })
    .await;
    stored(
        &source,
        &[Object::ct("P1", 1, 1, 1), Object::ct("P1", 1, 1, 2)],
    )
    .await;
    let mut client = Client::simple(&source, &[(STUDY_MOVE, IMPLICIT)]).await;
    let moved = client.r#move(STUDY_MOVE, "GONE", &study(1)).await;
    assert_eq!(
        moved.last.status(),
        Ok(Status::UNABLE_TO_PERFORM_SUBOPERATIONS)
    );
    assert_eq!(counters(&moved.last), [0, 2, 0]);
    assert_eq!(moved.failed.len(), 2);
    source.stop().await;
}

#[tokio::test]
async fn frames_come_as_an_instance_of_their_own() {
    let server = Server::start().await;
    let object = Object::multi_frame(1, 6);
    stored(&server, std::slice::from_ref(&object)).await;
    let proposal = getter(COMPOSITE_GET, &[(MULTI_FRAME, EXPLICIT)]);
    let mut client = Client::connect(&server, &proposal).await;
    let frames = |tag, bytes: Vec<u8>, vr| {
        let mut wanted = identifier(&[
            (tags::QUERY_RETRIEVE_LEVEL, "FRAME"),
            (tags::SOP_INSTANCE_UID, object.sop_instance_uid.as_str()),
        ]);
        wanted.put_bytes(tag, vr, bytes);
        wanted
    };
    let numbers = |list: &[u32]| list.iter().flat_map(|n| n.to_le_bytes()).collect();
    let seconds = |list: &[f64]| list.iter().flat_map(|n| n.to_le_bytes()).collect();
    let cases: [(DataSet, &[u8]); 3] = [
        (
            frames(tags::SIMPLE_FRAME_LIST, numbers(&[2, 5]), Vr::UL),
            &[1, 4],
        ),
        (
            frames(tags::CALCULATED_FRAME_LIST, numbers(&[1, 6, 2]), Vr::UL),
            &[0, 2, 4],
        ),
        (
            frames(tags::TIME_RANGE, seconds(&[0.4, 1.1]), Vr::FD),
            &[1, 2],
        ),
    ];
    for (wanted, expected) in cases {
        let got = client.get(COMPOSITE_GET, &wanted).await;
        assert_eq!(got.last.status(), Ok(Status::SUCCESS));
        let (uid, (ts, bytes)) = got.instances.iter().next().unwrap();
        assert_ne!(*uid, object.sop_instance_uid.as_str());
        let (read, _) = read_data_set(bytes, ts.as_str(), Limits::default()).unwrap();
        assert_eq!(read.first_text(tags::SOP_INSTANCE_UID).as_ref(), Some(uid));
        let pixels = read.bytes(tags::PIXEL_DATA).unwrap();
        let found: Vec<u8> = pixels.chunks(32 * 32).map(|frame| frame[0]).collect();
        assert_eq!(found, expected);
    }
    let beyond = frames(tags::SIMPLE_FRAME_LIST, numbers(&[7]), Vr::UL);
    let got = client.get(COMPOSITE_GET, &beyond).await;
    assert_eq!(got.last.status(), Ok(Status(0xAA00)));
    server.stop().await;
}

#[tokio::test]
async fn a_header_comes_without_bulk_data() {
    let server = Server::start().await;
    let object = Object::ct("P1", 1, 1, 1);
    stored(&server, std::slice::from_ref(&object)).await;
    let proposal = getter(WITHOUT_BULK_DATA, &[(CT, IMPLICIT)]);
    let mut client = Client::connect(&server, &proposal).await;
    let wanted = identifier(&[
        (tags::QUERY_RETRIEVE_LEVEL, "IMAGE"),
        (tags::SOP_INSTANCE_UID, object.sop_instance_uid.as_str()),
    ]);
    let got = client.get(WITHOUT_BULK_DATA, &wanted).await;
    assert_eq!(got.last.status(), Ok(Status::SUCCESS));
    let (ts, bytes) = &got.instances[object.sop_instance_uid.as_str()];
    let (read, findings) = read_data_set(bytes, ts.as_str(), Limits::default()).unwrap();
    assert!(findings.is_empty() && !read.contains(tags::PIXEL_DATA));
    assert_eq!(read.len(), object.data_set.len() - 1);
    assert_eq!(
        read.first_text(tags::PATIENT_NAME),
        object.data_set.first_text(tags::PATIENT_NAME)
    );
    server.stop().await;
}
