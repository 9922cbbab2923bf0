//! Each route with each role; AE rules; origins; what is kept of secrets.

use sagittal_core::sop_class;
use sagittal_tests::dicom::{Peer, echo};
use sagittal_tests::http::{Request, multipart};
use sagittal_tests::{Server, objects, sagittal, wait};

const ROLES: [&str; 5] = ["reader", "writer", "editor", "monitor", "admin"];

/// A server with one token per role; the tokens.
fn server() -> (Server, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "[auth]\nmode = \"on\"\n[[auth.ae]]\nae_title = \"MODALITY\"\npermissions = [\"verify\", \"store\"]\n\
         [[auth.ae]]\nae_title = \"FAR\"\naddresses = [\"10.9.8.0/24\"]\npermissions = [\"verify\", \"store\"]\n\
         [[auth.ae]]\nae_title = \"ECHO\"\npermissions = [\"verify\"]\n"
        .to_owned();
    let mut tokens = Vec::new();
    for role in ROLES {
        let token = sagittal(["token", "new", "--json", role]).expect(0).json();
        text += &format!(
            "[[auth.token]]\nname = \"{role}\"\nhash = {}\nroles = [\"{role}\"]\n",
            token["hash"]
        );
        tokens.push(token["token"].as_str().unwrap().to_owned());
    }
    for token in &tokens {
        assert!(
            !text.contains(token),
            "the token itself is in the configuration"
        );
    }
    let server = Server::builder()
        .config(folder.path(), &text)
        .arg("--cors")
        .arg("https://viewer.example")
        .start();
    (server, tokens)
}

#[test]
fn each_route_is_open_to_just_the_roles_that_may() {
    let (server, tokens) = server();
    let uid = "/dicom-web/studies/1.2.3";
    let instance = "/dicom-web/studies/1.2.3/series/1.2.4/instances/1.2.5";
    let read = ["reader", "editor", "admin"].as_slice();
    let write = ["writer", "editor", "admin"].as_slice();
    let watch = ["monitor", "admin"].as_slice();
    let mut routes: Vec<(&str, String, &[&str])> = vec![
        ("POST", "/dicom-web/studies".into(), write),
        ("POST", uid.into(), write),
        ("DELETE", uid.into(), &["admin"]),
        ("DELETE", format!("{uid}/series/1.2.4"), &["admin"]),
        ("DELETE", instance.into(), &["admin"]),
        ("GET", "/metrics".into(), watch),
        ("GET", "/openapi.json".into(), &ROLES),
        ("OPTIONS", "/dicom-web/".into(), &ROLES),
        (
            "GET",
            "/wado?requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.4".into(),
            read,
        ),
    ];
    for path in ["/studies", "/series", "/instances"] {
        routes.push(("GET", format!("/dicom-web{path}"), read));
    }
    for end in ["", "/metadata", "/bulkdata", "/pixeldata"] {
        routes.push(("GET", format!("{uid}{end}"), read));
        routes.push(("GET", format!("{uid}/series/1.2.4{end}"), read));
        routes.push(("GET", format!("{instance}{end}"), read));
    }
    for path in ["/series", "/instances", "/series/1.2.4/instances"] {
        routes.push(("GET", format!("{uid}{path}"), read));
    }
    routes.push(("GET", format!("{instance}/frames/1"), read));
    routes.push(("GET", format!("{instance}/bulkdata/7FE00010"), read));
    routes.push(("HEAD", instance.into(), read));
    for (method, path, allowed) in &routes {
        let what = format!("{method} {path}");
        assert_eq!(server.request(method, path).send().status, 401, "{what}");
        for (role, token) in ROLES.iter().zip(&tokens) {
            let status = server
                .request(method, path)
                .header("Authorization", &format!("Bearer {token}"))
                .send()
                .status;
            assert!(status < 500, "{what} as {role}: {status}");
            assert_eq!(
                status != 403,
                allowed.contains(role),
                "{what} as {role}: {status}"
            );
            assert_ne!(status, 401, "{what} as {role}");
        }
    }
    let audit = server.data().join("audit.jsonl");
    for role in ROLES {
        wait::until("a line of the audit log for each role", || {
            let text = std::fs::read_to_string(&audit).ok()?;
            text.contains(&format!("\"who\":\"{role}\"")).then_some(())
        });
    }
    let text = std::fs::read_to_string(&audit).unwrap();
    for token in &tokens {
        assert!(!text.contains(token), "a token in the audit log");
        assert!(!server.log().contains(token), "a token in the log");
    }
}

