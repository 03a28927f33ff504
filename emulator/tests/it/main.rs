//! The emulator in this process, over real sockets. Each module is named by the promise it keeps.

mod answers_outlive_restarts;
mod bad_requests_get_answers;
mod bench_device;
mod callers_are_not_starved;
mod connections_are_kept;
mod control_arms_faults;
mod control_commands_the_device;
mod control_emits_exactly;
mod control_expects;
mod control_guards_its_door;
mod control_streams;
mod device_speaks_tls;
mod faults;
mod floods_bear_bad_platforms;
mod offline_loses_nothing;
mod overflow_keeps_the_newest;
mod platform;
mod pushes_survive_bad_receivers;
mod reports_go_once;
mod reports_leave_by_websocket;
mod store_does_as_its_model;
mod store_recovers;
mod support;
mod v1_asks_who_it_is;
mod v1_feed_carries_what_happens;
