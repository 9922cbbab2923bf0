//! De-identified views: what they give is what the program gives, and nothing else is in any byte
//! of any answer.

mod dimse;
mod peers;
mod preview;
mod rights;
mod search;
mod web;

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use sagittal_core::{Limits, tags};
use sagittal_file::part10;
use sagittal_tests::Server;
use sagittal_tests::http::Response;
use sagittal_tests::planted::program::PROFILE;
use sagittal_tests::planted::{Corpus, generate};
use serde_json::Value;

const VIEW: &str = "/deid/research/dicom-web";

/// A server with a corpus, a view of it, and what the program makes of the same files.
struct Place {
    folder: tempfile::TempDir,
    corpus: Corpus,
    server: Server,
    secrets: Vec<String>,
}

/// Policy and view; the key is the one of `planted::program`.
fn configuration(folder: &Path) -> String {
    std::fs::write(folder.join("profile.toml"), PROFILE).unwrap();
    let key = folder.join("project.key");
    std::fs::write(&key, "5e".repeat(32)).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    format!(
        "[[deid.policy]]\nname = \"trial\"\nfile = {:?}\nkey_file = {key:?}\n\
         [[deid.view]]\nname = \"research\"\npolicy = \"trial\"\nae_title = \"RESEARCH\"\n",
        folder.join("profile.toml"),
    )
}

impl Place {
    fn new() -> Place {
        Place::with(&generate(2, 5), "")
    }

    fn with(corpus: &Corpus, more: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        corpus.write(&folder.path().join("in")).unwrap();
        let text = configuration(folder.path()) + more;
        let server = Server::builder().config(folder.path(), &text).start();
        let files: Vec<Vec<u8>> = corpus.files.iter().map(|file| file.bytes.clone()).collect();
        server.stow(&files).expect(200);
        let mut secrets: Vec<String> = Vec::new();
        for file in &corpus.files {
            secrets.extend(file.secrets.iter().cloned());
            for uid in uids(&file.bytes) {
                secrets.push(uid);
            }
        }
        secrets.sort();
        secrets.dedup();
        Place {
            folder,
            corpus: corpus.clone(),
            server,
            secrets,
        }
    }

    /// GET below the view, with no secret in a byte of the answer.
    #[track_caller]
    fn get(&self, path: &str, accept: &str) -> Response {
        let response = self
            .server
            .request("GET", &format!("{VIEW}{path}"))
            .header("Accept", accept)
            .send();
        self.clean(&response, path);
        response
    }

    #[track_caller]
    fn search(&self, path: &str) -> Vec<Value> {
        let response = self.get(path, "application/dicom+json");
        match response.status {
            204 => Vec::new(),
            200 => response.json().as_array().unwrap().clone(),
            status => panic!("{path}: {status}: {}", response.text()),
        }
    }

    #[track_caller]
    fn clean(&self, response: &Response, path: &str) {
        let mut head = String::new();
        for (name, value) in &response.headers {
            head += &format!("{name}: {value}\n");
        }
        // What is no text loses nothing that a secret could be in.
        let body = String::from_utf8_lossy(&response.body);
        for secret in &self.secrets {
            assert!(
                !head.contains(secret.as_str()),
                "{path}: {secret} in {head}"
            );
            assert!(
                !body.contains(secret.as_str()),
                "{path}: {secret} in the body"
            );
        }
    }

    /// Everything that the view gives, by SOP Instance UID.
    fn instances(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        for study in self.search("/studies") {
            let uid = text(&study, "0020000D");
            let response = self.get(
                &format!("/studies/{uid}"),
                "multipart/related; type=\"application/dicom\"; transfer-syntax=*",
            );
            for (_, bytes) in response.expect(200).parts() {
                let data_set = read(&bytes);
                let uid = data_set.first_text(tags::SOP_INSTANCE_UID).unwrap();
                found.insert(uid, bytes);
            }
        }
        found
    }
}

fn read(bytes: &[u8]) -> sagittal_core::DataSet {
    let bytes = Bytes::copy_from_slice(bytes);
    part10::read(&bytes, Limits::default()).unwrap().data_set
}

/// Study, series and instance.
fn uids(bytes: &[u8]) -> [String; 3] {
    let data_set = read(bytes);
    [
        tags::STUDY_INSTANCE_UID,
        tags::SERIES_INSTANCE_UID,
        tags::SOP_INSTANCE_UID,
    ]
    .map(|tag| data_set.first_text(tag).unwrap())
}

fn text(answer: &Value, tag: &str) -> String {
    let value = &answer[tag]["Value"][0];
    match value["Alphabetic"].as_str() {
        Some(name) => name.to_owned(),
        None => value.as_str().unwrap_or_default().to_owned(),
    }
}
