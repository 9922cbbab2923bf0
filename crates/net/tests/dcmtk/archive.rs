//! A small archive over `sagittal-net`: echo, store in memory, find without end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use sagittal_core::{AeTitle, Uid};
use sagittal_net::dimse::{
    CEchoResponse, CFindRequest, CFindResponse, CStoreResponse, Command, Status,
};
use sagittal_net::negotiate::{Supported, TransferSyntaxes};
use sagittal_net::server::{Limits, Server, Service};
use sagittal_net::tls::{ClientAuthentication, TlsServer};
use sagittal_net::{
    AcceptorPolicy, Association, Config, Data, Error, Message, Proposal, Received, Sender,
};
use tokio_util::sync::CancellationToken;

pub const VERIFICATION: &str = "1.2.840.10008.1.1";
pub const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const PATIENT_ROOT_FIND: &str = "1.2.840.10008.5.1.4.1.2.1.1";

#[derive(Default)]
pub struct Shelf {
    stored: Mutex<Vec<Bytes>>,
    aborts: AtomicU32,
    cancels: AtomicU32,
}

impl Shelf {
    pub fn take_stored(&self) -> Vec<Bytes> {
        std::mem::take(&mut self.stored.lock())
    }

    pub fn aborts(&self) -> u32 {
        self.aborts.load(Relaxed)
    }

    pub fn cancels(&self) -> u32 {
        self.cancels.load(Relaxed)
    }

    async fn serve_all(&self, association: &mut Association) -> Result<(), Error> {
        let canceled = Arc::new(CancellationToken::new());
        loop {
            match association.receive().await? {
                Received::Message(message) => self.message(association, message, &canceled).await?,
                Received::Released | Received::Stopping => return Ok(()),
            }
        }
    }

    async fn message(
        &self,
        association: &mut Association,
        message: Message,
        canceled: &Arc<CancellationToken>,
    ) -> Result<(), Error> {
        let id = message.context_id;
        match Command::from_command_set(&message.command)? {
            Command::CEchoRequest(request) => {
                let response = CEchoResponse::new(&request, Status::SUCCESS);
                association
                    .send(id, &response.to_command_set(), Data::None)
                    .await
            }
            Command::CStoreRequest(request) => {
                let data = association.read_data(1 << 24).await?;
                self.stored.lock().push(data);
                let response = CStoreResponse::new(&request, Status::SUCCESS);
                association
                    .send(id, &response.to_command_set(), Data::None)
                    .await
            }
            Command::CFindRequest(request) => {
                association.discard_data().await?;
                tokio::spawn(find(association.sender(), id, request, canceled.clone()));
                Ok(())
            }
            Command::CCancelRequest(_) => {
                self.cancels.fetch_add(1, Relaxed);
                canceled.cancel();
                Ok(())
            }
            other => panic!("{other:?} was not expected"),
        }
    }
}

/// Matches without end, until canceled.
async fn find(sender: Sender, id: u8, request: CFindRequest, canceled: Arc<CancellationToken>) {
    // (0010,0020) LO, Implicit or Explicit VR as findscu prefers: an empty identifier is legal too.
    let pending = CFindResponse::new(&request, Status::PENDING).to_command_set();
    while !canceled.is_cancelled() {
        if sender
            .send(id, &pending, Data::Bytes(Bytes::new()))
            .await
            .is_err()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let end = CFindResponse::new(&request, Status::CANCEL);
    let _ = sender.send(id, &end.to_command_set(), Data::None).await;
}

impl Service for Shelf {
    fn serve(self: Arc<Self>, mut association: Association) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            match self.serve_all(&mut association).await {
                Err(Error::Aborted { .. }) => {
                    self.aborts.fetch_add(1, Relaxed);
                }
                Err(error) => eprintln!("association ended: {error}"),
                Ok(()) => {}
            }
        })
    }
}

pub struct Archive {
    pub address: SocketAddr,
    pub service: Arc<Shelf>,
    stop: CancellationToken,
}

