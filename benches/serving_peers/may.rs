//! The ceiling: `may_minihttp`, one of the fastest servers there are, reads the same body into a struct, and
//! answers with a constant as long as the engine's answer. It knows no routes, limits or timeouts.

use std::io::{self, BufRead};

use may_minihttp::{HttpServer, HttpService, Request, Response};
use retail_benches::Outcome;
use retail_benches::sale::{Arguments, Sale};

#[derive(Clone)]
struct Constant(&'static str);

impl HttpService for Constant {
    fn call(
        &mut self,
        request: Request<'_, '_, '_>,
        response: &mut Response<'_>,
    ) -> io::Result<()> {
        let mut body = request.body();
        let sale: Sale = serde_json::from_slice(body.fill_buf()?)?;
        std::hint::black_box(sale);
        response.header("content-type: application/json");
        response.body(self.0);
        Ok(())
    }
}

fn main() -> Outcome<()> {
    let Arguments { port, answer } = Arguments::read()?;
    let workers = std::thread::available_parallelism()?.get();
    may::config().set_workers(workers);
    let server = HttpServer(Constant(answer)).start(("127.0.0.1", port))?;
    server.join().map_err(|_| "the server ended")?;
    Ok(())
}
