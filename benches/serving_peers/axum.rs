//! What axum itself takes: a route that reads the same body into a struct, and answers with a constant as long
//! as the engine's answer.

use axum::http::header;
use axum::routing::post;
use axum::{Json, Router};
use retail_benches::Outcome;
use retail_benches::sale::{Arguments, Sale};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

fn main() -> Outcome<()> {
    let Arguments { port, answer } = Arguments::read()?;
    let head = [(header::CONTENT_TYPE, "application/json")];
    let predict = async move |Json(sale): Json<Sale>| {
        std::hint::black_box(sale);
        (head, answer)
    };
    Runtime::new()?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let routes = Router::new().route("/predict/{target}/{version}", post(predict));
        Ok(axum::serve(listener, routes).await?)
    })
}
