//! What is measured, logged and recorded of every request: by route template, without path and query.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use metrics::{Label, counter, gauge, histogram};
use sagittal_audit::{Action, Outcome};
use std::pin::Pin;
use std::task::{Context, Poll};
use tracing::Instrument as _;

use crate::authorize::Trail;
use crate::linger::Lingering;
use crate::state::WebState;

/// Runs a request within a span, records its audit event, and measures it: the time to the head
/// of the response, the time to its last byte, and bytes.
pub(crate) async fn observe(
    State(state): State<WebState>,
    mut request: Request,
    next: Next,
) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().as_str().to_owned();
    let trail = Trail::default();
    request.extensions_mut().insert(trail.clone());
    let request = request.map(|body| axum::body::Body::new(Lingering::new(body)));
    let span = tracing::info_span!("http", %method, %route);
    let mut measure = Measure::begin(method, route);
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    if let Some(mut event) = trail.take() {
        event.outcome = outcome(status.as_u16(), event.action);
        state.audit.record(event);
    }
    measure.head(status.as_u16());
    span.in_scope(|| {
        tracing::debug!(
            status = status.as_u16(),
            seconds = measure.began.elapsed().as_secs_f64(),
            "answered"
        );
    });
    response.map(|body| axum::body::Body::new(Measured { body, measure }))
}

fn outcome(status: u16, action: Action) -> Outcome {
    match status {
        0..400 => Outcome::Success,
        401 | 403 if action == Action::SecurityAlert => Outcome::SeriousFailure,
        400..500 => Outcome::MinorFailure,
        _ => Outcome::MajorFailure,
    }
}

/// Measures one request; what it has is reported when it goes.
struct Measure {
    began: Instant,
    labels: Vec<Label>,
    bytes: u64,
}

impl Measure {
    fn begin(method: String, route: String) -> Measure {
        gauge!("sagittal_http_requests_in_flight").increment(1.0);
        Measure {
            began: Instant::now(),
            labels: vec![Label::new("method", method), Label::new("route", route)],
            bytes: 0,
        }
    }

    fn head(&mut self, status: u16) {
        let mut labels = self.labels.clone();
        labels.push(Label::new("status", status.to_string()));
        histogram!("sagittal_http_request_seconds", labels).record(self.began.elapsed());
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        gauge!("sagittal_http_requests_in_flight").decrement(1.0);
        let labels = std::mem::take(&mut self.labels);
        counter!("sagittal_http_response_bytes_total", labels.clone()).increment(self.bytes);
        histogram!("sagittal_http_response_seconds", labels).record(self.began.elapsed());
    }
}

/// A body that is measured until its last byte has gone.
struct Measured {
    body: axum::body::Body,
    measure: Measure,
}

impl http_body::Body for Measured {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.measure.bytes += data.len() as u64;
                }
            }
            Some(Err(error)) => {
                tracing::warn!(error = %crate::error::Chain(error), "response broken off");
            }
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
