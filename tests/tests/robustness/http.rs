//! Malformed HTTP: an answer below 500 or a closed connection, and soon.

use std::time::{Duration, Instant};

use sagittal_tests::http::{Request, Response, raw};
use sagittal_tests::random::Random;
use sagittal_tests::{Server, objects};

const SPOILED: u64 = 400;
const PATIENCE: Duration = Duration::from_secs(20);

fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    Server::builder()
        .config(
            folder.path(),
            "[http]\nheader_timeout = \"500ms\"\nidle_timeout = \"700ms\"\nmax_body = \"8 MiB\"\nmax_part = \"4 MiB\"\n",
        )
        .start()
}

/// Sends bytes; whatever comes back must not be the server's own fault.
#[track_caller]
fn provoke(server: &Server, what: &str, bytes: &[u8]) -> Option<u16> {
    let started = Instant::now();
    let answer = raw(server.http(), bytes).unwrap_or_default();
    let took = started.elapsed();
    assert!(took < PATIENCE, "{what}: took {took:?}");
    let status = Response::parse(&answer, true).map(|response| response.status);
    // 501 is the right word for an unknown transfer coding, 505 for an unknown version.
    let fault = status.is_some_and(|status| status >= 500 && !matches!(status, 501 | 505 | 507));
    assert!(!fault, "{what}: {}", String::from_utf8_lossy(&answer));
    status
}

fn instance_path(object: &objects::Object) -> String {
    format!(
        "/dicom-web/studies/{}/series/{}/instances/{}",
        object.study_instance_uid(),
        object.series_instance_uid(),
        object.sop_instance_uid()
    )
}

#[test]
fn strange_paths_and_queries_are_answered_below_500_and_reach_no_file() {
    let server = server();
    let object = objects::ct();
    server.stow(&[object.part10()]).expect(200);
    let base = instance_path(&object);
    let long = "1".repeat(6000);
    let targets = [
        "/dicom-web/../../../../etc/passwd",
        "/dicom-web/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/dicom-web/studies/..%2F..%2F..%2Fetc%2Fpasswd",
        "/dicom-web/studies/%00",
        "/dicom-web/studies/%FF%FE",
        "/dicom-web/studies/%",
        "/dicom-web/studies/%zz",
        "/dicom-web/studies/1.2.3/series/../instances",
        "/dicom-web/studies/ /series",
        "/dicom-web//studies",
        "//etc/passwd",
        "/./../data/audit.jsonl",
        "/audit.jsonl",
        "*",
        "http://example.org/dicom-web/studies",
        "/dicom-web/studies?limit=-1",
        "/dicom-web/studies?limit=99999999999999999999999999",
        "/dicom-web/studies?offset=18446744073709551615&limit=18446744073709551615",
        "/dicom-web/studies?00100010=%FF%FE%00",
        "/dicom-web/studies?PatientName=%5C%5C%5C%5C",
        "/dicom-web/studies?PatientName=**********a**********b*********c",
        "/dicom-web/studies?StudyDate=99999999-00000000",
        "/dicom-web/studies?StudyDate=----",
        "/dicom-web/studies?StudyTime=24:99:99",
        "/dicom-web/studies?includefield=%00,all,zzzz,00100010.00100010.00100010",
        "/dicom-web/studies?=&&&=&%=%",
        "/dicom-web/studies?PatientID='%20OR%201=1--",
        "/dicom-web/studies?PatientID=%22;DROP%20TABLE%20study;--",
        "/dicom-web/studies?fuzzymatching=maybe",
        "/dicom-web/studies?accept=%0d%0aX-Injected:%201",
        "/wado?requestType=WADO&studyUID=../../x&seriesUID=/etc&objectUID=passwd",
        "/wado?requestType=WADO",
        "/wado?%00",
        &format!("/dicom-web/studies/{long}"),
        &format!("/dicom-web/studies?PatientID={long}"),
        &format!("{base}/frames/0"),
        &format!("{base}/frames/-1"),
        &format!("{base}/frames/4294967296"),
        &format!("{base}/frames/1,1,1,1,,1"),
        &format!("{base}/frames/99999999999999999999999"),
        &format!("{base}/bulkdata/../../../../audit.jsonl"),
        &format!("{base}/bulkdata/7FE00010/0/0/0"),
        &format!("{base}/bulkdata/%00"),
        &format!("{base}/bulkdata/zzzzzzzz"),
    ];
    for target in targets {
        for method in ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "TRACE"] {
            if method == "DELETE" && target.starts_with(&base) {
                continue;
            }
            let bytes = format!(
                "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            );
            let answer = raw(server.http(), bytes.as_bytes()).unwrap_or_default();
            let text = String::from_utf8_lossy(&answer).into_owned();
            assert!(!text.contains("root:"), "{target}");
            assert!(!text.contains("application-activity"), "{target}");
            assert!(!text.to_lowercase().contains("\r\nx-injected"), "{target}");
            provoke(&server, &format!("{method} {target}"), bytes.as_bytes());
        }
    }
    server.get(&format!("{base}/metadata")).expect(200);
    server.assert_well();
}

