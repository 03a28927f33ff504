#!/usr/bin/env bash
# Beside others, in one run on one machine: needs wrk and nginx (Debian: wrk, nginx-light), and Python 3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for needed in wrk nginx python3; do
    command -v "$needed" >/dev/null || { echo "benches/peers.sh: $needed is missing; install it" >&2; exit 2; }
done
cargo build --release --locked --bin vestibule
exec python3 benches/peers/flood.py "${CARGO_TARGET_DIR:-target}/release/vestibule" "$@"
