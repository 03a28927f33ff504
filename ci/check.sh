#!/usr/bin/env bash
# The whole gate, the same for a person and for a machine. `ci/check.sh --help` tells how to use it.
set -uo pipefail

# Pinned: another version may know other checks or other keys of deny.toml.
cargo_deny_version=0.20.2
kubernetes_validate_version=1.37.0
openapi_validator_version=0.9.0

steps=(fmt clippy doc deny tests standin flood sketch openapi fuzz k8s)

usage() {
    cat <<'HELP'
Usage: ci/check.sh [--without-tests] [STEP...]

Runs every step, or only the ones named, and says at the end which failed.

Steps:
  fmt      cargo fmt: the formatting of rustfmt.toml
  clippy   cargo clippy on every target, a warning is an error
  doc      cargo doc, a warning (a dead link) is an error
  deny     cargo deny: banned crates, licences, sources
  tests    cargo test --workspace: unit, integration and doc tests, and tidy
  standin  the stand-in device of ci/standin/: its own tests, and the suite's judgement of it
  flood    a flood of a platform in another language, ci/flood/: both sides' accounts must agree
  sketch   a platform in Python, ci/sketch/, that meets the device over each of its transports
  openapi  openapi-spec-validator on the documents that `vestibule openapi` prints
  fuzz     ci/fuzz.sh: a device asked by schemathesis what its documents allow, and what they do not
  k8s      kubernetes-validate on the manifests of ci/k8s/, and on broken ones, which must fail

Options:
  --without-tests  all steps but `tests`
  --help           this text

What a step needs and this machine lacks is installed: rustfmt and clippy through rustup, cargo-deny from its source,
which takes some minutes the first time, Python 3 and Mosquitto by apt-get, what Python needs by pip, below target/.

Examples:
  ci/check.sh
  ci/check.sh fmt clippy

Exit codes: 0 all steps passed, 1 a step failed, 2 an unknown option or step.
HELP
}

step_fmt() {
    need_component rustfmt fmt && cargo fmt --all --check
}

step_clippy() {
    need_component clippy clippy &&
        cargo clippy --locked --workspace --all-targets -- -D warnings
}

step_doc() {
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
}

step_deny() {
    need_cargo_deny || return 1
    echo "advisories: skipped, the database is fetched from the network"
    cargo deny --locked check --hide-inclusion-graph bans licenses sources
}

step_tests() {
    need_mosquitto || return 1
    cargo test --workspace
}

# A device that somebody else wrote, in another language, from the documents alone.
step_standin() {
    need_python || return 1
    python3 -m unittest discover -s ci/standin || return 1
    cargo build --locked --bin vestibule || return 1
    python3 ci/standin/judge.py "${CARGO_TARGET_DIR:-target}/debug/vestibule"
}

step_flood() {
    need_python || return 1
    cargo build --locked --bin vestibule || return 1
    python3 ci/flood/accounts.py "${CARGO_TARGET_DIR:-target}/debug/vestibule"
}

step_sketch() {
    need_python && need_pip && need_mosquitto || return 1
    cargo build --locked --bin vestibule || return 1
    ci/sketch.sh
}

step_openapi() {
    local api document
    need_python && need_openapi_validator || return 1
    cargo build --locked --bin vestibule || return 1
    for api in v1 v3 control; do
        document="${CARGO_TARGET_DIR:-target}/openapi-$api.json"
        "${CARGO_TARGET_DIR:-target}/debug/vestibule" openapi "$api" >"$document" || return 1
        PYTHONPATH="$openapi_validator_home" python3 -m openapi_spec_validator "$document" || return 1
    done
}

step_fuzz() {
    need_python && need_venv || return 1
    ci/fuzz.sh
}

