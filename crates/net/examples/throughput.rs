//! Bytes a second through an association over loopback TCP: sender and receiver in one process,
//! nothing done with the data. `cargo run --release -p sagittal-net --example throughput`

use std::time::Instant;

use bytes::Bytes;
use sagittal_core::{AeTitle, Uid};
use sagittal_net::dimse::{CStoreRequest, CStoreResponse, Priority, Status};
use sagittal_net::negotiate::{Supported, TransferSyntaxes};
use sagittal_net::socket::TunedStream;
use sagittal_net::{AcceptorPolicy, Association, Config, Data, Peer, Proposal, Received};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    for max_pdu in [16 * 1024, 128 * 1024, 256 * 1024, 0] {
        for (size, count) in [(5_000, 20_000u32), (530_000, 4_000), (50_000_000, 60)] {
            let seconds = run(max_pdu, size, count).await?;
            let total = size as f64 * f64::from(count);
            println!(
                "PDU {max_pdu:>7}, object {size:>9}: {:>8.0} objects/s, {:.2} GB/s",
                f64::from(count) / seconds,
                total / seconds / 1e9
            );
        }
    }
    Ok(())
}

async fn run(max_pdu: u32, size: usize, count: u32) -> Result<f64, Box<dyn std::error::Error>> {
    let class = Uid::from_static(CT);
    let config = Config {
        max_pdu_receive: max_pdu,
        ..Config::default()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let policy =
        AcceptorPolicy::default().support(class.clone(), Supported::new(TransferSyntaxes::any()));
    let receiver = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await?;
        let stream = TunedStream::new(tcp);
        let mut scp = Association::accept(stream, Peer::default(), &policy, &config)
            .await
            .map_err(std::io::Error::other)?;
        while let Ok(Received::Message(message)) = scp.receive().await {
            let mut length = 0;
            while let Some(fragment) = scp
                .next_data_fragment()
                .await
                .map_err(std::io::Error::other)?
            {
                length += fragment.len();
            }
            assert_eq!(length, size);
            let request =
                CStoreRequest::from_command_set(&message.command).map_err(std::io::Error::other)?;
            let response = CStoreResponse::new(&request, Status::SUCCESS).to_command_set();
            scp.send(message.context_id, &response, Data::None)
                .await
                .map_err(std::io::Error::other)?;
        }
        Ok::<(), std::io::Error>(())
    });
    let proposal = Proposal::new(AeTitle::new("SCU")?, AeTitle::new("SCP")?)
        .context(class.clone(), [Uid::from_static("1.2.840.10008.1.2")]);
    let mut scu =
        Association::connect("127.0.0.1", port, None, &proposal, &Config::default()).await?;
    let data = Bytes::from(vec![7; size]);
    let begun = Instant::now();
    for _ in 0..count {
        let request = CStoreRequest {
            affected_sop_class_uid: class.clone(),
            message_id: scu.next_message_id(),
            priority: Priority::Medium,
            affected_sop_instance_uid: Uid::from_static("1.2.3"),
            move_originator_ae_title: None,
            move_originator_message_id: None,
        };
        scu.send(1, &request.to_command_set(), Data::Bytes(data.clone()))
            .await?;
        scu.receive().await?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    scu.release().await?;
    receiver.await??;
    Ok(seconds)
}
