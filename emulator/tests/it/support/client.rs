//! A small HTTP client: a connection for each request, as hyper makes it.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::bounded;

/// A request, not yet sent.
pub(crate) struct Request {
    authority: String,
    request: http::Request<Full<Bytes>>,
}

/// A whole answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Request {
    /// To `path` of the server `http://host:port`.
    pub(crate) fn new(method: Method, server: &str, path: &str) -> Self {
        let authority = server.strip_prefix("http://").expect("a plain URL").to_owned();
        let request = http::Request::builder().method(method).uri(path);
        let request = request.header(header::HOST, &authority).body(Full::default());
        Self { request: request.expect("a good path"), authority }
    }

    pub(crate) fn get(server: &str, path: &str) -> Self {
        Self::new(Method::GET, server, path)
    }

    pub(crate) fn post(server: &str, path: &str, body: &Value) -> Self {
        Self::new(Method::POST, server, path)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// Sets a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        let value: HeaderValue = value.parse().expect("a header's value");
        self.request.headers_mut().insert(name, value);
        self
    }

    /// Adds a header that may be there already.
    pub(crate) fn and_header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        let value: HeaderValue = value.parse().expect("a header's value");
        self.request.headers_mut().append(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = Full::new(body.into());
        self
    }

    pub(crate) async fn send(self) -> Reply {
        let what = format!("{} {}", self.request.method(), self.request.uri());
        self.try_send().await.unwrap_or_else(|| panic!("{what}: no whole answer came"))
    }

    /// None where the connection ends before the answer does.
    pub(crate) async fn try_send(self) -> Option<Reply> {
        let what = format!("{} {}", self.request.method(), self.request.uri());
        let exchange = async {
            let (head, body) = self.try_open().await?.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some(Reply { status: head.status.as_u16(), headers: head.headers, body })
        };
        bounded(&what, exchange).await
    }

    /// Sends it and reads what comes, for as long as it comes.
    pub(crate) async fn stream(self) -> Stream {
        let answer = bounded("the stream's head", self.open()).await;
        assert_eq!(answer.status(), 200);
        Stream { body: answer.into_body(), rest: Vec::new() }
    }

    async fn open(self) -> http::Response<Incoming> {
        self.try_open().await.expect("an answer")
    }

    async fn try_open(self) -> Option<http::Response<Incoming>> {
        let stream = TcpStream::connect(&self.authority).await.expect("the server listens");
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.expect("a new connection");
        tokio::spawn(connection);
        sender.send_request(self.request).await.ok()
    }
}

/// A stream of lines.
pub(crate) struct Stream {
    body: Incoming,
    rest: Vec<u8>,
}

impl Stream {
    /// The next line, without its end; nothing at the end of the stream.
    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Some(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            let frame = self.body.frame().await?.expect("a stream ends, and is not cut off");
            self.rest.extend(frame.into_data().expect("data alone"));
        }
    }

    /// The next line that begins so; what follows.
    pub(crate) async fn next(&mut self, beginning: &str) -> Option<String> {
        let coming = async {
            while let Some(line) = self.line().await {
                if let Some(rest) = line.strip_prefix(beginning) {
                    return Some(rest.trim_start().to_owned());
                }
            }
            None
        };
        // Bounded as a whole: heartbeats alone must not keep a test waiting.
        bounded(beginning, coming).await
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Value {
        let data = self.next("data:").await.expect("the stream goes on");
        serde_json::from_str(&data).expect("a message is JSON")
    }
}
