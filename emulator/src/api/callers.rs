//! Whoever is connected to a device: each connection is served on one thread, from its acceptance to its end.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::connection::Connection;
use crate::lanes::Lanes;

/// The connections of a port.
pub(super) struct Callers {
    lanes: Arc<Lanes>,
    connected: JoinSet<()>,
}

impl Callers {
    /// Nobody yet.
    pub(super) fn new(lanes: Arc<Lanes>) -> Self {
        Self { lanes, connected: JoinSet::new() }
    }

    /// Serves whoever has just connected.
    pub(super) fn serve(&mut self, stream: TcpStream, connection: Connection) {
        if let Err(error) = self.begin(stream, connection) {
            tracing::warn!(%error, "a connection could not be served");
        }
        while self.connected.try_join_next().is_some() {}
    }

    /// The stream goes over from what accepts to the thread that will hear of what comes on it.
    fn begin(&mut self, stream: TcpStream, connection: Connection) -> io::Result<()> {
        let lane = self.lanes.next();
        let stream = {
            let stream = stream.into_std()?;
            let _lane = lane.enter();
            TcpStream::from_std(stream)?
        };
        self.connected.spawn_on(connection.serve(stream), lane);
        Ok(())
    }

    /// Waits until all have come to their end.
    pub(super) async fn gone(mut self) {
        while self.connected.join_next().await.is_some() {}
    }
}
