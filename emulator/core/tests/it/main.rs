//! The core held to the rulings: a device driven through its public functions alone, with the time in
//! the test's hand. No socket, no sleep.

mod a_seed_is_a_day;
mod actions_do_what_they_answer;
mod both_apis_agree;
mod faults_keep_their_scope;
mod faults_never_panic;
mod floods_follow_their_schedule;
mod journal_keeps_its_windows;
mod listed_records_are_those_kept;
mod messages_keep_their_look;
mod no_bytes_panic;
mod nothing_is_lost_or_doubled;
mod pages_tile_the_journal;
mod people_come_and_go;
mod pictures_are_of_nobody;
mod reports_keep_a_line;
mod rulings_tables;
mod rulings_v1;
mod rulings_v1_access;
mod rulings_v3;
mod rulings_v3_events;
mod settings_do_as_they_say;
mod stored_before_shown;
mod support;
mod timers_move_on;
mod v1_orders_do_as_v3s;
