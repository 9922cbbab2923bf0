//! Listening for associations, plain and over TLS, until told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use sagittal_net::server::{Limits, Server, Service, Statistics};
use sagittal_net::tls::TlsServer;
use sagittal_net::{Association, Error, Peer};
use tokio_util::sync::CancellationToken;

use crate::policy::Acceptor;
use crate::provider::Provider;
use crate::scp::session;

/// A server whose ports are open.
pub struct DimseServer {
    server: Server,
    provider: Arc<Provider>,
    addresses: Vec<SocketAddr>,
}

impl DimseServer {
    /// Opens ports, each with TLS or without. Nobody is answered before [`DimseServer::run`].
    pub async fn bind(
        provider: Arc<Provider>,
        listeners: Vec<(SocketAddr, Option<TlsServer>)>,
    ) -> sagittal_net::Result<DimseServer> {
        let (associations, associations_per_address) = provider.config.associations;
        let limits = Limits {
            associations,
            associations_per_address,
            // Connections that are rejected or wait for their turn need sockets too.
            connections: associations
                .saturating_mul(2)
                .max(Limits::default().connections),
            connections_per_address: associations_per_address
                .saturating_mul(2)
                .max(Limits::default().connections_per_address),
        };
        let policy = Arc::new(Acceptor::new(provider.clone()));
        let mut server = Server::new(policy, provider.config.association.clone(), limits);
        let mut addresses = Vec::new();
        for (address, tls) in listeners {
            addresses.push(server.bind(address, tls).await?);
        }
        Ok(DimseServer {
            server,
            provider,
            addresses,
        })
    }

    /// The addresses with their real ports, in the order of the listeners.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// How many associations there are and were.
    pub fn statistics(&self) -> Arc<Statistics> {
        self.server.statistics()
    }

    /// Serves until `stop` is canceled and what is running has ended, or the grace period has.
    pub async fn run(self, stop: CancellationToken) {
        let grace = self.provider.config.grace;
        let service = Arc::new(Scp {
            provider: self.provider,
        });
        self.server.run(service, stop, grace).await;
    }
}

/// Opens ports and serves until `stop` is canceled.
pub async fn serve(
    provider: Arc<Provider>,
    listeners: Vec<(SocketAddr, Option<TlsServer>)>,
    stop: CancellationToken,
) -> sagittal_net::Result<()> {
    DimseServer::bind(provider, listeners)
        .await?
        .run(stop)
        .await;
    Ok(())
}

struct Scp {
    provider: Arc<Provider>,
}

impl Service for Scp {
    fn serve(self: Arc<Self>, association: Association) -> BoxFuture<'static, ()> {
        Box::pin(session::run(self.provider.clone(), association))
    }

    fn refused(&self, peer: &Peer, error: &Error) {
        let label = match error {
            // The policy has counted its own.
            Error::Rejected(rejection)
                if *rejection == sagittal_net::pdu::Rejection::LOCAL_LIMIT_EXCEEDED =>
            {
                "limit"
            }
            Error::Rejected(_) => return,
            Error::Timeout { .. } => "timeout",
            Error::Pdu(_) | Error::NotAllowed { .. } => "invalid-pdu",
            _ => "connection",
        };
        metrics::counter!("sagittal_dimse_associations_rejected_total", "reason" => label)
            .increment(1);
        tracing::info!(address = ?peer.address, %error, "no association");
    }
}
