//! A server to be tried.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use sagittal_archive::{Archive, Options};
use sagittal_audit::AuditLog;
use sagittal_auth::{AeRule, Directory, DirectoryBuilder, Permission};
use sagittal_core::AeTitle;
use sagittal_dimse::{DimseConfig, DimseServer, Peer, Peers, Provider};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub fn ae(title: &str) -> AeTitle {
    AeTitle::new(title).unwrap()
}

/// What can be different.
pub struct Setup {
    pub config: DimseConfig,
    pub directory: Directory,
    pub peers: Vec<Peer>,
    pub options: Box<dyn FnOnce(&mut Options)>,
}

pub struct Server {
    pub address: SocketAddr,
    pub archive: Archive,
    pub audit: AuditLog,
    audit_file: PathBuf,
    stop: CancellationToken,
    running: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Server {
    pub async fn start() -> Server {
        Server::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut Setup)) -> Server {
        let mut setup = Setup {
            config: DimseConfig::new(ae("ARCHIVE")),
            directory: Directory::off(),
            peers: Vec::new(),
            options: Box::new(|_| ()),
        };
        // Clients that just stay there are no matter of these tests.
        setup.config.association.close = std::time::Duration::from_millis(100);
        change(&mut setup);
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(folder.path().join("data"));
        options.pack_size = 16 << 20;
        options.reserve = 0;
        (setup.options)(&mut options);
        let archive = Archive::open(options).await.unwrap();
        let audit_file = folder.path().join("audit.jsonl");
        let audit = AuditLog::open(&audit_file).unwrap();
        let provider = Arc::new(Provider {
            config: setup.config,
            archive: archive.clone(),
            directory: Arc::new(setup.directory),
            audit: audit.clone(),
            peers: Peers::new(setup.peers),
            ledger: Arc::default(),
        });
        let loopback = "127.0.0.1:0".parse().unwrap();
        let server = DimseServer::bind(provider, vec![(loopback, None)])
            .await
            .unwrap();
        let address = server.addresses()[0];
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.run(stop.clone()));
        Server {
            address,
            archive,
            audit,
            audit_file,
            stop,
            running,
            _folder: folder,
        }
    }

    /// Lines of the audit trail so far.
    pub fn audit_lines(&self) -> Vec<String> {
        self.audit.flush();
        std::fs::read_to_string(&self.audit_file)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// The first line of the audit trail with this text, soon.
    pub async fn audit_line(&self, text: &str) -> String {
        for _ in 0..1000 {
            let lines = self.audit_lines();
            if let Some(line) = lines.into_iter().find(|line| line.contains(text)) {
                return line;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("no {text} in the audit trail");
    }

    /// This server as a peer of another.
    pub fn as_peer(&self, title: &str) -> Peer {
        Peer::new(title, ae(title), "127.0.0.1", self.address.port())
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

/// A directory of AE titles and what each may do.
pub fn directory(rules: &[(&str, &[Permission])]) -> Directory {
    let rule = |(title, permissions): &(&str, &[Permission])| AeRule {
        ae_title: AeRule::title(title).unwrap(),
        addresses: Vec::new(),
        certificate_subject: None,
        permissions: permissions.iter().copied().collect::<BTreeSet<_>>(),
    };
    DirectoryBuilder {
        ae_rules: rules.iter().map(rule).collect(),
        ..DirectoryBuilder::default()
    }
    .build()
    .unwrap()
}
