//! The command as its users meet it: the built binary, real sockets, exit codes; and `tidy`, the
//! invariants of the tree. Each module is named by the promise it keeps.

mod receive_answers;
mod receive_counts;
mod receive_fetches;
mod support;
mod tidy;