impl Archive {
    pub async fn start(limits: Limits, tls: Option<(&str, &str)>) -> Archive {
        let policy = [VERIFICATION, CT, PATIENT_ROOT_FIND].into_iter().fold(
            AcceptorPolicy::default(),
            |policy, uid| {
                policy.support(
                    Uid::from_static(uid),
                    Supported::new(TransferSyntaxes::any()),
                )
            },
        );
        let tls = tls.map(|(chain, key)| {
            let none = ClientAuthentication::None;
            TlsServer::from_pem(chain.as_bytes(), key.as_bytes(), &none).unwrap()
        });
        let mut server = Server::new(Arc::new(policy), Config::default(), limits);
        let address = server
            .bind("127.0.0.1:0".parse().unwrap(), tls)
            .await
            .unwrap();
        let (service, stop) = (Arc::new(Shelf::default()), CancellationToken::new());
        tokio::spawn(server.run(service.clone(), stop.clone(), Duration::from_secs(1)));
        Archive {
            address,
            service,
            stop,
        }
    }

    /// `extra`, then where we are.
    pub fn arguments(&self, extra: &[&str]) -> Vec<String> {
        let mut list: Vec<String> = extra.iter().map(|text| (*text).to_owned()).collect();
        list.extend(["127.0.0.1".to_owned(), self.address.port().to_string()]);
        list
    }

    pub async fn associate(&self) -> Association {
        let proposal = Proposal::new(AeTitle::new("SCU").unwrap(), AeTitle::new("SCP").unwrap())
            .context(
                Uid::from_static(VERIFICATION),
                [Uid::from_static("1.2.840.10008.1.2")],
            );
        let port = self.address.port();
        Association::connect("127.0.0.1", port, None, &proposal, &Config::default())
            .await
            .unwrap()
    }

    pub async fn until(&self, condition: impl Fn(&Shelf) -> bool) {
        for _ in 0..1000 {
            if condition(&self.service) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("did not come true in time");
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A CT instance with `size` bytes of pixel data, Explicit VR Little Endian: a Part 10 file, and
/// its data set alone.
pub fn object(instance: &str, size: usize) -> (Vec<u8>, Vec<u8>) {
    let mut data_set = Vec::new();
    short(&mut data_set, [8, 0, 0x16, 0], b"UI", CT.as_bytes());
    short(&mut data_set, [8, 0, 0x18, 0], b"UI", instance.as_bytes());
    data_set.extend_from_slice(&[0xE0, 0x7F, 0x10, 0, b'O', b'W', 0, 0]);
    data_set.extend_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
    data_set.extend((0..size).map(|n| (n % 253) as u8));
    let mut meta = Vec::new();
    meta.extend_from_slice(&[2, 0, 1, 0, b'O', b'B', 0, 0, 2, 0, 0, 0, 0, 1]);
    short(&mut meta, [2, 0, 2, 0], b"UI", CT.as_bytes());
    short(&mut meta, [2, 0, 3, 0], b"UI", instance.as_bytes());
    short(&mut meta, [2, 0, 0x10, 0], b"UI", b"1.2.840.10008.1.2.1");
    short(&mut meta, [2, 0, 0x12, 0], b"UI", b"1.2.3.4");
    let mut file = vec![0; 128];
    file.extend_from_slice(b"DICM");
    short(
        &mut file,
        [2, 0, 0, 0],
        b"UL",
        &u32::try_from(meta.len()).unwrap().to_le_bytes(),
    );
    file.extend_from_slice(&meta);
    file.extend_from_slice(&data_set);
    (file, data_set)
}

fn short(out: &mut Vec<u8>, tag: [u8; 4], vr: &[u8; 2], value: &[u8]) {
    let padding = value.len() % 2;
    out.extend_from_slice(&tag);
    out.extend_from_slice(vr);
    out.extend_from_slice(&u16::try_from(value.len() + padding).unwrap().to_le_bytes());
    out.extend_from_slice(value);
    out.extend(std::iter::repeat_n(0, padding));
}
