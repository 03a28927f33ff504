#!/usr/bin/env bash
# Judges an emulator by the cases that fill it, 50,000 records and one more, and compares the memory that the suite
# takes for 50,000 with what it takes for 1,000: at most half as much again. Takes some minutes, so it is no part of
# the gate. Needs Python 3.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --locked --release --bin vestibule
python3 ci/capacity.py "${CARGO_TARGET_DIR:-target}/release/vestibule"
