//! Who may do what, and what is recorded of it.
#![allow(clippy::unwrap_used)]

mod support;

use http::Method;
use sagittal_auth::{ApiToken, Directory, DirectoryBuilder, Permission, token};
use sagittal_web::WebConfig;
use sagittal_web::routes::{self, ROUTES};
use std::collections::BTreeSet;
use support::{Image, Server};

fn directory(secret: &str, permissions: BTreeSet<Permission>) -> Directory {
    DirectoryBuilder {
        tokens: vec![ApiToken {
            name: "t".into(),
            hash: token::hash(secret),
            permissions,
            expires: None,
        }],
        ..DirectoryBuilder::default()
    }
    .build()
    .unwrap()
}

fn method(route: &routes::Route) -> Method {
    route.method.as_str().parse().unwrap()
}

/// A path of the route with something in its places.
fn path(route: &routes::Route) -> String {
    let mut path = route.full_path(&WebConfig::new("/tmp"));
    for (name, value) in [
        ("{study}", "1.2.826.1"),
        ("{series}", "1.2.826.1.1"),
        ("{instance}", "1.2.826.1.1.1"),
        ("{frames}", "1"),
        ("{*path}", "7FE00010"),
    ] {
        path = path.replace(name, value);
    }
    path
}

#[tokio::test]
async fn every_route_takes_exactly_the_permission_of_the_table() {
    for permission in Permission::ALL {
        let mut others: BTreeSet<Permission> = Permission::all();
        others.remove(permission);
        let without = Server::open_with(directory("sgt_x", others), |_| {}).await;
        let with =
            Server::open_with(directory("sgt_x", BTreeSet::from([*permission])), |_| {}).await;
        let token = [("authorization", "Bearer sgt_x")];
        for route in ROUTES.iter().filter(|r| r.permission == Some(*permission)) {
            if route.name == "events" {
                continue;
            }
            let (method, path) = (method(route), path(route));
            let nobody = without.ask(method.clone(), &path, &[]).await;
            assert_eq!(nobody.status, 401, "{}", route.name);
            assert!(nobody.headers.contains_key("www-authenticate"));
            let denied = without.ask(method.clone(), &path, &token).await;
            assert_eq!(denied.status, 403, "{}", route.name);
            let allowed = with.ask(method, &path, &token).await.status.as_u16();
            assert!(![401, 403].contains(&allowed), "{}: {allowed}", route.name);
        }
    }
}

#[tokio::test]
async fn every_request_and_denial_leaves_one_audit_event() {
    let permissions = BTreeSet::from([Permission::Query]);
    let server = Server::open_with(directory("sgt_x", permissions), |_| {}).await;
    let good = [("authorization", "Bearer sgt_x")];
    let wrong = [("authorization", "Bearer sgt_y")];
    server
        .ask(Method::GET, "/dicom-web/studies?PatientName=SECRET", &good)
        .await;
    server
        .ask(Method::GET, "/dicom-web/studies/1.2.3", &good)
        .await;
    server.ask(Method::GET, "/dicom-web/studies", &wrong).await;
    server.ask(Method::GET, "/", &wrong).await;
    server
        .ask(Method::GET, "/dicom-web/studies?x=y", &good)
        .await;
    let lines = server.audit_lines();
    let seen: Vec<(&str, &str, &str)> = lines
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or("");
            (text("action"), text("outcome"), text("who"))
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("query", "success", "t"),
            ("security-alert", "serious-failure", "t"),
            ("user-authentication", "minor-failure", ""),
            ("user-authentication", "minor-failure", ""),
            ("query", "minor-failure", "t"),
        ]
    );
    assert_eq!(lines[0]["service"], "GET /dicom-web/studies");
    assert_eq!(lines[1]["study_instance_uids"][0], "1.2.3");
    assert_eq!(lines[0]["address"], "127.0.0.1");
    let whole = serde_json::to_string(&lines).unwrap();
    assert!(!whole.contains("SECRET"));
}

#[tokio::test]
async fn the_open_pages_say_nothing_about_patients_to_strangers() {
    let server = Server::open_with(directory("sgt_x", Permission::all()), |_| {}).await;
    let page = server.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("SAGITTAL") && !page.text().contains("instances</div>"));
    let health = server.get("/healthz").await.json();
    assert_eq!(health["status"], "ok");
    assert!(health.get("archive").is_none());
    let token = [("authorization", "Bearer sgt_x")];
    let health = server.ask(Method::GET, "/healthz", &token).await.json();
    assert!(health["archive"]["free_bytes"].as_u64().unwrap() > 0);
    let page = server.ask(Method::GET, "/", &token).await;
    assert!(page.text().contains("instances</div>"));
    let metrics = server.ask(Method::GET, "/metrics", &token).await;
    assert_eq!(metrics.text(), "sagittal_up 1\n");
}

#[tokio::test]
async fn browsers_from_configured_origins_are_let_in() {
    let server = Server::open_with(Directory::off(), |config| {
        config.cors_origins = vec!["https://viewer.example.org".to_owned()];
    })
    .await;
    server.store(&[Image::default().file()]).await;
    let origin = ("origin", "https://viewer.example.org");
    let preflight = server
        .ask(
            Method::OPTIONS,
            "/dicom-web/studies",
            &[origin, ("access-control-request-method", "POST")],
        )
        .await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), origin.1);
    let answer = server
        .ask(Method::GET, "/dicom-web/studies", &[origin])
        .await;
    assert_eq!(answer.header("access-control-allow-origin"), origin.1);
    let other = [("origin", "https://evil.example.org")];
    let answer = server.ask(Method::GET, "/dicom-web/studies", &other).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    // Capabilities are still capabilities.
    let wadl = server.ask(Method::OPTIONS, "/dicom-web/", &[origin]).await;
    assert!(wadl.text().contains("<application"));
    let json = server
        .ask(
            Method::OPTIONS,
            "/dicom-web",
            &[("accept", "application/json")],
        )
        .await;
    assert_eq!(json.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn unknown_paths_and_methods_have_reports() {
    let server = Server::open().await;
    let answer = server.get("/nothing/here").await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["status"].as_u64()),
        (404, Some(404))
    );
    let answer = server.ask(Method::PUT, "/dicom-web/studies", &[]).await;
    assert_eq!(answer.status, 405);
    assert!(answer.header("allow").contains("GET"));
    for rendered in ["rendered", "thumbnail"] {
        let path = format!("{}/{rendered}", Image::default().path());
        assert_eq!(server.get(&path).await.status, 404);
    }
}
