//! Setting an association up as requestor (PS3.8 §9.2, Sta4 and Sta5).

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::accept::Setup;
use super::{Association, Config, Peer};
use crate::error::{Error, Result};
use crate::negotiate::{Negotiated, Proposal};
use crate::pdu::{AbortSource, Incoming, Pdu};
use crate::socket::TunedStream;
use crate::state::{Event, Side};
use crate::tls::TlsClient;

impl Association {
    /// Connects and requests an association, over TLS if a client is given.
    pub async fn connect(
        host: &str,
        port: u16,
        tls: Option<&TlsClient>,
        proposal: &Proposal,
        config: &Config,
    ) -> Result<Association> {
        let limit = config.connect;
        let late = |_| Error::Timeout {
            waiting_for: "the connection",
            after: limit,
        };
        let tcp = timeout(limit, TcpStream::connect((host, port)))
            .await
            .map_err(late)?
            .map_err(Error::io("connect"))?;
        let address = tcp.peer_addr().ok();
        let stream = TunedStream::new(tcp);
        match tls {
            None => {
                let peer = Peer {
                    address,
                    ..Peer::default()
                };
                Association::request(stream, peer, proposal, config).await
            }
            Some(tls) => {
                let (stream, certificate_subject) = timeout(limit, tls.connect(host, stream))
                    .await
                    .map_err(late)??;
                let peer = Peer {
                    address,
                    tls: true,
                    certificate_subject,
                };
                Association::request(stream, peer, proposal, config).await
            }
        }
    }

    /// Requests an association on a connection that is open.
    pub async fn request<S>(
        stream: S,
        peer: Peer,
        proposal: &Proposal,
        config: &Config,
    ) -> Result<Association>
    where
        S: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static,
    {
        let request = proposal.to_request(config)?;
        let mut setup = Setup::new(stream, Side::Requestor, peer, config);
        setup.machine.step(Event::Evt1);
        setup.machine.step(Event::Evt2);
        setup
            .writer
            .pdu(&Pdu::AssociateRq(Box::new(request.clone())))
            .await?;
        let Ok(incoming) = timeout(config.artim, setup.reader.next()).await else {
            setup.machine.step(Event::Evt15);
            setup.abort(AbortSource::ServiceUser, 0).await;
            return Err(Error::Timeout {
                waiting_for: "A-ASSOCIATE-AC",
                after: config.artim,
            });
        };
        match incoming {
            Ok(Incoming::Pdu(Pdu::AssociateAc(response))) => {
                setup.machine.step(Event::Evt3);
                let (called, calling) = (
                    proposal.called_ae_title.clone(),
                    proposal.calling_ae_title.clone(),
                );
                let negotiated =
                    Negotiated::new(Side::Requestor, called, calling, &request, &response);
                Ok(setup.establish(negotiated))
            }
            Ok(Incoming::Pdu(Pdu::AssociateRj(rejection))) => {
                setup.machine.step(Event::Evt4);
                setup.writer.shutdown().await;
                Err(Error::Rejected(rejection))
            }
            other => Err(setup.refuse(other).await),
        }
    }
}
