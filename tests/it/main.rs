//! The command as its users meet it: the built binary, real sockets, exit codes; and `tidy`, the
//! invariants of the tree. Each module is named by the promise it keeps.

mod a_full_disk_refuses;
mod a_run_may_be_many;
mod accepting_rests;
mod conform_compares_and_records;
mod conform_is_never_green_for_nothing;
mod conform_keeps_secrets;
mod conform_needs_no_control;
mod conform_over_https;
mod conform_puts_back;
mod conform_reports;
mod conforming;
mod ctl_drives_a_device;
mod data_is_held;
mod exec_hands_over;
mod faults_are_listed;
mod flood_accounts_for_every_record;
mod flood_shards_are_the_whole;
mod flood_tells_what_it_saw;
mod flooding;
mod judging;
mod kept_through_kills;
mod kill_matrix;
mod killing;
mod quirks_are_listed;
mod quirks_break_nothing;
mod readme_is_true;
mod receive_answers;
mod receive_asks;
mod receive_counts;
mod receive_fetches;
mod run_is_ready;
mod running;
mod support;
mod the_tour_works;
mod tidy;
