//! The core held to the rulings: a device driven through its public functions alone, with the time in
//! the test's hand. No socket, no sleep.

mod nothing_is_lost_or_doubled;
mod rulings_tables;
mod rulings_v1;
mod rulings_v3;
mod rulings_v3_events;
mod support;
