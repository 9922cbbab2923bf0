//! A destination of C-MOVE that does what a test wants of it.

use std::sync::Arc;

use bytes::Bytes;
use sagittal_dimse::Peer;
use sagittal_dimse::scu::intake_policy;
use sagittal_net::dimse::{CStoreRequest, CStoreResponse, Command, Status};
use sagittal_net::{Association, Config, Data, Message, Received};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};

use crate::server::ae;

/// Takes instances over one association at a time, and answers each when it is allowed to.
pub struct Destination {
    port: u16,
    /// Instances, before they are answered.
    arrived: mpsc::UnboundedReceiver<(CStoreRequest, Bytes)>,
    answers: Arc<Semaphore>,
    running: tokio::task::JoinHandle<()>,
}

impl Destination {
    pub async fn start() -> Destination {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, arrived) = mpsc::unbounded_channel();
        let answers = Arc::new(Semaphore::new(0));
        let running = tokio::spawn(serve(listener, sender, answers.clone()));
        Destination {
            port,
            arrived,
            answers,
            running,
        }
    }

    pub fn as_peer(&self, title: &str) -> Peer {
        Peer::new(title, ae(title), "127.0.0.1", self.port)
    }

    /// Lets so many more instances be answered.
    pub fn allow(&self, count: usize) {
        self.answers.add_permits(count);
    }

    /// The next instance.
    pub async fn arrived(&mut self) -> (CStoreRequest, Bytes) {
        self.arrived.recv().await.unwrap()
    }

    /// The connection and the port are gone from one moment to the next.
    pub async fn vanish(self) {
        self.running.abort();
        let _ = self.running.await;
    }
}

async fn serve(
    listener: TcpListener,
    arrived: mpsc::UnboundedSender<(CStoreRequest, Bytes)>,
    answers: Arc<Semaphore>,
) {
    let policy = intake_policy(Vec::new());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let peer = sagittal_net::Peer::default();
        let accepted = Association::accept(stream, peer, &policy, &Config::default()).await;
        let Ok(mut association) = accepted else {
            continue;
        };
        while let Ok(Received::Message(message)) = association.receive().await {
            let data = association.read_data(1 << 26).await.unwrap();
            let Ok(Command::CStoreRequest(request)) = Command::from_command_set(&message.command)
            else {
                panic!("not a C-STORE-RQ");
            };
            let _ = arrived.send((request.clone(), data));
            answers.acquire().await.unwrap().forget();
            answer(&association, &message, &request).await;
        }
    }
}

async fn answer(association: &Association, message: &Message, request: &CStoreRequest) {
    let response = CStoreResponse::new(request, Status::SUCCESS).to_command_set();
    let sent = association.send(message.context_id, &response, Data::None);
    // Whoever asked may be gone.
    let _ = sent.await;
}
