use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use sagittal_core::{AeTitle, Uid};

use super::*;
use crate::association::{AbortReason, Received};
use crate::negotiate::{AcceptorPolicy, Proposal, Supported, TransferSyntaxes};
use crate::pdu::Rejection;
use crate::tls::{ClientAuthentication, TlsClient};

const VERIFICATION: &str = "1.2.840.10008.1.1";
const GRACE: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Count {
    served: AtomicU32,
    refused: AtomicU32,
    panic: bool,
    subjects: parking_lot::Mutex<Vec<Option<String>>>,
}

impl Service for Count {
    fn serve(self: Arc<Self>, mut association: Association) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.served.fetch_add(1, Relaxed);
            self.subjects
                .lock()
                .push(association.peer().certificate_subject.clone());
            assert!(!self.panic, "a bug in a service");
            loop {
                match association.receive().await {
                    Ok(Received::Message(_)) => {}
                    Ok(Received::Stopping) => association.abort(AbortReason::ServiceUser).await,
                    Ok(Received::Released) | Err(_) => return,
                }
            }
        })
    }

    fn refused(&self, _: &Peer, _: &Error) {
        self.refused.fetch_add(1, Relaxed);
    }
}

struct Running {
    address: SocketAddr,
    service: Arc<Count>,
    statistics: Arc<Statistics>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

async fn run(service: Count, limits: Limits, tls: Option<TlsServer>) -> Running {
    let uid = Uid::from_static(VERIFICATION);
    let policy = AcceptorPolicy::default().support(uid, Supported::new(TransferSyntaxes::any()));
    let mut server = Server::new(Arc::new(policy), Config::default(), limits);
    let address = server
        .bind("127.0.0.1:0".parse().unwrap(), tls)
        .await
        .unwrap();
    let (service, stop, statistics) = (
        Arc::new(service),
        CancellationToken::new(),
        server.statistics(),
    );
    let task = tokio::spawn(server.run(service.clone(), stop.clone(), GRACE));
    Running {
        address,
        service,
        statistics,
        stop,
        task,
    }
}

impl Running {
    async fn connect(&self, tls: Option<&TlsClient>) -> Result<Association> {
        let proposal = Proposal::new(AeTitle::new("SCU").unwrap(), AeTitle::new("SCP").unwrap())
            .context(
                Uid::from_static(VERIFICATION),
                [Uid::from_static("1.2.840.10008.1.2")],
            );
        let config = Config {
            artim: GRACE,
            ..Config::default()
        };
        Association::connect("127.0.0.1", self.address.port(), tls, &proposal, &config).await
    }

