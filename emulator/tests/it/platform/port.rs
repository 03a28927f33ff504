//! A port that stays reserved while nothing listens on it.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;

/// Above what a test opens at once.
const ACCEPT_BACKLOG: i32 = 1024;

/// Holds the number; connecting to it is refused until [`Port::listen`].
pub(super) struct Port {
    _reservation: Socket,
    address: SocketAddr,
}

impl Port {
    pub(super) fn reserve() -> Self {
        let socket = bound(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = socket.local_addr().expect("bound");
        let address = address.as_socket().expect("an IP address");
        Self { _reservation: socket, address }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn listen(&self) -> TcpListener {
        let socket = bound(self.address);
        socket.listen(ACCEPT_BACKLOG).expect("the port is reserved");
        TcpListener::from_std(socket.into()).expect("a runtime is running")
    }
}

fn bound(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    // Both the reservation and the listener are bound to the number.
    socket.set_reuse_address(true).expect("settable");
    socket.set_nonblocking(true).expect("settable");
    socket.bind(&address.into()).expect("the port is free or reserved");
    socket
}
