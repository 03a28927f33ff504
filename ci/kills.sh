#!/usr/bin/env bash
# Arms every protocol violation alone in an emulator, judges that by all cases, and compares what turned red with
# what the cases name. Where every row agrees, fixtures/KILLS.md is written. Takes most of an hour on two cores.
#
#   ci/kills.sh                                 all rows that were not measured yet with these sources
#   ci/kills.sh v3.seqnum.repeats v1.ack.any-code   the rows of these violations, anew; writes no matrix
#   AT_ONCE=8 ci/kills.sh                       so many emulators at a time; they mostly wait
#
# Each row is kept below target/tmp/kills/ when it is measured, so a run that was cut off goes on where it was. Another
# build starts over; what a case names in killed_by may change in between.
set -euo pipefail
cd "$(dirname "$0")/.."
export VESTIBULE_KILLS="$*" VESTIBULE_KILLS_AT_ONCE="${AT_ONCE:-4}"
cargo test --locked --release -p vestibule --test it \
    the_whole_matrix_is_measured_and_written -- --ignored --nocapture
