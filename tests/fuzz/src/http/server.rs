//! The router that all requests go to.

use std::fs;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use retail_core::engine::Family;
use retail_core::registry::{Registry, RegistryOptions, standard_slots};
use retail_http::{Admin, AdminToken, AppState, CorsOrigins, FeedbackOptions, router};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::core::{temporary, trained};

pub(super) const TOKEN: &str = "0123456789abcdef-fuzz";

/// The origin whose pages may read the answers.
pub(super) const ORIGIN: &str = "https://shop.example";

pub(super) struct Server {
    pub(super) registry: Arc<Registry>,
    pub(super) router: Router,
    runtime: Runtime,
    /// Where the models are.
    _folder: TempDir,
}

/// Nine models, each with a second revision.
pub(super) static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let folder = temporary();
    trained(Family::Mergeable, folder.path());
    let models = folder.path().join("models");
    for slot in standard_slots() {
        let folder = models.join(&slot.name);
        let [first, second] = [1, 2].map(|n| folder.join(format!("revision_{n}.json")));
        fs::copy(first, second).expect("it has been trained");
    }
    let options = RegistryOptions {
        dir: Some(models),
        recover: false,
        ..RegistryOptions::default()
    };
    let registry = Registry::open(standard_slots(), options).expect("they have been trained");
    let registry = Arc::new(registry);
    let token = AdminToken::new(TOKEN).expect("it is long enough");
    let state = AppState::new(Arc::clone(&registry))
        .with_feedback(FeedbackOptions::default())
        .with_cors(CorsOrigins::parse([ORIGIN]).expect("an origin"))
        .with_admin(Admin::new(token));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    Server {
        registry,
        router: router(state),
        runtime,
        _folder: folder,
    }
});

/// What was answered, as it is sent.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Nothing of a stream that does not end.
    pub(super) body: Bytes,
}

impl Server {
    pub(super) fn ask(&self, request: Request<Body>) -> Reply {
        self.runtime.block_on(async {
            let answered = self.router.clone().oneshot(request).await;
            let (head, body) = match answered {
                Ok(response) => response.into_parts(),
                Err(never) => match never {},
            };
            let is_stream = head
                .headers
                .get("content-type")
                .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
            let body = match is_stream {
                true => Bytes::new(),
                false => axum::body::to_bytes(body, usize::MAX)
                    .await
                    .expect("a body"),
            };
            Reply {
                status: head.status,
                headers: head.headers,
                body,
            }
        })
    }
}
