//! The devices of this process: each behind one short lock, with one driver task.

mod cable;
mod driver;
mod handle;

pub use self::cable::{Cable, Watch};
pub use self::handle::Handle;

pub(crate) use self::driver::drive;