    async fn until(&self, condition: impl Fn(&Running) -> bool) {
        let wait = async {
            while !condition(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(GRACE, wait).await.expect("in time");
    }
}

#[tokio::test]
async fn associations_over_the_limit_are_rejected_until_there_is_room() {
    let limits = Limits {
        associations: 2,
        ..Limits::default()
    };
    let server = run(Count::default(), limits, None).await;
    let mut first = server.connect(None).await.unwrap();
    let _second = server.connect(None).await.unwrap();
    let third = server.connect(None).await;
    assert!(matches!(
        third,
        Err(Error::Rejected(Rejection::LOCAL_LIMIT_EXCEEDED))
    ));
    first.release().await.unwrap();
    server
        .until(|s| s.statistics.associations.load(Relaxed) == 1)
        .await;
    server.connect(None).await.unwrap();
    assert_eq!(server.statistics.associations_refused.load(Relaxed), 1);
}

#[tokio::test]
async fn connections_over_the_hard_cap_are_closed() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let server = run(Count::default(), limits, None).await;
    let _first = server.connect(None).await.unwrap();
    assert!(server.connect(None).await.is_err());
    assert_eq!(server.statistics.connections_refused.load(Relaxed), 1);
}

#[tokio::test]
async fn a_panic_ends_its_association_only() {
    let server = run(
        Count {
            panic: true,
            ..Count::default()
        },
        Limits::default(),
        None,
    )
    .await;
    for _ in 0..3 {
        let mut association = server.connect(None).await.unwrap();
        assert!(association.receive().await.is_err());
    }
    assert_eq!(server.service.served.load(Relaxed), 3);
    server
        .until(|s| s.statistics.associations.load(Relaxed) == 0)
        .await;
    server
        .until(|s| s.statistics.connections.load(Relaxed) == 0)
        .await;
}

#[tokio::test]
async fn a_stop_ends_what_is_idle_and_what_is_half_open() {
    let server = run(Count::default(), Limits::default(), None).await;
    let mut association = server.connect(None).await.unwrap();
    let half_open = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    server
        .until(|s| s.statistics.connections.load(Relaxed) == 2)
        .await;
    server.stop.cancel();
    assert!(matches!(
        association.receive().await,
        Err(Error::Aborted { .. })
    ));
    drop(association);
    timeout(GRACE, server.task)
        .await
        .expect("stops in time")
        .unwrap();
    assert_eq!(server.service.refused.load(Relaxed), 1);
    drop(half_open);
}

/// A certificate authority, and certificates of it as (chain, key), all PEM.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = parameters.self_signed(&key).unwrap().pem();
        Authority {
            pem,
            issuer: Issuer::new(parameters, key),
        }
    }

    fn certificate(&self, name: &str) -> (String, String) {
        let mut parameters = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters
            .distinguished_name
            .push(DnType::OrganizationName, "Clinic");
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

#[tokio::test]
async fn tls_shows_who_is_there_and_refuses_strangers() {
    let (authority, strangers) = (Authority::new(), Authority::new());
    let (chain, key) = authority.certificate("archive");
    let required = ClientAuthentication::Required(authority.pem.clone().into_bytes());
    let tls = TlsServer::from_pem(chain.as_bytes(), key.as_bytes(), &required).unwrap();
    let server = run(Count::default(), Limits::default(), Some(tls)).await;
    let client = |identity: Option<&Authority>| {
        let identity = identity.map(|authority| authority.certificate("CT scanner"));
        let identity = identity
            .as_ref()
            .map(|(chain, key)| (chain.as_bytes(), key.as_bytes()));
        TlsClient::from_pem(authority.pem.as_bytes(), identity).unwrap()
    };
    let mut association = server
        .connect(Some(&client(Some(&authority))))
        .await
        .unwrap();
    let archive = association.peer().certificate_subject.clone().unwrap();
    assert!(archive.contains("CN=archive"), "{archive}");
    association.release().await.unwrap();
    let seen = server.service.subjects.lock().clone();
    assert!(
        seen[0].as_ref().unwrap().contains("CN=CT scanner"),
        "{seen:?}"
    );
    assert!(seen[0].as_ref().unwrap().contains("O=Clinic"), "{seen:?}");
    assert!(server.connect(Some(&client(None))).await.is_err());
    assert!(
        server
            .connect(Some(&client(Some(&strangers))))
            .await
            .is_err()
    );
    assert!(
        server.connect(None).await.is_err(),
        "no plain text on a TLS port"
    );
    let distrusting = TlsClient::from_pem(strangers.pem.as_bytes(), None).unwrap();
    assert!(server.connect(Some(&distrusting)).await.is_err());
    assert_eq!(server.service.served.load(Relaxed), 1);
}

#[test]
fn certificates_that_cannot_be_used_are_said_to_be_so() {
    let (chain, _) = Authority::new().certificate("a");
    let none = ClientAuthentication::None;
    for (chain, key) in [("", ""), (chain.as_str(), ""), ("nonsense", "nonsense")] {
        let result = TlsServer::from_pem(chain.as_bytes(), key.as_bytes(), &none);
        assert!(matches!(result, Err(Error::TlsConfig { .. })));
    }
}
