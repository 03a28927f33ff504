//! Compiles this package again when a fixture comes, goes or changes, since they are compiled in.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    writeln!(io::stdout(), "cargo:rerun-if-changed=../fixtures")
}
