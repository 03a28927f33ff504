#!/usr/bin/env bash
# Beside others, in one run on one machine.
#
# Usage: benches/peers.sh flood|fetch|pushes|start|memory|all [PAIRS [SECONDS or RECORDS]]
#
# Needs wrk and nginx (Debian: wrk, nginx-light) and Python 3; for fetch and start Java, too, and Node.js with npm,
# which puts WireMock and Mockoon into target/peers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
what=${1:-all}
shift || true
needed=(wrk nginx python3)
case $what in
flood | pushes) ;;
memory) needed=(python3) ;;
fetch | start | all) needed+=(java node npm) ;;
*)
    sed -n 's/^# Usage: /usage: /p' "$0" >&2
    exit 2
    ;;
esac
for program in "${needed[@]}"; do
    command -v "$program" >/dev/null || { echo "benches/peers.sh: $program is missing; install it" >&2; exit 2; }
done
target=${CARGO_TARGET_DIR:-target}
cargo build --release --locked --bin vestibule --example bare_hyper
vestibule=$target/release/vestibule
modules=$target/peers/node_modules
if [[ $what == @(fetch|start|all) && ! -d $modules ]]; then
    npm install --prefix "$target/peers" --no-fund --no-audit wiremock@3.13.2 @mockoon/cli@9.9.0
fi
beside() { python3 "benches/peers/$1.py" "${@:2}"; }
case $what in
flood) beside flood "$vestibule" "$@" ;;
pushes) beside pushes "$vestibule" "$@" ;;
fetch) beside fetch "$vestibule" "$target/release/examples/bare_hyper" "$modules" "$@" ;;
start) beside start "$vestibule" "$modules" "$@" ;;
memory) beside memory "$vestibule" ;;
all)
    beside flood "$vestibule"
    beside pushes "$vestibule"
    beside fetch "$vestibule" "$target/release/examples/bare_hyper" "$modules"
    beside start "$vestibule" "$modules"
    beside memory "$vestibule"
    ;;
esac
