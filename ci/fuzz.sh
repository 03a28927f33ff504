#!/usr/bin/env bash
# Asks a running device everything its OpenAPI documents allow, and much that they do not.
# `ci/fuzz.sh --help` tells how to use it.
set -euo pipefail
cd "$(dirname "$0")/.."

# Pinned: another version makes other requests of the same seed.
schemathesis_version=4.32.5

usage() {
    cat <<'HELP'
Usage: ci/fuzz.sh [EXAMPLES [SEED]]

Starts an emulated device and lets schemathesis ask it, over each of its three APIs, by their documents: EXAMPLES random
requests of each operation (20 by itself, which takes about a minute; 500 for a night), besides those at the edges of
each field, all made from SEED (7 by itself).

It fails on an answer that the document does not have, a 5xx, bad input that is taken, good input that is not, and a
panic. The emulator's log and the reports are left in target/fuzz.

Schemathesis is installed by pip into a virtual environment below target/, once.

Examples:
  ci/fuzz.sh
  ci/fuzz.sh 500 "$RANDOM"
HELP
}

case "${1:-}" in
--help) usage && exit 0 ;;
esac
examples="${1:-20}"
seed="${2:-7}"

target="${CARGO_TARGET_DIR:-$PWD/target}"
work="$target/fuzz"
home="$target/schemathesis-$schemathesis_version"

install() {
    [ -x "$home/bin/schemathesis" ] && return 0
    if ! python3 -m venv "$home"; then
        echo "no virtual environment could be made; install it, on Debian with apt-get install python3-venv" >&2
        return 1
    fi
    "$home/bin/pip" install --quiet "schemathesis==$schemathesis_version" && return 0
    echo "schemathesis could not be installed; it is a Python package, and pip installs it" >&2
    return 1
}

# A device without events of its own, on free ports. Sets `device`, VESTIBULE_URL, VESTIBULE_CONTROL, VESTIBULE_SN.
start() {
    rm -rf "$work" && mkdir -p "$work"
    "$target/debug/vestibule" run --listen 127.0.0.1:0 --control 127.0.0.1:0 --rate 0 --seed 7 \
        --ready-file "$work/ready.json" >/dev/null 2>"$work/emulator.log" &
    device=$!
    trap 'kill "$device" 2>/dev/null || true' EXIT
    until [ -s "$work/ready.json" ]; do
        kill -0 "$device" 2>/dev/null || { cat "$work/emulator.log" >&2 && return 1; }
        sleep 0.1
    done
    ready() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/ready.json" "$1"; }
    VESTIBULE_URL="$(ready url)" VESTIBULE_CONTROL="$(ready control)" VESTIBULE_SN="$(ready sn)"
    export VESTIBULE_URL VESTIBULE_CONTROL VESTIBULE_SN
    # Of an empty log little can be shown.
    "$target/debug/vestibule" ctl emit face --count 20 >/dev/null
}

# What every answer is held to.
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance
checks+=,response_headers_conformance,unsupported_method,allow_header_conformance

# fuzz API URL CHECKS [OPTION...]
fuzz() {
    local api="$1" url="$2" more="$3"
    shift 3
    echo "== $api"
    "$target/debug/vestibule" openapi "$api" >"$work/$api.json"
    PYTHONPATH=ci/fuzz SCHEMATHESIS_HOOKS=hooks "$home/bin/schemathesis" run "$work/$api.json" --url "$url" \
        --seed "$seed" --max-examples "$examples" --phases examples,coverage,fuzzing --request-retries 3 \
        --checks "$checks,$more" --report junit --report-dir "$work/$api" "$@"
}

install
cargo build --locked --quiet --bin vestibule
start
failed=0
# Every answer of v3 is HTTP 200: what it refuses it says by `retcode`.
fuzz v3 "$VESTIBULE_URL" answer_of_the_action || failed=1
# The live feed is a WebSocket, which schemathesis does not speak.
fuzz v1 "$VESTIBULE_URL" negative_data_rejection,positive_data_acceptance,ignored_auth \
    --auth admin:admin --exclude-path /v1/event || failed=1
# The feed of what happens never ends.
fuzz control "$VESTIBULE_CONTROL" negative_data_rejection --exclude-path /events || failed=1
if grep -n panicked "$work/emulator.log" >&2; then
    echo "the emulator panicked, see $work/emulator.log" >&2
    failed=1
fi
if ! kill -0 "$device" 2>/dev/null; then
    echo "the emulator ended, see $work/emulator.log" >&2
    failed=1
fi
exit "$failed"
