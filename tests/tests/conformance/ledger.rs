//! The negotiation ledger of a running server: peers of others on both sides, restarts, crashes,
//! and documents that peers do not keep to.

use std::io::Read as _;
use std::net::TcpStream;
use std::process::{Command, Stdio};

use sagittal_tests::objects::{ct, mr};
use sagittal_tests::peer::dcmtk;
use sagittal_tests::{Server, sagittal, wait};
use serde_json::Value;
use tempfile::TempDir;

use super::observed::{Program, free_port};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";

fn ledger(server: &Server, path: &str) -> Value {
    let response = server.get(&format!("/admin/negotiations{path}"));
    response.expect(200).json()
}

fn details(server: &Server, title: &str) -> Value {
    let found = ledger(server, &format!("/{title}"));
    assert_eq!(found["peers"].as_array().unwrap().len(), 1, "{found}");
    found["peers"][0].clone()
}

/// echoscu or storescu of DCMTK.
fn scu(name: &str, server: &Server, title: &str, more: &[&str]) -> Option<bool> {
    let program = dcmtk(name)?;
    let (host, port) = (server.dimse().ip().to_string(), server.dimse().port());
    let status = Command::new(program)
        .args(["-aet", title, "-aec", "SAGITTAL"])
        .args(more.iter().take_while(|word| word.starts_with('-')))
        .args([&host, &port.to_string()])
        .args(more.iter().skip_while(|word| word.starts_with('-')))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    Some(status.success())
}

fn write(folder: &TempDir, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

#[test]
fn what_peers_propose_and_what_is_refused_is_kept_over_restarts() {
    let folder = TempDir::new().unwrap();
    let text =
        format!("[dimse]\ntransfer_syntaxes = [\"{IMPLICIT}\"]\ncheck_called_ae_title = true\n");
    let mut server = Server::builder().config(folder.path(), &text).start();
    let file = write(&folder, "ct.dcm", &ct().part10());
    if scu("echoscu", &server, "ECHO1", &[]).is_none() {
        return;
    }
    assert_eq!(scu("storescu", &server, "CT 1", &[&file]), Some(true));
    // Explicit only, which is not taken.
    assert_eq!(
        scu("storescu", &server, "CT 1", &["-xe", "-R", &file]),
        Some(true)
    );
    let port = server.dimse().port().to_string();
    let wrong = Command::new(dcmtk("echoscu").unwrap())
        .args(["-aet", "ECHO1", "-aec", "OTHER", "127.0.0.1", &port])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(!wrong.success());

    let all = ledger(&server, "");
    let titles: Vec<&str> = all["peers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["ae_title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["CT 1", "ECHO1"]);
    let echo = details(&server, "ECHO1");
    assert_eq!(echo["address"], "127.0.0.1");
    let inbound = &echo["inbound"];
    assert_eq!(
        (&inbound["accepted"], &inbound["rejected"]),
        (&1.into(), &1.into())
    );
    let reason = inbound["rejections"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("called AE title"), "{reason}");
    let version = echo["implementation_version_name"].as_str().unwrap();
    assert!(version.starts_with("OFFIS"), "{version}");

    let before = details(&server, "CT%201");
    let contexts = before["inbound"]["contexts"].as_array().unwrap();
    let of_ct = |row: &&Value| row["sop_class_uid"] == CT;
    let taken: Vec<&Value> = contexts.iter().filter(of_ct).collect();
    assert!(
        taken.iter().any(|row| row["accepted"][IMPLICIT].is_u64()),
        "{before}"
    );
    assert!(
        taken
            .iter()
            .any(|row| row["transfer_syntax_uids"][0] == EXPLICIT),
        "{before}"
    );

    // An orderly stop loses nothing, and the command reads what it left.
    assert!(server.stop().success());
    let data = server.data().display().to_string();
    let shown = sagittal(["conformance", "ledger", "CT 1", "--data", &data]).expect(0);
    assert!(
        shown.stdout.contains("CT Image Storage in"),
        "{}",
        shown.stdout
    );
    assert!(
        shown.stdout.contains("2 associations, 0 rejected"),
        "{}",
        shown.stdout
    );
    sagittal(["conformance", "ledger", "NOBODY", "--data", &data]).expect(1);
    server.restart();
    assert_eq!(details(&server, "CT%201"), before);

    // A crash costs what is new, not what was written; and a damaged file is set aside.
    server.kill();
    server.restart();
    assert_eq!(details(&server, "CT%201"), before);
    let url = format!("http://{}", server.http());
    let json = sagittal(["conformance", "ledger", "--server", &url, "--json"]).expect(0);
    assert_eq!(json.json()["peers"].as_array().unwrap().len(), 2);
    let below = format!("{url}/dicom-web");
    let text = sagittal(["conformance", "ledger", "--server", &below]).expect(0);
    assert!(text.stdout.contains("ECHO1"), "{}", text.stdout);
    sagittal(["conformance", "ledger", "NOBODY", "--server", &url]).expect(1);
    server.kill();
    let path = server.data().join("negotiations.json");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 10);
    std::fs::write(&path, &bytes).unwrap();
    server.restart();
    assert_eq!(ledger(&server, "")["peers"], Value::Array(Vec::new()));
    assert_eq!(
        std::fs::read(server.data().join("negotiations.damaged-1")).unwrap(),
        bytes
    );
    assert!(server.log().contains("the negotiation ledger is damaged"));
    server.get("/admin/negotiations/ECHO1").expect(404);
    server.assert_well();
}

