//! Receives and drops whatever is sent: how fast can a peer send when nothing is done with it?
//! `cargo run --release -p sagittal-net --example receiver -- 127.0.0.1:11113`

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sagittal_net::dimse::{Status, failure_response};
use sagittal_net::negotiate::{Supported, TransferSyntaxes};
use sagittal_net::server::{Limits, Server, Service};
use sagittal_net::{AcceptorPolicy, Association, Config, Data, Error, Received};
use tokio_util::sync::CancellationToken;

struct Drain;

impl Drain {
    async fn drain(association: &mut Association) -> Result<(), Error> {
        while let Received::Message(message) = association.receive().await? {
            association.discard_data().await?;
            if let Some(response) = failure_response(&message.command, Status::SUCCESS, "") {
                association
                    .send(message.context_id, &response, Data::None)
                    .await?;
            }
        }
        Ok(())
    }
}

impl Service for Drain {
    fn serve(self: Arc<Self>, mut association: Association) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if let Err(error) = Drain::drain(&mut association).await {
                eprintln!("{error}");
            }
            println!("{:?}", association.counters());
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let policy = AcceptorPolicy {
        unknown: Some(Supported::new(TransferSyntaxes::any())),
        ..AcceptorPolicy::default()
    };
    let mut server = Server::new(Arc::new(policy), Config::default(), Limits::default());
    println!(
        "listening on {}",
        server.bind(address.parse()?, None).await?
    );
    let stop = CancellationToken::new();
    tokio::select! {
        () = server.run(Arc::new(Drain), stop.clone(), Duration::from_secs(5)) => {}
        () = tokio::time::sleep(Duration::from_secs(3600)) => {}
    }
    Ok(())
}
