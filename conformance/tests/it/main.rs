//! The judge's side over real sockets. Each file is named by the promise that it keeps.

mod device;
mod platform_answers_as_planned;
mod platform_goes_away;
