//! TLS with certificates of an authority, ours and DCMTK's (PS3.15 §B.9).

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use sagittal_core::tags;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, data};
use tempfile::TempDir;

use super::scu_peers::{assert_holds, run, write};
use super::tools::{Storescp, dcmtk, free_port};

/// A root, an authority below it, and what that has issued.
struct Authority {
    root: String,
    intermediate: String,
    issuer: Issuer<'static, KeyPair>,
    folder: PathBuf,
}

fn named(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut parameters = CertificateParams::new(hosts).unwrap();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}

impl Authority {
    fn new(folder: &Path) -> Authority {
        let root_key = KeyPair::generate().unwrap();
        let mut root = named("Test Root", &[]);
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_pem = root.self_signed(&root_key).unwrap().pem();
        let root_path = folder.join("root.pem");
        std::fs::write(&root_path, root_pem).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut parameters = named("Test Authority", &[]);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let certificate = parameters
            .signed_by(&key, &Issuer::new(root, root_key))
            .unwrap();
        Authority {
            root: root_path.display().to_string(),
            intermediate: certificate.pem(),
            issuer: Issuer::new(parameters, key),
            folder: folder.to_owned(),
        }
    }

    /// A certificate for loopback, in a file with its chain, and the file of its key.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = named(name, &["localhost", "127.0.0.1"])
            .signed_by(&key, &self.issuer)
            .unwrap();
        let write = |extension: &str, text: &str| {
            let path = self.folder.join(format!("{name}.{extension}"));
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        (
            write(
                "pem",
                &format!("{}{}", certificate.pem(), self.intermediate),
            ),
            write("key", &key.serialize_pem()),
        )
    }

    /// `[dimse.tls]` of a server with a certificate of this authority that asks for one too.
    fn section(&self, name: &str) -> String {
        let (chain, key) = self.issue(name);
        format!(
            "[dimse]\naddress = \"127.0.0.1\"\nport = 0\n[dimse.tls]\nenabled = true\nport = 0\n\
             certificate = {chain:?}\nkey = {key:?}\nclient_ca = {:?}\n\
             require_client_certificate = true\n",
            self.root
        )
    }
}

fn tls_address(server: &Server) -> (String, String) {
    let address = server.ready()["dimse_tls"].as_str().unwrap().to_owned();
    let port = address.rsplit(':').next().unwrap().to_owned();
    (address, port)
}

fn study_of(objects: &[Object], server: &Server) -> String {
    let files: Vec<Vec<u8>> = objects.iter().map(Object::part10).collect();
    server.stow(&files).expect(200);
    format!("StudyInstanceUID={}", objects[0].study_instance_uid())
}

fn objects(count: u32) -> Vec<Object> {
    let first = objects::ct_of(256, 256).with(tags::PATIENT_ID, "SECURE");
    let mut all = vec![first.clone()];
    all.extend((2..=count).map(|number| {
        let beside = objects::ct_of(256, 256).beside(&first, number);
        beside.with(tags::PATIENT_ID, "SECURE")
    }));
    all
}

#[test]
fn a_study_is_moved_to_a_peer_over_tls() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::new(folder.path());
    let settings = TempDir::new().unwrap();
    let destination = Server::builder()
        .config(settings.path(), &authority.section("destination"))
        .start();
    let (_, port) = tls_address(&destination);
    let stranger = free_port();
    let settings = TempDir::new().unwrap();
    let text = format!(
        "{}[[peer]]\nname = \"dest\"\nae_title = \"DEST\"\nhost = \"127.0.0.1\"\nport = {port}\n\
         tls = true\n[[peer]]\nname = \"clear\"\nae_title = \"CLEAR\"\nhost = \"127.0.0.1\"\n\
         port = {port}\n[[peer]]\nname = \"gone\"\nae_title = \"GONE\"\nhost = \"127.0.0.1\"\n\
         port = {stranger}\ntls = true\n",
        authority.section("source")
    );
    let source = Server::builder().config(settings.path(), &text).start();
    let sent = objects(8);
    let study = study_of(&sent, &source);
    for (to, code) in [("DEST", "0x0000"), ("CLEAR", "0xa702"), ("GONE", "0xa702")] {
        let keys = [
            "-d",
            "-S",
            "-aem",
            to,
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            &study,
        ];
        let Some(ran) = dcmtk("movescu", &source, &keys, &[]) else {
            return;
        };
        let text = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
        assert!(text.contains(code), "{to}: {text}");
    }
    let out = folder.path().join("out");
    let peer = format!("{}@{}", destination.ae_title(), tls_address(&destination).0);
    let (cert, key) = authority.issue("reader");
    let (uid, out_path) = (sent[0].study_instance_uid(), out.display().to_string());
    let arguments = [
        "--study",
        uid.as_str(),
        "--out",
        &out_path,
        "-q",
        "--tls",
        "--ca",
        &authority.root,
        "--cert",
        &cert,
        "--cert-key",
        &key,
    ];
    run("get", &peer, &arguments).expect(0);
    assert_holds(&out, &sent.iter().collect::<Vec<_>>());
}

#[test]
fn dcmtk_over_tls_is_a_destination_and_takes_what_is_sent() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::new(folder.path());
    let (cert, key) = authority.issue("storescp");
    let received = TempDir::new().unwrap();
    let arguments = [
        "+xa",
        "+uf",
        "+tls",
        &key,
        &cert,
        "+cf",
        &authority.root,
        "-rc",
    ];
    let Some(receiver) = Storescp::start(received.path(), &arguments) else {
        return;
    };
    let settings = TempDir::new().unwrap();
    let text = format!(
        "{}[[peer]]\nname = \"dest\"\nae_title = \"DEST\"\nhost = \"127.0.0.1\"\nport = {}\n\
         tls = true\nmax_associations = 1\n",
        authority.section("source"),
        receiver.port
    );
    let source = Server::builder().config(settings.path(), &text).start();
    let study = study_of(&objects(3), &source);
    let keys = [
        "-S",
        "-aem",
        "DEST",
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        &study,
    ];
    dcmtk("movescu", &source, &keys, &[]).unwrap().expect(0);
    assert_eq!(data::files(&receiver.folder).len(), 3);

    // And from the command line: trusted by --ca, or not at all.
    let files = folder.path().join("files");
    let sent = objects(2);
    write(&files, &sent.iter().collect::<Vec<_>>());
    let (path, peer) = (
        files.display().to_string(),
        format!("ANY@127.0.0.1:{}", receiver.port),
    );
    let (cert, key) = authority.issue("sender");
    let trusting = [
        &path,
        "-q",
        "--tls",
        "--cert",
        &cert,
        "--cert-key",
        &key,
        "--ca",
    ];
    let with = |ca: &str| {
        let mut arguments = trusting.to_vec();
        arguments.push(ca);
        run("send", &peer, &arguments)
    };
    with(&authority.root).expect(0);
    assert_eq!(data::files(&receiver.folder).len(), 5);
    let elsewhere = TempDir::new().unwrap();
    let other = Authority::new(elsewhere.path());
    assert_ne!(with(&other.root).code, Some(0), "of another authority");
    assert_eq!(data::files(&receiver.folder).len(), 5);
}
