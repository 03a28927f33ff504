//! What is said on an open connection: reports leave, and calls of the platform are answered.
//!
//! One call at a time, and nothing is read before its answer has left: a platform that asks faster than it
//! reads waits, and costs no memory.

use std::sync::Arc;

use tokio::sync::mpsc;
use vestibule_core::calls::v3::{GoingDown, Pass, Retcode};
use vestibule_core::delivery::line::LineId;
use vestibule_core::wire::v3::{Service, answered, encode_retcode, site};

use super::Order;
use super::socket::{Heard, Socket};
use crate::api::v3::{Served, Shape, call};
use crate::fleet::Handle;

/// How a connection ended.
pub(super) enum End {
    /// It is gone; why.
    Lost(String),
    /// The device said on it that it goes down, and the platform has that answer.
    GoingDown(GoingDown),
}

/// Talks until the connection ends.
pub(super) async fn talk(
    mut socket: Socket,
    id: LineId,
    handle: &Arc<Handle>,
    mut orders: mpsc::Receiver<Order>,
) -> End {
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some(Order { bytes, left }) = order else {
                    return End::Lost("the device has no use for it any more".to_owned());
                };
                if let Err(why) = socket.say(bytes).await {
                    return End::Lost(why);
                }
                // Whoever waits for it may have given up.
                let _ = left.map(|left| left.send(()));
            }
            heard = socket.hear() => {
                let end = match heard {
                    Heard::Message(bytes) => answer(&mut socket, id, handle, &bytes).await,
                    Heard::TooLarge => refuse(&mut socket, handle).await,
                    Heard::End(why) => Some(End::Lost(why)),
                };
                if let Some(end) = end {
                    return end;
                }
            }
        }
    }
}

/// Answers a call; says how the connection ends, if it does with that.
async fn answer(
    socket: &mut Socket,
    id: LineId,
    handle: &Arc<Handle>,
    bytes: &[u8],
) -> Option<End> {
    // To what the device asked by itself, or to a report, whose answer means nothing (R-V3-17).
    if let Some(news) = answered(bytes) {
        handle.with(|device, mono, effects| device.handle_line(id, news, mono, effects));
        return None;
    }
    let view = handle.exchange(handle.view(), || site(bytes));
    let Served { bytes, shape, going, .. } =
        call(handle, &view, Service::Any, Pass::Line(id), bytes).await?;
    let said = match shape {
        Shape::Whole => socket.say(bytes.into()).await,
        Shape::AsFaultsHaveIt => socket.say_as(bytes.into(), &view.behaviour.failures.api).await,
    };
    match (said, going) {
        (Err(why), _) => Some(End::Lost(why)),
        (Ok(()), None) => None,
        (Ok(()), Some(going)) => {
            socket.close().await;
            Some(End::GoingDown(going))
        }
    }
}

/// Says that a message was too large: what follows in it cannot be told from the next.
async fn refuse(socket: &mut Socket, handle: &Handle) -> Option<End> {
    let bytes = encode_retcode(Retcode::OVER_CAPACITY, None, &handle.view());
    drop(socket.say(bytes.into()).await);
    socket.close_for_size().await;
    Some(End::Lost("the platform sent a message of more than 1 MiB".to_owned()))
}
