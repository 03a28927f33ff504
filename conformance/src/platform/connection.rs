//! One connection to a listener: reads messages and answers each as its plan says.
//!
//! Promises to notice an outage at every wait, and to know of each answer whether all of it was
//! written while the device was there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsStream;

use super::answer::{Answer, Delivery};
use super::listener::{Mode, Outage, Shared};
use crate::clock;
use crate::http1::{Http1Error, Reader, RequestHead};
use crate::socket::Socket;
use crate::stream::{Added, Came, Fate};

/// The longest body, in bytes: a push carries an image in base64, a few hundred kB on hardware.
/// Shorter would refuse a camera's largest picture, longer would only cost memory.
const BODY_BYTES_MAX: usize = 16 << 20;

/// How long a handshake, or a message once it has begun, may take: devices give up after 10 s.
const MESSAGE_WAIT_MAX: Duration = Duration::from_secs(30);

/// How long a connection may be silent. Shorter than some minutes would cut the kept connection of
/// a quiet device again and again.
const IDLE_MAX: Duration = Duration::from_secs(600);

/// How long an unanswered message holds its connection: far beyond any device's patience.
const HANG_MAX: Duration = Duration::from_secs(600);

/// How a connection ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// The device closed it, between messages.
    Closed,
    /// It broke, inside a message or by the device's reset.
    Broken,
    /// What came was no HTTP, or too long.
    Malformed,
    /// The TLS handshake failed.
    Handshake,
    /// Closed by the listener.
    Left,
    /// Reset by the listener.
    Reset,
}

/// What is to be done with a connection after an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum After {
    Stay,
    Close,
    Reset,
}

/// A message that was read.
struct Read {
    head: RequestHead,
    head_bytes: Bytes,
    body: Bytes,
}

/// Serves a connection to its end.
pub(super) async fn serve(stream: TcpStream, number: u32, shared: Arc<Shared>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "answers may be delayed");
    }
    let mut mode = shared.mode();
    let ended = match shake_hands(stream, &shared, &mut mode).await {
        Ok(socket) => converse(socket, number, &shared, &mut mode).await,
        Err(ended) => ended,
    };
    shared.ended(number, ended);
}

async fn shake_hands(
    stream: TcpStream,
    shared: &Shared,
    mode: &mut watch::Receiver<Mode>,
) -> Result<Socket, Ended> {
    let Some(tls) = &shared.tls else {
        return Ok(Socket::Plain(stream));
    };
    let handshake = clock::within(MESSAGE_WAIT_MAX, tls.acceptor().accept(stream));
    tokio::select! {
        shaken = handshake => match shaken {
            Some(Ok(stream)) => Ok(Socket::Tls(Box::new(TlsStream::Server(stream)))),
            Some(Err(error)) => {
                tracing::debug!(%error, "a handshake failed");
                Err(Ended::Handshake)
            }
            None => Err(Ended::Handshake),
        },
        struck = strike(mode) => {
            struck.endure(mode).await;
            Err(Ended::Left)
        }
    }
}

async fn converse(
    socket: Socket,
    number: u32,
    shared: &Shared,
    mode: &mut watch::Receiver<Mode>,
) -> Ended {
    let mut reader = Reader::new(socket);
    let mut last = None;
    loop {
        let read = tokio::select! {
            biased;
            struck = strike(mode) => return struck.end(reader.into_stream(), mode).await,
            read = read(&mut reader) => read,
        };
        let read = match read {
            Ok(Some(read)) => read,
            Ok(None) => return Ended::Closed,
            Err(error) => {
                tracing::debug!(%error, "a connection ended early");
                shared.doubt(last.filter(|_| matches!(error, Http1Error::Io(_))));
                return match error {
                    Http1Error::Io(_) | Http1Error::Closed => Ended::Broken,
                    Http1Error::Malformed(_) | Http1Error::TooLong { .. } => Ended::Malformed,
                };
            }
        };
        let Read { head, head_bytes, body } = read;
        let (added, answer) = shared.take(&Came {
            at: shared.now(),
            connection: number,
            head: &head,
            head_bytes: &head_bytes,
            body: &body,
        });
        drop((head_bytes, body));
        last = added.index;
        match respond(&mut reader, shared, mode, &added, answer).await {
            Ok(After::Stay) if head.stays() => {}
            Ok(After::Stay | After::Close) => {
                // Fails when the device was faster.
                let _ = reader.stream().shutdown().await;
                return Ended::Left;
            }
            Ok(After::Reset) => {
                reader.into_stream().reset();
                return Ended::Reset;
            }
            Err(struck) => return struck.end(reader.into_stream(), mode).await,
        }
    }
}

