#!/usr/bin/env bash
# A platform in Python meets the built device over each of its transports: v3 over HTTP, v1 pushes, WebSocket, MQTT.
#
# Usage: ci/sketch.sh [VESTIBULE]. Needs Python 3.11, pip and mosquitto; what it takes from pip is below target/.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

# Pinned: what another version calls its functions is another version's business.
packages=(paho-mqtt==2.2.0 websockets==17.4)

target="${CARGO_TARGET_DIR:-$PWD/target}"
vestibule="${1:-$target/debug/vestibule}"
home="$target/sketch-${packages[0]#*==}-${packages[1]#*==}"
PATH="$PATH:/usr/sbin"

if [ ! -d "$home" ]; then
    python3 -m pip install --quiet --target "$home.part" "${packages[@]}" && mv "$home.part" "$home" || {
        echo "ci/sketch.sh: ${packages[*]} could not be installed; they are Python packages, and pip installs them" >&2
        exit 1
    }
fi

# Mosquitto takes no port 0: one that is free now, and another where somebody was faster.
start_broker() {
    local tries waits
    for tries in 1 2 3 4 5; do
        port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
        mosquitto -p "$port" >/dev/null 2>&1 &
        broker=$!
        for waits in $(seq 100); do
            kill -0 "$broker" 2>/dev/null || break
            (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return 0
            sleep 0.1
        done
        kill "$broker" 2>/dev/null
    done
    echo "ci/sketch.sh: mosquitto does not start" >&2
    return 1
}

start_broker || exit 1
trap 'kill "$broker" 2>/dev/null' EXIT

failed=0
for transport in v3 v1 websocket "mqtt $port"; do
    # shellcheck disable=SC2086 # the port is an argument of its own
    PYTHONPATH="$home" timeout 120 "$vestibule" exec -q --listen 127.0.0.1:0 --control 127.0.0.1:0 --rate 0 -- \
        python3 -B ci/sketch/sketch.py $transport || {
        echo "ci/sketch.sh: $transport failed" >&2
        failed=1
    }
done
exit "$failed"
