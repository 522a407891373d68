use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use retail_core::registry::Change;
use tracing::Instrument;

use super::target;
use crate::access::{Admin, Answered, Asked, Entry};
use crate::error::{AdminError, ApiError, ErrorCode};
use crate::request_id::{self, RequestId};

/// Passes requests that have the token, and writes down what they changed, or were refused.
pub(super) async fn guard(
    State(admin): State<Arc<Admin>>,
    request: Request,
    next: Next,
) -> Response {
    let asked = asked(&request);
    if !admin.knows(request.headers()) {
        let mut response = ApiError::Admin(AdminError::Unauthorized).into_response();
        // The body is not read, and what comes of it is not the next request.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
        let entry = Entry::new(asked, answered(&response));
        admin.record_refusal(entry).await;
        return response;
    }
    if target::is_read(request.method()) {
        return next.run(request).await;
    }
    // What has begun is finished and written down, even if the client hangs up.
    let done = async move {
        let response = next.run(request).await;
        let entry = Entry::new(asked, answered(&response));
        admin.record(entry).await;
        response
    };
    match tokio::spawn(done.in_current_span()).await {
        Ok(response) => response,
        Err(_) => ApiError::Admin(AdminError::Failed).into_response(),
    }
}

fn asked(request: &Request) -> Asked {
    let (action, model) = target::of(request.method(), request.uri().path());
    let id = request_id::of(request);
    let id = id.as_ref().map(RequestId::as_str);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    Asked {
        request: id.unwrap_or_default().to_owned(),
        peer: peer.map(|ConnectInfo(address)| address.to_string()),
        action,
        model,
    }
}

fn answered(response: &Response) -> Answered {
    let extensions = response.extensions();
    let states = |Change { before, after }: Change| [before, after];
    Answered {
        status: response.status().as_u16(),
        code: extensions.get::<ErrorCode>().map(|&ErrorCode(code)| code),
        states: extensions.get::<Change>().cloned().map(states),
    }
}
