//! A client that reads `GET /events`.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::server::Server;

pub(crate) const ASK: &str = "GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A client that reads events.
pub(crate) struct Reader(pub(crate) BufReader<TcpStream>);

#[derive(Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) data: Value,
}

impl Reader {
    /// Begins to read, and checks the head of the answer.
    pub(crate) async fn new(server: &Server) -> Self {
        Self::of(server.connect().await).await
    }

    pub(crate) async fn of(mut stream: TcpStream) -> Self {
        stream.write_all(ASK.as_bytes()).await.unwrap();
        let mut reader = Self(BufReader::new(stream));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.0.read_line(&mut head).await.unwrap(), 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        for header in [
            "content-type: text/event-stream\r\n",
            "cache-control: no-cache\r\n",
            "x-accel-buffering: no\r\n",
            "x-request-id: ",
        ] {
            assert!(head.contains(header), "{head}");
        }
        reader
    }

    /// The next line of the stream, without what delimits chunks; nothing at its end.
    async fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.ok().filter(|n| *n > 0)?;
            match line.strip_suffix("\r\n") {
                // The last chunk has no bytes.
                Some("0") => return None,
                Some(_) => {}
                None => return Some(line.trim_end().to_owned()),
            }
        }
    }

    /// The next event; nothing at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        let (mut id, mut name, mut data) = (None, None, None);
        loop {
            let line = self.line().await?;
            match line.split_once(": ") {
                Some(("id", value)) => id = Some(value.parse().unwrap()),
                Some(("event", value)) => name = Some(value.to_owned()),
                Some(("data", value)) => data = Some(serde_json::from_str(value).unwrap()),
                _ => {}
            }
            if let (true, Some(id), Some(name), Some(data)) = (line.is_empty(), id, &name, &data) {
                return Some(Told {
                    id,
                    name: name.clone(),
                    data: Value::clone(data),
                });
            }
        }
    }

    /// The next event of this name.
    pub(crate) async fn next_of(&mut self, name: &str) -> Told {
        loop {
            let told = self.next().await.unwrap();
            if told.name == name {
                return told;
            }
        }
    }

    /// What is left of the stream.
    pub(crate) async fn rest(mut self) -> String {
        let mut rest = Vec::new();
        // A connection that is cut has no more to say.
        let _ = self.0.read_to_end(&mut rest).await;
        String::from_utf8_lossy(&rest).into_owned()
    }
}
