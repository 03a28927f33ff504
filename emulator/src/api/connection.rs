//! One connection to a device, from its acceptance to its end: exchanges, or the live feed that one of them
//! turned it into.

use std::sync::{Arc, OnceLock};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tracing::Instrument;
use vestibule_core::calls::v3::GoingDown;
use vestibule_core::device::Link;
use vestibule_core::faults::Site;

use super::exchange::Silent;
use super::live::{self, Taken};
use super::stream::Stream;
use super::tls::ServerTls;
use super::{limits, respond};
use crate::clock::{Elapsed, within};
use crate::fleet::{Handle, OpenedBy, Watch};
use crate::transport::{Transport, reset, up_for};

/// One connection to a device.
pub(super) struct Connection {
    handle: Arc<Handle>,
    cable: Watch,
    stop: watch::Receiver<bool>,
    /// What it is spoken within, if not plainly.
    tls: Option<ServerTls>,
    _permit: OwnedSemaphorePermit,
}

/// What an answer said of its connection; the first word stands.
#[derive(Debug, Default)]
struct Said {
    /// The device goes down once the answer has left.
    going: OnceLock<GoingDown>,
    /// The connection is a live feed from here on.
    seat: OnceLock<Taken>,
}

impl Said {
    fn note(&self, extensions: &http::Extensions) {
        if let Some(going) = extensions.get() {
            self.going.get_or_init(|| *going);
        }
        if let Some(seat) = extensions.get::<Taken>() {
            self.seat.get_or_init(|| seat.clone());
        }
    }
}

impl Connection {
    pub(super) fn new(
        handle: &Arc<Handle>,
        tls: Option<&ServerTls>,
        stop: &watch::Receiver<bool>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            cable: handle.cable.watch(),
            handle: Arc::clone(handle),
            stop: stop.clone(),
            tls: tls.cloned(),
            _permit: permit,
        }
    }

    /// Serves it to its end. A device that said on it that it goes down does so then: the caller has
    /// the answer whole, for the cut that a restart is comes after it.
    pub(super) async fn serve(self, stream: TcpStream) {
        let span = tracing::info_span!("caller", sn = self.handle.identity().sn);
        self.serve_to_its_end(stream).instrument(span).await;
    }

    async fn serve_to_its_end(mut self, stream: TcpStream) {
        let said = Arc::new(Said::default());
        self.converse(stream, &said).await;
        if let Some(going) = said.going.get() {
            self.handle.go_down(*going).await;
        }
    }

    /// Answers until the connection ends, and notes in `said` what the answers say of it.
    async fn converse(&mut self, stream: TcpStream, said: &Arc<Said>) {
        let state = self.cable.state();
        if state.link == Link::Down {
            return reset(&stream);
        }
        let Some(stream) = self.transport(stream) else {
            return;
        };
        let Some(stream) = self.shake_hands(stream, state.cuts).await else {
            return;
        };
        let (handle, noting) = (Arc::clone(&self.handle), Arc::clone(said));
        let service = service_fn(move |request| {
            let (handle, said) = (Arc::clone(&handle), Arc::clone(&noting));
            async move {
                let answer = respond::respond(&handle, request).await?;
                said.note(answer.extensions());
                Ok::<_, Silent>(answer)
            }
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::READ_TIME_MAX)
            .max_buf_size(limits::HEAD_BYTES_MAX)
            // Who has nothing more to say still waits for the answer.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service);
        let mut stopping = false;
        loop {
            tokio::select! {
                // What was cut is answered no more, even if it has a request to read.
                biased;
                () = self.cable.cut_after(state.cuts) => {
                    return connection.into_parts().io.inner().reset();
                }
                _ = self.stop.wait_for(|stop| *stop), if !stopping => {
                    stopping = true;
                    std::pin::Pin::new(&mut connection).graceful_shutdown();
                }
                result = &mut connection => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "a connection ended");
                    }
                    break;
                }
            }
        }
        if stopping {
            return;
        }
        let parts = connection.into_parts();
        let stream = parts.io.into_inner();
        match said.seat.get() {
            Some(seat) => {
                let cable = (&self.cable, state.cuts);
                live::serve(seat, stream, &parts.read_buf, cable, &mut self.stop).await;
            }
            None => self.take_leave(stream, state.cuts).await,
        }
    }

    /// The connection as its network has it; none where it has none.
    fn transport(&self, stream: TcpStream) -> Option<Transport> {
        let view = self.handle.exchange(self.handle.view(), || Site::Accept);
        let network = &view.behaviour.failures.network;
        let Some(up_for) = up_for(network, self.handle.clock().mono()) else {
            reset(&stream);
            return None;
        };
        // An answer is one small write.
        drop(stream.set_nodelay(true));
        // Who asks and does not read the answer must not keep the connection for ever.
        drop(SockRef::from(&stream).set_tcp_user_timeout(Some(limits::WRITE_TIME_MAX)));
        let dice = self.handle.connection_dice(&view);
        let open = self.handle.connections().open(OpenedBy::Caller);
        Some(Transport::new(stream, open, network, dice, up_for))
    }

    /// What is spoken on; none where a handshake does not come about in its time.
    async fn shake_hands(&mut self, stream: Transport, cuts: u64) -> Option<Stream> {
        let Some(tls) = &self.tls else {
            return Some(Stream::Plain(stream));
        };
        let mut accepting = tls.acceptor().accept(stream);
        tokio::select! {
            biased;
            () = self.cable.cut_after(cuts) => {
                if let Some(stream) = accepting.get_ref() {
                    stream.reset();
                }
                None
            }
            _ = self.stop.wait_for(|stop| *stop) => None,
            shaken = within(limits::HANDSHAKE_TIME_MAX, &mut accepting) => match shaken {
                Ok(Ok(stream)) => Some(Stream::Tls(Box::new(stream))),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a TLS handshake failed");
                    None
                }
                Err(Elapsed) => None,
            },
        }
    }

    async fn take_leave(&mut self, mut stream: Stream, cuts: u64) {
        if stream.is_reset() {
            return;
        }
        tokio::select! {
            biased;
            () = self.cable.cut_after(cuts) => stream.reset(),
            _ = within(limits::LINGER_TIME_MAX, linger(&mut stream)) => {}
        }
    }
}

/// Reads and forgets what still comes after the last answer. Closed with bytes unread, a connection is
/// reset, and the reset would overtake the answer.
async fn linger(stream: &mut Stream) {
    drop(stream.shutdown().await);
    let mut rest = [0; 4096];
    let mut left = limits::LINGER_BYTES_MAX;
    while left > 0 {
        match stream.read(&mut rest).await {
            Ok(count @ 1..) => left = left.saturating_sub(count),
            _ => return,
        }
    }
}
