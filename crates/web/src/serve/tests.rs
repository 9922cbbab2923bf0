#![allow(clippy::unwrap_used)]
use super::*;
use axum::routing::get;
use tokio::io::AsyncReadExt as _;

async fn start(
    limits: ServeLimits,
) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let router = Router::new().route("/", get(|| async { "hello" })).route(
        "/slow",
        get(|| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "slow"
        }),
    );
    let listeners = vec![Listener { socket, tls: None }];
    let token = shutdown.clone();
    let task = tokio::spawn(async move {
        serve(listeners, router, token, limits).await.unwrap();
    });
    (address, shutdown, task)
}

async fn ask(address: SocketAddr, path: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn requests_are_answered_and_running_ones_end_before_the_server() {
    let (address, shutdown, task) = start(ServeLimits::default()).await;
    assert!(ask(address, "/").await.ends_with("hello"));
    let slow = tokio::spawn(async move { ask(address, "/slow").await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    shutdown.cancel();
    assert!(slow.await.unwrap().ends_with("slow"));
    task.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn silent_and_dripping_clients_are_dropped_in_every_state() {
    let (address, shutdown, task) = start(ServeLimits {
        head_timeout: Duration::from_millis(200),
        idle_timeout: Duration::from_millis(600),
        ..ServeLimits::default()
    })
    .await;
    for begin in ["", "G", "GET / HTTP/1.1\r\nHost:", "PRI * HTTP/2.0\r\n"] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(begin.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut rest));
        assert!(end.await.is_ok(), "{begin:?} is still open");
    }
    shutdown.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn more_connections_than_allowed_are_told_so() {
    let (address, shutdown, task) = start(ServeLimits {
        connections: 1,
        grace: Duration::from_millis(100),
        ..ServeLimits::default()
    })
    .await;
    let mut first = TcpStream::connect(address).await.unwrap();
    first
        .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    let mut buffer = [0; 16];
    first.read_exact(&mut buffer).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    let mut answer = String::new();
    second.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    shutdown.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn heads_that_are_too_long_are_refused() {
    let (address, shutdown, task) = start(ServeLimits::default()).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n",
        "x".repeat(200_000)
    );
    let _ = socket.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    shutdown.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn encrypted_connections_speak_both_versions_of_http() {
    use rustls::pki_types::{PrivateKeyDer, ServerName};
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = key.cert.der().clone();
    let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], private)
        .unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let router = Router::new().route(
        "/",
        get(|request: axum::extract::Request| async move {
            request.extensions().get::<Peer>().unwrap().tls.to_string()
        }),
    );
    let tls = Some(Arc::new(config));
    let task = tokio::spawn(serve(
        vec![Listener { socket, tls }],
        router,
        shutdown.clone(),
        ServeLimits::default(),
    ));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    for protocol in ["http/1.1", "h2"] {
        let mut client = rustls::ClientConfig::builder()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        client.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
        let name = ServerName::try_from("localhost").unwrap();
        let socket = TcpStream::connect(address).await.unwrap();
        let mut stream = connector.connect(name, socket).await.unwrap();
        assert_eq!(
            stream.get_ref().1.alpn_protocol(),
            Some(protocol.as_bytes())
        );
        if protocol == "http/1.1" {
            let request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
            stream.write_all(request).await.unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            assert!(String::from_utf8_lossy(&answer).ends_with("true"));
        }
    }
    shutdown.cancel();
    task.await.unwrap().unwrap();
}
