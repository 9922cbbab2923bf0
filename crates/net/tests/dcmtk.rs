//! DCMTK as peer, both ways. A missing tool is skipped loudly, and fails with
//! `SAGITTAL_TEST_STRICT=1`.
#![allow(clippy::unwrap_used)] // a test may panic

#[path = "dcmtk/archive.rs"]
mod archive;
#[path = "dcmtk/tool.rs"]
mod tool;

use std::path::Path;
use std::time::Duration;

use archive::{Archive, CT, VERIFICATION};
use bytes::Bytes;
use sagittal_core::{AeTitle, Uid};
use sagittal_net::dimse::{
    CEchoRequest, CEchoResponse, CStoreRequest, CStoreResponse, Priority, Status,
};
use sagittal_net::server::Limits;
use sagittal_net::{Association, Config, Data, Error, Proposal, Received};
use tool::{free_port, run, tool};

const EXPLICIT: &str = "1.2.840.10008.1.2.1";

#[tokio::test]
async fn echoscu_is_answered_whatever_it_proposes() {
    let Some(echoscu) = tool("echoscu") else {
        return;
    };
    let archive = Archive::start(Limits::default(), None).await;
    for arguments in [
        vec![],
        vec!["--repeat", "20"],
        vec!["--propose-ts", "38"],
        vec!["--propose-pc", "128"],
        vec!["--max-pdu", "4096"],
        vec!["--max-pdu", "131072"],
    ] {
        let (ok, output) = run(&echoscu, &archive.arguments(&arguments)).await;
        assert!(ok, "{arguments:?}: {output}");
    }
    let before = archive.service.aborts();
    let (ok, output) = run(&echoscu, &archive.arguments(&["--abort"])).await;
    assert!(ok, "{output}");
    archive.until(|service| service.aborts() > before).await;
}

#[tokio::test]
async fn echoscu_is_told_why_it_may_not_come_in() {
    let Some(echoscu) = tool("echoscu") else {
        return;
    };
    let limits = Limits {
        associations: 1,
        ..Limits::default()
    };
    let archive = Archive::start(limits, None).await;
    let _held = archive.associate().await;
    let (ok, output) = run(&echoscu, &archive.arguments(&["-v"])).await;
    assert!(!ok && output.contains("Local Limit Exceeded"), "{output}");
}

#[tokio::test]
async fn what_storescu_sends_arrives_byte_for_byte() {
    let Some(storescu) = tool("storescu") else {
        return;
    };
    let archive = Archive::start(Limits::default(), None).await;
    let folder = tempfile::tempdir().unwrap();
    for (number, size) in [0usize, 2, 16_000, 16_384, 3_000_000]
        .into_iter()
        .enumerate()
    {
        let (file, data_set) = archive::object(&format!("1.2.3.{number}"), size);
        let path = folder.path().join(format!("{number}.dcm"));
        std::fs::write(&path, file).unwrap();
        for arguments in [vec![], vec!["--max-send-pdu", "4096"]] {
            let mut arguments = archive.arguments(&arguments);
            arguments.push(path.to_str().unwrap().to_owned());
            let (ok, output) = run(&storescu, &arguments).await;
            assert!(ok, "{output}");
            let stored = archive.service.take_stored();
            assert!(stored == [Bytes::from(data_set.clone())], "{size} bytes");
        }
    }
}

#[tokio::test]
async fn findscu_cancels_what_would_never_end() {
    let Some(findscu) = tool("findscu") else {
        return;
    };
    let archive = Archive::start(Limits::default(), None).await;
    let arguments = archive.arguments(&["-v", "-P", "--cancel", "5", "-k", "0010,0020=1"]);
    let (_, output) = run(&findscu, &arguments).await;
    archive.until(|service| service.cancels() == 1).await;
    assert!(output.contains("Cancel"), "{output}");
}

