//! The byte stream of a connection, as the faults of its network have it, on the way in and on the way out.
//!
//! Without faults it is the stream itself. A fault that resets does so as a network does: what was not sent is
//! lost, and the other side sees a reset.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use vestibule_core::behaviour::failures::{Flapping, Network, Reset};
use vestibule_core::clock::Mono;
use vestibule_core::seed::Seed;

use crate::clock::pause;
use crate::fleet::Open;

/// At most so many bytes are read ahead of who reads.
const READ_BYTES: usize = 16 * 1024;

/// A slow network passes bytes so many times a second: seldom enough to cost little, often enough to look slow
/// rather than jerky.
const PORTIONS_PER_SECOND: u64 = 20;

/// A connection.
#[derive(Debug)]
pub(crate) struct Transport {
    stream: TcpStream,
    ailing: Option<Box<Ailing>>,
    _open: Open,
}

type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is wrong with a connection, and how far that has come.
struct Ailing {
    network: Network,
    dice: Seed,
    /// How often bytes were late so far.
    delays: u64,
    /// Who sends at the moment: bytes are late when that changes.
    turn: Option<Way>,
    /// What was read and is under way.
    read: BytesMut,
    reading: Option<Wait>,
    writing: Option<Wait>,
    /// Whether the device has sent anything.
    has_sent: bool,
    /// The end of the time for which there is a network.
    down: Option<Wait>,
    is_reset: bool,
}

impl std::fmt::Debug for Ailing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.network.fmt(formatter)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Reading,
    Writing,
}

/// Whether connections come about at `now`, and for how long; none while they do not.
pub(crate) fn up_for(network: &Network, now: Mono) -> Option<Option<Duration>> {
    if network.refused {
        return None;
    }
    let Some(Flapping { up, down }) = network.flapping else {
        return Some(None);
    };
    let period = (up + down).as_nanos().max(1);
    let phase = now.since_start().as_nanos() % period;
    let left = up.as_nanos().checked_sub(phase).filter(|left| *left > 0)?;
    Some(Some(Duration::from_nanos(u64::try_from(left).unwrap_or(u64::MAX))))
}

impl Transport {
    /// A connection that is open, for as long as `up_for` says.
    pub(crate) fn new(
        stream: TcpStream,
        open: Open,
        network: &Network,
        dice: Seed,
        up_for: Option<Duration>,
    ) -> Self {
        let ailing = (*network != Network::default()).then(|| {
            Box::new(Ailing {
                network: network.clone(),
                dice,
                delays: 0,
                turn: None,
                read: BytesMut::new(),
                reading: None,
                writing: None,
                has_sent: false,
                down: up_for.map(|left| Box::pin(pause(left)) as Wait),
                is_reset: false,
            })
        });
        Self { stream, ailing, _open: open }
    }

    /// Whether a fault has reset it.
    pub(crate) fn is_reset(&self) -> bool {
        self.ailing.as_ref().is_some_and(|ailing| ailing.is_reset)
    }

    /// Lets the other side see a reset when it is dropped.
    pub(crate) fn reset(&self) {
        reset(&self.stream);
    }
}

/// Lets the other side see a reset when the stream is dropped.
pub(crate) fn reset(stream: &TcpStream) {
    if let Err(error) = SockRef::from(stream).set_linger(Some(Duration::ZERO)) {
        tracing::debug!(%error, "a connection could not be reset");
    }
}

impl Ailing {
    /// How long bytes are late that go this way, where they follow on bytes of the other.
    fn delay(&mut self, way: Way) -> Option<Wait> {
        let is_turn = self.turn != Some(way);
        self.turn = Some(way);
        let latency = self.network.latency.filter(|_| is_turn)?;
        self.delays += 1;
        let jitter = latency.jitter.mul_f64(self.dice.numbered(self.delays).fraction());
        Some(Box::pin(pause(latency.delay + jitter)))
    }

    /// How many bytes pass at once.
    fn portion(&self) -> usize {
        let portion =
            self.network.bytes_per_second.map(|bytes| (bytes / PORTIONS_PER_SECOND).max(1));
        portion.map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    /// How long so many bytes take.
    fn passage(&self, bytes: usize) -> Option<Wait> {
        let bytes_per_second = self.network.bytes_per_second?;
        #[expect(clippy::cast_precision_loss, reason = "a span of time, roughly")]
        let seconds = bytes as f64 / bytes_per_second as f64;
        Some(Box::pin(pause(Duration::from_secs_f64(seconds))))
    }

    fn reset(&mut self, stream: &TcpStream) -> io::Error {
        self.is_reset = true;
        reset(stream);
        io::ErrorKind::ConnectionReset.into()
    }

    fn is_down(&mut self, context: &mut Context<'_>) -> bool {
        self.down.as_mut().is_some_and(|down| down.as_mut().poll(context).is_ready())
    }
}

fn waited(wait: &mut Option<Wait>, context: &mut Context<'_>) -> Poll<()> {
    if let Some(waiting) = wait {
        ready!(waiting.as_mut().poll(context));
        *wait = None;
    }
    Poll::Ready(())
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, ailing, .. } = &mut *self;
        let Some(ailing) = ailing else {
            return Pin::new(stream).poll_read(context, buffer);
        };
        let is_over = ailing.network.reset == Some(Reset::After) && ailing.has_sent;
        if is_over || ailing.is_down(context) {
            return Poll::Ready(Err(ailing.reset(stream)));
        }
        loop {
            ready!(waited(&mut ailing.reading, context));
            if !ailing.read.is_empty() {
                let count = ailing.read.len().min(buffer.remaining()).min(ailing.portion());
                buffer.put_slice(&ailing.read[..count]);
                ailing.read.advance(count);
                ailing.reading = ailing.passage(count);
                return Poll::Ready(Ok(()));
            }
            let mut bytes = [0; READ_BYTES];
            let mut fresh = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut fresh))?;
            if fresh.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            // What goes into a black hole is gone, and nothing comes out of it.
            if !ailing.network.black_hole {
                ailing.read.extend_from_slice(fresh.filled());
                ailing.reading = ailing.delay(Way::Reading);
            }
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, ailing, .. } = &mut *self;
        let Some(ailing) = ailing else {
            return Pin::new(stream).poll_write(context, bytes);
        };
        let is_over = match ailing.network.reset {
            Some(Reset::Before) => true,
            Some(Reset::Middle) => ailing.has_sent,
            Some(Reset::After) | None => false,
        };
        if is_over || ailing.is_down(context) {
            return Poll::Ready(Err(ailing.reset(stream)));
        }
        if ailing.writing.is_none() && ailing.turn != Some(Way::Writing) {
            ailing.writing = ailing.delay(Way::Writing);
        }
        ready!(waited(&mut ailing.writing, context));
        let most = match ailing.network.reset {
            Some(Reset::Middle) => bytes.len().div_ceil(2),
            _ => bytes.len(),
        };
        let portion = most.min(ailing.portion());
        let count = ready!(Pin::new(&mut *stream).poll_write(context, &bytes[..portion]))?;
        ailing.has_sent |= count > 0;
        ailing.writing = ailing.passage(count);
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.ailing.is_none() {
            return Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        }
        let first = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
        self.poll_write(context, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.ailing.is_none() && self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