step_k8s() {
    local manifest
    need_python && need_kubernetes_validate || return 1
    kubernetes_validate ci/k8s/*.yaml || return 1
    for manifest in ci/k8s/broken/*.yaml; do
        if kubernetes_validate "$manifest"; then
            echo "$manifest is broken and passed: the validator sees nothing" >&2
            return 1
        fi
    done
}

kubernetes_validate() {
    PYTHONPATH="$kubernetes_validate_home" python3 "$kubernetes_validate_home/bin/kubernetes-validate" --strict "$@"
}

# need_component COMPONENT SUBCOMMAND: make `cargo SUBCOMMAND` work.
need_component() {
    cargo "$2" --version >/dev/null 2>&1 && return 0
    if command -v rustup >/dev/null 2>&1 && rustup component add "$1"; then
        return 0
    fi
    echo "cargo $2 is missing and could not be added; install the toolchain's component $1" >&2
    return 1
}

need_cargo_deny() {
    [ "$(cargo deny --version 2>/dev/null)" = "cargo-deny $cargo_deny_version" ] && return 0
    echo "installing cargo-deny $cargo_deny_version from its source, once; this takes some minutes"
    cargo install --locked --quiet "cargo-deny@$cargo_deny_version" && return 0
    echo "cargo-deny could not be installed; try: cargo install --locked cargo-deny@$cargo_deny_version" >&2
    return 1
}

need_kubernetes_validate() {
    kubernetes_validate_home="${CARGO_TARGET_DIR:-$PWD/target}/kubernetes-validate-$kubernetes_validate_version"
    need_from_pip kubernetes-validate "$kubernetes_validate_version" "$kubernetes_validate_home"
}

need_venv() {
    python3 -c 'import ensurepip, venv' 2>/dev/null || install_by_apt python3-venv
    python3 -c 'import ensurepip, venv' 2>/dev/null && return 0
    echo "Python's venv is missing and could not be added; install it, on Debian with apt-get install python3-venv" >&2
    return 1
}

need_openapi_validator() {
    openapi_validator_home="${CARGO_TARGET_DIR:-$PWD/target}/openapi-spec-validator-$openapi_validator_version"
    need_from_pip openapi-spec-validator "$openapi_validator_version" "$openapi_validator_home"
}

# need_from_pip PACKAGE VERSION HOME: below target/, apart from what the machine's Python has.
need_from_pip() {
    [ -x "$3/bin/$1" ] && return 0
    need_pip || return 1
    python3 -m pip install --quiet --target "$3" "$1==$2" && return 0
    echo "$1 could not be installed; it is a Python package, and pip installs it" >&2
    return 1
}

# The broker that the tests of MQTT start, with its mosquitto_passwd.
need_mosquitto() {
    PATH="$PATH:/usr/sbin" command -v mosquitto >/dev/null 2>&1 && return 0
    install_by_apt mosquitto
    PATH="$PATH:/usr/sbin" command -v mosquitto >/dev/null 2>&1 && return 0
    echo "mosquitto is missing and could not be added; install it, on Debian with apt-get install mosquitto" >&2
    return 1
}

install_by_apt() {
    command -v apt-get >/dev/null 2>&1 || return 1
    local root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo -n)
    "${root[@]}" apt-get update -qq && "${root[@]}" apt-get install -y -qq "$@"
}

need_python() {
    local is_new='import sys; sys.exit(sys.version_info < (3, 11))'
    python3 -c "$is_new" 2>/dev/null && return 0
    install_by_apt python3
    python3 -c "$is_new" 2>/dev/null && return 0
    echo "Python 3.11 or later is missing and could not be added; install python3" >&2
    return 1
}

need_pip() {
    python3 -m pip --version >/dev/null 2>&1 && return 0
    install_by_apt python3-pip
    python3 -m pip --version >/dev/null 2>&1 && return 0
    echo "pip is missing and could not be added; install python3-pip" >&2
    return 1
}

is_step() {
    local step
    for step in "${steps[@]}"; do
        [ "$step" = "$1" ] && return 0
    done
    return 1
}

run_step() {
    local began=$SECONDS
    echo "== $1"
    if "step_$1" </dev/null; then
        echo "== $1: ok, $((SECONDS - began)) s"
        return 0
    fi
    echo "== $1: FAILED, $((SECONDS - began)) s; again with: ci/check.sh $1" >&2
    return 1
}

main() {
    local chosen=() failed=() ran=0 without_tests=false argument step
    for argument in "$@"; do
        case "$argument" in
            --help | -h) usage; return 0 ;;
            --without-tests) without_tests=true ;;
            *)
                if ! is_step "$argument"; then
                    echo "ci/check.sh: no option or step is called '$argument'; see ci/check.sh --help" >&2
                    return 2
                fi
                chosen+=("$argument")
                ;;
        esac
    done
    [ "${#chosen[@]}" -gt 0 ] || chosen=("${steps[@]}")
    cd "$(dirname "${BASH_SOURCE[0]}")/.." || return 2
    for step in "${chosen[@]}"; do
        [ "$step" = tests ] && $without_tests && continue
        ran=$((ran + 1))
        run_step "$step" || failed+=("$step")
    done
    if [ "$ran" -eq 0 ]; then
        echo "ci/check.sh: no step was left to run" >&2
        return 2
    fi
    if [ "${#failed[@]}" -gt 0 ]; then
        echo "== the gate is closed: ${failed[*]} failed" >&2
        return 1
    fi
    echo "== the gate is open: everything that ran passed"
}

main "$@"
