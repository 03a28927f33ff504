//! The body of an answer: there at once, unless a fault makes it come slowly or break off.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;
use vestibule_core::behaviour::failures::{Api, Pace};

use crate::clock::pause;

pub(super) type Body = Either<Full<Bytes>, StreamBody<BoxStream<'static, Piece>>>;

/// A part of a body, or its untimely end.
pub(super) type Piece = Result<Frame<Bytes>, BrokenOff>;

/// Why a body is not whole.
#[derive(Debug, thiserror::Error)]
#[error("a fault breaks the answer off")]
pub(super) struct BrokenOff;

/// A body that is there at once.
pub(super) fn whole(bytes: Vec<u8>) -> Body {
    Either::Left(Full::new(Bytes::from(bytes)))
}

/// A body as the faults in force have it.
pub(super) fn shaped(bytes: Vec<u8>, failing: &Api) -> Body {
    let length = bytes.len();
    let at_once = Pace { bytes: length.max(1), pause: Duration::ZERO };
    let Api { pace, breaks_off, .. } = failing;
    match (pace, breaks_off) {
        (None, false) => whole(bytes),
        (Some(pace), false) => pieces(Bytes::from(bytes), *pace, None),
        (pace, true) => {
            let half = Bytes::from(bytes).slice(..length / 2);
            pieces(half, pace.unwrap_or(at_once), Some(BrokenOff))
        }
    }
}

/// A body that comes in pieces, with a wait before each, and then ends so.
fn pieces(bytes: Bytes, pace: Pace, end: Option<BrokenOff>) -> Body {
    let pieces = stream::unfold((bytes, end), move |(mut rest, end)| async move {
        if rest.is_empty() {
            return end.map(|broken| (Err(broken), (rest, None)));
        }
        pause(pace.pause).await;
        let piece = rest.split_to(pace.bytes.min(rest.len()));
        Some((Ok(Frame::data(piece)), (rest, end)))
    });
    Either::Right(StreamBody::new(pieces.boxed()))
}
