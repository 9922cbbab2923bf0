//! Accepting connections: HTTP/1.1 and HTTP/2, plain and TLS, within bounds of time and number.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::peer::Peer;
use crate::stall::Impatient;

/// A port that is listened on.
pub struct Listener {
    /// The bound socket.
    pub socket: TcpListener,
    /// TLS, if connections are encrypted. ALPN is set here.
    pub tls: Option<Arc<ServerConfig>>,
}

/// Bounds of connections.
#[derive(Clone, Debug)]
pub struct ServeLimits {
    /// Connections at the same time, all ports together.
    pub connections: usize,
    /// From a connection's start, or the end of a request, to the end of the next request's head;
    /// also for the TLS handshake.
    pub head_timeout: Duration,
    /// No byte in either direction for so long ends a connection.
    pub idle_timeout: Duration,
    /// A peer that takes no bytes for so long is dropped.
    pub write_stall: Duration,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Requests at the same time on one HTTP/2 connection.
    pub streams: u32,
    /// Time that running requests get when the server stops.
    pub grace: Duration,
}

impl Default for ServeLimits {
    fn default() -> ServeLimits {
        ServeLimits {
            connections: 1024,
            head_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(180),
            write_stall: Duration::from_secs(60),
            head_bytes: 64 << 10,
            streams: 64,
            grace: Duration::from_secs(20),
        }
    }
}

/// What the tasks of one server share.
struct Server {
    router: Router,
    limits: ServeLimits,
    slots: Arc<Semaphore>,
    /// No new connections or requests.
    shutdown: CancellationToken,
    /// No connections at all.
    abort: CancellationToken,
    tasks: TaskTracker,
}

/// Serves until `shutdown`, then lets running requests end within the grace time.
pub async fn serve(
    listeners: Vec<Listener>,
    router: Router,
    shutdown: CancellationToken,
    limits: ServeLimits,
) -> io::Result<()> {
    let server = Arc::new(Server {
        router,
        slots: Arc::new(Semaphore::new(limits.connections)),
        shutdown: shutdown.clone(),
        abort: CancellationToken::new(),
        tasks: TaskTracker::new(),
        limits,
    });
    let mut ports = tokio::task::JoinSet::new();
    for listener in listeners {
        ports.spawn(accept(server.clone(), listener));
    }
    while ports.join_next().await.is_some() {}
    server.tasks.close();
    if tokio::time::timeout(server.limits.grace, server.tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!(
            connections = server.tasks.len(),
            "connections cut at the end of the grace time"
        );
        server.abort.cancel();
        server.tasks.wait().await;
    }
    Ok(())
}

async fn accept(server: Arc<Server>, listener: Listener) {
    let tls = listener.tls.map(|config| {
        let mut config = (*config).clone();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    });
    loop {
        let accepted = tokio::select! {
            () = server.shutdown.cancelled() => return,
            accepted = listener.socket.accept() => accepted,
        };
        let (socket, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: wait until some are closed.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(slot) = server.slots.clone().try_acquire_owned() else {
            metrics::counter!("sagittal_http_connections_refused_total").increment(1);
            server.tasks.spawn(refuse(socket, tls.is_some()));
            continue;
        };
        let (server, tls) = (server.clone(), tls.clone());
        server.tasks.clone().spawn(async move {
            let _slot = slot;
            metrics::gauge!("sagittal_http_connections").increment(1.0);
            connection(&server, socket, address, tls).await;
            metrics::gauge!("sagittal_http_connections").decrement(1.0);
        });
    }
}

/// Too many connections: a plain client is told, quickly.
async fn refuse(mut socket: TcpStream, encrypted: bool) {
    if !encrypted {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        let _ = tokio::time::timeout(Duration::from_secs(1), socket.write_all(answer)).await;
    }
}

async fn connection(
    server: &Server,
    socket: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
) {
    let _ = socket.set_nodelay(true);
    let local = socket.local_addr().ok();
    let limits = &server.limits;
    let socket = Impatient::new(
        socket,
        limits.head_timeout,
        limits.idle_timeout,
        limits.write_stall,
    );
    let peer = Peer {
        address,
        local,
        tls: tls.is_some(),
    };
    match tls {
        None => requests(server, socket, peer).await,
        Some(tls) => {
            let handshake = tokio::time::timeout(limits.head_timeout, tls.accept(socket));
            match handshake.await {
                Ok(Ok(stream)) => requests(server, stream, peer).await,
                Ok(Err(error)) => tracing::debug!(%address, %error, "TLS handshake failed"),
                Err(_) => tracing::debug!(%address, "TLS handshake too slow"),
            }
        }
    }
}

async fn requests<T>(server: &Server, stream: T, peer: Peer)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = &server.limits;
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_bytes.max(8192))
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(limits.idle_timeout / 2))
        .keep_alive_timeout(limits.head_timeout)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    let router = server.router.clone();
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request)
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = server.shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                result = connection.as_mut() => result,
                () = server.abort.cancelled() => return,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(address = %peer.address, error = %crate::error::Chain(&*error), "connection ended");
    }
}

#[cfg(test)]
mod tests;
