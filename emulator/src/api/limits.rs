//! What a device takes at most, and for how long it waits.

use std::time::Duration;

/// The largest request body: the largest documented request, a subscription, has a few kilobytes.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The largest request head. hyper's least is 8 KiB; a `token` and some proxies' headers fit well.
pub(crate) const HEAD_BYTES_MAX: usize = 32 * 1024;

/// How long a head, and then a body, may take: a sender this slow is broken or hostile.
pub(crate) const READ_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a TLS handshake may take: who begins none holds a connection for no longer.
pub(crate) const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

/// How long an answer may wait to be taken: an asker this slow is broken or hostile.
pub(crate) const WRITE_TIME_MAX: Duration = Duration::from_secs(10);

/// How long, and for how many bytes, a connection is read after its last answer: as long as a platform
/// on a slow line takes to read the answer, and not so much that it pays to go on sending.
pub(crate) const LINGER_TIME_MAX: Duration = Duration::from_secs(2);
pub(crate) const LINGER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long accepting rests after an error: without, a process out of descriptors would do nothing else.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long an answer that never comes is withheld (R-V3-06): longer than any client waits.
pub(crate) const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Connections of one device: above what a platform opens, below what would exhaust descriptors.
pub(crate) const CONNECTIONS_MAX: usize = 256;

/// Connections waiting to be accepted: a fleet of platforms reconnecting at once must not see refusals.
pub(crate) const ACCEPT_BACKLOG: i32 = 4096;