#[test]
fn application_entities_do_what_their_rule_allows_from_where_it_allows() {
    let (server, tokens) = server();
    let object = objects::ct();
    assert_eq!(echo(server.dimse()).unwrap(), 0);
    let mut peer = Peer::for_object(server.dimse(), "MODALITY", &object).unwrap();
    assert_eq!(peer.store(&object).unwrap(), 0);
    for stranger in ["STRANGER", "FAR", "modality"] {
        let refused = Peer::for_object(server.dimse(), stranger, &object)
            .and_then(|mut peer| peer.store(&objects::ct()));
        assert!(!matches!(refused, Ok(0)), "{stranger} may store");
    }
    // A C-FIND of a modality that may only store.
    let find = sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND;
    let contexts = [(find, "1.2.840.10008.1.2")];
    if let Ok(mut peer) = Peer::associate(server.dimse(), "MODALITY", &contexts) {
        let keys = b"\x08\0\x52\0\x06\0\0\0STUDY ";
        peer.send(1, &sagittal_tests::dicom::query_rq(0x20, find), Some(keys))
            .unwrap();
        let status = peer.status();
        assert!(!matches!(status, Ok(0 | 0xFF00)), "{status:?}");
    }
    let reader = format!("Bearer {}", tokens[0]);
    let found = server
        .request("GET", "/dicom-web/instances")
        .header("Authorization", &reader)
        .send()
        .expect(200);
    assert_eq!(found.json().as_array().unwrap().len(), 1);
    let audit = server.data().join("audit.jsonl");
    wait::until("the refusal in the audit log", || {
        let text = std::fs::read_to_string(&audit).ok()?;
        let refused = |line: &&str| line.contains("STRANGER") && !line.contains("\"success\"");
        text.lines().find(refused).map(drop)
    });
}

#[test]
fn only_configured_origins_may_call_from_a_browser() {
    let (server, tokens) = server();
    let ask = |method: &str, origin: &str| {
        server
            .request(method, "/dicom-web/studies")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "GET")
            .header("Authorization", &format!("Bearer {}", tokens[0]))
            .send()
            .header("access-control-allow-origin")
            .map(str::to_owned)
    };
    for method in ["GET", "OPTIONS"] {
        assert_eq!(
            ask(method, "https://viewer.example").as_deref(),
            Some("https://viewer.example"),
            "{method}"
        );
        for other in [
            "https://evil.example",
            "https://viewer.example.evil.example",
            "http://viewer.example",
            "https://viewer.example:444",
            "null",
        ] {
            assert_eq!(ask(method, other), None, "{method} {other}");
        }
    }
}

#[test]
fn uids_that_look_like_paths_reach_no_file() {
    let server = Server::start();
    let folder = server.data().parent().unwrap().to_owned();
    for uid in ["../../../evil", "/tmp/evil", "1.2/../../evil", "..\\evil"] {
        let object = objects::ct()
            .with(sagittal_core::tags::SOP_INSTANCE_UID, "1.2.3")
            .part10();
        // The value is of the right length in the file, so that only its content is wrong.
        let needle = b"1.2.3\0";
        let mut bytes = object;
        let padded = format!("{uid:.6}");
        let at: Vec<usize> = bytes
            .windows(needle.len())
            .enumerate()
            .filter_map(|(at, window)| (window == needle).then_some(at))
            .collect();
        for at in at {
            bytes[at..at + padded.len()].copy_from_slice(padded.as_bytes());
        }
        let body = multipart("application/dicom", &[bytes]);
        let answer = Request::new("POST", server.http(), "/dicom-web/studies")
            .header(
                "Content-Type",
                "multipart/related; type=\"application/dicom\"; boundary=sagittal-test",
            )
            .body(body)
            .send();
        assert!(answer.status < 500, "{uid}: {}", answer.text());
    }
    let known = ["data", "log"];
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(known.iter().any(|known| *known == name), "{name:?}");
    }
    server.assert_well();
}
