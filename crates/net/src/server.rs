//! Accepting associations: limits, isolation of one from another, and an orderly stop.

mod limits;
#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use limits::{Limiter, Slot};
pub use limits::{Limits, Statistics};

use crate::association::{Association, Config, Peer};
use crate::error::{Error, Result};
use crate::negotiate::Policy;
use crate::socket::TunedStream;
use crate::tls::TlsServer;

/// After an accept that failed (too many open files), before the next.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// What is done with associations.
pub trait Service: Send + Sync + 'static {
    /// Serves an association to its end. A panic ends this association only.
    fn serve(self: Arc<Self>, association: Association) -> BoxFuture<'static, ()>;

    /// A connection that did not become an association: rejected, timed out, garbage.
    fn refused(&self, peer: &Peer, error: &Error) {
        tracing::info!(address = ?peer.address, %error, "no association");
    }
}

/// A server that listens.
pub struct Server {
    listeners: Vec<(TcpListener, Option<TlsServer>)>,
    policy: Arc<dyn Policy>,
    config: Config,
    limiter: Arc<Limiter>,
}

impl Server {
    /// Without a listener yet.
    pub fn new(policy: Arc<dyn Policy>, config: Config, limits: Limits) -> Server {
        Server {
            listeners: Vec::new(),
            policy,
            config,
            limiter: Limiter::new(limits),
        }
    }

    /// Listens on an address too, with TLS if given; returns the address with its real port.
    pub async fn bind(
        &mut self,
        address: SocketAddr,
        tls: Option<TlsServer>,
    ) -> Result<SocketAddr> {
        let listener = TcpListener::bind(address)
            .await
            .map_err(Error::io("listen"))?;
        let address = listener.local_addr().map_err(Error::io("listen"))?;
        self.listeners.push((listener, tls));
        Ok(address)
    }

    /// How many there are and were.
    pub fn statistics(&self) -> Arc<Statistics> {
        self.limiter.statistics.clone()
    }

    /// Accepts until `stop` is canceled; then associations are told ([`Config::shutdown`]) and those
    /// that have not ended within `grace` are cut.
    pub async fn run(self, service: Arc<impl Service>, stop: CancellationToken, grace: Duration) {
        let told = stop.child_token();
        let config = Arc::new(Config {
            shutdown: told,
            ..self.config
        });
        let mut acceptors = JoinSet::new();
        for (listener, tls) in self.listeners {
            let door = Door {
                service: service.clone(),
                policy: self.policy.clone(),
                config: config.clone(),
                limiter: self.limiter.clone(),
                tls,
            };
            acceptors.spawn(accept_loop(listener, Arc::new(door), stop.clone(), grace));
        }
        while acceptors.join_next().await.is_some() {}
    }
}

/// What a connection needs to become an association.
struct Door<S> {
    service: Arc<S>,
    policy: Arc<dyn Policy>,
    config: Arc<Config>,
    limiter: Arc<Limiter>,
    tls: Option<TlsServer>,
}

async fn accept_loop<S: Service>(
    listener: TcpListener,
    door: Arc<Door<S>>,
    stop: CancellationToken,
    grace: Duration,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => log_panic(ended),
            accepted = listener.accept() => match accepted {
                Ok((tcp, address)) => match door.limiter.connection(address.ip()) {
                    Some(slot) => {
                        let stream = TunedStream::new(tcp);
                        connections.spawn(door.clone().connection(stream, address, slot));
                    }
                    // Over the hard cap not even an A-ASSOCIATE-RJ is worth a socket.
                    None => drop(tcp),
                },
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                }
            },
        }
    }
    drop(listener);
    let drained = async {
        while let Some(ended) = connections.join_next().await {
            log_panic(ended)
        }
    };
    if timeout(grace, drained).await.is_err() {
        tracing::warn!(
            count = connections.len(),
            "associations cut at the end of the grace period"
        );
        connections.shutdown().await;
    }
}

fn log_panic(ended: std::result::Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "an association ended with a panic");
    }
}

impl<S: Service> Door<S> {
    async fn connection(self: Arc<Self>, stream: TunedStream, address: SocketAddr, _held: Slot) {
        let mut peer = Peer {
            address: Some(address),
            ..Peer::default()
        };
        let limited = self.limiter.policy(self.policy.clone(), address.ip());
        let setup = async {
            match &self.tls {
                None => Association::accept(stream, peer.clone(), &limited, &self.config).await,
                Some(tls) => {
                    let after = self.config.connect;
                    let late = |_| Error::Timeout {
                        waiting_for: "the TLS handshake",
                        after,
                    };
                    let (stream, subject) =
                        timeout(after, tls.accept(stream)).await.map_err(late)??;
                    peer.tls = true;
                    peer.certificate_subject = subject;
                    Association::accept(stream, peer.clone(), &limited, &self.config).await
                }
            }
        };
        let accepted = tokio::select! {
            accepted = setup => accepted,
            () = self.config.shutdown.cancelled() => Err(Error::Shutdown),
        };
        match accepted {
            Ok(association) => {
                let _held = limited.into_slot();
                self.service.clone().serve(association).await;
            }
            Err(error) => self.service.refused(&peer, &error),
        }
    }
}