async fn read(reader: &mut Reader<Socket>) -> Result<Option<Read>, Http1Error> {
    let begun = clock::within(IDLE_MAX, reader.request_head()).await;
    let Some((head, head_bytes)) = begun.unwrap_or(Ok(None))? else {
        return Ok(None);
    };
    if head.headers.wants_word() {
        reader.stream().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let body = reader.body(head.framing()?, BODY_BYTES_MAX);
    let body = clock::within(MESSAGE_WAIT_MAX, body).await.unwrap_or(Err(Http1Error::Closed))?;
    Ok(Some(Read { head, head_bytes, body }))
}

/// Answers a message, unless an outage comes between.
async fn respond(
    reader: &mut Reader<Socket>,
    shared: &Shared,
    mode: &mut watch::Receiver<Mode>,
    added: &Added,
    answer: Option<Answer>,
) -> Result<After, Struck> {
    let Some(answer) = answer else {
        shared.done(added, None, Fate::Withheld);
        return withhold(reader, mode).await;
    };
    let bytes = answer.bytes(added.shape, added.reqid.as_deref());
    let result = tokio::select! {
        biased;
        delivered = deliver(reader, answer.delivery, &bytes) => Ok(delivered),
        struck = strike(mode) => Err(struck),
    };
    let fate = match &result {
        Ok((fate, _)) => *fate,
        Err(_) => Fate::Withheld,
    };
    shared.done(added, Some(&answer), fate);
    result.map(|(_, after)| after)
}

/// No answer as long as the outage lasts.
async fn withhold(
    reader: &mut Reader<Socket>,
    mode: &mut watch::Receiver<Mode>,
) -> Result<After, Struck> {
    let hangs = |mode: &Mode| mode.outage == Some(Outage::Hang) && !mode.closed;
    tokio::select! {
        // Fails only when the listener is gone.
        _ = mode.wait_for(|mode| !hangs(mode)) => {}
        () = reader.gone() => {}
        () = clock::wait(Some(HANG_MAX)) => {}
    }
    Ok(After::Reset)
}

async fn deliver(reader: &mut Reader<Socket>, delivery: Delivery, bytes: &[u8]) -> (Fate, After) {
    let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
    match delivery {
        Delivery::Whole => write(reader, bytes, Presence::There).await,
        Delivery::Late(delay) => {
            let presence = wait(reader, delay).await;
            write(reader, bytes, presence).await
        }
        Delivery::Slow(pause) => {
            let mut presence = Presence::There;
            for byte in bytes {
                if write(reader, &[*byte], presence).await.0 == Fate::Cut {
                    return (Fate::Cut, After::Close);
                }
                presence = wait(reader, pause).await;
            }
            (Fate::Written, After::Stay)
        }
        Delivery::Half => {
            write(reader, half, Presence::There).await;
            (Fate::Withheld, After::Close)
        }
        Delivery::ResetMidAnswer => {
            write(reader, half, Presence::There).await;
            (Fate::Withheld, After::Reset)
        }
        Delivery::Reset => (Fate::Withheld, After::Reset),
        Delivery::Hang => {
            wait(reader, HANG_MAX).await;
            (Fate::Withheld, After::Reset)
        }
    }
}

/// Whether the device is still there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Presence {
    There,
    Gone,
}

async fn wait(reader: &mut Reader<Socket>, duration: Duration) -> Presence {
    match clock::within(duration, reader.gone()).await {
        Some(()) => Presence::Gone,
        None => Presence::There,
    }
}

async fn write(reader: &mut Reader<Socket>, bytes: &[u8], presence: Presence) -> (Fate, After) {
    let stream = reader.stream();
    let written = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    match (presence, clock::within(MESSAGE_WAIT_MAX, written).await) {
        (Presence::There, Some(Ok(()))) => (Fate::Written, After::Stay),
        _ => (Fate::Cut, After::Close),
    }
}

/// What an outage does to a connection.
#[derive(Clone, Copy, Debug)]
enum Struck {
    /// It is reset now.
    Now,
    /// It is reset when the black hole is over.
    Frozen,
    /// It is closed: the listener ends.
    Over,
}

/// Waits for an outage that ends connections, or for the end of the listener.
async fn strike(mode: &mut watch::Receiver<Mode>) -> Struck {
    let strikes = |mode: &Mode| {
        mode.closed
            || matches!(mode.outage, Some(Outage::Refused | Outage::BlackHole | Outage::Reset))
    };
    match mode.wait_for(strikes).await {
        Ok(mode) if mode.closed || mode.resting => Struck::Over,
        Ok(mode) if mode.outage == Some(Outage::BlackHole) => Struck::Frozen,
        Ok(_) => Struck::Now,
        Err(_) => Struck::Over,
    }
}

impl Struck {
    /// Reads and writes nothing while there is a black hole.
    async fn endure(self, mode: &mut watch::Receiver<Mode>) {
        if matches!(self, Self::Frozen) {
            let over = |mode: &Mode| mode.closed || mode.outage != Some(Outage::BlackHole);
            // Fails only when the listener is gone.
            let _ = mode.wait_for(over).await;
        }
    }

    async fn end(self, socket: Socket, mode: &mut watch::Receiver<Mode>) -> Ended {
        self.endure(mode).await;
        if matches!(self, Self::Over) {
            return Ended::Left;
        }
        socket.reset();
        Ended::Reset
    }
}
