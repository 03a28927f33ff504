#!/usr/bin/env bash
# Runs a fleet on one machine against `vestibule receive`: traffic for a while, then everybody is cut off and comes back at
# once. Memory may grow by what the kept records take and no more, and no record may be lost.
#
#   ci/fleet.sh [DEVICES=10000] [SECONDS=600] [CONNECTIONS]
#
# Ten minutes by default, so it is no part of the gate. Needs Linux and Python 3. Exit code 1 when something falls short.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --locked --release --bin vestibule
exec python3 ci/fleet.py "${CARGO_TARGET_DIR:-target}/release/vestibule" "$@"
