//! What happens to studies, as server-sent events (HTML Living Standard §9.2).

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{self, Stream};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sagittal_archive::events::{Event, Follower, Numbered};
use sagittal_auth::permission;
use tokio::sync::broadcast::error::RecvError;

use crate::authorize::Access;
use crate::error::{Error, Result};
use crate::request::Request;
use crate::state::WebState;

/// `GET /events`: from now on, or after `Last-Event-ID` as far as it is remembered.
pub(crate) async fn follow(
    _access: Access<permission::Events>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let after = match request
        .headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .or(request.parameter("lastEventId"))
    {
        None | Some("") => None,
        Some(text) => Some(
            text.parse::<u64>()
                .map_err(|_| Error::bad("Last-Event-ID is not a number"))?,
        ),
    };
    let slot = state
        .followers
        .clone()
        .try_acquire_owned()
        .map_err(|_| Error::Unavailable("too many followers of events".to_owned()))?;
    let receiver = state.archive.events(after);
    let heartbeat = state.config.limits.event_heartbeat;
    let stream = lines(receiver, heartbeat, state.shutdown.clone(), slot);
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies such as nginx must not gather events.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The events as lines; a comment when nothing happens, so that both ends know they are there.
/// Ends with the server, or when the archive closes.
fn lines(
    receiver: Follower,
    heartbeat: std::time::Duration,
    shutdown: tokio_util::sync::CancellationToken,
    slot: impl Send + 'static,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let state = (receiver, shutdown, slot, true);
    stream::unfold(
        state,
        move |(mut receiver, shutdown, slot, first)| async move {
            let text = if first {
                // The head goes out with the first bytes.
                "retry: 3000\n\n".to_owned()
            } else {
                tokio::select! {
                    () = shutdown.cancelled() => return None,
                    () = tokio::time::sleep(heartbeat) => ": alive\n\n".to_owned(),
                    event = receiver.recv() => match event {
                        Ok(event) => encode(&event),
                        Err(RecvError::Lagged(lost)) => {
                            format!("event: gap\ndata: {{\"type\":\"gap\",\"lost\":{lost}}}\n\n")
                        }
                        Err(RecvError::Closed) => return None,
                    },
                }
            };
            Some((Ok(Bytes::from(text)), (receiver, shutdown, slot, false)))
        },
    )
}

fn encode(event: &Numbered) -> String {
    let name = match &event.event {
        Event::Stored { .. } => "stored",
        Event::Completed { .. } => "completed",
        Event::Deleted { .. } => "deleted",
        Event::Damaged { .. } => "damaged",
        Event::Withheld { .. } => "withheld",
        Event::Space { .. } => "space",
        Event::Departed { .. } => "departed",
    };
    // JSON has no line breaks of its own: one data line is enough.
    let data = serde_json::to_string(event).unwrap_or_else(|_| "{}".to_owned());
    format!("id: {}\nevent: {name}\ndata: {data}\n\n", event.id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::StreamExt as _;
    use std::time::Duration;

    fn space(id: u64) -> Numbered {
        Numbered {
            id,
            at_ms: 5,
            event: Event::Space {
                free_bytes: 1,
                low: true,
            },
        }
    }

    #[tokio::test(start_paused = true)]
    async fn events_gaps_and_heartbeats_are_told() {
        let (sender, receiver) = tokio::sync::broadcast::channel(2);
        let shutdown = tokio_util::sync::CancellationToken::new();
        let stream = lines(
            receiver.into(),
            Duration::from_secs(15),
            shutdown.clone(),
            (),
        );
        let mut stream = std::pin::pin!(stream);
        let mut next = async || {
            let bytes = stream.next().await?.unwrap();
            Some(String::from_utf8(bytes.to_vec()).unwrap())
        };
        assert_eq!(next().await.unwrap(), "retry: 3000\n\n");
        sender.send(space(7)).unwrap();
        let text = next().await.unwrap();
        assert!(text.starts_with("id: 7\nevent: space\ndata: {"), "{text}");
        assert!(text.contains("\"low\":true") && text.ends_with("}\n\n"));
        for id in 8..13 {
            sender.send(space(id)).unwrap();
        }
        assert!(next().await.unwrap().starts_with("event: gap"));
        assert!(next().await.unwrap().starts_with("id: 11\n"));
        assert!(next().await.unwrap().starts_with("id: 12\n"));
        assert_eq!(next().await.unwrap(), ": alive\n\n");
        shutdown.cancel();
        assert_eq!(next().await, None);
    }
}
