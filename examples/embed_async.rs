//! A web service that takes orders on a route of its own, and serves, beside it, models that learn from
//! them as they come. It ends when standard input does.

use std::error::Error;
use std::io;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use retail_core::prelude::*;
use retail_http::AppState;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

/// What the routes of this service share.
#[derive(Clone)]
struct Shop {
    orders: ChannelSender,
}

/// Takes rows, and answers with how many the stream has by then. While the engine is behind, the answer
/// waits, and no thread does.
async fn order(
    State(shop): State<Shop>,
    Json(rows): Json<Vec<Transaction>>,
) -> Result<Json<u64>, (StatusCode, String)> {
    let pushed = shop.orders.push_async(rows).await;
    pushed
        .map(Json)
        .map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut engine = Engine::builder(EngineConfig::default())?.open()?;
    let (orders, mut source) = ChannelSource::bounded("orders", engine.position(), 10_000);
    let models = AppState::new(engine.registry()).with_status(engine.status());
    // Reading, training and writing block: they have threads of their own.
    let engine = spawn_blocking(move || engine.run(&mut source));

    let app = Router::new()
        .route("/orders", post(order))
        .nest("/analytics", retail_http::router(models))
        .with_state(Shop { orders });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let end = spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            let _ = end.await;
        })
        .await?;

    // The last sender went with the routes, so the stream has ended.
    let report = engine.await??;
    println!("{} rows in {} batches", report.rows_kept, report.batches);
    Ok(())
}
