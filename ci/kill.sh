#!/usr/bin/env bash
# Kills a device that is kept in a directory 200 times, or as often as the argument says, while several
# clients make events, and looks each time whether anything that was answered is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
VESTIBULE_KILLS="${1:-200}" cargo test --locked -p vestibule --test it \
    kept_through_kills -- --nocapture
