//! The device APIs over HTTP: v3.x and v1 on one port.
//!
//! Paths under `/api/` answer in v3's form, all others in v1's (R-V3-03), within the bounds of size and
//! time of `limits`. What is not even HTTP (garbage, a head that is too long or never ends) is answered by
//! the HTTP library's bare 400, 414 or 431, or not at all, and its connection ends.

mod body;
mod callers;
mod connection;
mod credentials;
mod exchange;
pub(crate) mod limits;
mod listener;
mod live;
mod respond;
mod shared;
mod stream;
mod tls;
mod v1;
pub(crate) mod v3;

pub use self::listener::{ListenError, Listener};
pub(crate) use self::shared::Behind;
pub use self::shared::{InterfaceError, SharedError, SharedListener};
pub use self::tls::CertificateError;
pub(crate) use self::tls::ServerTls;
