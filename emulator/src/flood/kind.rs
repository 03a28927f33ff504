//! The ways in which a record can fail.

use std::fmt;

/// Why a record was not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nobody listens there.
    Refused,
    /// No connection in time.
    ConnectTimeout,
    /// No connection for another reason.
    Unreachable,
    /// No TLS.
    Tls,
    /// The connection was reset.
    Reset,
    /// The connection ended without an answer, or within it.
    Closed,
    /// What came was no HTTP.
    NotHttp,
    /// No answer in time.
    Timeout,
    /// Another HTTP status than 2xx.
    Http(u16),
    /// A push was answered with another `code` than 200.
    Code(i64),
    /// A push was answered without a `code` that is a whole number.
    NoCode,
    /// A report was answered with another `retcode` than 0.
    Retcode(i64),
    /// One of too many kinds.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Refused => "refused",
            Self::ConnectTimeout => "connect-timeout",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::NotHttp => "not-http",
            Self::Timeout => "timeout",
            Self::NoCode => "no-code",
            Self::Other => "other",
            Self::Http(status) => return write!(formatter, "http-{status}"),
            Self::Code(code) => return write!(formatter, "code-{code}"),
            Self::Retcode(code) => return write!(formatter, "retcode-{code}"),
        };
        formatter.write_str(word)
    }
}
