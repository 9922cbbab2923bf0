//! A router over an archive in a temporary folder, and objects to send to it.
#![allow(dead_code, clippy::unwrap_used)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use sagittal_archive::{Archive, Options};
use sagittal_audit::AuditLog;
use sagittal_auth::Directory;
use sagittal_core::{DataSet, Uid, Vr, tags, transfer_syntax as ts};
use sagittal_file::part10;
use sagittal_web::{Peer, WebConfig, WebState, router};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// A server under test.
pub struct Server {
    pub router: Router,
    pub archive: Archive,
    pub audit: AuditLog,
    pub folder: tempfile::TempDir,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Parts of a multipart answer: content type, location, body.
    pub fn parts(&self) -> Vec<(String, String, Vec<u8>)> {
        use sagittal_web::accept::MediaRange;
        use sagittal_web::multipart::{Limits, Parser, Token, boundary_of};
        let media = MediaRange::parse(self.header("content-type")).unwrap();
        let mut parser = Parser::new(boundary_of(&media).unwrap(), Limits::default());
        parser.feed(self.body.clone());
        parser.end();
        let mut parts: Vec<(String, String, Vec<u8>)> = Vec::new();
        loop {
            match parser.next().unwrap().unwrap() {
                Token::Start(headers) => {
                    let get = |name| headers.get(name).unwrap_or_default().to_owned();
                    parts.push((get("content-type"), get("content-location"), Vec::new()));
                }
                Token::Data(bytes) => parts.last_mut().unwrap().2.extend_from_slice(&bytes),
                Token::End => {}
                Token::Close => return parts,
            }
        }
    }
}

impl Server {
    pub async fn open() -> Server {
        Server::open_with(Directory::off(), |_| {}).await
    }

    pub async fn open_with(directory: Directory, change: impl FnOnce(&mut WebConfig)) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(folder.path().join("data"));
        options.reserve = 1 << 20;
        options.pack_size = 8 << 20;
        let archive = Archive::open(options).await.unwrap();
        let mut config = WebConfig::new(folder.path().join("spool"));
        change(&mut config);
        let audit = AuditLog::open(&folder.path().join("audit.jsonl")).unwrap();
        let state = WebState::new(
            archive.clone(),
            Arc::new(directory),
            audit.clone(),
            config,
            Arc::new(|| "sagittal_up 1\n".to_owned()),
            CancellationToken::new(),
        );
        Server {
            router: router(state),
            archive,
            audit,
            folder,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(Peer {
            address: SocketAddr::from(([127, 0, 0, 1], 4242)),
            local: None,
            tls: false,
        });
        let request = Request::from_parts(parts, body);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header("host", "pacs").body(Body::empty()).unwrap();
        self.send(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    pub async fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.ask(Method::GET, path, &[("accept", accept)]).await
    }

    pub async fn post(&self, path: &str, content_type: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", "pacs")
            .header("content-type", content_type)
            .body(body.into())
            .unwrap();
        self.send(request).await
    }

    /// Stores files, all of which must be taken.
    pub async fn store(&self, files: &[Vec<u8>]) -> Answer {
        let answer = self
            .post(
                "/dicom-web/studies",
                "multipart/related; type=\"application/dicom\"; boundary=b",
                related("application/dicom", files),
            )
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    }

    pub fn audit_lines(&self) -> Vec<Value> {
        self.audit.flush();
        std::fs::read_to_string(self.audit_path())
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn audit_path(&self) -> PathBuf {
        self.folder.path().join("audit.jsonl")
    }
}

/// A message of parts with one content type and the boundary `b`.
pub fn related(content_type: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(format!("--b\r\nContent-Type: {content_type}\r\n\r\n").as_bytes());
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"--b--\r\n");
    out
}

/// A small CT image.
#[derive(Clone)]
pub struct Image {
    pub study: &'static str,
    pub series: &'static str,
    pub number: u32,
    pub patient: &'static str,
    pub frames: u32,
    pub transfer_syntax: &'static str,
}

impl Default for Image {
    fn default() -> Image {
        Image {
            study: "1.2.826.1",
            series: "1.2.826.1.1",
            number: 1,
            patient: "DOE^JANE",
            frames: 1,
            transfer_syntax: ts::EXPLICIT_VR_LITTLE_ENDIAN,
        }
    }
}

impl Image {
    pub fn uid(&self) -> String {
        format!("{}.{}", self.series, self.number)
    }

    pub fn path(&self) -> String {
        format!(
            "/dicom-web/studies/{}/series/{}/instances/{}",
            self.study,
            self.series,
            self.uid()
        )
    }

    /// Bytes of frame `index` (from 0): 8 × 4 pixels of 16 bits.
    pub fn frame(&self, index: u32) -> Vec<u8> {
        (0..64u32)
            .map(|n| (n * 7 + index * 13 + self.number) as u8)
            .collect()
    }

    pub fn data_set(&self) -> DataSet {
        let mut data_set = DataSet::utf8();
        for (tag, text) in [
            (tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.2"),
            (tags::SOP_INSTANCE_UID, self.uid().as_str()),
            (tags::STUDY_INSTANCE_UID, self.study),
            (tags::SERIES_INSTANCE_UID, self.series),
            (tags::PATIENT_NAME, self.patient),
            (tags::PATIENT_ID, "P1"),
            (tags::STUDY_DATE, "20240131"),
            (tags::STUDY_TIME, "101112"),
            (tags::STUDY_DESCRIPTION, "Chest"),
            (tags::ACCESSION_NUMBER, "A1"),
            (tags::MODALITY, "CT"),
            (tags::SERIES_NUMBER, "3"),
            (tags::INSTANCE_NUMBER, self.number.to_string().as_str()),
            (tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2"),
        ] {
            data_set.put_text(tag, text);
        }
        if self.frames > 1 {
            data_set.put_text(tags::NUMBER_OF_FRAMES, &self.frames.to_string());
        }
        for (tag, value) in [
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::ROWS, 4),
            (tags::COLUMNS, 8),
            (tags::BITS_ALLOCATED, 16),
            (tags::BITS_STORED, 16),
            (tags::HIGH_BIT, 15),
            (tags::PIXEL_REPRESENTATION, 0),
        ] {
            data_set.put_u16(tag, &[value]);
        }
        data_set
    }

    fn pixels(&self) -> Vec<u8> {
        (0..self.frames)
            .flat_map(|index| self.frame(index))
            .collect()
    }

    pub fn file(&self) -> Vec<u8> {
        let mut data_set = self.data_set();
        if sagittal_core::transfer_syntax::by_uid(self.transfer_syntax)
            .is_some_and(|row| row.encapsulated)
        {
            let fragments = (0..self.frames).map(|n| self.frame(n).into()).collect();
            data_set.put(sagittal_core::Element {
                tag: tags::PIXEL_DATA,
                vr: Vr::OB,
                value: sagittal_core::Value::Fragments(sagittal_core::Fragments {
                    offset_table: (0..self.frames).map(|n| n * 72).collect(),
                    fragments,
                }),
            });
        } else {
            data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, self.pixels());
        }
        let meta = part10::Meta {
            sop_class_uid: Uid::from_static("1.2.840.10008.5.1.4.1.1.2"),
            sop_instance_uid: Uid::new(&self.uid()).unwrap(),
            transfer_syntax_uid: Uid::from_static(self.transfer_syntax),
            source_ae_title: None,
        };
        part10::write(&meta, &data_set).unwrap()
    }
}
