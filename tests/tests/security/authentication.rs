//! Tokens and users over HTTP, and the record of refusals.

use sagittal_tests::{Server, cli, objects, sagittal, wait};

/// A server with a token that may read and a user that may write.
pub fn server(folder: &std::path::Path) -> (Server, String) {
    let token = sagittal(["token", "new", "--json", "reader"])
        .expect(0)
        .json();
    let mut hashing = cli::command();
    let input = folder.join("password");
    std::fs::write(&input, "correct horse\n").unwrap();
    hashing
        .args(["user", "hash"])
        .stdin(std::fs::File::open(&input).unwrap());
    let hash = cli::run(&mut hashing).expect(0).stdout;
    let text = format!(
        "[auth]\nmode = \"on\"\n[[auth.token]]\nname = \"reader\"\nhash = {}\nroles = [\"reader\"]\n\
         [[auth.user]]\nname = \"alice\"\npassword_hash = \"{}\"\nroles = [\"writer\"]\n",
        token["hash"],
        hash.trim()
    );
    let server = Server::builder().config(folder, &text).start();
    (
        server,
        format!("Bearer {}", token["token"].as_str().unwrap()),
    )
}

#[test]
fn callers_do_what_their_roles_allow_and_refusals_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let (server, bearer) = server(folder.path());
    server.get("/dicom-web/studies").expect(401);
    let wrong = server
        .request("GET", "/dicom-web/studies")
        .header("Authorization", "Bearer sgt_wrong");
    wrong.send().expect(401);
    let reader = server
        .request("GET", "/dicom-web/studies")
        .header("Authorization", &bearer);
    assert!(matches!(reader.send().status, 200 | 204));

    let store = |authorization: &str| {
        let body = sagittal_tests::http::multipart("application/dicom", &[objects::ct().part10()]);
        server
            .request("POST", "/dicom-web/studies")
            .header("Authorization", authorization)
            .header(
                "Content-Type",
                "multipart/related; type=\"application/dicom\"; boundary=sagittal-test",
            )
            .body(body)
            .send()
            .status
    };
    assert_eq!(store(&bearer), 403);
    // alice:correct horse
    assert_eq!(store("Basic YWxpY2U6Y29ycmVjdCBob3JzZQ=="), 200);
    assert_eq!(store("Basic YWxpY2U6d3Jvbmc="), 401);

    let audit = server.data().join("audit.jsonl");
    wait::until("the refusal in the audit log", || {
        let text = std::fs::read_to_string(&audit).ok()?;
        let refused =
            |line: &&str| line.contains("\"who\":\"reader\"") && !line.contains("\"success\"");
        text.lines().find(refused).map(drop)
    });
    assert!(!server.log().contains("correct horse"));
}
