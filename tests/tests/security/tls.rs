//! DIMSE over TLS: whoever has no certificate of ours is no peer.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sagittal_tests::{Ran, Server, sagittal, wait};

/// A certificate authority in a folder.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: PathBuf,
    name: String,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap();
        std::fs::write(folder.join(name), certificate.pem()).unwrap();
        Authority {
            issuer: Issuer::new(parameters, key),
            folder: folder.to_owned(),
            name: name.to_owned(),
        }
    }

    fn certificate(&self) -> String {
        self.path(&self.name)
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// A certificate for loopback, and its key.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &self.issuer)
            .unwrap();
        let (chain, secret) = (format!("{name}.pem"), format!("{name}.key"));
        std::fs::write(self.folder.join(&chain), certificate.pem()).unwrap();
        std::fs::write(self.folder.join(&secret), key.serialize_pem()).unwrap();
        (self.path(&chain), self.path(&secret))
    }
}

fn echo(peer: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["echo", peer, "--timeout", "10"];
    all.extend(arguments);
    sagittal(all)
}

#[test]
fn the_tls_port_takes_only_peers_with_a_certificate_of_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "ca.pem");
    let other = Authority::new(folder.path(), "other-ca.pem");
    let (chain, key) = ours.issue("server");
    let text = format!(
        "[dimse]\naddress = \"127.0.0.1\"\nport = 0\n[dimse.tls]\nenabled = true\nport = 0\n\
         certificate = {chain:?}\nkey = {key:?}\nclient_ca = {:?}\nrequire_client_certificate = true\n",
        ours.certificate()
    );
    let server = Server::builder().config(folder.path(), &text).start();
    let address = server.ready()["dimse_tls"].as_str().unwrap().to_owned();
    let peer = format!("SAGITTAL@{address}");
    let ca = ours.certificate();
    let trusting = ["--tls", "--ca", &ca];
    let with = |(chain, key): &(String, String)| {
        let mut arguments = trusting.to_vec();
        arguments.extend(["--cert", chain, "--cert-key", key]);
        echo(&peer, &arguments)
    };
    with(&ours.issue("client")).expect(0);
    assert_ne!(
        echo(&peer, &trusting).code,
        Some(0),
        "without a certificate"
    );
    assert_ne!(with(&other.issue("stranger")).code, Some(0), "of another");
    assert_ne!(echo(&peer, &[]).code, Some(0), "in clear");
    // And we do not talk to a server that we cannot trust.
    let (chain, key) = ours.issue("client2");
    let wrong = other.certificate();
    let arguments = [
        "--tls",
        "--ca",
        &wrong,
        "--cert",
        &chain,
        "--cert-key",
        &key,
    ];
    assert_ne!(echo(&peer, &arguments).code, Some(0), "an unknown server");
    // Bytes that are no TLS, and silence.
    for bytes in [
        &b"\x16\x03\x01\xFF\xFF"[..],
        b"GET / HTTP/1.1\r\n\r\n",
        &[0; 500],
    ] {
        let _ = sagittal_tests::http::raw(address.parse().unwrap(), bytes);
    }
    wait::until("a server that goes on", || {
        (with(&ours.issue("again")).code == Some(0)).then_some(())
    });
    server.assert_well();
}