#[test]
fn what_a_destination_refuses_and_what_is_converted_for_it_is_known() {
    let folder = TempDir::new().unwrap();
    let Some(program) = dcmtk("storescp") else {
        return;
    };
    let port = free_port();
    let mut command = Command::new(program);
    command
        .args([
            "-od",
            &folder.path().display().to_string(),
            "-aet",
            "DEST",
            "+xi",
        ])
        .arg(port.to_string());
    let _running = Program::start(&mut command, port, &folder.path().join("log"));
    let silent = free_port();
    let text = format!(
        "[[peer]]\nname = \"dest\"\nae_title = \"DEST\"\nhost = \"127.0.0.1\"\nport = {port}\n\
         [[peer]]\nname = \"gone\"\nae_title = \"GONE\"\nhost = \"127.0.0.1\"\nport = {silent}\n"
    );
    let server = Server::builder().config(folder.path(), &text).start();
    let (first, second) = (ct(), mr());
    server.stow(&[first.part10(), second.part10()]).expect(200);
    let address = format!("SAGITTAL@{}", server.dimse());
    for object in [&first, &second] {
        let study = object.study_instance_uid().to_string();
        let to = ["move", &address, "--to", "DEST", "--study", &study, "-q"];
        sagittal(to).expect(0);
        let to = ["move", &address, "--to", "GONE", "--study", &study, "-q"];
        sagittal(to).expect(1);
    }
    let dest = details(&server, "DEST");
    assert_eq!(dest["outbound"]["accepted"], 2, "{dest}");
    let contexts = dest["outbound"]["contexts"].as_array().unwrap();
    let refused = contexts
        .iter()
        .find(|row| row["transfer_syntax_uids"][0] == EXPLICIT);
    let refused = &refused.unwrap()["refused"];
    assert_eq!(refused["transfer-syntaxes-not-supported"], 1, "{dest}");
    let row = &dest["transcoded"][0];
    assert_eq!(
        (&row["from"], &row["to"], &row["count"], &row["lossy"]),
        (&EXPLICIT.into(), &IMPLICIT.into(), &2.into(), &false.into()),
        "{dest}"
    );
    let gone = details(&server, "GONE");
    assert_eq!(gone["outbound"]["rejected"], 2, "{gone}");
    let reason = gone["outbound"]["rejections"][0]["reason"]
        .as_str()
        .unwrap();
    assert!(reason.contains("connect"), "{reason}");
    let metrics = server.get("/metrics").expect(200).text();
    assert!(
        metrics.contains("sagittal_dimse_instances_transcoded_total{")
            && metrics.contains("sagittal_dimse_associations_refused_by_peers_total{"),
        "{metrics}"
    );
}

const DOCUMENT: &str = r#"
format = 1
basis = "statement"
bases.statement = { status = "declared" }
system.name = "CT"
[[application_entities]]
ae_title = "CT1"
[[application_entities.contexts]]
sop_classes = ["CT Image Storage", "Verification"]
transfer_syntaxes = ["native"]
roles = ["scu"]
"#;

