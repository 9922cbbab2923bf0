//! Listening: one task a connection, as many associations as the document allows.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sagittal_net::socket::TunedStream;
use sagittal_net::tls::TlsServer;
use sagittal_net::{Association, Config, Error, Peer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::behavior::AtOnce;
use super::policy::Door;
use super::session::Session;
use super::{Behavior, Catalog, Options};

/// Connections at the same time, whatever becomes of them.
const CONNECTIONS: usize = 512;
/// For associations to end when it stops.
const GRACE: Duration = Duration::from_secs(2);

/// A twin whose port is open.
pub struct Twin {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsServer>,
    shared: Arc<Shared>,
}

/// What all associations share.
pub(super) struct Shared {
    pub behavior: Arc<Behavior>,
    pub catalog: Arc<Catalog>,
    pub options: Options,
    pub config: Config,
    /// Performed procedure steps, by UID.
    pub steps: Mutex<std::collections::HashMap<String, sagittal_core::DataSet>>,
}

impl Twin {
    /// Opens the port. Nobody is answered before [`Twin::run`].
    pub async fn bind(
        address: SocketAddr,
        tls: Option<TlsServer>,
        behavior: Behavior,
        catalog: Arc<Catalog>,
        options: Options,
    ) -> std::io::Result<Twin> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Shared {
            config: behavior.config.clone(),
            behavior: Arc::new(behavior),
            catalog,
            options,
            steps: Mutex::default(),
        };
        Ok(Twin {
            listener,
            address,
            tls,
            shared: Arc::new(shared),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is canceled.
    pub async fn run(self, stop: CancellationToken) {
        let mut shared = self.shared;
        if let Some(shared) = Arc::get_mut(&mut shared) {
            shared.config.shutdown = stop.child_token();
        }
        let places = match shared.behavior.at_once {
            AtOnce::Any => Semaphore::MAX_PERMITS,
            AtOnce::Reject(most, _) | AtOnce::Wait(most) => most.min(Semaphore::MAX_PERMITS),
        };
        let places = Arc::new(Semaphore::new(places));
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                    Ok((tcp, address)) => {
                        let connection = Connection {
                            shared: shared.clone(),
                            places: places.clone(),
                            tls: self.tls.clone(),
                        };
                        connections.spawn(connection.serve(tcp, address));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        }
        drop(self.listener);
        let ended = async { while connections.join_next().await.is_some() {} };
        if timeout(GRACE, ended).await.is_err() {
            connections.shutdown().await;
        }
    }
}

struct Connection {
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
    tls: Option<TlsServer>,
}

impl Connection {
    async fn serve(self, tcp: TcpStream, address: SocketAddr) {
        let shared = self.shared.clone();
        let stop = shared.config.shutdown.clone();
        let served = async {
            // One that waits is not even listened to.
            let _place = match shared.behavior.at_once {
                AtOnce::Wait(_) => self.places.clone().acquire_owned().await.ok(),
                _ => None,
            };
            self.associate(tcp, address).await
        };
        let result = tokio::select! {
            result = served => result,
            () = stop.cancelled() => Err(Error::Shutdown),
        };
        if let Err(error) = result {
            let say = &shared.options.progress;
            say(&format!(
                "{}: no association, or it ended: {error}",
                address.ip()
            ));
        }
    }

    async fn associate(&self, tcp: TcpStream, address: SocketAddr) -> Result<(), Error> {
        let shared = &self.shared;
        let door = Door {
            behavior: shared.behavior.clone(),
            places: self.places.clone(),
            place: Mutex::default(),
        };
        let mut peer = Peer {
            address: Some(address),
            ..Peer::default()
        };
        let stream = TunedStream::new(tcp);
        let association = match &self.tls {
            None => Association::accept(stream, peer, &door, &shared.config).await?,
            Some(tls) => {
                let after = shared.config.connect;
                let late = |_| Error::Timeout {
                    waiting_for: "the TLS handshake",
                    after,
                };
                let (stream, subject) =
                    timeout(after, tls.accept(stream)).await.map_err(late)??;
                peer.tls = true;
                peer.certificate_subject = subject;
                Association::accept(stream, peer, &door, &shared.config).await?
            }
        };
        let result = Session::new(shared.clone(), &association)
            .run(association)
            .await;
        drop(door);
        result
    }
}