#[tokio::test]
async fn echoscu_comes_over_tls() {
    let Some(echoscu) = tool("echoscu") else {
        return;
    };
    let (_, help) = run(&echoscu, &["--help".to_owned()]).await;
    if !help.contains("--enable-tls") {
        return tool::missing("echoscu with TLS");
    }
    let folder = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (chain, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (chain_path, key_path) = (write("chain.pem", &chain), write("key.pem", &key));
    let archive = Archive::start(Limits::default(), Some((&chain, &key))).await;
    let arguments = archive.arguments(&[
        "+tls",
        &key_path,
        &chain_path,
        "--add-cert-file",
        &chain_path,
    ]);
    let (ok, output) = run(&echoscu, &arguments).await;
    assert!(ok, "{output}");
    let (ok, _) = run(&echoscu, &archive.arguments(&["-to", "5", "-ta", "5"])).await;
    assert!(!ok, "plain text on a TLS port");
}

/// storescp, ended when dropped.
async fn storescp(folder: &Path, arguments: &[&str]) -> Option<(tokio::process::Child, u16)> {
    let storescp = tool("storescp")?;
    let port = free_port();
    let child = tokio::process::Command::new(storescp)
        .args(arguments)
        .arg("-od")
        .arg(folder)
        .arg(port.to_string())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    for _ in 0..500 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_ok()
        {
            return Some((child, port));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("storescp does not listen");
}

fn proposal() -> Proposal {
    Proposal::new(
        AeTitle::new("SCU").unwrap(),
        AeTitle::new("STORESCP").unwrap(),
    )
    .context(
        Uid::from_static(VERIFICATION),
        [Uid::from_static("1.2.840.10008.1.2")],
    )
    .context(Uid::from_static(CT), [Uid::from_static(EXPLICIT)])
}

async fn answer(association: &mut Association) -> sagittal_net::Message {
    match association.receive().await.unwrap() {
        Received::Message(message) => message,
        other => panic!("no message but {other:?}"),
    }
}

#[tokio::test]
async fn storescp_takes_what_we_send() {
    let folder = tempfile::tempdir().unwrap();
    for pdu in ["4096", "16384", "131072"] {
        let Some((_child, port)) = storescp(folder.path(), &["+B", "-pdu", pdu]).await else {
            return;
        };
        let config = Config::default();
        let mut association = Association::connect("127.0.0.1", port, None, &proposal(), &config)
            .await
            .unwrap();
        let negotiated = association.negotiated().clone();
        assert_eq!(negotiated.peer_max_pdu.to_string(), pdu);
        let verification = Uid::from_static(VERIFICATION);
        let context = negotiated.contexts_for(&verification).next().unwrap().id;
        let echo = CEchoRequest {
            affected_sop_class_uid: verification.clone(),
            message_id: association.next_message_id(),
        };
        association
            .send(context, &echo.to_command_set(), Data::None)
            .await
            .unwrap();
        let reply =
            CEchoResponse::from_command_set(&answer(&mut association).await.command).unwrap();
        assert_eq!(reply.status, Status::SUCCESS);
        let context = negotiated
            .find(&Uid::from_static(CT), &Uid::from_static(EXPLICIT))
            .unwrap()
            .id;
        for (number, size) in [0usize, 4096, 1_000_000].into_iter().enumerate() {
            let instance = format!("1.2.3.{number}");
            let (_, data_set) = archive::object(&instance, size);
            let store = CStoreRequest {
                affected_sop_class_uid: Uid::from_static(CT),
                message_id: association.next_message_id(),
                priority: Priority::Medium,
                affected_sop_instance_uid: Uid::new(&instance).unwrap(),
                move_originator_ae_title: None,
                move_originator_message_id: None,
            };
            let data = Data::reader(data_set.as_slice());
            association
                .send(context, &store.to_command_set(), data)
                .await
                .unwrap();
            let reply =
                CStoreResponse::from_command_set(&answer(&mut association).await.command).unwrap();
            assert_eq!(reply.status, Status::SUCCESS);
            let path = folder.path().join(format!("CT.{instance}"));
            let written = std::fs::read(&path).unwrap();
            assert!(
                written.ends_with(&data_set),
                "{size} bytes in PDUs of {pdu}"
            );
            std::fs::remove_file(path).unwrap();
        }
        association.release().await.unwrap();
    }
}

#[tokio::test]
async fn storescp_that_goes_away_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--abort-after"];
    let Some((mut child, port)) = storescp(folder.path(), &arguments).await else {
        return;
    };
    let config = Config::default();
    let mut association = Association::connect("127.0.0.1", port, None, &proposal(), &config)
        .await
        .unwrap();
    let (_, data_set) = archive::object("1.2.3.1", 5000);
    let store = CStoreRequest {
        affected_sop_class_uid: Uid::from_static(CT),
        message_id: 1,
        priority: Priority::Medium,
        affected_sop_instance_uid: Uid::from_static("1.2.3.1"),
        move_originator_ae_title: None,
        move_originator_message_id: None,
    };
    association
        .send(3, &store.to_command_set(), Data::Bytes(data_set.into()))
        .await
        .unwrap();
    let result = association.receive().await;
    assert!(
        matches!(result, Err(Error::Aborted { .. } | Error::Closed)),
        "{result:?}"
    );
    child.kill().await.unwrap();
    assert!(
        Association::connect("127.0.0.1", port, None, &proposal(), &config)
            .await
            .is_err()
    );
}
