//! HTTP/1.1 as bytes: reads one request or answer from a stream, head first, then the body.
//!
//! A judge has to see names as they were written, to answer with half a line, and to know when the
//! other side left; a ready server or client hides all three. Promises that heads and bodies are
//! bounded and that no bytes panic. Leaves out pipelining of answers, upgrades and compression.

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest head, in bytes. `event_dest` alone may have 1,024 characters (R-V1-02), and this is
/// what common servers take.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Headers in a head; more are no device's.
const HEADERS_MAX: usize = 128;

/// The longest line that opens a chunk, in bytes: a number and its extensions.
const CHUNK_LINE_BYTES_MAX: usize = 1 << 10;

/// The names and values of a head, as they were written and in their order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Headers(Vec<(String, String)>);

/// The head of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestHead {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: Headers,
    /// The second digit of the version: 0 or 1.
    pub version: u8,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With a chunk of no length.
    Chunked,
}

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub enum Http1Error {
    /// The stream failed, by a reset for example.
    #[error("the connection broke")]
    Io(#[from] std::io::Error),
    /// The stream ended inside a message.
    #[error("the connection was closed inside a message")]
    Closed,
    /// The bytes are no HTTP/1.
    #[error("not HTTP: {0}")]
    Malformed(&'static str),
    /// More than anybody sends.
    #[error("the {part} has over {limit} bytes")]
    TooLong {
        /// Head or body.
        part: &'static str,
        /// The bound.
        limit: usize,
    },
}

/// Reads messages from a stream.
#[derive(Debug)]
pub(crate) struct Reader<S> {
    stream: S,
    buffer: BytesMut,
}

impl Headers {
    /// The first value of a header, whose name is compared without regard to case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(one, _)| one.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    /// All of them, as written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn has_token(&self, name: &str, token: &str) -> bool {
        let values = self.0.iter().filter(|(one, _)| one.eq_ignore_ascii_case(name));
        let mut tokens = values.flat_map(|(_, value)| value.split(','));
        tokens.any(|one| one.trim().eq_ignore_ascii_case(token))
    }

    /// Whether the sender waits for a word before it sends the body.
    pub(crate) fn wants_word(&self) -> bool {
        self.has_token("expect", "100-continue")
    }

    fn framing(&self, otherwise: Framing) -> Result<Framing, Http1Error> {
        if self.has_token("transfer-encoding", "chunked") {
            return Ok(Framing::Chunked);
        }
        match self.get("content-length") {
            Some(length) => {
                let length = length
                    .trim()
                    .parse()
                    .map_err(|_| Http1Error::Malformed("content-length is no number"))?;
                Ok(Framing::Length(length))
            }
            None => Ok(otherwise),
        }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl RequestHead {
    pub(crate) fn framing(&self) -> Result<Framing, Http1Error> {
        self.headers.framing(Framing::Length(0))
    }

    /// Whether the sender may use the connection once more.
    pub(crate) fn stays(&self) -> bool {
        let kept = self.version == 1 || self.headers.has_token("connection", "keep-alive");
        kept && !self.headers.has_token("connection", "close")
    }

    /// Reads a head from its bytes, if they are whole; with the number of bytes it has.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Http1Error> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        let status = request.parse(bytes).map_err(|error| Http1Error::Malformed(reason(error)))?;
        let httparse::Status::Complete(length) = status else {
            return Ok(None);
        };
        let head = Self {
            method: request.method.unwrap_or_default().to_owned(),
            path: request.path.unwrap_or_default().to_owned(),
            headers: owned(request.headers),
            version: request.version.unwrap_or(1),
        };
        Ok(Some((head, length)))
    }
}

impl<S: AsyncRead + Unpin> Reader<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, buffer: BytesMut::new() }
    }

    pub(crate) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    /// The head of the next request, with its bytes; none when the stream ends before it begins.
    pub(crate) async fn request_head(
        &mut self,
    ) -> Result<Option<(RequestHead, Bytes)>, Http1Error> {
        self.head(RequestHead::parse).await
    }

    /// The body that follows a head.
    pub(crate) async fn body(
        &mut self,
        framing: Framing,
        bytes_max: usize,
    ) -> Result<Bytes, Http1Error> {
        let too_long = Http1Error::TooLong { part: "body", limit: bytes_max };
        match framing {
            Framing::Length(length) => match usize::try_from(length) {
                Ok(length) if length <= bytes_max => self.exactly(length).await,
                _ => Err(too_long),
            },
            Framing::Chunked => self.chunks(bytes_max).await,
        }
    }

    /// Waits until the other side closes, or fails. What it sends meanwhile is kept for later, up
    /// to the length of a head; then this waits for ever, as nobody sends so much unasked.
    pub(crate) async fn gone(&mut self) {
        while self.buffer.len() < HEAD_BYTES_MAX {
            if !matches!(self.more().await, Ok(1..)) {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    async fn head<H>(
        &mut self,
        parse: impl Fn(&[u8]) -> Result<Option<(H, usize)>, Http1Error>,
    ) -> Result<Option<(H, Bytes)>, Http1Error> {
        loop {
            if let Some((head, length)) = parse(&self.buffer)? {
                return Ok(Some((head, self.buffer.split_to(length).freeze())));
            }
            if self.buffer.len() > HEAD_BYTES_MAX {
                return Err(Http1Error::TooLong { part: "head", limit: HEAD_BYTES_MAX });
            }
            if self.more().await? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(Http1Error::Closed) };
            }
        }
    }

    async fn chunks(&mut self, bytes_max: usize) -> Result<Bytes, Http1Error> {
        let mut body = BytesMut::new();
        loop {
            let length = self.chunk_length().await?;
            if length == 0 {
                // What may follow are trailers, up to an empty line.
                while !self.line().await?.is_empty() {}
                return Ok(body.freeze());
            }
            match usize::try_from(length) {
                Ok(length) if length <= bytes_max.saturating_sub(body.len()) => {
                    body.extend_from_slice(&self.exactly(length).await?);
                }
                _ => return Err(Http1Error::TooLong { part: "body", limit: bytes_max }),
            }
            if !self.line().await?.is_empty() {
                return Err(Http1Error::Malformed("a chunk is longer than it says"));
            }
        }
    }

    async fn chunk_length(&mut self) -> Result<u64, Http1Error> {
        loop {
            match httparse::parse_chunk_size(&self.buffer) {
                Ok(httparse::Status::Complete((line, length))) => {
                    self.buffer.advance(line);
                    return Ok(length);
                }
                Ok(httparse::Status::Partial) => self.more_of_a_line().await?,
                Err(_) => return Err(Http1Error::Malformed("a chunk without a length")),
            }
        }
    }

    /// One line, without its end.
    async fn line(&mut self) -> Result<Bytes, Http1Error> {
        loop {
            if let Some(at) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let mut line = self.buffer.split_to(at + 1);
                line.truncate(at);
                if line.ends_with(b"\r") {
                    line.truncate(at - 1);
                }
                return Ok(line.freeze());
            }
            self.more_of_a_line().await?;
        }
    }

    async fn more_of_a_line(&mut self) -> Result<(), Http1Error> {
        if self.buffer.len() > CHUNK_LINE_BYTES_MAX {
            return Err(Http1Error::Malformed("a line of a chunked body without an end"));
        }
        if self.more().await? == 0 { Err(Http1Error::Closed) } else { Ok(()) }
    }

    async fn exactly(&mut self, length: usize) -> Result<Bytes, Http1Error> {
        while self.buffer.len() < length {
            if self.more().await? == 0 {
                return Err(Http1Error::Closed);
            }
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    /// Reads what has come; 0 at the end. Dropping the future loses nothing.
    async fn more(&mut self) -> Result<usize, std::io::Error> {
        self.stream.read_buf(&mut self.buffer).await
    }
}

fn owned(headers: &[httparse::Header<'_>]) -> Headers {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|header| (header.name, text(header.value))).collect()
}

fn reason(error: httparse::Error) -> &'static str {
    match error {
        httparse::Error::HeaderName => "a header's name has other characters than a name may",
        httparse::Error::HeaderValue => "a header's value has other characters than a value may",
        httparse::Error::NewLine => "a line ends in the wrong way",
        httparse::Error::Status => "the status is no number of three digits",
        httparse::Error::Token => "the first line has other characters than it may",
        httparse::Error::TooManyHeaders => "more than 128 headers",
        httparse::Error::Version => "the version is not HTTP/1",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn request(bytes: &[u8]) -> Result<Option<(RequestHead, Bytes)>, Http1Error> {
        let mut reader = Reader::new(bytes);
        let Some((head, _)) = reader.request_head().await? else {
            return Ok(None);
        };
        let body = reader.body(head.framing()?, 64).await?;
        Ok(Some((head, body)))
    }

    #[tokio::test]
    async fn bodies_end_where_they_say() {
        for (text, body) in [
            ("POST / HTTP/1.1\r\n\r\nrest", Some("")),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcd", Some("abc")),
            ("POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nab", None),
            ("POST / HTTP/1.1\r\ncontent-length: -3\r\n\r\nab", None),
            ("POST / HTTP/1.1\r\ncontent-length: 65\r\n\r\n", None),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: gzip, Chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\na: b\r\n\r\n",
                Some("abcd"),
            ),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", None),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n", None),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", None),
            ("POST / HTTP/2.0\r\n\r\n", None),
        ] {
            let read = request(text.as_bytes()).await;
            assert_eq!(read.ok().flatten().map(|(_, body)| body), body.map(Bytes::from), "{text}");
        }
        assert!(matches!(request(b"").await, Ok(None)));
        assert!(matches!(request(b"POST").await, Err(Http1Error::Closed)));
    }

    #[tokio::test]
    async fn headers_stay_as_they_were_written() {
        let text = b"POST /a?b HTTP/1.1\r\nToken: x\r\ntoken:  y \r\n\r\n";
        let (head, _) = request(text).await.unwrap().unwrap();
        assert_eq!(head.path, "/a?b");
        assert_eq!(head.headers.iter().collect::<Vec<_>>(), [("Token", "x"), ("token", "y")]);
        assert_eq!(head.headers.get("TOKEN"), Some("x"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, chunked: Vec<u8>) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = runtime.block_on(request(&bytes));
            let head = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
            let _ = runtime.block_on(request(&[head, chunked.as_slice()].concat()));
        }
    }
}
