#!/usr/bin/env bash
# Arms every protocol violation alone in an emulator, judges that by all cases, and compares what turned red with
# what the cases name. Where they agree, fixtures/KILLS.md is written. Takes some half an hour on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --locked --release -p vestibule --test it \
    the_whole_matrix_is_measured_and_written -- --ignored --nocapture
