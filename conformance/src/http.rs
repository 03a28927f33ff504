//! A small HTTP/1.1 client for asking devices and control APIs, over plain TCP or TLS.
//!
//! Keeps one connection to one server and replaces a dead one. Promises that every wait and every
//! body is bounded, and that a request is sent a second time only when the first was provably not
//! sent. Whose certificates are believed is for `trust`. Leaves out redirects, proxies and cookies.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::clock;
use crate::trust::Trust;

/// How long and how much.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// For connecting.
    pub connect: Duration,
    /// From sending the request to the answer's headers, and again to the end of its body.
    pub answer: Duration,
    /// The longest answer, in bytes.
    pub body_bytes: usize,
}

impl Default for Limits {
    /// 10 s to connect, 10 s to answer (what devices allow platforms, R-V1-07), 16 MiB (a page of
    /// a thousand events has some 300 kB; an image slice 64 kB).
    fn default() -> Self {
        let patience = Duration::from_secs(10);
        Self { connect: patience, answer: patience, body_bytes: 16 << 20 }
    }
}

/// A client of one server.
#[derive(Debug)]
pub struct HttpClient {
    authority: Authority,
    path: String,
    limits: Limits,
    /// Over https: whom to believe.
    trust: Option<Trust>,
    spelling: Spelling,
    kept: Option<SendRequest<Full<Bytes>>>,
}

