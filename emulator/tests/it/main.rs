//! What the emulator's shell promises, over real sockets. A file has the name of the promise it keeps.

mod bench_device;
mod platform;

mod bad_requests_get_answers;
mod callers_are_not_starved;
mod connections_are_kept;
mod offline_loses_nothing;
mod overflow_keeps_the_newest;
mod pushes_survive_bad_receivers;
mod reports_go_once;