#[test]
fn strange_headers_are_answered_below_500() {
    let server = server();
    let object = objects::us(3);
    server.stow(&[object.part10()]).expect(200);
    let base = instance_path(&object);
    let huge = "x".repeat(200_000);
    let accept = "multipart/related; type=\"application/octet-stream\"";
    let headers = [
        ("Range", "bytes=5-1"),
        ("Range", "bytes=-0"),
        ("Range", "bytes=99999999999999999999-"),
        ("Range", "bytes=0-18446744073709551615"),
        ("Range", "bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0"),
        ("Range", "bytes=-18446744073709551615"),
        ("Range", "lines=1-2"),
        ("Range", "bytes"),
        ("Accept", "*/*;q=2"),
        ("Accept", "multipart/related; type="),
        ("Accept", "multipart/related; type=\"application/dicom"),
        ("Accept", ";;;;,,,,"),
        (
            "Accept",
            "application/dicom; transfer-syntax=x; transfer-syntax=y",
        ),
        ("Accept", "a/b;q=nan"),
        ("Accept", "\u{7f}"),
        ("Accept-Charset", "klingon;q=1"),
        ("Accept-Encoding", "gzip;q=-1, br;q=9"),
        ("If-None-Match", "\"\"\"\""),
        ("If-Range", "yesterday"),
        ("Authorization", "Basic !!!"),
        ("Authorization", "Bearer \t"),
        ("Origin", "null"),
        ("X-Forwarded-For", "999.999.999.999"),
        ("Host", "a b"),
        ("Host", "[::1"),
        ("Host", "x\"><script>"),
        ("Content-Length", "-5"),
        ("Content-Length", "99999999999999999999"),
        ("Transfer-Encoding", "gzip, chunked"),
        ("Expect", "a miracle"),
        ("Huge", &huge),
        ("Bad Name", "1"),
    ];
    for end in [
        "",
        "/metadata",
        "/frames/1",
        "/bulkdata/7FE00010",
        "/pixeldata",
    ] {
        for (name, value) in &headers {
            let mut bytes = format!("GET {base}{end} HTTP/1.1\r\nConnection: close\r\n");
            if *name != "Host" {
                bytes += "Host: localhost\r\n";
            }
            if *name == "Range" {
                bytes += &format!("Accept: {accept}\r\n");
            }
            bytes += &format!("{name}: {value}\r\n\r\n");
            provoke(
                &server,
                &format!("{end} {name}: {value:.80}"),
                bytes.as_bytes(),
            );
        }
    }
    server.assert_well();
}

/// A POST to the store transaction.
fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         {headers}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend(body);
    bytes
}

const MULTIPART: &str =
    "Content-Type: multipart/related; type=\"application/dicom\"; boundary=sagittal-test\r\n";