/// How the names of headers are written: HTTP takes them for the same, devices may not (R-V3-02).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Spelling {
    /// `Token`, `Content-Type`: as the documents write them.
    #[default]
    Title,
    /// `token`, `content-type`.
    Lower,
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Not `http://host[:port][/path]`, or https where that is taken.
    #[error("{url} is not {wanted}")]
    Url {
        /// What was given.
        url: String,
        /// What is taken.
        wanted: &'static str,
    },
    /// Nobody there.
    #[error("cannot connect to {server}")]
    Connect {
        /// `host:port`.
        server: String,
        /// What the system says.
        source: io::Error,
    },
    /// Nobody there in time.
    #[error("cannot connect to {server} within {} s", limit.as_secs())]
    ConnectTimeout {
        /// `host:port`.
        server: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The certificate is nobody's who is believed.
    #[error("the certificate of {server} is not trusted")]
    Untrusted {
        /// `host:port`.
        server: String,
        /// What is wrong with it.
        source: io::Error,
    },
    /// TLS could not be agreed on.
    #[error("no TLS connection to {server}")]
    Tls {
        /// `host:port`.
        server: String,
        /// Why.
        source: io::Error,
    },
    /// A path or header that HTTP cannot carry.
    #[error("cannot write the request")]
    Request(#[source] http::Error),
    /// The exchange broke off, or was no HTTP.
    #[error("no answer from {server}")]
    Exchange {
        /// `host:port`.
        server: String,
        /// What HTTP has to say.
        source: hyper::Error,
    },
    /// No answer in time.
    #[error("no answer from {server} within {} s", limit.as_secs())]
    AnswerTimeout {
        /// `host:port`.
        server: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The answer's body broke off or is too long.
    #[error("cannot read the answer of {server}")]
    Body {
        /// `host:port`.
        server: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl HttpClient {
    /// A client of the server of `url`; nothing is connected yet.
    ///
    /// # Errors
    ///
    /// When `url` is not `http://host[:port][/path]`.
    pub fn new(url: &str, limits: Limits) -> Result<Self, HttpError> {
        Self::trusting(url, limits, None)
    }

    /// The same, also over https where it is said whom to believe.
    ///
    /// # Errors
    ///
    /// When `url` is neither `http://host[:port][/path]` nor the same with https.
    pub fn trusting(url: &str, limits: Limits, trust: Option<&Trust>) -> Result<Self, HttpError> {
        let wanted = match trust {
            Some(_) => "http://HOST:PORT or https://HOST:PORT",
            None => "http://HOST:PORT",
        };
        let wrong = || HttpError::Url { url: url.to_owned(), wanted };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let (authority, trust) = match (uri.scheme_str(), uri.authority(), trust) {
            (Some("http"), Some(authority), _) => (authority.clone(), None),
            (Some("https"), Some(authority), Some(trust)) => {
                (authority.clone(), Some(trust.clone()))
            }
            _ => return Err(wrong()),
        };
        if authority.as_str().contains('@') || authority.host().is_empty() || uri.query().is_some()
        {
            return Err(wrong());
        }
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { authority, path, limits, trust, spelling: Spelling::default(), kept: None })
    }

    /// From now on headers are written so. A connection has one spelling: that of another is closed.
    pub fn spell(&mut self, spelling: Spelling) {
        if self.spelling != spelling {
            self.spelling = spelling;
            self.kept = None;
        }
    }

    /// The path of the URL it was made with, without a slash at its end; often empty.
    #[must_use]
    pub fn base_path(&self) -> &str {
        &self.path
    }

    /// The server, as `host:port`.
    #[must_use]
    pub fn server(&self) -> String {
        let usual = if self.trust.is_some() { 443 } else { 80 };
        let port = self.authority.port_u16().unwrap_or(usual);
        format!("{}:{port}", self.authority.host())
    }

    /// Sends a request to `path` (with its query; the base path is not put before it) and reads
    /// the whole answer. A body goes as JSON unless `headers` say otherwise.
    ///
    /// # Errors
    ///
    /// When no whole answer comes within the limits; any status is an answer.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: impl Into<Bytes>,
    ) -> Result<Response<Bytes>, HttpError> {
        let answer = self.open(method, path, headers, body).await?;
        self.whole(answer).await
    }

    /// As `send`, for a request that may turn its connection into something else (HTTP 101): with that
    /// connection, where it did.
    ///
    /// # Errors
    ///
    /// When no whole answer comes within the limits; any status is an answer.
    pub async fn switch(
        &mut self,
        method: Method,
        path: &str,
        headers: HeaderMap,
    ) -> Result<(Response<Bytes>, Option<Upgraded>), HttpError> {
        let mut answer = self.open(method, path, headers, Bytes::new()).await?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok((self.whole(answer).await?, None));
        }
        let (server, limit) = (self.server(), self.limits.answer);
        match clock::within(limit, hyper::upgrade::on(&mut answer)).await {
            Some(Ok(upgraded)) => Ok((answer.map(|_| Bytes::new()), Some(upgraded))),
            Some(Err(source)) => Err(HttpError::Exchange { server, source }),
            None => Err(HttpError::AnswerTimeout { server, limit }),
        }
    }

    async fn whole(&self, answer: Response<Incoming>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = answer.into_parts();
        let server = self.server();
        let whole = Limited::new(body, self.limits.body_bytes).collect();
        match clock::within(self.limits.answer, whole).await {
            Some(Ok(body)) => Ok(Response::from_parts(head, body.to_bytes())),
            Some(Err(source)) => Err(HttpError::Body { server, source }),
            None => Err(HttpError::AnswerTimeout { server, limit: self.limits.answer }),
        }
    }

    /// As `send`, up to the answer's headers: the body is the caller's to read and to bound.
    ///
    /// # Errors
    ///
    /// When no answer begins within the limits.
    pub async fn open(
        &mut self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: impl Into<Bytes>,
    ) -> Result<Response<Incoming>, HttpError> {
        let mut request = self.request(method, path, headers, body.into())?;
        if let Some(mut kept) = self.kept.take().filter(|kept| !kept.is_closed()) {
            match self.exchange(&mut kept, request).await? {
                Sent::Answered(answer) => {
                    self.kept = Some(kept);
                    return Ok(answer);
                }
                Sent::Unsent(unsent, _) => request = *unsent,
            }
        }
        let mut fresh = self.connect().await?;
        match self.exchange(&mut fresh, request).await? {
            Sent::Answered(answer) => {
                self.kept = Some(fresh);
                Ok(answer)
            }
            Sent::Unsent(_, source) => Err(HttpError::Exchange { server: self.server(), source }),
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, HttpError> {
        let has_body = !body.is_empty();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.authority.as_str())
            .body(Full::new(body))
            .map_err(HttpError::Request)?;
        if has_body {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(CONTENT_TYPE, json);
        }
        request.headers_mut().extend(headers);
        Ok(request)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, HttpError> {
        let server = self.server();
        let limit = self.limits.connect;
        let stream = match clock::within(limit, TcpStream::connect(&server)).await {
            Some(Ok(stream)) => stream,
            Some(Err(source)) => return Err(HttpError::Connect { server, source }),
            None => return Err(HttpError::ConnectTimeout { server, limit }),
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "requests may be delayed");
        }
        match &self.trust {
            None => self.handshake(stream).await,
            Some(trust) => self.handshake(self.secured(trust, stream).await?).await,
        }
    }

    /// Agrees on TLS with whoever is there.
    async fn secured(
        &self,
        trust: &Trust,
        stream: TcpStream,
    ) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + use<>, HttpError> {
        let (server, limit) = (self.server(), self.limits.connect);
        let host = self.authority.host().trim_matches(['[', ']']).to_owned();
        let name = match ServerName::try_from(host) {
            Ok(name) => name,
            Err(error) => {
                return Err(HttpError::Tls { server, source: io::Error::other(error) });
            }
        };
        let connecting = TlsConnector::from(trust.client()).connect(name, stream);
        match clock::within(limit, connecting).await {
            Some(Ok(stream)) => Ok(stream),
            Some(Err(source)) if is_about_certificate(&source) => {
                Err(HttpError::Untrusted { server, source })
            }
            Some(Err(source)) => Err(HttpError::Tls { server, source }),
            None => Err(HttpError::ConnectTimeout { server, limit }),
        }
    }

    async fn handshake(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> Result<SendRequest<Full<Bytes>>, HttpError> {
        let (sender, connection) = http1::Builder::new()
            .title_case_headers(self.spelling == Spelling::Title)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|source| HttpError::Exchange { server: self.server(), source })?;
        // Ends with the sender, or with the server's farewell.
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
        Ok(sender)
    }

    async fn exchange(
        &self,
        connection: &mut SendRequest<Full<Bytes>>,
        request: Request<Full<Bytes>>,
    ) -> Result<Sent, HttpError> {
        let answer = connection.try_send_request(request);
        match clock::within(self.limits.answer, answer).await {
            Some(Ok(answer)) => Ok(Sent::Answered(answer)),
            Some(Err(mut error)) => match error.take_message() {
                Some(request) => Ok(Sent::Unsent(Box::new(request), error.into_error())),
                None => {
                    let source = error.into_error();
                    Err(HttpError::Exchange { server: self.server(), source })
                }
            },
            None => {
                Err(HttpError::AnswerTimeout { server: self.server(), limit: self.limits.answer })
            }
        }
    }
}

fn is_about_certificate(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    matches!(error, Some(rustls::Error::InvalidCertificate(_)))
}

/// What became of a request.
enum Sent {
    Answered(Response<Incoming>),
    /// It never left; here it is again, with the reason.
    Unsent(Box<Request<Full<Bytes>>>, hyper::Error),
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn only_plain_urls_are_taken() {
        for (url, server) in [
            ("http://127.0.0.1:8000", Some("127.0.0.1:8000")),
            ("http://device/", Some("device:80")),
            ("http://[::1]:81/api/v3.1/", Some("[::1]:81")),
            ("https://127.0.0.1", None),
            ("127.0.0.1:8000", None),
            ("http://", None),
            ("http://user:secret@host", None),
            ("http://host/?a=1", None),
            ("", None),
        ] {
            let client = HttpClient::new(url, Limits::default());
            assert_eq!(client.ok().map(|client| client.server()).as_deref(), server, "{url}");
        }
    }

    /// Answers each connection's first request with `answer`, then closes it.
    async fn server(answer: &'static str) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        url
    }

    async fn get(client: &mut HttpClient) -> Result<Bytes, HttpError> {
        let answer = client.send(Method::GET, "/", HeaderMap::new(), "").await?;
        Ok(answer.into_body())
    }

    #[test]
    fn https_is_for_those_who_say_whom_they_believe() {
        let trust = Trust::anyone().unwrap();
        for (url, server) in [
            ("https://device", Some("device:443")),
            ("https://[::1]:8443/", Some("[::1]:8443")),
            ("http://device", Some("device:80")),
            ("ftp://device", None),
        ] {
            let client = HttpClient::trusting(url, Limits::default(), Some(&trust));
            assert_eq!(client.ok().map(|client| client.server()).as_deref(), server, "{url}");
        }
    }

    /// A device may know `Token` alone: what is written must be what the document says.
    #[tokio::test]
    async fn headers_are_spelt_as_told() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut client = HttpClient::new(&url, Limits::default()).unwrap();
        for (spelling, name) in [(Spelling::Title, "Token: t"), (Spelling::Lower, "token: t")] {
            client.spell(spelling);
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static("token"),
                HeaderValue::from_static("t"),
            )]);
            let seen = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut seen = vec![0; 4096];
                let length = stream.read(&mut seen).await.unwrap();
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answer).await.unwrap();
                String::from_utf8_lossy(&seen[..length]).into_owned()
            };
            let (answer, seen) = tokio::join!(client.send(Method::GET, "/", headers, ""), seen);
            answer.unwrap();
            assert!(seen.lines().any(|line| line == name), "{seen}");
        }
    }

    #[tokio::test]
    async fn a_dead_connection_is_replaced() {
        let url = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        let mut client = HttpClient::new(&url, Limits::default()).unwrap();
        assert_eq!(get(&mut client).await.unwrap(), "ok");
        while !client.kept.as_ref().unwrap().is_closed() {
            tokio::task::yield_now().await;
        }
        assert_eq!(get(&mut client).await.unwrap(), "ok");
    }

    #[tokio::test]
    async fn what_is_no_answer_says_so() {
        let limits =
            Limits { body_bytes: 1, answer: Duration::from_millis(50), ..Limits::default() };
        let long = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        let mut client = HttpClient::new(&long, limits).unwrap();
        assert!(matches!(get(&mut client).await, Err(HttpError::Body { .. })));
        let other = server("220 smtp\r\n").await;
        let mut client = HttpClient::new(&other, limits).unwrap();
        assert!(matches!(get(&mut client).await, Err(HttpError::Exchange { .. })));
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let mut client = HttpClient::new(&url, limits).unwrap();
        assert!(matches!(get(&mut client).await, Err(HttpError::AnswerTimeout { .. })));
        drop(silent);
        assert!(matches!(get(&mut client).await, Err(HttpError::Connect { .. })));
    }
}