#[test]
fn a_peer_that_departs_from_its_document_is_told_of_once() {
    let folder = TempDir::new().unwrap();
    let document = write(&folder, "ct1.toml", DOCUMENT.as_bytes());
    let peer = |title: &str| {
        format!("[[peer]]\nname = \"{title}\"\nae_title = \"{title}\"\nhost = \"127.0.0.1\"\n")
    };
    let text = format!("{}document = \"{document}\"\n{}", peer("CT1"), peer("CT2"));
    let mut server = Server::builder().config(folder.path(), &text).start();
    let (good, bad) = (
        write(&folder, "ct.dcm", &ct().part10()),
        write(&folder, "mr.dcm", &mr().part10()),
    );
    let mut events = TcpStream::connect(server.http()).unwrap();
    std::io::Write::write_all(&mut events, b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    if scu("storescu", &server, "CT1", &["-R", &good]).is_none() {
        return;
    }
    let quiet = details(&server, "CT1");
    assert_eq!(quiet["departures"], Value::Array(Vec::new()), "{quiet}");
    for _ in 0..3 {
        scu("storescu", &server, "CT1", &["-R", &bad]);
        scu("storescu", &server, "CT2", &["-R", &bad]);
    }
    let record = details(&server, "CT1");
    let departures = record["departures"].as_array().unwrap();
    assert!(!departures.is_empty(), "{record}");
    for row in departures {
        assert_eq!(row["count"], 3, "{row}");
        assert!(
            row["text"].as_str().unwrap().contains("MR Image Storage"),
            "{row}"
        );
    }
    assert_eq!(
        details(&server, "CT2")["departures"],
        Value::Array(Vec::new())
    );

    let count = departures.len();
    let told = |text: &str, what: &str| text.matches(what).count();
    assert_eq!(
        told(&server.log(), "departs from its conformance document"),
        count
    );
    let metrics = server.get("/metrics").expect(200).text();
    let line = metrics
        .lines()
        .find(|line| line.starts_with("sagittal_peer_departures_total"))
        .unwrap();
    assert!(
        line.contains("peer=\"CT1\"") && line.ends_with(&format!(" {count}")),
        "{line}"
    );
    let mut seen = Vec::new();
    wait::until("the events", || {
        let mut buffer = [0; 4096];
        let read = events.read(&mut buffer).unwrap();
        seen.extend_from_slice(&buffer[..read]);
        (told(&String::from_utf8_lossy(&seen), "event: departed") == count).then_some(())
    });

    // Nor is it news after a restart.
    assert!(server.stop().success());
    server.restart();
    scu("storescu", &server, "CT1", &["-R", &bad]);
    assert_eq!(details(&server, "CT1")["departures"][0]["count"], 4);
    assert_eq!(
        told(&server.log(), "departs from its conformance document"),
        count
    );
}

#[test]
fn a_document_that_cannot_be_used_is_a_problem_of_the_configuration() {
    let folder = TempDir::new().unwrap();
    let broken = write(&folder, "broken.json", b"{}");
    for (file, what) in [
        (broken.as_str(), "no conformance document"),
        ("/nowhere/x.json", "cannot read"),
    ] {
        let text = format!(
            "[[peer]]\nname = \"a\"\nae_title = \"A\"\nhost = \"h\"\ndocument = \"{file}\"\n"
        );
        let config = write(&folder, "sagittal.toml", text.as_bytes());
        let ran = sagittal(["config", "check", &config]).expect(1);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(
            said.contains(what) && said.contains("peer.document"),
            "{said}"
        );
    }
}

#[test]
fn the_ledger_is_for_those_who_may_observe() {
    let folder = TempDir::new().unwrap();
    let token = sagittal(["token", "new", "--json", "t"]).expect(0).json();
    let (secret, hash) = (token["token"].as_str().unwrap(), &token["hash"]);
    let text = format!(
        "[auth]\nmode = \"on\"\n[[auth.token]]\nname = \"t\"\nhash = {hash}\nroles = [\"reader\"]\n"
    );
    let server = Server::builder().config(folder.path(), &text).start();
    server.get("/admin/negotiations").expect(401);
    let answer = server
        .request("GET", "/admin/negotiations")
        .header("Authorization", &format!("Bearer {secret}"))
        .send();
    answer.expect(403);
}