#[test]
fn spoiled_requests_to_store_are_answered_below_500() {
    let server = server();
    let file = sagittal_tests::http::multipart("application/dicom", &[objects::ct().part10()]);
    let json = sagittal_tests::http::multipart(
        "application/dicom+json",
        &[br#"[{"00080018":{"vr":"UI","Value":["1.2.3"]},"00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.7"]}}]"#.to_vec()],
    );
    let json_type = MULTIPART.replace("application/dicom", "application/dicom+json");
    let good = [post(MULTIPART, &file), post(&json_type, &json)];
    std::thread::scope(|scope| {
        for part in 0..8 {
            let (server, good) = (&server, &good);
            scope.spawn(move || {
                for number in (part..SPOILED).step_by(8) {
                    let mut random = Random::new(number + 1000);
                    let mut bytes = good[random.below(good.len())].clone();
                    // Half of them in the first bytes, where the structure is.
                    if number % 2 == 0 {
                        let end = bytes.split_off(400.min(bytes.len()));
                        random.spoil(&mut bytes);
                        bytes.extend(end);
                    } else {
                        random.spoil(&mut bytes);
                    }
                    provoke(server, &format!("case {number}"), &bytes);
                }
            });
        }
    });
    server.assert_well();
}

#[test]
fn bodies_that_lie_about_themselves_are_refused() {
    let server = server();
    let head = "POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    let chunked = |chunks: &str| {
        format!("{head}{MULTIPART}Transfer-Encoding: chunked\r\n\r\n{chunks}").into_bytes()
    };
    for chunks in [
        "zz\r\nabc\r\n0\r\n\r\n",
        "ffffffffffffffffffff\r\n",
        "-1\r\n\r\n",
        "5\r\nabc",
        "3\r\nabcdef\r\n0\r\n\r\n",
        "0\r\n\r\n",
        "",
    ] {
        provoke(&server, chunks, &chunked(chunks));
    }
    for media_type in [
        "multipart/related; type=\"application/dicom\"",
        "multipart/related; type=\"application/dicom\"; boundary=",
        "multipart/related; boundary=\"\r",
        "multipart/related; type=\"text/plain\"; boundary=x",
        "application/dicom; boundary",
        "application/dicom+json",
        "application/dicom+xml",
        "/",
        "",
        "text/plain",
    ] {
        for body in [&b""[..], b"--\r\n", b"{", b"[[[[", b"<a>", b"\0\0\0\0"] {
            let bytes = post(&format!("Content-Type: {media_type}\r\n"), body);
            let status = provoke(&server, media_type, &bytes);
            assert_ne!(status, Some(200), "{media_type}");
        }
    }
    // Nesting without end, in JSON and XML.
    let deep = b"[{\"00081115\":{\"vr\":\"SQ\",\"Value\":".repeat(20_000);
    provoke(
        &server,
        "deep JSON",
        &post("Content-Type: application/dicom+json\r\n", &deep),
    );
    let deep = b"<NativeDicomModel><DicomAttribute tag=\"00081115\" vr=\"SQ\"><Item number=\"1\">"
        .repeat(20_000);
    provoke(
        &server,
        "deep XML",
        &post("Content-Type: application/dicom+xml\r\n", &deep),
    );
    let laughs = b"<!DOCTYPE a [<!ENTITY b \"bbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><NativeDicomModel>&c;</NativeDicomModel>";
    provoke(
        &server,
        "XML entities",
        &post("Content-Type: application/dicom+xml\r\n", laughs),
    );
    server.assert_well();
}

#[test]
fn a_compressed_bomb_is_refused_and_costs_no_memory() {
    let server = server();
    let folder = server.folder().join("zeros");
    std::fs::write(&folder, vec![0; 64 << 20]).unwrap();
    let packed = std::process::Command::new("gzip")
        .arg("-9c")
        .arg(&folder)
        .output()
        .unwrap()
        .stdout;
    let before = server.memory("VmHWM");
    let headers = format!("{MULTIPART}Content-Encoding: gzip\r\n");
    for body in [
        &packed[..],
        &packed[..packed.len() / 2],
        b"\x1f\x8b\x08nonsense",
    ] {
        let status = provoke(&server, "gzip", &post(&headers, body));
        assert!(
            status.is_none_or(|status| (400..500).contains(&status)),
            "{status:?}"
        );
    }
    let part = [
        b"--sagittal-test\r\nContent-Type: application/dicom\r\n\r\n".as_slice(),
        &vec![0; 6 << 20],
        b"\r\n--sagittal-test--\r\n",
    ]
    .concat();
    let status = provoke(&server, "a large part", &post(MULTIPART, &part));
    assert_ne!(status, Some(200));
    if let (Some(before), Some(after)) = (before, server.memory("VmHWM")) {
        assert!(after < before + (64 << 20), "{before} → {after} bytes");
    }
    let unknown = Request::new("POST", server.http(), "/dicom-web/studies")
        .header("Content-Type", "application/dicom")
        .header("Content-Encoding", "middle-out")
        .body(b"x".to_vec());
    unknown.send().expect(415);
    server.assert_well();
}
